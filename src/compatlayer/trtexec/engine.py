"""The engine: built from an ONNX file, or read."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from compatlayer.trtexec.options import Options


class EngineError(Exception):
    """There is no engine; the text says why."""


def make(trt: Any, logger: Any, options: Options, tell: Any) -> bytes:
    """The serialised engine that the options ask for. Raises EngineError, and OSError for files."""
    if options.load:
        with open(options.load, "rb") as file:
            return file.read()
    builder = trt.Builder(logger)
    network = builder.create_network(_network_flags(trt, options))
    parser = trt.OnnxParser(network, logger)
    if not os.path.exists(options.onnx):
        raise EngineError(f"could not open the model {options.onnx}: there is no such file")
    if not parser.parse_from_file(options.onnx):
        raise EngineError("; ".join(parser.get_error(place).desc() for place in range(parser.num_errors))
                          or f"{options.onnx} is no ONNX model")
    config = _config(trt, builder, options)
    profile = _profile(builder, network, options, tell)
    if profile is not None:
        config.add_optimization_profile(profile)
        config.set_calibration_profile(profile)
    if "INT8" in options.flags:
        config.int8_calibrator = _calibrator(trt, network, options)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError("the engine could not be built")
    if options.timing_cache and config.get_timing_cache() is not None:
        with open(options.timing_cache, "wb") as file:
            file.write(config.get_timing_cache().serialize())
    return bytes(plan)


def _network_flags(trt: Any, options: Options) -> int:
    flag = trt.NetworkDefinitionCreationFlag
    if options.strongly_typed:
        if not hasattr(flag, "STRONGLY_TYPED"):
            raise EngineError("TensorRT 8 has no strongly typed networks; leave --stronglyTyped out")
        return 1 << int(flag.STRONGLY_TYPED)
    return 1 << int(flag.EXPLICIT_BATCH)


def _config(trt: Any, builder: Any, options: Options) -> Any:
    config = builder.create_builder_config()
    for name in options.flags:
        flag = getattr(trt.BuilderFlag, name.lstrip("-"), None)
        if flag is None:
            raise EngineError(f"TensorRT {trt.__version__} has no precision {name}")
        (config.clear_flag if name.startswith("-") else config.set_flag)(flag)
    if options.workspace_mib:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, int(options.workspace_mib * 2**20))
    if options.verbosity:
        config.profiling_verbosity = getattr(trt.ProfilingVerbosity, options.verbosity.upper())
    config.builder_optimization_level = options.level
    if options.timing_cache:
        contents = b""
        if os.path.exists(options.timing_cache):
            with open(options.timing_cache, "rb") as file:
                contents = file.read()
        config.set_timing_cache(config.create_timing_cache(contents), False)
    return config


def _inputs(network: Any) -> dict[str, tuple[int, ...]]:
    tensors = [network.get_input(place) for place in range(network.num_inputs)]
    return {tensor.name: tuple(tensor.shape) for tensor in tensors}


def _profile(builder: Any, network: Any, options: Options, tell: Any) -> Any:
    """The range of each dynamic input; where none was given its open sizes are 1, as the documented command does."""
    inputs = _inputs(network)
    for shapes in (options.shapes, options.least, options.best, options.most):
        unknown = [name for name in shapes if name not in inputs]
        if unknown:
            raise EngineError(f"there is no input named {unknown[0]}; the model has {', '.join(inputs)}")
    dynamic = [name for name, shape in inputs.items() if -1 in shape]
    if not dynamic:
        return None
    profile = builder.create_optimization_profile()
    for name in dynamic:
        given = [each[name] for each in (options.best, options.shapes, options.most, options.least) if name in each]
        if not given:
            given = [tuple(1 if size == -1 else size for size in inputs[name])]
            tell("W", f"Dynamic dimensions required for input: {name}, but no shapes were provided. Automatically "
                      f"overriding shape to: {'x'.join(map(str, given[0]))}")
        options.shapes.setdefault(name, given[0])
        least, most = options.least.get(name, given[0]), options.most.get(name, given[0])
        best = options.best.get(name, given[0])
        if not len(least) == len(best) == len(most) == len(inputs[name]):
            raise EngineError(f"shapes of {name} need {len(inputs[name])} sizes")
        profile.set_shape(name, least, best, most)
    return profile


def _calibrator(trt: Any, network: Any, options: Options) -> Any:
    """A cache that was written before, or random values: what is measured then is time, not accuracy."""
    if options.calibration:
        with open(options.calibration, "rb") as file:
            cache = file.read()
    shapes = {name: options.shapes.get(name, shape) for name, shape in _inputs(network).items()}
    from compatlayer import Device

    class Calibrator(trt.IInt8EntropyCalibrator2):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            trt.IInt8EntropyCalibrator2.__init__(self)
            self.buffers: dict[str, Any] = {}

        def get_batch_size(self) -> int:
            return 1

        def get_batch(self, names: list[str]) -> list[int] | None:
            if self.buffers:
                return None
            random = np.random.default_rng(0)
            self.buffers = {name: Device().upload(random.uniform(-1, 1, shapes[name]).astype(np.float32))
                            for name in names}
            return [self.buffers[name].address for name in names]

        def read_calibration_cache(self) -> bytes | None:
            return cache if options.calibration else None

        def write_calibration_cache(self, cache: Any) -> None:
            pass

    return Calibrator()
