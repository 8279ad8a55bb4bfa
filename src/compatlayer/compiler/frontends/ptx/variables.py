"""Variables of a PTX module as variables of the device IR: bytes, and addresses among them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from ...ir.types import I8, I64, Type, pointer
from ...ir.values import AggregateConstant, Constant, ConstantExpression, GlobalVariable, Literal, Module, Value, number
from ...passes.ptx_syntax import decimal_of, float_bits, integer_of, split
from .fault import PtxFault
from .module_text import VariableText

SPACES = {"global": 1, "shared": 3, "const": 4}
_DECLARATION = re.compile(
    r"(?:\.attribute\s*\((?P<attribute>[^)]*)\)\s*)?(?:\.align\s+(?P<align>\d+)\s*)?(?P<vector>\.v[248]\s+)?"
    r"(?:\.align\s+(?P<align2>\d+)\s*)?\.(?P<letter>bf|[busf]|pred)(?P<bits>8|16|32|64|128)?(?P<pair>x2)?\s+"
    r"(?P<name>[\w$%]+)\s*(?P<array>(?:\[[^\]]*\]\s*)*)(?:=\s*(?P<value>.*))?", re.S)
_MASKED = re.compile(r"(0[xX][fF]+0*)\s*\((.*)\)")
_SYMBOL = re.compile(r"(?:generic\s*\(\s*([\w$%]+)\s*\)|([A-Za-z_$%][\w$%]*))\s*(?:([-+])\s*(\w+))?")

Find = Callable[[str], Value | None]


class Declaration(NamedTuple):
    """One declared variable; `size_bytes` 0 for an array without a size."""

    name: str
    element_bits: int
    letter: str
    size_bytes: int
    align: int
    value: str


def declarations(text: str, line: int) -> list[Declaration]:
    """`.align 4 .b32 x[4] = {...}, y`: the variables it declares."""
    found: list[Declaration] = []
    head = ""
    for each in split(text):
        match = _DECLARATION.fullmatch(each if not found else f"{head} {each}")
        if match is None or match["letter"] == "pred":
            raise PtxFault(line, f"'{' '.join(text.split())[:80]}' is no declaration of a variable")
        head = each[: match.start("name")] if not found else head
        bits = int(match["bits"] or 0) * (2 if match["pair"] else 1)
        count = int(match["vector"].strip()[2:]) if match["vector"] else 1
        align = int(match["align"] or match["align2"] or 0) or bits * count // 8
        for extent in re.findall(r"\[([^\]]*)\]", match["array"]):
            size = integer_of(extent.strip()) if extent.strip() else _initialised(match["value"])
            if size is None:
                raise PtxFault(line, f"'[{extent}]' is no size")
            count *= size
        found.append(Declaration(match["name"], bits, match["letter"], count * bits // 8, align,
                                 (match["value"] or "").strip()))
    return found


def _initialised(value: str | None) -> int:
    return len(split(value.strip()[1:-1])) if value and value.strip()[:1] == "{" else 0


def declare(module: Module, variable: VariableText, external: bool, find: Find, prefix: str = "") -> list[str]:
    """Adds a variable without its value, which may name others; the names in PTX. `prefix` makes a function's own."""
    space = SPACES.get(variable.space)
    if space is None:
        raise PtxFault(variable.line, f".{variable.space} variables outside of functions are not supported")
    names = []
    for each in declarations(variable.text, variable.line):
        type_: Type = module.types.array(each.size_bytes, I8)
        linkage = {"visible": ("dso_local",), "weak": ("weak",), "common": ("weak",)}.get(
            variable.linkage, ("internal",))
        initializer: Value | None = Literal(type_, "undef" if space == 3 else "zeroinitializer")
        outside = space != 3 and variable.linkage != ""
        if variable.linkage == "extern":
            linkage, initializer, outside = ("external",), None, False
        if space == 3 and each.size_bytes == 0:
            linkage, initializer = ("external",), None  # the part whose size is an argument of the launch
        module.add(GlobalVariable(prefix + each.name, linkage, space, False, type_, initializer,
                                  (f"align {max(each.align, 1)}",), outside and external))
        names.append(each.name)
    return names


def initialise(module: Module, variable: VariableText, find: Find, prefix: str = "") -> None:
    """Gives a variable its value."""
    for each in declarations(variable.text, variable.line):
        made = module.symbols[prefix + each.name]
        assert isinstance(made, GlobalVariable)
        if not each.value or made.initializer is None:
            continue
        made.initializer = _value(module, each, variable.line, find)
        made.value_type = made.initializer.type


def _value(module: Module, declared: Declaration, line: int, find: Find) -> Constant:
    items = _flat(declared.value)
    width = declared.element_bits // 8
    parts: list[bytes | Constant] = []
    masked: tuple[str, int] | None = None
    for item in items:
        data = _bytes(item, declared.letter, width)
        if data is not None:
            parts.append(data)
            continue
        mask = _MASKED.fullmatch(item)
        if mask:  # one byte of an address; the eight of them follow each other
            shift = (int(mask[1], 0).bit_length() - 1) // 8
            if shift == 0:
                parts.append(_address(module, mask[2].strip(), line, find))
                masked = mask[2], 0
            elif masked is None or masked[0] != mask[2] or masked[1] != shift - 1:
                raise PtxFault(line, f"'{item}' is a part of an address without the rest of it")
            masked = mask[2], shift
            continue
        if width != 8:
            raise PtxFault(line, f"'{item}' is no value of {width} bytes")
        parts.append(_address(module, item, line, find))
    return _constant(module, parts, declared.size_bytes)


def _flat(text: str) -> list[str]:
    if text[:1] != "{":
        return [text]
    return [one for each in split(text[1:-1]) for one in _flat(each)]


def _bytes(item: str, letter: str, width: int) -> bytes | None:
    bits = float_bits(item)
    if bits is not None:
        value = struct.unpack("<f" if bits[0] == 32 else "<d", bits[1].to_bytes(bits[0] // 8, "little"))[0]
        if bits[0] == 8 * width:
            return bits[1].to_bytes(width, "little")
        return struct.pack("<f" if width == 4 else "<d", value)
    if letter == "f":
        number_ = decimal_of(item)
        if number_ is not None:
            return struct.pack({2: "<e", 4: "<f"}.get(width, "<d"), number_)
    whole = integer_of(item)
    return None if whole is None else (whole & (1 << 8 * width) - 1).to_bytes(width, "little")


def _address(module: Module, text: str, line: int, find: Find) -> Constant:
    match = _SYMBOL.fullmatch(text)
    base = find(match[1] or match[2]) if match else None
    if match is None or not isinstance(base, Constant):
        raise PtxFault(line, f"'{text}' is no constant")
    if base.type is not pointer(0):
        base = ConstantExpression(pointer(0), "addrspacecast", (), (base,))
    if match[3]:
        offset = integer_of(match[4]) or 0
        base = ConstantExpression(pointer(0), "getelementptr", (), (
            base, number(I64, -offset if match[3] == "-" else offset)), I8)
    return base


def _constant(module: Module, parts: list[bytes | Constant], size_bytes: int) -> Constant:
    fields: list[Constant] = []
    data, total = b"", 0

    def close() -> None:
        nonlocal data
        if data:
            type_ = module.types.array(len(data), I8)
            text = "zeroinitializer" if not data.strip(b"\0") else 'c"' + "".join(
                chr(each) if 32 <= each < 127 and each not in b'"\\' else f"\\{each:02X}" for each in data) + '"'
            fields.append(Literal(type_, text))
            data = b""

    for part in parts:
        if isinstance(part, bytes):
            data += part
            total += len(part)
        else:
            close()
            fields.append(part)
            total += 8
    data += bytes(max(0, size_bytes - total))
    close()
    if len(fields) == 1 and not isinstance(fields[0].type, type(pointer(0))):
        return fields[0]
    struct_type = module.types.struct([each.type for each in fields], packed=True)
    return AggregateConstant(struct_type, ("<{ ", " }>"), tuple(fields))
