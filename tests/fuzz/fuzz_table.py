"""Writes the C tables of the API fuzzer: every exported function with a caller, every type with what may stand in it.

All comes from include/ and the package's own cffi declarations, so a new function is fuzzed without being named here.
What is named here is only what a program must not do to a driver and still be alive afterwards, real or not: each entry
says why.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fuzz_runtime
from cffi import CDefError
from compatlayer._native import ffi

from compatlayer.api.header import Function, Parameter, read_library
from compatlayer.api.library import CUDA, CUDART, LIBRARIES, NVML, Library
from compatlayer.api.toolchain import find_toolchain
from compatlayer.paths import library_dir

# What a value is filled with; the order is that of the enumeration in fuzz_calls.c.
KINDS = ("NUMBER", "ENUM", "FLOAT", "HANDLE", "ADDRESS", "POINTER", "FUNCTION", "TEXT", "BYTES", "STRUCT", "ARRAY")
ROLES = ("PLAIN", "COUNT", "SIZE", "EXTENT", "RESERVED", "BOUNDED")
TAMED = ("NONE", "WAIT_VALUE", "CONDITIONAL", "LAUNCH", "EXPORTS_FILE", "KEEPS", "PARTS")

# Typedefs of numbers that are handles.
NUMBER_HANDLES = {
    "CUtexObject": "CUtexObject",
    "CUsurfObject": "CUsurfObject",
    "CUmemGenericAllocationHandle": "CUmemGenericAllocationHandle",
    "CUlogicalEndpointId": "CUlogicalEndpointId",
    "CUgraphConditionalHandle": "CUgraphConditionalHandle",
    "CUlogIterator": "CUlogIterator",
    **fuzz_runtime.NUMBER_HANDLES,
}
# The member of a union that another member's value calls for; only that one is filled, since pointers of one member
# would be read as another's.
UNIONS = {
    "struct CUgraphNodeParams_st": {
        "kernel": 0,
        "memcpy": 1,
        "memset": 2,
        "host": 3,
        "graph": 4,
        "eventWait": 6,
        "eventRecord": 7,
        "extSemSignal": 8,
        "extSemWait": 9,
        "alloc": 10,
        "free": 11,
        "memOp": 12,
        "conditional": 13,
    },
    **fuzz_runtime.UNIONS,
}
# Calls that cost milliseconds when they succeed, or take everything else away: one in so many is made.
RARE = {
    "nvrtcCompileProgram": 40,
    "nvrtcInstallBundledHeaders": 200,
    "nvrtcRemoveBundledHeaders": 20,
    "nvvmCompileProgram": 40,
    "nvvmVerifyProgram": 40,
    "nvJitLinkComplete": 10,
    "nvmlShutdown": 8,
    "cuModuleLoad": 4,
    "cuModuleLoadData": 8,
    "cuModuleLoadDataEx": 8,
    "cuModuleLoadFatBinary": 8,
    "cuLibraryLoadData": 8,
    "cuLibraryLoadFromFile": 4,
    "cuLinkComplete": 4,
    "cuLinkAddData_v2": 2,
    "cuCtxCreate": 8,
    "cuCtxCreate_v2": 8,
    "cuCtxCreate_v3": 8,
    "cuCtxCreate_v4": 8,
    "cuGreenCtxCreate": 8,
    "cudaLibraryLoadData": 8,
    "cudaLibraryLoadFromFile": 4,
    "cudaGreenCtxCreate": 8,
    "cudaDeviceReset": 30,
    "cuDevicePrimaryCtxReset": 100,
    "cuDevicePrimaryCtxReset_v2": 100,
    "cuDevicePrimaryCtxRelease": 20,
    "cuDevicePrimaryCtxRelease_v2": 20,
    "cuLogsRegisterCallback": 100,
    "cudaLogsRegisterCallback": 40,
}  # every later error is told to it
# Libraries whose code for an unexpected error stands for nothing else: answering it is a finding.
UNKNOWN = {library.name: library.unknown for library in (CUDA, NVML, CUDART)}
OLDER = fuzz_runtime.older()
# Never called.
EXCLUDED = {
    "cuGetExportTable": "its tables are private",
    **fuzz_runtime.EXCLUDED,
}
# A wait that nothing ends, a grid that takes years, a loop without an end, memory that must outlive the call.
TAMED_CALLS = [
    (r"cuStreamWaitValue(32|64)", "WAIT_VALUE"),
    (r"cu(da)?GraphConditionalHandleCreate", "CONDITIONAL"),
    (r"cu(?:da)?Launch(Kernel|CooperativeKernel|Grid)?(Ex|Async)?$", "LAUNCH"),
    (r"cuFuncSetBlockShape", "LAUNCH"),
    (r"cu(da)?MemGetLocationInfo", "PARTS"),  # it writes as many answers as there are parts
    (r"(ExportToShareableHandle|GetHandleForAddressRange)", "EXPORTS_FILE"),
    (r"cuLinkCreate", "KEEPS"),  # the options' log buffers are written until the linker ends
]
SIZED_ELSEWHERE = re.compile(r"cuMem(cpy|set|Alloc|Advise|Prefetch|HostAlloc|Create|AddressReserve|AllocHost)")
BYTE_COUNTS = re.compile(r"cuMem(Prefetch|Advise|RangeGet|Discard)(?!.*Batch)")
_COUNT = re.compile(r"^p?(num|nb|Num)[A-Z_]|[cC]ount|[lL]ength|SetSize$")
_SIZE = re.compile(r"size|bytes|width|height|depth|pitch|offset|elements|^len$", re.IGNORECASE)
_EXTENT = re.compile(r"^(grid|block)(dim|size|_)?|^(x|y|z)$|cluster", re.IGNORECASE)
_ADDRESS = re.compile(r"(device|dptr|devptr|^dst$|^src$|^ptr$|address|base)", re.IGNORECASE)
_RESERVED = re.compile(r"^(reserved|pad|asbytes|unused)", re.IGNORECASE)


@dataclass
class Row:
    """One type; `target` is another row or the number of a handle's kind."""

    name: str
    kind: str
    size_bytes: int
    target: int = 0
    fields: list[tuple[int, int, str, int, int]] = field(default_factory=list)  # offset, row, role, group, tag
    tag_offset: int = -1
    has_pointers: bool = False


class Table:
    """Rows of types, kinds of handles, functions."""

    def __init__(self, include: Path) -> None:
        self.rows: list[Row] = []
        self.handles: list[str] = []
        self._known: dict[str, int] = {}
        self.tagged: set[str] = set()  # unions whose member another one chooses
        self.functions: list[Function] = []
        self.libraries: dict[str, Library] = {}  # by function
        compiler = find_toolchain().command
        for library in LIBRARIES:
            exported = ctypes.CDLL(str(library_dir() / library.sonames[0]))
            for each in read_library(compiler, include, library)[1]:
                # A header may include another library's; a library of an older number may export another's variants.
                there = hasattr(exported, each.name) or each.name in OLDER
                if each.name not in EXCLUDED and each.name not in self.libraries and there:
                    self.functions.append(each)
                    self.libraries[each.name] = library

    def handle(self, name: str) -> int:
        if name not in self.handles:
            self.handles.append(name)
        return self.handles.index(name)

    def row(self, text: str) -> int:
        """The row of a type by its C spelling in a declaration."""
        plain = re.sub(r"\[\d*\]$", "*", re.sub(r"\bconst\b", "", text).replace(" ", ""))
        if plain not in self._known:
            self._known[plain] = len(self.rows)
            self.rows.append(Row(plain, "NUMBER", 8))
            self.rows[self._known[plain]] = self._make(plain)
        return self._known[plain]

    def _make(self, text: str) -> Row:
        if "(*)" in text:
            return Row(text, "FUNCTION", 8)
        if text.endswith("*"):
            return self._pointer(text, text[:-1])
        if text in NUMBER_HANDLES:
            return Row(text, "HANDLE", ffi.sizeof(_ctype(text)), self.handle(NUMBER_HANDLES[text]))
        if text == "CUdeviceptr":
            return Row(text, "ADDRESS", 8)
        spelled = {
            "unsignedint": "unsigned int",
            "unsignedlonglong": "unsigned long long",
            "unsignedchar": "unsigned char",
            "unsignedshort": "unsigned short",
            "unsignedlong": "unsigned long",
        }.get(text, text)
        try:
            return self._from_ctype(text, _ctype(spelled), text)
        except CDefError:  # a typedef of a function, not of a pointer to one
            return Row(text, "FUNCTION", 8, has_pointers=True)

    def _pointer(self, text: str, target: str) -> Row:
        if target in ("void", "char"):
            return Row(text, "BYTES" if target == "void" else "TEXT", 8)
        return Row(text, "POINTER", 8, self.row(target), has_pointers=True)

    def _ctype_row(self, ctype: Any) -> int:
        """The row of a cffi type, as the fields of structures have them."""
        name = ctype.cname
        if ctype.kind == "pointer" and ctype.item.kind == "struct" and _opaque(ctype.item):
            name = _handle_name(ctype.item.cname)
        key = f"<{name}>"
        if key not in self._known:
            self._known[key] = len(self.rows)
            self.rows.append(Row(name, "NUMBER", 8))
            self.rows[self._known[key]] = self._from_ctype(name, ctype, name)
        return self._known[key]

    def _from_ctype(self, text: str, ctype: Any, name: str) -> Row:
        if ctype.kind == "enum":
            return Row(text, "ENUM", ffi.sizeof(ctype))
        if ctype.kind == "primitive":
            return Row(text, "FLOAT" if ctype.cname in ("float", "double") else "NUMBER", ffi.sizeof(ctype))
        if ctype.kind == "function":
            return Row(text, "FUNCTION", 8, has_pointers=True)
        if ctype.kind == "array":
            inner = self._ctype_row(ctype.item)
            return Row(text, "ARRAY", ffi.sizeof(ctype), inner, has_pointers=self.rows[inner].has_pointers)
        if ctype.kind == "pointer":
            return self._ctype_pointer(text, ctype.item)
        return self._structure(text, ctype)

    def _ctype_pointer(self, text: str, item: Any) -> Row:
        if item.kind == "struct" and _opaque(item):
            return Row(text, "HANDLE", 8, self.handle(_handle_name(item.cname)))
        if item.kind == "void":
            return Row(text, "BYTES", 8, has_pointers=True)
        if item.kind == "primitive" and item.cname == "char":
            return Row(text, "TEXT", 8, has_pointers=True)
        if item.kind == "function":
            return Row(text, "FUNCTION", 8, has_pointers=True)
        return Row(text, "POINTER", 8, self._ctype_row(item), has_pointers=True)

    def _structure(self, text: str, ctype: Any) -> Row:
        row = Row(text, "STRUCT", ffi.sizeof(ctype))
        tags = UNIONS.get(ctype.cname, {})
        if tags:
            row.tag_offset = 0
            self.tagged.add(ctype.cname)
        for number, group in enumerate(_groups(ctype.fields)):
            rows = [(name, member.offset, self._ctype_row(member.type)) for name, member in group]
            if len(rows) > 1:
                rows = (
                    [each for each in rows if each[0] in tags]
                    if tags
                    else [each for each in rows if not self.rows[each[2]].has_pointers]
                )
            for name, offset, inner in rows:
                kept = self._address_field(name, inner)
                row.fields.append((offset, kept, role(name), number if len(group) > 1 else -1, tags.get(name, -1)))
                row.has_pointers = row.has_pointers or self.rows[inner].has_pointers
        return row

    def _address_field(self, name: str, inner: int) -> int:
        row = self.rows[inner]
        number = row.kind == "NUMBER" and row.size_bytes == 8 and _ADDRESS.search(name)
        pointer = row.kind == "BYTES" and fuzz_runtime.stands_for(name, "void *") == "CUdeviceptr"
        return self.row("CUdeviceptr") if number or pointer else inner

    def parameter(self, function: Function, each: Parameter) -> int:
        """The row of a parameter; the runtime library's `void *` may be a kernel or device memory."""
        what = fuzz_runtime.stands_for(each.name, each.kind) if self.libraries[function.name] is CUDART else ""
        if what == "CUkern_st" and what not in self._known:
            self._known[what] = len(self.rows)
            self.rows.append(Row(what, "HANDLE", 8, self.handle(what)))
        return self.row(what) if what == "CUdeviceptr" else self._known[what] if what else self.row(each.kind)


def _opaque(ctype: Any) -> bool:
    try:  # reading the fields of an incomplete type ends the process in some builds of cffi
        return ffi.sizeof(ctype) == 0
    except (ValueError, TypeError, ffi.error):
        return True


def _handle_name(cname: str) -> str:
    """`struct CUstream_st` is what a CUstream points to; handles of one kind must have one name."""
    name = cname.removeprefix("struct ").strip()
    return fuzz_runtime.HANDLES.get(name, name)


def _ctype(spelled: str) -> Any:
    """A type of the package's own declarations, or of the runtime library."""
    try:
        return ffi.typeof(spelled)
    except ffi.error:
        return fuzz_runtime.ctype(spelled)


def _groups(fields: Any) -> Iterator[list[tuple[str, Any]]]:
    """Fields in groups that overlap: one alone, or the members of a union."""
    group: list[tuple[str, Any]] = []
    end = 0
    for name, member in sorted(fields, key=lambda pair: (pair[1].offset, -ffi.sizeof(pair[1].type))):
        if group and member.offset >= end:
            yield group
            group = []
        group.append((name, member))
        end = max(end, member.offset + ffi.sizeof(member.type))
    if group:
        yield group


def role(name: str, function: Function | None = None) -> str:
    """What a number means by its name, where that decides which values may be tried."""
    if _RESERVED.search(name):
        return "RESERVED"
    if _EXTENT.search(name):
        return "EXTENT"
    if _COUNT.search(name):
        bytes_meant = name == "count" and function is not None and _matches(function, "BYTE_COUNTS")
        return "SIZE" if bytes_meant else "COUNT"
    if _SIZE.search(name):
        if function is not None and name == "len" and not _takes_bytes(function):
            return "COUNT"
        bounded = function is not None and not _matches(function, "SIZED_ELSEWHERE") and _takes_bytes(function)
        return "BOUNDED" if bounded else "SIZE"
    return "PLAIN"


def _takes_bytes(function: Function) -> bool:
    return any(re.search(r"\b(void|char) \*", each.text) for each in function.parameters)


def _matches(function: Function, pattern: str) -> bool:
    """Whether a function is one of those, of the driver's or of the runtime library's."""
    return any(getattr(place, pattern).match(function.name) for place in (sys.modules[__name__], fuzz_runtime))


def tame(name: str) -> str:
    return next((kind for pattern, kind in TAMED_CALLS if re.search(pattern, name)), "NONE")


def headers() -> str:
    """The C text that includes the header of every library."""
    return "".join(f"#include <{header}>\n" for library in LIBRARIES for header in library.headers)


def write(include: Path) -> str:
    """The C text: callers, then the tables."""
    table = Table(include)
    callers, functions, parameters = [], [], []
    for function in table.functions:
        for suffix in ("", function.per_thread_suffix) if function.per_thread_suffix else ("",):
            callers.append(_caller(function, suffix, function.result == table.libraries[function.name].result))
            first = len(parameters)
            for each in function.parameters:
                row = table.parameter(function, each)
                parameters.append(f'    {{"{each.name}", {row}, ROLE_{role(each.name, function)}}},')
            rare = RARE.get(function.name, 1) * (4 if suffix else 1)
            library = table.libraries[function.name]
            unknown = UNKNOWN.get(library.name, -1)
            functions.append(
                f'    {{"{function.name}{suffix}", call_{function.name}{suffix}, {first}, '
                f"{len(function.parameters)}, {rare}, TAME_{tame(function.name)}, {unknown}}},"
            )
    assert table.tagged == set(UNIONS), "a handle may be taken for a function to call"
    fields, types = [], []
    for row in table.rows:
        types.append(
            f'    {{"{row.name}", KIND_{row.kind}, {row.size_bytes}, {row.target}, {len(fields)}, '
            f"{len(row.fields)}, {row.tag_offset}}},"
        )
        fields += [
            f"    {{{offset}, {inner}, ROLE_{what}, {group}, {tag}}}," for offset, inner, what, group, tag in row.fields
        ]
    parts = [
        "".join(
            f"enum {{ {', '.join(f'{prefix}_{name}' for name in names)} }};\n"
            for prefix, names in (("KIND", KINDS), ("ROLE", ROLES), ("TAME", TAMED))
        ),
        *callers,
        "static const struct parameter parameters[] = {",
        *parameters,
        "};",
        "static const struct function functions[] = {",
        *functions,
        "};",
        "static const struct field fields[] = {",
        *fields,
        "};",
        "static const struct type types[] = {",
        *types,
        "};",
        "static const char *const handle_names[] = {",
        *(f'    "{name}",' for name in table.handles),
        "};",
    ]
    return "\n".join(parts) + "\n"


def _caller(function: Function, suffix: str, answers: bool) -> str:
    """A function that takes the addresses of its arguments and makes the call; 0 if that does not answer a code."""
    name = f"{function.name}{suffix}"
    arguments = ", ".join(f"*({_pointer_to(each.kind)})a[{place}]" for place, each in enumerate(function.parameters))
    signature = ", ".join(each.text for each in function.parameters) or "void"
    declaration = f"extern {function.result} {name}({signature});\n" if suffix else ""
    call = f"{name}({arguments})"
    if function.name in OLDER:
        path, exported = OLDER[function.name]
        declaration = f"static {function.result} (*older_{name})({signature});\n"
        call = f'(FUZZ_OLDER(older_{name}, "{path}", "{exported}{suffix}"), older_{name})({arguments})'
    body = f"return (int){call};" if answers else f"(void){call}; return 0;"
    return f"{declaration}static int call_{name}(char **a)\n{{\n    (void)a;\n    {body}\n}}"


def _pointer_to(kind: str) -> str:
    kind = re.sub(r" *\[\d*\]$", "*", kind)  # a parameter that is written as an array is a pointer
    return kind.replace("(*)", "(**)") if "(*)" in kind else f"{kind} *"
