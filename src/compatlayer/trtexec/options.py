"""Options of the command line: those that trtexec documents. What is not known or not done is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Shapes = dict[str, tuple[int, ...]]

USAGE = """\
trtexec of compatlayer: build an engine from an ONNX model, run it, tell how long that took

  --onnx=FILE | --loadEngine=FILE        what to run; --saveEngine=FILE writes what was built
  --skipInference (--buildOnly)          only build
  --fp16 --bf16 --int8 --best --noTF32 --stronglyTyped      precisions; --calib=FILE: a calibration cache
  --shapes=NAME:1x3x224x224,...          sizes of dynamic inputs, with --minShapes, --optShapes, --maxShapes
  --memPoolSize=workspace:MIB --workspace=MIB --builderOptimizationLevel=N --timingCacheFile=FILE --refit
  --profilingVerbosity=layer_names_only|detailed|none

  --iterations=N (10) --duration=S (3) --warmUp=MS (200) --avgRuns=N (10) --percentile=P,... (90,95,99)
  --loadInputs=NAME:FILE,...             raw values; without it inputs are random
  --useCudaGraph --noDataTransfers --useSpinWait --device=N

  --dumpOutput --dumpProfile --dumpLayerInfo --verbose
  --exportTimes=FILE --exportOutput=FILE --exportProfile=FILE --exportLayerInfo=FILE
"""

# What the documented command has, and this one has not, with the reason.
REFUSED = {
    "useDLACore": "there is no DLA core", "allowGPUFallback": "there is no DLA core",
    "plugins": "plugins of machine code are for NVIDIA's library", "staticPlugins": "plugins of machine code",
    "dynamicPlugins": "plugins of machine code", "fp8": "FP8 kernels are not there",
    "int4": "INT4 kernels are not there",
    "batch": "networks have an explicit batch; write --shapes=NAME:SIZExSIZE",
    "maxBatch": "networks have an explicit batch; write --shapes=NAME:SIZExSIZE",
    "inputIOFormats": "tensors are linear, of the model's types", "outputIOFormats": "tensors are linear",
    "uff": "only ONNX models are read", "model": "only ONNX models are read", "deploy": "only ONNX models are read",
    "layerPrecisions": "precisions are the engine's", "precisionConstraints": "precisions are the engine's",
    "sparsity": "sparse kernels are not there",
}


class UsageError(Exception):
    """The command line makes no sense; the text says why."""


@dataclass
class Options:
    """What was asked for. Times in the units of the command line."""

    onnx: str = ""
    load: str = ""
    save: str = ""
    skip: bool = False
    flags: list[str] = field(default_factory=list)  # names of builder flags
    strongly_typed: bool = False
    calibration: str = ""
    shapes: Shapes = field(default_factory=dict)
    least: Shapes = field(default_factory=dict)
    best: Shapes = field(default_factory=dict)
    most: Shapes = field(default_factory=dict)
    workspace_mib: float = 0.0
    level: int = 3
    timing_cache: str = ""
    verbosity: str = ""
    iterations: int = 10
    duration_s: float = 3.0
    warm_up_ms: float = 200.0
    average: int = 10
    percentiles: list[float] = field(default_factory=lambda: [90.0, 95.0, 99.0])
    inputs: dict[str, str] = field(default_factory=dict)
    graph: bool = False
    transfers: bool = True
    device: int = 0
    dump_output: bool = False
    dump_profile: bool = False
    dump_layers: bool = False
    verbose: bool = False
    help: bool = False
    times_file: str = ""
    output_file: str = ""
    profile_file: str = ""
    layers_file: str = ""


def parse(words: Sequence[str]) -> Options:
    """Options from words. Raises UsageError."""
    options = Options()
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        name = _SHORT.get(word.partition("=")[0], name if word.startswith("--") else "")
        if name in REFUSED:
            raise UsageError(f"option --{name} is not supported: {REFUSED[name]}")
        row = _OPTIONS.get(name)
        if row is None:
            raise UsageError(f"Unknown option: {word}; --help lists those that there are")
        takes, does = row
        if takes != bool(equals):
            raise UsageError(f"option --{name} " + (f"needs a value: --{name}=..." if takes else "takes no value"))
        try:
            does(options, value)
        except ValueError as error:
            raise UsageError(f"--{name}={value}: {error}") from None
    _check(options)
    return options


def _check(options: Options) -> None:
    if options.help:
        return
    if bool(options.onnx) == bool(options.load):
        raise UsageError("one of --onnx=FILE and --loadEngine=FILE is needed")
    if options.load and options.skip:
        raise UsageError("--loadEngine has nothing to build, and --skipInference leaves nothing to do")
    if options.load and (options.save or options.least or options.best or options.most):
        raise UsageError("--saveEngine and shape ranges are for building; --loadEngine takes --shapes only")
    if options.graph and (options.dump_profile or options.profile_file):
        raise UsageError("a profile is made layer by layer, so it cannot go with --useCudaGraph")


def _set(place: str, kind: Callable[[str], object] = str) -> tuple[bool, Callable[[Options, str], None]]:
    return True, lambda options, value: setattr(options, place, kind(value))


def _on(place: str, value: bool = True) -> tuple[bool, Callable[[Options, str], None]]:
    return False, lambda options, text: setattr(options, place, value)


def _flag(*names: str) -> tuple[bool, Callable[[Options, str], None]]:
    return False, lambda options, text: options.flags.extend(names)


def _ignored(takes: bool = False) -> tuple[bool, Callable[[Options, str], None]]:
    """An option that says what is so here in any case."""
    return takes, lambda options, text: None


def _shapes(text: str) -> Shapes:
    found: Shapes = {}
    for part in text.split(","):
        name, colon, sizes = part.rpartition(":")
        name = name.strip("'\"")
        if not colon or not name or not all(size.isdecimal() for size in sizes.split("x")):
            raise ValueError(f"'{part}' is not a name and a shape such as input:1x3x224x224")
        found[name] = tuple(int(size) for size in sizes.split("x"))
    return found


def _files(text: str) -> dict[str, str]:
    pairs = [part.partition(":") for part in text.split(",")]
    if not all(name and colon and path for name, colon, path in pairs):
        raise ValueError("write NAME:FILE, with commas between several")
    return {name.strip("'\""): path for name, _, path in pairs}


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ValueError("a whole number is needed")
    return int(text)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError("a number that is not negative is needed")
    return value


def _percentiles(text: str) -> list[float]:
    found = [float(part) for part in text.split(",")]
    if not all(0 <= value <= 100 for value in found):
        raise ValueError("percentages lie between 0 and 100")
    return found


def _pools(text: str) -> float:
    """The workspace's size in MiB; other pools are a DLA's or have no meaning here."""
    for part in text.split(","):
        name, colon, size = part.partition(":")
        if name != "workspace" or not colon:
            raise ValueError(f"'{part}' is not workspace:MIB; there are no other pools")
        last = size[-1:].upper()
        return float(size.rstrip("BKMGbkmg") or "x") * {"B": 2.0**-20, "K": 2.0**-10, "G": 1024.0}.get(last, 1.0)
    return 0.0


def _verbosity(text: str) -> str:
    if text not in ("layer_names_only", "detailed", "none"):
        raise ValueError("layer_names_only, detailed and none are known")
    return text


def _only_one(text: str) -> None:
    if text not in ("0", "1"):
        raise ValueError("there is one stream")


_SHORT = {"-h": "help", "-v": "verbose", "-d": "device"}
_OPTIONS: dict[str, tuple[bool, Callable[[Options, str], None]]] = {
    "onnx": _set("onnx"), "loadEngine": _set("load"), "saveEngine": _set("save"), "skipInference": _on("skip"),
    "buildOnly": _on("skip"), "fp16": _flag("FP16"), "bf16": _flag("BF16"), "int8": _flag("INT8"),
    "best": _flag("FP16", "INT8"), "noTF32": _flag("-TF32"), "refit": _flag("REFIT"),
    "stronglyTyped": _on("strongly_typed"), "calib": _set("calibration"), "shapes": _set("shapes", _shapes),
    "minShapes": _set("least", _shapes), "optShapes": _set("best", _shapes), "maxShapes": _set("most", _shapes),
    "workspace": _set("workspace_mib", _positive), "memPoolSize": _set("workspace_mib", _pools),
    "builderOptimizationLevel": _set("level", _count), "timingCacheFile": _set("timing_cache"),
    "profilingVerbosity": _set("verbosity", _verbosity), "iterations": _set("iterations", _count),
    "duration": _set("duration_s", _positive), "warmUp": _set("warm_up_ms", _positive),
    "avgRuns": _set("average", _count), "percentile": _set("percentiles", _percentiles),
    "loadInputs": _set("inputs", _files), "useCudaGraph": _on("graph"), "noDataTransfers": _on("transfers", False),
    "device": _set("device", _count), "dumpOutput": _on("dump_output"), "dumpProfile": _on("dump_profile"),
    "dumpLayerInfo": _on("dump_layers"), "verbose": _on("verbose"), "help": _on("help"),
    "exportTimes": _set("times_file"), "exportOutput": _set("output_file"), "exportProfile": _set("profile_file"),
    "exportLayerInfo": _set("layers_file"), "useSpinWait": _ignored(), "explicitBatch": _ignored(),
    "separateProfileRun": _ignored(), "noBuilderCache": _ignored(), "skipResult": _ignored(),
    "infStreams": (True, lambda options, text: _only_one(text)),
    "streams": (True, lambda options, text: _only_one(text)),
}
