"""The command: options, engine, runs, report. 0: passed; 1: failed, with the reason in a line that begins with [E]."""

from __future__ import annotations

import os
import shlex
import sys
import time
from typing import Any

from compatlayer.trtexec import options as command_line
from compatlayer.trtexec.options import Options

_PROFILED_RUNS = 10


def main(words: list[str] | None = None) -> int:
    """Run the command."""
    words = sys.argv[1:] if words is None else words
    os.environ.setdefault("COMPATLAYER_TENSORRT", "10")
    try:
        options = command_line.parse(words)
    except command_line.UsageError as error:
        _complain(str(error))
        return _end("FAILED", words)
    if options.help or not words:
        sys.stdout.write(command_line.USAGE)
        return 0
    try:
        trt = _module()
    except (ImportError, RuntimeError) as error:
        _complain(str(error))
        return _end("FAILED", words)
    _end("RUNNING", words, trt)
    try:
        _work(trt, options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # trtexec | head
        sys.stderr.close()
        return 1
    except _expected() as error:
        _complain(str(error))
        return _end("FAILED", words, trt)
    return _end("PASSED", words, trt)


def _module() -> Any:
    from compatlayer.launcher import activation

    activation.install()
    return __import__("tensorrt")


def _expected() -> tuple[type[Exception], ...]:
    from compatlayer.config import SettingsError
    from compatlayer.errors import CudaError
    from compatlayer.trtexec.engine import EngineError
    from compatlayer.trtexec.inference import InferenceError

    return EngineError, InferenceError, SettingsError, CudaError, OSError


def _complain(text: str) -> None:
    print(f"[{time.strftime('%m/%d/%Y-%H:%M:%S')}] [E] {text}", file=sys.stderr, flush=True)


def _end(word: str, words: list[str], trt: Any = None) -> int:
    """The line by which scripts know how it went, and the exit code."""
    version = "compatlayer"
    if trt is not None:  # 8.6.2 is v8602, and 10.3.0 is v100300
        major, minor, patch = (int(part) for part in trt.__version__.split(".")[:3])
        version = f"TensorRT v{major * (10000 if major >= 10 else 1000) + minor * 100 + patch}"
    print(f"&&&& {word} TensorRT.trtexec [{version}] # {shlex.join(['trtexec', *words])}", flush=True)
    return int(word == "FAILED")


def _work(trt: Any, options: Options) -> None:
    from compatlayer.trtexec import engine, report

    logger = trt.Logger(trt.Logger.VERBOSE if options.verbose else trt.Logger.WARNING)
    begin = time.perf_counter()
    plan = engine.make(trt, logger, options, report.tell)
    done = "loaded" if options.load else "built"
    if options.save:
        with open(options.save, "wb") as file:
            file.write(plan)
    built = trt.Runtime(logger).deserialize_cuda_engine(plan)
    if built is None:
        raise engine.EngineError(f"the engine of {options.load or options.onnx} cannot be used; the message above says "
                                 "why")
    report.tell("I", f"Engine {done} in {time.perf_counter() - begin:g} sec.")
    if options.dump_layers or options.layers_file:
        report.structure(trt, built, options.layers_file, options.dump_layers)
    if options.skip:
        report.tell("I", "Skipped inference phase since --skipInference is added.")
        return
    _infer(trt, built, options)


def _infer(trt: Any, built: Any, options: Options) -> None:
    from compatlayer.trtexec import report
    from compatlayer.trtexec.inference import Inference

    inference = Inference(trt, built, options)
    try:
        for name in (*inference.inputs, *inference.outputs):
            kind = "Input" if name in inference.inputs else "Output"
            shape = "x".join(map(str, inference.shape(name)))
            report.tell("I", f"{kind} binding for {name} with dimensions {shape} is created.")
        report.tell("I", "Starting inference")
        runs, wall_s = inference.measure()
        report.averages(runs, options.average)
        report.summary(runs, wall_s, options.percentiles)
        if options.times_file:
            report.times(runs, options.times_file)
        if options.dump_output or options.output_file:
            report.outputs(inference, options.output_file, options.dump_output)
        if options.dump_profile or options.profile_file:
            report.layers(inference.profile(_PROFILED_RUNS), options.profile_file, options.dump_profile)
    finally:
        inference.close()
