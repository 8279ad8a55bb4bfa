"""Reads include/*.h: every function with its version, parameters and types; enumerations; integer macros.

Works only while the package is built, or from a source checkout: it needs pycparser and a C compiler.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pycparser import c_ast, c_generator, c_parser

from compatlayer.api.library import Library

_BUILT_IN = """
typedef unsigned long size_t;
typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long uint64_t; typedef unsigned long uintptr_t; typedef long intptr_t;
"""
_DECLARATION = re.compile(r"__cpl_api\((\d+), (\d+), (none|ptds|ptsz)\)\s*([^;]*);")
_MACRO = re.compile(r"^#define (C\w+) \(?(-?\d+|0x[0-9a-f]+)u?\)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `text` is its C declaration, `kind` its C type without the name."""

    name: str
    text: str
    kind: str
    data: bool  # a pointer to data that the function may write: must not be null unless the handler says so


@dataclass(frozen=True, slots=True)
class Function:
    """One exported function. Versions are 1000 * major + 10 * minor of the CUDA that brought it."""

    name: str
    version: int
    per_thread_version: int  # 0: no per-thread variant
    per_thread_suffix: str  # "_ptds", "_ptsz" or ""
    result: str
    parameters: tuple[Parameter, ...]

    @property
    def base(self) -> str:
        """The name by which cuGetProcAddress knows it."""
        return re.sub(r"_v\d+$", "", self.name)


@dataclass(frozen=True, slots=True)
class Code:
    """A result code: number, name, and the text beside it in the header ("" without one)."""

    value: int
    name: str
    text: str


def preprocess(compiler: Sequence[str], include: Path, headers: Sequence[str], defines: Sequence[str] = ()) -> str:
    """The headers' text after the C preprocessor, system headers left out. Raises CalledProcessError."""
    source = "".join(f"#include <{header}>\n" for header in headers)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("stddef.h", "stdint.h"):
            (Path(folder) / name).touch()
        main = Path(folder) / "main.c"
        main.write_text(source, encoding="utf-8")
        command = [*compiler, "-E", "-P", "-nostdinc", "-I", folder, "-I", str(include), "-DCPL_API_READ"]
        command += [*(f"-D{define}" for define in defines), str(main)]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def split(text: str) -> tuple[str, list[tuple[int, int, str, str]]]:
    """Preprocessed text into types and functions: (version, per-thread version, suffix, declaration)."""
    functions = []
    for version, per_thread, kind, declaration in _DECLARATION.findall(text):
        suffix = "" if kind == "none" else f"_{kind}"
        functions.append((int(version), int(per_thread), suffix, " ".join(declaration.split())))
    return _DECLARATION.sub("", text), functions


def read_functions(types: str, found: list[tuple[int, int, str, str]]) -> list[Function]:
    """Parse the declarations that `split` found; sorted by name. Raises ValueError on a name given twice."""
    text = _BUILT_IN + types + "".join(f"{declaration};\n" for *_, declaration in found)
    tree = c_parser.CParser().parse(text)
    declared = [node for node in tree.ext if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl)]
    functions = [
        _function(node, version, per_thread, suffix)
        for node, (version, per_thread, suffix, _) in zip(declared, found, strict=True)
    ]
    functions.sort(key=lambda function: function.name)
    for first, second in pairwise(functions):
        if first.name == second.name:
            raise ValueError(f"{first.name} is declared twice in include/; keep one declaration")
    return functions


def _function(node: c_ast.Decl, version: int, per_thread: int, suffix: str) -> Function:
    write = c_generator.CGenerator().visit
    arguments = node.type.args.params if node.type.args else []
    parameters = tuple(_parameter(argument) for argument in arguments if isinstance(argument, c_ast.Decl))
    result = write(c_ast.Typename(None, [], None, _unnamed(node.type.type)))
    return Function(node.name, version, per_thread, suffix, result, parameters)


def _parameter(node: c_ast.Decl) -> Parameter:
    write = c_generator.CGenerator().visit
    text = write(node)
    kind = write(c_ast.Typename(None, [], None, _unnamed(node.type)))
    return Parameter(node.name, text, kind, _points_to_data(node.type))


def _unnamed(node: c_ast.Node) -> c_ast.Node:
    """A copy of a type without the name it declares."""
    import copy

    node = copy.deepcopy(node)
    inner = node
    while not isinstance(inner, c_ast.TypeDecl):
        inner = inner.type  # type: ignore[attr-defined]
    inner.declname = None
    return node


def _points_to_data(node: c_ast.Node) -> bool:
    """Whether a parameter's type is a pointer to something not const and not void (a handle is no pointer here)."""
    if not isinstance(node, c_ast.PtrDecl | c_ast.ArrayDecl):
        return False
    target = node.type
    if isinstance(target, c_ast.FuncDecl):
        return False
    if isinstance(target, c_ast.TypeDecl):
        void = isinstance(target.type, c_ast.IdentifierType) and target.type.names == ["void"]
        return not void and "const" not in target.quals
    return "const" not in getattr(target, "quals", [])


def read_codes(path: Path, last_line: str) -> list[Code]:
    """The result codes of an enumeration whose closing line is `last_line`, sorted by value."""
    body = path.read_text(encoding="utf-8").split(last_line)[0]
    body = body[body.rindex("typedef enum") :]
    codes = []
    above = ""
    for line in body.splitlines():
        comment = re.search(r"/\* (.*) \*/", line)
        entry = re.match(r"\s*(\w+) = (\d+)", line)
        if entry:
            codes.append(Code(int(entry[2]), entry[1], comment[1] if comment else above))
            above = ""
        elif comment:
            above = comment[1]
    return sorted(codes, key=lambda code: code.value)


def read_macros(paths: Sequence[Path]) -> list[str]:
    """Names of the macros whose value is an integer."""
    return [name for path in paths for name, _ in _MACRO.findall(path.read_text(encoding="utf-8"))]


def read_library(compiler: Sequence[str], include: Path, library: Library) -> tuple[str, list[Function]]:
    """A library's types as text, and its functions."""
    types, found = split(preprocess(compiler, include, library.headers))
    return types, read_functions(types, found)
