"""NVRTC's compile options, parsed (NVRTC documentation, "Supported Compile Options")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import CompilerError

ARCHITECTURES = (75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121)
STANDARDS = ("c++03", "c++11", "c++14", "c++17", "c++20", "c++23")


class InvalidOption(CompilerError):
    """An option that NVRTC does not have, or a value it does not take; `option` is its text, `log` NVRTC's words."""

    def __init__(self, option: str, log: str) -> None:
        super().__init__(log)
        self.option = option
        self.log = log


class Options(NamedTuple):
    """What the options ask for. `macros` keeps -D and -U in order, each as clang takes it."""

    architecture: str = "compute_75"
    standard: str = "c++17"
    macros: tuple[str, ...] = ()
    include_folders: tuple[str, ...] = ()
    pre_includes: tuple[str, ...] = ()
    debug: bool = False
    relocatable: bool = False
    lto: bool = False
    flush_denormals: bool = False
    contract: bool = True
    fast_math: bool = False
    warnings: bool = True
    default_device: bool = False
    int128: bool = False
    move_forward: bool = True
    initializer_list: bool = True
    source_folder: bool = True
    minimal: bool = False
    version_ident: bool = False
    syntax_only: bool = False
    nvcc: bool = False  # the source is told that nvcc compiles it; no option, but the caller's choice
    noted: tuple[tuple[str, str], ...] = ()  # accepted, without effect on this target

    @property
    def arch_number(self) -> int:
        """Ten times the compute capability, e.g. 86."""
        return int(self.architecture.partition("_")[2].rstrip("af"))


# Options without a value: name -> the fields they set.
_SWITCHES: dict[str, dict[str, bool]] = {
    "device-c": {"relocatable": True}, "dc": {"relocatable": True},
    "device-w": {"relocatable": False}, "dw": {"relocatable": False},
    "extensible-whole-program": {}, "ewp": {},
    "device-debug": {"debug": True}, "G": {"debug": True},
    "generate-line-info": {}, "lineinfo": {},
    "use_fast_math": {"fast_math": True, "flush_denormals": True, "contract": True},
    "extra-device-vectorization": {}, "dlink-time-opt": {"lto": True}, "dlto": {"lto": True},
    "gen-opt-lto": {"lto": True}, "no-cache": {},
    "disable-warnings": {"warnings": False}, "w": {"warnings": False},
    "restrict": {}, "device-as-default-execution-space": {"default_device": True},
    "default-device": {"default_device": True}, "device-int128": {"int128": True}, "device-float128": {},
    "no-source-include": {"source_folder": False}, "minimal": {"minimal": True},
    "display-error-number": {}, "err-no": {}, "no-display-error-number": {}, "no-err-no": {},
    "brief-diagnostics": {}, "pch": {}, "device-stack-protector": {}, "fdevice-syntax-only": {"syntax_only": True},
    "relaxed-constexpr": {}, "expt-relaxed-constexpr": {}, "extended-lambda": {}, "expt-extended-lambda": {},
    "keep-device-functions": {}, "jump-table-density": {},
}
# Options whose value is true or false (true when left out): name -> field, None where it has no effect here.
_BOOLEANS: dict[str, str | None] = {
    "relocatable-device-code": "relocatable", "rdc": "relocatable",
    "ftz": "flush_denormals", "fmad": "contract", "prec-sqrt": None, "prec-div": None,
    "modify-stack-limit": None, "builtin-move-forward": "move_forward",
    "builtin-initializer-list": "initializer_list", "version-ident": "version_ident",
    "pch-verbose": None, "pch-messages": None, "instantiate-templates-in-pch": None,
    "device-stack-protector": None, "brief-diagnostics": None, "ptxas-opt": None,
}
# Options with a value that changes nothing here: name -> True where the value is a number.
_VALUES: dict[str, bool] = {
    "dopt": False, "Ofast-compile": False, "Ofc": False, "ptxas-options": False, "Xptxas": False,
    "maxrregcount": True, "jump-table-density": True, "jtd": True, "frandom-seed": False,
    "optimization-info": False, "opt-info": False, "diag-error": False, "diag-suppress": False, "diag-warn": False,
    "time": False, "split-compile": True, "fdevice-time-trace": False, "create-pch": False, "use-pch": False,
    "pch-dir": False, "split-compile-extended": True, "tile-only": False,
}
_JOINED = {"D": "macros", "U": "macros", "I": "include_folders"}
_LISTS = {"define-macro": "D", "undefine-macro": "U", "include-path": "I", "D": "D", "U": "U", "I": "I"}


def parse(options: Sequence[str]) -> Options:
    """The options as one record. Raises InvalidOption naming the first one that NVRTC would refuse."""
    parsed = Options()
    words = [word.strip() for word in options if word.strip()]
    position = 0
    while position < len(words):
        parsed, used = _one(parsed, words, position)
        position += used
    return parsed


def _one(parsed: Options, words: Sequence[str], position: int) -> tuple[Options, int]:
    """Take the option at `position`; the second result says how many words it used."""
    word = words[position]
    following = words[position + 1] if position + 1 < len(words) else None
    if not word.startswith("-"):
        raise InvalidOption(word, f"nvrtc: error: unrecognized option {word} found")
    name = word.lstrip("-")
    name, equals, value = name.partition("=")
    if " " in name:  # "-D X=1" or "-I path" in one word
        name, _, rest = word.lstrip("-").partition(" ")
        equals, value = "=", rest.strip()
    given: str | None = value if equals else None
    if name[:1] in _JOINED and not word.startswith("--") and (name not in _LISTS) and not _known(name):
        letter = name[0]
        return _append(parsed, letter, word.lstrip("-")[1:].strip()), 1
    if name in _LISTS:
        given, used = _value(word, given, following)
        return _append(parsed, _LISTS[name], given), used
    if name in ("pre-include", "include"):
        given, used = _value(word, given, following)
        return parsed._replace(pre_includes=(*parsed.pre_includes, given)), used
    if name in ("gpu-architecture", "arch"):
        given, used = _value(word, given, following)
        return parsed._replace(architecture=_architecture(given, word)), used
    if name == "std":
        given, used = _value(word, given, following)
        if given not in STANDARDS:
            raise _refused(word, given, "std")
        return parsed._replace(standard=given), used
    return _table_option(parsed, word, name, given, following)


def _table_option(parsed: Options, word: str, name: str, given: str | None,
                  following: str | None) -> tuple[Options, int]:
    if given is None and name in _SWITCHES:
        changed = parsed._replace(**_SWITCHES[name])  # type: ignore[arg-type]
        return changed._replace(noted=(*parsed.noted, (name, ""))), 1
    if name in _BOOLEANS:
        used = 1
        if given is None and following in ("true", "false"):
            given, used = following, 2
        if given not in (None, "true", "false"):
            raise _refused(word, given or "", name)
        target = _BOOLEANS[name]
        if target is None:
            return parsed._replace(noted=(*parsed.noted, (name, given or "true"))), used
        return parsed._replace(**{target: given != "false"}), used  # type: ignore[arg-type]
    if name in _VALUES:
        given, used = _value(word, given, following)
        if _VALUES[name] and not given.isdigit():
            raise _refused(word, given, name)
        return parsed._replace(noted=(*parsed.noted, (name, given))), used
    raise InvalidOption(word, f"nvrtc: error: unrecognized option {word} found")


def _known(name: str) -> bool:
    return name in _SWITCHES or name in _BOOLEANS or name in _VALUES


def _value(word: str, given: str | None, following: str | None) -> tuple[str, int]:
    if given is not None:
        return given.strip(), 1
    if following is None or (following.startswith("-") and word.lstrip("-") not in ("Xptxas", "ptxas-options")):
        raise InvalidOption(word, f"nvrtc: error: option {word} needs a value")
    return following, 2


def _append(parsed: Options, letter: str, value: str) -> Options:
    if not value:
        raise InvalidOption(f"-{letter}", f"nvrtc: error: option -{letter} needs a value")
    if letter == "I":
        return parsed._replace(include_folders=(*parsed.include_folders, value))
    return parsed._replace(macros=(*parsed.macros, f"-{letter}{value}"))


def _architecture(value: str, word: str) -> str:
    kind, _, number = value.partition("_")
    suffix = number[-1:] if number[-1:] in ("a", "f") else ""
    digits = number[: len(number) - len(suffix)]
    known = kind in ("compute", "sm", "lto") and digits.isdigit() and int(digits) in ARCHITECTURES
    if known and (not suffix or int(digits) >= 90):
        return f"{'sm' if kind == 'lto' else kind}_{number}"
    raise _refused(word, value, "gpu-architecture")


def _refused(word: str, value: str, name: str) -> InvalidOption:
    return InvalidOption(word, f"nvrtc: error: invalid value for --{name} (-{name}): {value!r}")
