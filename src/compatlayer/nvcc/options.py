"""nvcc's command line, parsed (CUDA Compiler Driver NVCC documentation, "Command Option Description")."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STANDARDS = ("c++03", "c++11", "c++14", "c++17", "c++20", "c++23")
SUFFIXES = {"cubin": ".cubin", "ptx": ".ptx", "fatbin": ".fatbin"}


class Fatal(Exception):
    """What nvcc ends with before it compiles anything: its text follows "nvcc fatal   : "."""


class Command:
    """What a command line asks for."""

    def __init__(self) -> None:
        self.phase = ""  # cubin, ptx, fatbin, preprocess, dependencies; version, help, ...; empty: a whole program
        self.inputs: list[str] = []
        self.output = ""
        self.output_folder = ""
        self.architecture = ""
        self.codes: list[str] = []
        self.pairs: list[tuple[str, str]] = []  # -gencode: virtual architecture, real or virtual code
        self.standard = ""
        self.words: list[str] = []  # for the compiler, as NVRTC's options
        self.keep = False
        self.keep_folder = ""
        self.verbose = False
        self.dry = False
        self.treat_as_cuda = False
        self.markers = True  # -E without -P
        self.system_headers = True  # -M, not -MM
        self.rule_file = ""
        self.rule_target = ""
        self.also_rule = False  # -MD, -MMD
        self.errors_of_warnings = False


def parse(words: list[str]) -> Command:
    """The command that `words` make. Raises Fatal naming the first that nvcc does not have or cannot take."""
    command = Command()
    rest = list(_expanded(words))
    while rest:
        word = rest.pop(0)
        if word == "-" or not word.startswith("-"):
            command.inputs.append(word)
        elif not _joined(command, word):
            _option(command, word, rest)
    return command


def _expanded(words: list[str]) -> Iterator[str]:
    """The words, with the content of -optf files in their place."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if name not in ("-optf", "--options-file"):
            yield word
            continue
        path = value if equals else waiting.pop(0) if waiting else ""
        import shlex

        try:
            with open(path, encoding="utf-8") as file:
                yield from shlex.split(file.read())
        except OSError as error:
            raise Fatal(f"Could not open options file '{path}': {error.strerror}") from None


def _joined(command: Command, word: str) -> bool:
    """Take -Idir, -DX=1, -O3, -lname and the like, whose value follows without a space."""
    letter, value = word[1:2], word[2:]
    if word.startswith("--") or not value or letter not in "DUILlO" or word.partition("=")[0] in _PLAIN:
        return False
    if letter == "O" and not (value.isdigit() or value in ("fast",)):
        return False
    if letter in "DU":
        command.words.append(word)
    elif letter == "I":
        _folders(command, value.removeprefix("="))
    return True


def _option(command: Command, word: str, rest: list[str]) -> None:
    name, equals, value = word.partition("=")
    name = _FULL.get(name, name)
    if name in _SWITCHES and (not equals or value in ("true", "false")):
        if value != "false":
            _SWITCHES[name](command)
        return
    takes = _VALUES.get(name)
    if takes is None:
        raise Fatal(f"Unknown option '{word}'")
    if not equals:
        if not rest or (rest[0].startswith("-") and len(rest[0]) > 1 and name not in _ANY_VALUE):
            raise Fatal(f"Missing value for option '{word}'")
        value = rest.pop(0)
    takes(command, value)


# ---- what options do -----------------------------------------------------------------------------
def _phase(name: str) -> Callable[[Command], None]:
    def choose(command: Command) -> None:
        if command.phase and command.phase != name:
            raise Fatal(f"More than one compilation phase specified: {command.phase} and {name}")
        command.phase = name
    return choose


def _flag(word: str) -> Callable[[Command], None]:
    return lambda command: command.words.append(word)


def _boolean(name: str) -> Callable[[Command, str], None]:
    """An option that NVRTC has too, with the value true or false."""
    def take(command: Command, value: str) -> None:
        if value not in ("true", "false"):
            raise Fatal(f"Value '{value}' is not defined for option '{name}'")
        command.words.append(f"{name}={value}")
    return take


def _set(field: str, value: object = True) -> Callable[[Command], None]:
    return lambda command: setattr(command, field, value)


def _store(field: str) -> Callable[[Command, str], None]:
    return lambda command, value: setattr(command, field, value)


def _dependencies(system_headers: bool, only: bool) -> Callable[[Command], None]:
    def choose(command: Command) -> None:
        command.system_headers = system_headers
        if only:
            _phase("dependencies")(command)
        else:
            command.also_rule = True
    return choose


def _nothing(command: Command, value: str = "") -> None:
    """An option without effect on device code, or on this device."""


def _folders(command: Command, value: str) -> None:
    command.words += [f"-I{os.path.abspath(folder)}" for folder in value.split(",") if folder]


def _macros(letter: str) -> Callable[[Command, str], None]:
    return lambda command, value: command.words.append(f"-{letter}{value}")


def _include(command: Command, value: str) -> None:
    command.words += [f"--pre-include={name}" for name in value.split(",") if name]


def _standard(command: Command, value: str) -> None:
    value = value.replace("gnu++", "c++")
    if value not in STANDARDS:
        raise Fatal(f"Value '{value}' is not defined for option 'std'")
    command.standard = value


def _code(command: Command, value: str) -> None:
    command.codes += [part.strip() for part in value.strip("[]'\" ").split(",") if part.strip()]


def _generate(command: Command, value: str) -> None:
    virtual, _, codes = value.strip("'\" ").partition(",")
    if not virtual.startswith("arch=") or not codes.startswith("code="):
        raise Fatal(f"Value '{value}' is not defined for option 'generate-code'; write arch=compute_86,code=sm_86")
    names = codes.removeprefix("code=").strip("[]'\" ")
    command.pairs += [(virtual.removeprefix("arch="), name.strip("'\" ")) for name in names.split(",")]


def _optimise(command: Command, value: str) -> None:
    if not value.isdigit():
        raise Fatal(f"Value '{value}' is not defined for option 'optimize'")


def _language(command: Command, value: str) -> None:
    if value not in ("cu", "c", "c++"):
        raise Fatal(f"Value '{value}' is not defined for option 'x'")
    command.treat_as_cuda = True


def _compiler_words(command: Command, value: str) -> None:
    """-Xcompiler: for the host's compiler, but preprocessing is its work, so what changes that counts."""
    for word in value.split(","):
        if word in ("-P", "-EP"):
            command.markers = False
        elif word[:2] in ("-D", "-U") and len(word) > 2:
            command.words.append(word)
        elif word.startswith("-I") and len(word) > 2:
            _folders(command, word[2:])


def _warnings(command: Command, value: str) -> None:
    known = ("all-warnings", "cross-execution-space-call", "default-stream-launch", "deprecated-declarations",
             "ext-lambda-captures-this", "missing-launch-bounds", "reorder")
    for word in value.split(","):
        if word not in known:
            raise Fatal(f"Value '{word}' is not defined for option 'Werror'")
        command.errors_of_warnings |= word == "all-warnings"


def _machine(command: Command, value: str) -> None:
    if value != "64":
        raise Fatal(f"Value '{value}' is not defined for option 'machine'; device code has 64 bits since CUDA 12")


# ---- the names -----------------------------------------------------------------------------------
# Short and other names of options -> the name in the tables below.
_FULL = {
    "-cubin": "--cubin", "-ptx": "--ptx", "-fatbin": "--fatbin", "-E": "--preprocess", "-V": "--version",
    "-h": "--help", "-M": "--generate-dependencies", "-MM": "--generate-nonsystem-dependencies",
    "-MD": "--generate-dependencies-with-compile", "-MMD": "--generate-nonsystem-dependencies-with-compile",
    "-c": "--compile", "-dc": "--device-c", "-dw": "--device-w", "-dlink": "--device-link", "-link": "--link",
    "-lib": "--lib", "-run": "--run", "-cuda": "--cuda", "-optix-ir": "--optix-ir", "-ltoir": "--ltoir",
    "-G": "--device-debug", "-lineinfo": "--generate-line-info", "-use_fast_math": "--use_fast_math",
    "-w": "--disable-warnings", "-v": "--verbose", "-dryrun": "--dryrun", "-keep": "--keep", "-save-temps": "--keep",
    "--save-temps": "--keep", "-o": "--output-file", "-odir": "--output-directory", "-keep-dir": "--keep-dir",
    "-arch": "--gpu-architecture", "-code": "--gpu-code", "-gencode": "--generate-code", "-std": "--std",
    "-I": "--include-path", "-isystem": "--system-include", "-D": "--define-macro", "-U": "--undefine-macro",
    "-include": "--pre-include", "-rdc": "--relocatable-device-code", "-ftz": "--ftz", "-fmad": "--fmad",
    "-prec-div": "--prec-div", "-prec-sqrt": "--prec-sqrt", "-Xcompiler": "--compiler-options",
    "-Xptxas": "--ptxas-options", "-Xlinker": "--linker-options", "-Xarchive": "--archive-options",
    "-Xnvlink": "--nvlink-options", "-Xcudafe": "--cudafe-options", "-l": "--library", "-L": "--library-path",
    "-O": "--optimize", "-x": "--x", "-m": "--machine", "-ccbin": "--compiler-bindir", "-MF": "--dependency-output",
    "-MT": "--dependency-target-name", "-MP": "--generate-dependency-targets", "-t": "--threads",
    "-maxrregcount": "--maxrregcount", "-cudart": "--cudart", "-cudadevrt": "--cudadevrt", "-Werror": "--Werror",
    "-diag-suppress": "--diag-suppress", "-diag-error": "--diag-error", "-diag-warn": "--diag-warn",
    "-arch-ls": "--list-gpu-arch", "-code-ls": "--list-gpu-code", "-default-stream": "--default-stream",
    "-ewp": "--extensible-whole-program", "-dopt": "--dopt", "-dlto": "--dlink-time-opt", "-extended-lambda":
    "--extended-lambda", "-expt-extended-lambda": "--extended-lambda", "--expt-extended-lambda": "--extended-lambda",
    "-expt-relaxed-constexpr": "--expt-relaxed-constexpr", "-restrict": "--restrict", "-g": "--debug",
    "-pg": "--profile", "-src-in-ptx": "--source-in-ptx", "-time": "--time", "-res-usage": "--resource-usage",
    "-err-no": "--display-error-number", "-no-err-no": "--no-display-error-number", "-fdevice-time-trace":
    "--fdevice-time-trace", "-split-compile": "--split-compile", "-idp": "--input-drive-prefix", "-ldir":
    "--libdevice-directory", "-target-dir": "--target-directory", "-tp": "--target-directory",
}
_SWITCHES: dict[str, Callable[[Command], None]] = {
    "--preprocess": _phase("preprocess"), "--generate-dependencies": _dependencies(True, only=True),
    "--generate-nonsystem-dependencies": _dependencies(False, only=True),
    "--generate-dependencies-with-compile": _dependencies(True, only=False),
    "--generate-nonsystem-dependencies-with-compile": _dependencies(False, only=False),
    **{f"--{name}": _phase(name) for name in (*SUFFIXES, "version", "help", "list-gpu-arch", "list-gpu-code",
                                              "compile", "device-c", "device-w", "device-link", "link", "lib", "run",
                                              "cuda", "optix-ir", "ltoir")},
    "--device-debug": _flag("-G"), "--generate-line-info": _flag("-lineinfo"), "--use_fast_math":
    _flag("-use_fast_math"), "--disable-warnings": _flag("-w"), "--extended-lambda": _flag("--extended-lambda"),
    "--expt-relaxed-constexpr": _flag("--relaxed-constexpr"), "--restrict": _flag("--restrict"),
    "--extensible-whole-program": _flag("-ewp"), "--verbose": _set("verbose"), "--dryrun": _set("dry"),
    "--keep": _set("keep"), "-P": _set("markers", False),
    **dict.fromkeys((
        "--debug", "--profile", "-m64", "--m64", "--source-in-ptx", "--resource-usage", "--display-error-number",
        "--no-display-error-number", "--generate-dependency-targets", "--no-exceptions", "-noeh",
        "--allow-unsupported-compiler", "-allow-unsupported-compiler", "--Wno-deprecated-gpu-targets",
        "-Wno-deprecated-gpu-targets",
        "-Wreorder", "-Wext-lambda-captures-this", "-Wdefault-stream-launch", "-Wmissing-launch-bounds",
        "-Wno-deprecated-declarations", "--no-host-device-initializer-list", "-nohdinitlist",
        "--no-host-device-move-forward", "-nohdmoveforward", "-extra-device-vectorization",
        "--extra-device-vectorization", "-brief-diag", "-noprof", "--no-align-double", "--no-compress",
        "-no-compress"), _nothing),
}
_VALUES: dict[str, Callable[[Command, str], None]] = {
    "--output-file": _store("output"), "--output-directory": _store("output_folder"),
    "--keep-dir": _store("keep_folder"), "--gpu-architecture": _store("architecture"), "--gpu-code": _code,
    "--generate-code": _generate, "--std": _standard, "--include-path": _folders, "--system-include": _folders,
    "--define-macro": _macros("D"), "--undefine-macro": _macros("U"), "--pre-include": _include,
    "--relocatable-device-code": _boolean("-rdc"), "--ftz": _boolean("-ftz"), "--fmad": _boolean("-fmad"),
    "--prec-div": _boolean("-prec-div"), "--prec-sqrt": _boolean("-prec-sqrt"),
    "--compiler-options": _compiler_words, "--optimize": _optimise, "--x": _language, "--machine": _machine,
    "--dependency-output": _store("rule_file"), "--dependency-target-name": _store("rule_target"),
    "--Werror": _warnings,
    **dict.fromkeys((
        "--ptxas-options", "--linker-options", "--archive-options", "--nvlink-options", "--cudafe-options",
        "--library", "--library-path", "--compiler-bindir", "--threads", "--maxrregcount", "--cudart", "--cudadevrt",
        "--diag-suppress", "--diag-error", "--diag-warn", "--default-stream", "--dopt", "--time",
        "--fdevice-time-trace", "--split-compile", "--input-drive-prefix", "--libdevice-directory",
        "--target-directory", "--brief-diagnostics", "--device-entity-has-hidden-visibility",
        "--static-global-template-stub", "--jump-table-density", "--frandom-seed"), _nothing),
}
# Values that may begin with a dash.
_ANY_VALUE = {"--compiler-options", "--ptxas-options", "--linker-options", "--archive-options", "--nvlink-options",
              "--cudafe-options"}
_PLAIN = {*_FULL, *_SWITCHES, *_VALUES}
