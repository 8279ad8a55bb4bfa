"""A PTX module as records: its header, its variables, its functions with their statements.

https://docs.nvidia.com/cuda/parallel-thread-execution/#directives
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...passes.ptx_syntax import Lines, Statement, SyntaxFault, split, statements, without_comments
from .fault import PtxFault, PtxVersionFault

NEWEST = (9, 5)  # the .version that the CUDA version of our driver reads
_LINKAGE = re.compile(r"\.(?:visible|extern|weak|common)\b")
_WORD = re.compile(r"\.?[\w$%]+")
_NUMBER = re.compile(r"(?P<word>\.\w+)\s+(?P<numbers>\d+(?:\s*,\s*\d+)*)")
_SPACE = re.compile(r"\s+")
_LINE = re.compile(r"[^\n]*")
_PARAMETER = re.compile(
    r"\.(?P<space>param|reg)\s*(?:\.align\s+(?P<align>\d+)\s*)?(?:\.v(?P<vector>[24])\s*)?\.(?P<type>\w+)\s*"
    r"(?:\.ptr\b\s*(?:\.\w+\s*)*?(?:\.align\s+\d+\s*)?)?(?P<name>[\w$%]*)\s*(?P<array>\[[^\]]*\])?")
_BITS = re.compile(r"(?:[busf]|bf)(8|16|32|64|128)(?:x2)?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter or result. `array` bytes of memory, or one value of `type` (0 bytes of array)."""

    name: str
    type: str
    array: int = 0
    align: int = 0
    register: bool = False

    @property
    def bits(self) -> int:
        found = _BITS.fullmatch(self.type)
        return int(found[1]) * (2 if self.type.endswith("x2") else 1) if found else 1


@dataclass(frozen=True, slots=True)
class Signature:
    results: tuple[Parameter, ...]
    parameters: tuple[Parameter, ...]


@dataclass(slots=True)
class FunctionText:
    name: str
    line: int
    kernel: bool
    linkage: str  # "", visible, extern, weak, common
    signature: Signature
    statements: list[Statement] = field(default_factory=list)
    defined: bool = False
    limits: dict[str, tuple[int, ...]] = field(default_factory=dict)  # maxntid, reqntid


@dataclass(frozen=True, slots=True)
class VariableText:
    """A variable; `text` is what follows its space: `.align 4 .b8 x[16] = {...}`."""

    line: int
    linkage: str
    space: str
    text: str


@dataclass(slots=True)
class ModuleText:
    architecture: str = ""
    functions: list[FunctionText] = field(default_factory=list)
    variables: list[VariableText] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


def parse(text: str) -> ModuleText:
    """Raises PtxFault."""
    try:
        return _Parser(without_comments(text)).run()
    except SyntaxFault as fault:
        raise PtxFault(fault.line, str(fault)) from None


def parameters(text: str, line: int) -> tuple[Parameter, ...]:
    """What is between the parentheses of a parameter list."""
    found = []
    for each in split(text):
        match = _PARAMETER.match(each)
        if match is None:
            raise PtxFault(line, f"'{each}' is no parameter")
        array = 0
        if match["array"]:
            count = match["array"][1:-1].strip()
            bits = _BITS.fullmatch(match["type"])
            if not count.isdigit() or bits is None:
                raise PtxFault(line, f"the parameter '{each}' has no size")
            array = int(count) * int(bits[1]) // 8
        if match["vector"]:
            raise PtxFault(line, f"the parameter '{each}' is a vector, which is not supported")
        found.append(Parameter(match["name"], match["type"], array, int(match["align"] or 0),
                               match["space"] == "reg"))
    return tuple(found)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.at = 0
        self.module = ModuleText()

    @property
    def line(self) -> int:
        return self.lines.at(self.at)

    def fault(self, what: str) -> PtxFault:
        return PtxFault(self.line, what)

    def skip(self) -> bool:
        """Over blanks; False at the end."""
        space = _SPACE.match(self.text, self.at)
        if space:
            self.at = space.end()
        return self.at < len(self.text)

    def word(self) -> str:
        self.skip()
        match = _WORD.match(self.text, self.at)
        if match is None:
            shown = " ".join(self.text[self.at : self.at + 60].split())
            raise self.fault(f"'{shown}' was not expected here")
        self.at = match.end()
        return match[0]

    def rest(self) -> str:
        """The rest of the line."""
        match = _LINE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return match[0].strip()

    def until(self, end: str) -> str:
        at = self.text.find(end, self.at)
        if at < 0:
            raise self.fault(f"'{end}' is missing")
        found = self.text[self.at : at]
        self.at = at + 1
        return found.strip()

    def run(self) -> ModuleText:
        if not self.skip() or not self.text.startswith(".version", self.at):
            raise self.fault("PTX starts with .version")
        while self.skip():
            self.directive()
        if not self.module.architecture:
            raise self.fault("there is no .target")
        return self.module

    def target(self, line: int, text: str) -> None:
        named = [each.strip() for each in text.split(",") if each.strip().startswith("sm_")]
        if named and not re.fullmatch(r"sm_\d{2,3}[af]?", named[0], re.ASCII):
            raise PtxFault(line, f".target {named[0]} is no architecture such as sm_90")
        self.module.architecture = named[0] if named else ""

    def directive(self) -> None:
        line, word = self.line, self.word()
        if word == ".version":
            self.version(line, self.rest())
        elif word == ".target":
            self.target(line, self.rest())
        elif word == ".address_size":
            if self.rest() != "64":
                raise PtxFault(line, ".address_size must be 64; compile the module with -m64")
        elif word == ".file":
            self.file(self.rest())
        elif word == ".section":
            self.until("{")
            self.until("}")
        elif word in (".loc", "@@DWARF"):
            self.rest()
        elif word == ".pragma":
            self.until(";")
        elif word == ".alias":
            name, _, target = self.until(";").partition(",")
            self.module.aliases[name.strip()] = target.strip()
        else:
            self.symbol(line, word)

    def version(self, line: int, text: str) -> None:
        major, _, minor = text.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise PtxFault(line, f"'{text}' is no version of PTX")
        if (int(major), int(minor)) > NEWEST:
            raise PtxVersionFault(line, f"PTX {text} is newer than the newest this version reads, "
                                        f"{NEWEST[0]}.{NEWEST[1]}; compile for an older version of CUDA")

    def file(self, text: str) -> None:
        number, _, rest = text.partition(" ")
        names = re.findall(r'"([^"]*)"', rest)
        if number.isdigit() and names:
            name = names[-1]
            if len(names) > 1 and names[0] not in ("", ".") and not name.startswith("/"):
                name = f"{names[0]}/{name}"
            self.module.files[int(number)] = name

    def symbol(self, line: int, word: str) -> None:
        linkage = ""
        while _LINKAGE.fullmatch(word):
            linkage = word[1:]
            word = self.word()
        if word in (".entry", ".func"):
            self.function(line, linkage, word == ".entry")
        elif word in (".global", ".const", ".shared", ".local"):
            self.module.variables.append(VariableText(line, linkage, word[1:], self.until(";")))
        else:
            raise PtxFault(line, f"the directive '{word}' is not supported")

    def parenthesis(self) -> str | None:
        """The text of a list in parentheses, if one follows."""
        self.skip()
        if not self.text.startswith("(", self.at):
            return None
        self.at += 1
        return self.until(")")

    def function(self, line: int, linkage: str, kernel: bool) -> None:
        results = self.parenthesis()
        while self.skip() and self.text.startswith(".attribute", self.at):
            self.until(")")
        name = self.word()
        given = self.parenthesis()
        signature = Signature(parameters(results or "", line), parameters(given or "", line))
        found = FunctionText(name, line, kernel, linkage, signature)
        self.limits(found)
        if self.text[self.at] == "{":
            found.defined = True
            start = self.at + 1
            end = self.closing()
            found.statements = list(statements(self.text[start:end], lines=Lines(
                self.text[start:end], self.lines.at(start))))
            self.at = end + 1
        else:
            self.at += 1
        self.module.functions.append(found)

    def limits(self, found: FunctionText) -> None:
        """The directives between the parameters and the body."""
        while True:
            if not self.skip():
                raise self.fault(f"the function '{found.name}' ends too early")
            if self.text[self.at] in "{;":
                return
            match = _NUMBER.match(self.text, self.at)
            if match:
                found.limits[match["word"][1:]] = tuple(int(each) for each in match["numbers"].split(","))
                self.at = match.end()
            elif self.word() == ".pragma":
                self.until(";")

    def closing(self) -> int:
        """Where the brace is that closes the one here."""
        depth = 0
        for match in re.compile(r'[{}]|"[^"\n]*"').finditer(self.text, self.at):
            if match[0] == "{":
                depth += 1
            elif match[0] == "}":
                depth -= 1
                if depth == 0:
                    return match.start()
        raise self.fault("the brace is not closed")


def names_of(functions: Sequence[FunctionText]) -> dict[str, FunctionText]:
    """Functions by name; a definition goes before its declarations."""
    found: dict[str, FunctionText] = {}
    for each in functions:
        if each.defined or each.name not in found:
            found[each.name] = each
    return found
