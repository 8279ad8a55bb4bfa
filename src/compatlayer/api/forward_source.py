"""Writes the C of forwarded runtime functions, and the header by which C of the runtime calls the driver."""

from __future__ import annotations

from collections.abc import Sequence

from compatlayer.api.forwarding import FORWARDS, answered
from compatlayer.api.header import Function, Parameter
from compatlayer.api.library import Library

_TOP = "/* Generated from include/ by compatlayer.api; not to be edited. */\n"


def write(driver: Sequence[Function], runtime: Sequence[Function]) -> str:
    """The C file of the forwarded functions. Raises ValueError for a row that fits neither header."""
    drivers = {function.name: function for function in driver}
    runtimes = {function.name: function for function in runtime}
    lines = [_TOP, "#include <cudart/call.h>\n"]
    for name in sorted(answered()):
        if name not in runtimes or FORWARDS[name] not in drivers:
            raise ValueError(f"{name} cannot be forwarded to {FORWARDS[name]}: include/ does not have both")
        lines.append(_forward(runtimes[name], drivers[FORWARDS[name]]))
    return "\n".join(lines)


def _forward(runtime: Function, driver: Function) -> str:
    if len(runtime.parameters) != len(driver.parameters):
        raise ValueError(f"{runtime.name} and {driver.name} take different numbers of parameters")
    pairs = list(zip(runtime.parameters, driver.parameters, strict=True))
    signature = ", ".join(parameter.text for parameter in runtime.parameters) or "void"
    lines = [f"cudaError_t cpl_answer_{runtime.name}({signature})", "{"]
    for ours, theirs in pairs:
        if _by_value(theirs):
            lines.append(f"    {theirs.kind} {ours.name}_;")
            lines.append(f"    memcpy(&{ours.name}_, &{ours.name}, sizeof {ours.name}_);")
            lines.append(f'    _Static_assert(sizeof {ours.name}_ == sizeof {ours.name}, "one structure, two names");')
    arguments = ", ".join(_argument(ours, theirs) for ours, theirs in pairs)
    lines += [f"    CPL_ANSWER(drv_{driver.name}({arguments}));", "}", ""]
    return "\n".join(lines)


def _by_value(parameter: Parameter) -> bool:
    """Whether a parameter is a structure."""
    return parameter.kind in ("CUmemLocation", "CUipcEventHandle", "CUipcMemHandle")


def _argument(ours: Parameter, theirs: Parameter) -> str:
    if _by_value(theirs):
        return f"{ours.name}_"
    if ours.kind == theirs.kind:
        return ours.name
    if theirs.kind == "CUdeviceptr":
        return f"(CUdeviceptr)(uintptr_t){ours.name}"
    return f"({theirs.kind}){ours.name}"


def write_calls(library: Library, functions: Sequence[Function]) -> str:
    """The header by which C of the runtime reaches driver functions: through their rows, not counted as calls."""
    lines = [_TOP, "#ifndef CPL_DRIVER_CALLS_H\n#define CPL_DRIVER_CALLS_H\n#include <compatlayer/slots.h>\n"]
    for index, function in enumerate(functions):
        if function.name in library.looked_up:
            continue
        signature = ", ".join(parameter.text for parameter in function.parameters) or "void"
        kinds = ", ".join(parameter.kind for parameter in function.parameters) or "void"
        names = ", ".join(parameter.name for parameter in function.parameters)
        row = f"__atomic_load_n(&cpl_slots_{library.name}[{index}].function, __ATOMIC_RELAXED)"
        lines.append(f"static inline {function.result} drv_{function.name}({signature})\n{{\n"
                     f"    return (({function.result} (*)({kinds})){row})({names});\n}}\n")
    return "\n".join([*lines, "#endif\n"])
