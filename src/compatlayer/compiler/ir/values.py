"""Values of the device IR that are not instructions: constants, arguments, globals, functions, blocks, modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .types import LABEL, METADATA, PTR, FunctionType, Type, TypeTable, pointer

if TYPE_CHECKING:
    from .instructions import Instruction

_PLAIN_NAME = re.compile(r"[-a-zA-Z$._][-a-zA-Z$._0-9]*")


def quote(name: str) -> str:
    """`name` as LLVM writes it after a sigil: quoted where it must be."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    escaped = "".join(c if " " <= c < "\x7f" and c not in '"\\' else "".join(f"\\{b:02X}" for b in _encoded(c))
                      for c in name)
    return f'"{escaped}"'


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # names of files may be no UTF-8


def string_bytes(text: str) -> bytes:
    """The bytes of LLVM's quoted string (quotes included, `\\xx` escapes)."""
    raw = text[text.index('"') + 1 : -1]
    if "\\" not in raw:
        return _encoded(raw)
    parts = re.split(r"\\([0-9A-Fa-f]{2}|\\)", raw)
    return b"".join(
        _encoded(part) if index % 2 == 0 else (b"\\" if part == "\\" else bytes([int(part, 16)]))
        for index, part in enumerate(parts)
    )


def unquote(text: str) -> str:
    """A name as written after its sigil, without quotes and escapes."""
    return string_bytes(text).decode("utf-8", "surrogateescape") if text.startswith('"') else text


class Value:
    """Anything an instruction can take as an operand. `name` is None for numbered locals and constants."""

    __slots__ = ("name", "type")

    def __init__(self, type_: Type, name: str | None = None) -> None:
        self.type = type_
        self.name = name


class Constant(Value):
    """A value known without running; spelling() is its text without the type."""

    __slots__ = ()

    def spelling(self) -> str:
        raise NotImplementedError

    def parts(self) -> tuple[Value, ...]:
        """Constants that this one is made of."""
        return ()


class Literal(Constant):
    """A number, null, undef, poison, zeroinitializer, none or c"..."."""

    __slots__ = ("text",)

    def __init__(self, type_: Type, text: str) -> None:
        self.type = type_
        self.name = None
        self.text = text

    def spelling(self) -> str:
        return self.text


class AggregateConstant(Constant):
    """`[...]`, `{...}`, `<{...}>` or `<...>` (`brackets` holds the opening and the closing text), or `splat (...)`."""

    __slots__ = ("brackets", "elements")

    def __init__(self, type_: Type, brackets: tuple[str, str], elements: tuple[Value, ...]) -> None:
        super().__init__(type_)
        self.brackets = brackets
        self.elements = elements

    def spelling(self) -> str:
        inner = ", ".join(f"{each.type.text} {constant_text(each)}" for each in self.elements)
        return f"{self.brackets[0]}{inner}{self.brackets[1]}"

    def parts(self) -> tuple[Value, ...]:
        return self.elements


class ConstantExpression(Constant):
    """`opcode flags (operands)`; casts have one operand, getelementptr a `source` type."""

    __slots__ = ("flags", "opcode", "operands", "source")

    def __init__(self, type_: Type, opcode: str, flags: tuple[str, ...], operands: tuple[Value, ...],
                 source: Type | None = None) -> None:
        super().__init__(type_)
        self.opcode = opcode
        self.flags = flags
        self.operands = operands
        self.source = source

    def spelling(self) -> str:
        head = " ".join((self.opcode, *self.flags))
        inner = ", ".join(f"{each.type.text} {constant_text(each)}" for each in self.operands)
        if self.source is not None:
            return f"{head} ({self.source.text}, {inner})"
        if len(self.operands) == 1:
            return f"{head} ({inner} to {self.type.text})"
        return f"{head} ({inner})"

    def parts(self) -> tuple[Value, ...]:
        return self.operands


class InlineAssembly(Constant):
    """`asm flags "text", "constraints"` as a callee; both kept with LLVM's escapes and quotes."""

    __slots__ = ("constraints", "flags", "text")

    def __init__(self, flags: tuple[str, ...], text: str, constraints: str) -> None:
        super().__init__(PTR)
        self.flags = flags
        self.text = text
        self.constraints = constraints

    def spelling(self) -> str:
        return " ".join(("asm", *self.flags, f"{self.text}, {self.constraints}"))


class MetadataOperand(Constant):
    """`metadata ...` as an argument of an intrinsic, kept as text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__(METADATA)
        self.text = text

    def spelling(self) -> str:
        return self.text


class Argument(Value):
    """A function's parameter; `attributes` are texts such as `noundef` or `byval(%struct.S)`."""

    __slots__ = ("attributes",)

    def __init__(self, type_: Type, name: str | None, attributes: tuple[str, ...] = ()) -> None:
        super().__init__(type_, name)
        self.attributes = attributes


class GlobalValue(Constant):
    """Anything with an @name. `prefix` holds linkage, preemption, visibility and calling convention words."""

    __slots__ = ("prefix",)
    name: str

    def __init__(self, name: str, type_: Type, prefix: tuple[str, ...]) -> None:
        super().__init__(type_, name)
        self.prefix = prefix

    def spelling(self) -> str:
        return "@" + quote(self.name)

    @property
    def internal(self) -> bool:
        return "internal" in self.prefix or "private" in self.prefix


class GlobalVariable(GlobalValue):
    """`@x = prefix addrspace(n) global|constant type initializer, suffix`."""

    __slots__ = ("constant", "externally_initialized", "initializer", "suffix", "value_type")

    def __init__(self, name: str, prefix: tuple[str, ...], space: int, constant: bool, value_type: Type,
                 initializer: Value | None, suffix: tuple[str, ...], externally_initialized: bool = False) -> None:
        super().__init__(name, pointer(space), prefix)
        self.constant = constant
        self.value_type = value_type
        self.initializer = initializer
        self.suffix = suffix
        self.externally_initialized = externally_initialized

    @property
    def space(self) -> int:
        return self.type.space  # type: ignore[attr-defined, no-any-return]

    @property
    def align(self) -> int:
        """Declared alignment in bytes; 0 when none is given."""
        for each in self.suffix:
            if each.startswith("align "):
                return int(each[6:])
        return 0


class Alias(GlobalValue):
    """`@a = prefix alias type, ptr target`."""

    __slots__ = ("target", "value_type")

    def __init__(self, name: str, prefix: tuple[str, ...], value_type: Type) -> None:
        super().__init__(name, PTR, prefix)
        self.value_type = value_type
        self.target: Value | None = None


class BasicBlock(Value):
    """A list of instructions, the last of which is a terminator."""

    __slots__ = ("instructions",)

    def __init__(self, name: str | None) -> None:
        super().__init__(LABEL, name)
        self.instructions: list[Instruction] = []

    @property
    def terminator(self) -> Instruction:
        return self.instructions[-1]

    @property
    def successors(self) -> list[BasicBlock]:
        return self.instructions[-1].targets


class Function(GlobalValue):
    """A definition (blocks) or a declaration (no blocks)."""

    __slots__ = ("arguments", "attributes", "blocks", "debug", "function_type", "result_attributes", "suffix")

    def __init__(self, name: str, prefix: tuple[str, ...], function_type: FunctionType,
                 arguments: list[Argument]) -> None:
        super().__init__(name, PTR, prefix)
        self.function_type = function_type
        self.arguments = arguments
        self.result_attributes: tuple[str, ...] = ()
        self.attributes: tuple[str, ...] = ()  # after the parameter list: words, `#n`, `"key"="value"`
        self.suffix: tuple[str, ...] = ()  # unnamed_addr, section, comdat, align
        self.debug: str | None = None  # `!n` of its DISubprogram
        self.blocks: list[BasicBlock] = []

    @property
    def is_kernel(self) -> bool:
        return "ptx_kernel" in self.prefix

    @property
    def is_declaration(self) -> bool:
        return not self.blocks

    def instructions(self) -> Iterator[Instruction]:
        for block in self.blocks:
            yield from block.instructions


class Module:
    """One translation unit. Tables keep the order of the text."""

    def __init__(self) -> None:
        self.types = TypeTable()
        self.source_name = ""
        self.subject = ""  # what dumps say it is: a kernel, an engine
        self.layout = ""
        self.triple = ""
        self.host = "x86_64"  # the machine that native code is made for
        self.features: frozenset[str] = frozenset()  # what its processor has, as clang names it: "avx512f"
        # Offsets of the shared variables, when they were laid out for a larger module than this one is now.
        self.shared_places: dict[GlobalVariable, int] = {}
        self.assembly: list[str] = []
        self.comdats: list[str] = []
        self.symbols: dict[str, GlobalValue] = {}
        self.attributes: dict[str, str] = {}  # "#0" -> text between the braces
        self.named_metadata: dict[str, str] = {}  # "!llvm.ident" -> "!{!5}"
        self.metadata: dict[str, str] = {}  # "!5" -> text, resolved on demand

    def functions(self) -> list[Function]:
        return [each for each in self.symbols.values() if isinstance(each, Function)]

    def defined(self) -> list[Function]:
        return [each for each in self.symbols.values() if isinstance(each, Function) and each.blocks]

    def variables(self) -> list[GlobalVariable]:
        return [each for each in self.symbols.values() if isinstance(each, GlobalVariable)]

    def add(self, value: GlobalValue) -> None:
        self.symbols[value.name] = value


def constant_text(value: Value) -> str:
    """The spelling of a constant, with no type before it."""
    assert isinstance(value, Constant), f"{value!r} is not a constant"
    return value.spelling()


def number(type_: Type, value: int) -> Literal:
    """The integer constant `value` of `type_`."""
    return Literal(type_, str(value))


NULL = Literal(PTR, "null")
