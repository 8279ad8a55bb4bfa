"""A build: from a network and its configuration to the bytes of an engine."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from compatlayer.frontends.tensorrt import (
    algorithms,
    container,
    io_tensor,
    plugin_steps,
    precision,
    session,
    widening,
)
from compatlayer.frontends.tensorrt.builder_config import IBuilderConfig
from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.dims import text
from compatlayer.frontends.tensorrt.enums import DeviceType, EngineCapability, ProfilingVerbosity, RuntimePlatform
from compatlayer.frontends.tensorrt.log import API_USAGE, MISUSE, Refusal, Severity
from compatlayer.frontends.tensorrt.network import INetworkDefinition

_PHASES = ("Parsing shapes and profiles", "Choosing precisions", "Compiling the graph", "Serialising")
_REFITTABLE = ("REFIT", "REFIT_IDENTICAL", "REFIT_INDIVIDUAL", "STRIP_PLAN")
_MOST_BYTES = (1 << 31) - 1  # of a protocol buffer


class Build:
    """One build; raises Refusal."""

    def __init__(self, network: INetworkDefinition, config: IBuilderConfig, logger: Any) -> None:
        self.network = network
        self.config = config
        self.logger = logger
        self._stripped: list[str] = []

    def serialized(self) -> bytes:
        start = time.perf_counter()
        monitor = self.config.progress_monitor
        if monitor is not None:
            monitor.phase_start("Building Engine", None, len(_PHASES))
        try:
            return self._steps(monitor, start)
        finally:
            if monitor is not None:
                monitor.phase_finish("Building Engine")

    def _steps(self, monitor: Any, start: float) -> bytes:
        network = self.network
        if not network._outputs:
            raise Refusal(MISUSE, "Network must have at least one output; call network.mark_output(tensor)")
        self._check_targets()
        network.changed()
        model = network.to_onnx()
        tensors = io_tensor.of_model(model)
        self._check_profiles(tensors)
        self._done(monitor, 0)
        plugins = plugin_steps.count(model)
        if plugins and self.config.wants("INT8"):
            raise Refusal(MISUSE, "INT8 together with plugins is not implemented; build with FP16 or without the flag")
        if self.config.algorithm_selector is not None:
            algorithms.choose(self.config.algorithm_selector, network)
        report = precision.apply(model, network, self.config, self.logger)
        widening.apply(model)
        if plugins:
            plugin_steps.finish(model, network.plugin_layers(), self._usual_shapes())
        self._done(monitor, 1)
        data = model.SerializeToString() if model.ByteSize() < _MOST_BYTES else None
        if data is None:
            raise Refusal(MISUSE, "the network's weights take more than 2 GiB, which an engine here cannot hold; keep "
                          "weights in fp16 or split the network")
        if not plugins:
            made, fitting = session.make_older(model)
            if fitting is not model:
                model, data = fitting, fitting.SerializeToString()
            tensors = self._compile(made, tensors)
        self._done(monitor, 2)
        seconds = time.perf_counter() - start
        if self.config._cache is None:
            self.config._cache = None
        else:
            key = hashlib.sha256(data + str(self.config.flags).encode()).hexdigest()
            self.config._cache.entries[key] = round(seconds, 6)
        if self.config.wants("STRIP_PLAN"):
            data = self._strip(model)
        packed = container.pack(self._description(model, tensors, report), data)
        self._done(monitor, 3)
        self.logger.log(Severity.INFO, f"Engine generation completed in {seconds:.4g} seconds.")
        return packed

    def _check_targets(self) -> None:
        """Refuse what would need other hardware, or another layout of the program's buffers."""
        config = self.config
        wanted = {config.default_device_type, *config._device_types.values()}
        if DeviceType["DLA"] in wanted and not config.wants("GPU_FALLBACK"):
            raise Refusal(API_USAGE, "Parameter check failed, condition: dlaCore < nbDLACores: this device has no DLA; "
                          "set BuilderFlag.GPU_FALLBACK or the device type GPU")
        if config.engine_capability is not EngineCapability["STANDARD"]:
            raise Refusal(API_USAGE, f"the engine capability {config.engine_capability.name} needs NVIDIA's safety or "
                          "DLA runtime; build with EngineCapability.STANDARD")
        if config.runtime_platform is not RuntimePlatform["SAME_AS_BUILD"]:
            raise Refusal(API_USAGE, f"engines for {config.runtime_platform.name} are not built here; build on that "
                          "machine")
        for tensor in (*self.network._inputs, *self.network._outputs):
            if not tensor.allowed_formats & 1:
                raise Refusal(API_USAGE, f"{tensor.name}: allowed_formats {tensor.allowed_formats:#x} lacks "
                              "TensorFormat.LINEAR, the only format here; add 1 << int(TensorFormat.LINEAR)")

    def _usual_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes that plugins are configured for: the first profile's best ones."""
        profiles = self.config.profiles
        return {name: tuple(limits[1]) for name, limits in profiles[0].shapes.items()} if profiles else {}

    def _strip(self, model: Any) -> bytes:
        """The model without its weights, which a Refitter has to bring."""
        named = self._weights()
        for tensor in model.graph.initializer:
            if tensor.name in named and tensor.data_type == 1 and tensor.dims:
                self._stripped.append(tensor.name)
                for field in ("raw_data", "float_data"):
                    tensor.ClearField(field)
        return bytes(model.SerializeToString())

    def _done(self, monitor: Any, step: int) -> None:
        if monitor is None:
            return
        monitor.phase_start(_PHASES[step], "Building Engine", 1)
        go_on = monitor.step_complete(_PHASES[step], 0)
        monitor.phase_finish(_PHASES[step])
        if monitor.step_complete("Building Engine", step) is False or go_on is False:
            raise Refusal(MISUSE, "The build was cancelled by the progress monitor")

    def _check_profiles(self, tensors: list[io_tensor.IoTensor]) -> None:
        dynamic = [tensor for tensor in tensors if tensor.is_input and -1 in tensor.shape]
        if not dynamic:
            return
        if not self.config.profiles:
            raise Refusal(MISUSE, "Network has dynamic or shape inputs, but no optimization profile has been defined. "
                          f"Input {dynamic[0].name} has the shape {text(dynamic[0].shape)}; add one with builder."
                          "create_optimization_profile(), set_shape() and config.add_optimization_profile()")
        for number, profile in enumerate(self.config.profiles):
            for tensor in dynamic:
                limits = profile.shapes.get(tensor.name)
                if limits is None:
                    raise Refusal(MISUSE, f"Network has dynamic or shape inputs, but optimization profile {number} "
                                  f"has no shape for the input {tensor.name}; call profile.set_shape() for it")
                for shape in limits:
                    fits = len(shape) == len(tensor.shape) and all(
                        want in (-1, size) for want, size in zip(tensor.shape, shape, strict=True))
                    if not fits:
                        raise Refusal(API_USAGE, f"Parameter check failed, condition: dims of profile {number} for "
                                      f"{tensor.name} are {text(shape)}, and the network's are {text(tensor.shape)}")

    def _compile(self, made: Any, tensors: list[io_tensor.IoTensor]) -> list[io_tensor.IoTensor]:
        """The tensors, with the output shapes that the session of the finished model knows."""
        shapes = {each.name: each.shape for each in made.get_outputs()}
        found = []
        for tensor in tensors:
            if (not tensor.is_input and -1 in tensor.shape) or not tensor.shape:
                known = shapes.get(tensor.name)
                if known is not None and len(known) >= len(tensor.shape):
                    tensor = tensor._replace(shape=tuple(size if isinstance(size, int) and size >= 0 else -1
                                                         for size in known))
            found.append(tensor)
        return found

    def _description(self, model: Any, tensors: list[io_tensor.IoTensor], report: dict[str, Any]) -> dict[str, Any]:
        config, network = self.config, self.network
        detailed = config.profiling_verbosity is ProfilingVerbosity["DETAILED"]
        layers = [] if config.profiling_verbosity is ProfilingVerbosity["NONE"] else [
            self._layer(layer, report, detailed) for layer in network._layers]
        everything = network._unfused_debug
        return {
            "name": network.name,
            "flags": config.flags,
            "refit": any(config.wants(name) for name in _REFITTABLE),
            "verbosity": int(config.profiling_verbosity),
            "capability": int(config.engine_capability),
            "level": int(config.hardware_compatibility_level),
            "workspace": config.get_memory_pool_limit(next(iter(config._limits))) if config._limits else 0,
            "profiles": [{"shapes": profile.shapes, "values": profile.values} for profile in config.profiles],
            "tensors": [{"name": t.name, "input": t.is_input, "dtype": int(t.dtype), "onnx": t.onnx_type,
                         "shape": t.shape, "decides": t.decides_shapes} for t in tensors],
            "layers": layers,
            "num_layers": len(network._layers),
            "debug": [tensor.value for tensor in (
                [out for layer in network._layers for out in layer._outputs] if everything else network._debug)],
            "weights": self._weights(),
            "unchanged": report.get("unchanged", True),
            "precisions": report.get("precisions", {}),
            "rounded_to": report.get("rounded_to", 0),
            "plugins": plugin_steps.count(model),
            "stripped": self._stripped,
            "checks": [info.name for info in model.graph.output if io_tensor.is_check(info.name)],
        }

    def _layer(self, layer: Any, report: dict[str, Any], detailed: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"Name": layer.name}
        if detailed:
            row |= {"LayerType": layer.type.name,
                    "Inputs": [self._value(tensor) for tensor in layer._inputs if tensor is not None],
                    "Outputs": [self._value(tensor) for tensor in layer._outputs],
                    "Precision": report.get("precisions", {}).get(layer.name, DataType.FLOAT.name),
                    "Metadata": layer.metadata}
        return row

    def _value(self, tensor: Any) -> dict[str, Any]:
        shape = self.network.shape_of(tensor)
        return {"Name": tensor.name, "Location": "Device", "Dimensions": list(shape or ()),
                "Format/Datatype": f"Row major linear {tensor.dtype.name} format"}

    def _weights(self) -> dict[str, list[Any]]:
        """Named weights, by name: their layer and role."""
        found: dict[str, list[Any]] = {name: [name, "CONSTANT"] for name in self.network.initializers}
        for layer in self.network._layers:
            for role, name in getattr(layer, "weight_names", dict)().items():
                found[name] = [layer.name, role]
        if self.config.wants("REFIT_INDIVIDUAL"):
            return {name: row for name, row in found.items() if name in self.network._refittable}
        return found
