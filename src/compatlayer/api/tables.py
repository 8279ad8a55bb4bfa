"""Writes the C of the jump tables and of the stub libraries."""

from __future__ import annotations

import re
from collections.abc import Sequence

from compatlayer.api.header import Code, Function
from compatlayer.api.library import Library

_TOP = "/* Generated from include/ by compatlayer.api; not to be edited. */\n"


def _include(library: Library) -> str:
    lines = "".join(f"#include <{header}>\n" for header in library.headers)
    return f"#define CPL_NO_NAME_MACROS\n{lines}#include <compatlayer/slots.h>\n#include <compatlayer/answers.h>\n"


def _signature(function: Function) -> str:
    return ", ".join(parameter.text for parameter in function.parameters) or "void"


def _names(function: Function) -> str:
    return ", ".join(parameter.name for parameter in function.parameters)


def _pointer(function: Function) -> str:
    kinds = ", ".join(parameter.kind for parameter in function.parameters) or "void"
    return f"{function.result} (*)({kinds})"


def _jump(library: Library, function: Function, index: int) -> str:
    row = f"cpl_slots_{library.name}[{index}].function"
    return f"(({_pointer(function)})__atomic_load_n(&{row}, __ATOMIC_RELAXED))({_names(function)})"


def _is_code(library: Library, function: Function) -> bool:
    return function.result == library.result


def parameters(function: Function) -> str:
    """The text that cpl_slot_parameters answers."""
    return ",".join(parameter.name + ("*" if parameter.data else "") for parameter in function.parameters)


def write_tables(library: Library, functions: Sequence[Function], codes: Sequence[Code]) -> str:
    """The C file of one library's rows, for libcompatlayer."""
    name = library.name
    lines = [_TOP, _include(library)]
    for index, function in enumerate(functions):
        if function.name in library.in_c | library.looked_up:
            if library.c_folder:
                lines.append(f"extern {function.result} cpl_answer_{function.name}({_signature(function)});")
            continue
        if not _is_code(library, function):
            raise ValueError(f"{function.name} returns {function.result}: it must be answered in C")
        lines.append(
            f"static {function.result} asleep_{index}({_signature(function)})\n{{\n"
            f"    int status = cpl_boot({library.number}, {index});\n"
            f"    return status != 0 ? ({function.result})status : {_jump(library, function, index)};\n}}\n"
            f"static int missing_{index}(void)\n{{\n    return {_missing(library, index)};\n}}\n"
        )
    for answer in ("unknown", "deinitialized", "not_initialized"):
        lines.append(f"static int answer_{answer}(void)\n{{\n    return {getattr(library, answer)};\n}}\n")
    lines.append(f"struct cpl_slot cpl_slots_{name}[{len(functions)}] = {{")
    lines += [f"    {{(void *){_first(library, function, index)}, 0, NULL}},"
              for index, function in enumerate(functions)]
    lines.append("};\n")
    lines.append(f"static const struct cpl_slot_facts facts[{len(functions)}] = {{")
    lines += [_facts(library, function, index) for index, function in enumerate(functions)]
    lines.append("};\n")
    lines.append(f"static void *handlers[{len(functions)}];\n")
    lines.append(f"extern const struct cpl_slot_table cpl_slot_table_{name};")
    lines.append(
        f"const struct cpl_slot_table cpl_slot_table_{name} = {{\n"
        f"    cpl_slots_{name}, facts, handlers, {len(functions)},\n"
        f"    {library.not_supported}, {library.not_initialized}, {library.deinitialized}, {library.unknown},\n"
        "    (void *)answer_unknown, (void *)answer_deinitialized, (void *)answer_not_initialized,\n};\n"
    )
    lines.append(f"const int cpl_codes_{name}_count = {len(codes)};")
    lines.append(f"const struct cpl_code cpl_codes_{name}[] = {{")
    lines += [f'    {{{code.value}, "{code.name}", "{code.text}"}},' for code in codes]
    lines.append("};")
    return "\n".join(lines) + "\n"


def _missing(library: Library, index: int) -> str:
    call = f"cpl_missing({library.number}, {index})"
    return f"cpl_{library.c_folder}_failed({call})" if library.c_folder else call


def _fixed(library: Library, function: Function) -> str:
    if function.name in library.in_c:
        return f"(void *)cpl_answer_{function.name}"
    return "(void *)answer_not_initialized" if function.name in library.looked_up else "NULL"


def _first(library: Library, function: Function, index: int) -> str:
    fixed = _fixed(library, function)
    return f"asleep_{index}" if fixed == "NULL" else fixed.removeprefix("(void *)")


def _facts(library: Library, function: Function, index: int) -> str:
    fixed = _fixed(library, function)
    generated = f"(void *)asleep_{index}, (void *)missing_{index}" if fixed == "NULL" else "NULL, NULL"
    return f'    {{"{function.name}", "{parameters(function)}", {generated}, {fixed}}},'


def write_index(libraries: Sequence[Library]) -> str:
    """The C file that lists the libraries' tables."""
    externs = "".join(f"extern const struct cpl_slot_table cpl_slot_table_{library.name};\n" for library in libraries)
    rows = "".join(f"    [{library.number}] = &cpl_slot_table_{library.name},\n" for library in libraries)
    head = "const struct cpl_slot_table *const cpl_slot_tables[CPL_LIBRARIES] = {\n"
    return f"{_TOP}#include <compatlayer/slots.h>\n\n{externs}\n{head}{rows}}};\n"


def write_stubs(library: Library, functions: Sequence[Function], soname: str) -> str:
    """The C file of the stub library `soname`: every function under its exported name, and the look-up by name."""
    lines = [_TOP, '#define CPL_API_EXPORT __attribute__((visibility("default")))', _include(library)]
    rows = {function.name: (index, function) for index, function in enumerate(functions)}
    older = {row for renamed in library.renamed.values() for row in renamed.values() if re.search(r"_v1\d$", row)}
    exported = {name: name for name in rows if name not in older} | dict(library.renamed.get(soname, {}))
    for name, row in exported.items():
        index, function = rows[row]
        if name in library.looked_up:
            continue
        lines.append(_stub(library, function, index, name, ""))
        if function.per_thread_suffix:
            lines.append(_stub(library, function, index, name, function.per_thread_suffix))
    if library.looked_up:
        lines += _entry_points(library, functions)
    return "\n".join(lines)


def _stub(library: Library, function: Function, index: int, name: str, suffix: str) -> str:
    """One exported function. A name that is another function's in the header is given to it for the linker only."""
    symbol = name + suffix
    if name != function.name:
        symbol = f"as_{symbol}"
    head = f"CPL_API_EXPORT {function.result} {symbol}({_signature(function)})"
    declared = f'{head} __asm__("{name}{suffix}");\n' if name != function.name else f"{head};\n" if suffix else ""
    count = f"    CPL_COUNT(cpl_slots_{library.name}[{index}]);\n"
    jump = _jump(library, function, index)
    if not suffix:
        return f"{declared}{head}\n{{\n{count}{_recorded(library, function, index, jump)}    return {jump};\n}}\n"
    direct = f"__atomic_load_n(&cpl_slots_{library.name}[{index}].per_thread, __ATOMIC_RELAXED)"
    own = jump.replace(f"__atomic_load_n(&cpl_slots_{library.name}[{index}].function, __ATOMIC_RELAXED)", direct)
    return (
        f"{declared}{head}\n{{\n{count}    if (__builtin_expect({direct} != NULL, 0))\n        return {own};\n"
        f"    int before = cpl_per_thread_enter();\n"
        f"    {function.result} result = {jump};\n    cpl_per_thread_leave(before);\n"
        f"{_recorded(library, function, index, 'result')}    return result;\n}}\n"
    )


def _recorded(library: Library, function: Function, index: int, value: str) -> str:
    """The lines that record how a call went."""
    if not _is_code(library, function):
        return f"    if (__builtin_expect(cpl_recording, 0))\n        cpl_record({library.number}, {index}, 0);\n"
    return (f"    if (__builtin_expect(cpl_recording, 0))\n"
            f"        return ({function.result})cpl_record({library.number}, {index}, (int){value});\n")


def _entry_points(library: Library, functions: Sequence[Function]) -> list[str]:
    """The look-up table, and the functions that read it."""
    ordered = sorted(functions, key=lambda function: (function.base, function.version))
    lines = ["static const struct cpl_entry_point entry_points[] = {"]
    for function in ordered:
        suffix = function.per_thread_suffix
        other = f"(void *){function.name}{suffix}" if suffix else "NULL"
        row = f'"{function.base}", {function.version}, {function.per_thread_version}, (void *){function.name}, {other}'
        lines.append(f"    {{{row}}},")
    lines.append("};\n")
    for index, function in enumerate(functions):
        if function.name not in library.looked_up:
            continue
        status = "(int *)symbolStatus" if len(function.parameters) == 5 else "NULL"
        lines.append(
            f"CPL_API_EXPORT {function.result} {function.name}({_signature(function)})\n{{\n"
            f"    CPL_COUNT(cpl_slots_{library.name}[{index}]);\n"
            f"    {function.result} result = ({function.result})cpl_entry_point_find(entry_points, {len(ordered)}, "
            f"symbol, pfn,\n        cudaVersion, flags, {status});\n"
            f"{_recorded(library, function, index, 'result')}    return result;\n}}\n"
        )
    return lines
