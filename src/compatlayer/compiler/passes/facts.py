"""What the launcher must know of each kernel and variable, read off the device IR before any pass changes it."""

from __future__ import annotations

import re

from ..image import GlobalInfo, KernelInfo, Parameter
from ..ir.flow import callees, reached_functions
from ..ir.instructions import Alloca
from ..ir.operands import OperandReader
from ..ir.types import Type, align_bytes, size_bytes
from ..ir.values import Argument, Function, Literal, Module
from . import warps
from .prune import is_exported
from .shared import Layout

ENTRY = "cpl.entry."
_LIMIT = re.compile(r'"nvvm\.(maxntid|reqntid)"="([\d,]+)"')


def attribute_type(module: Module, argument: Argument, word: str) -> Type | None:
    """The type inside an attribute such as `byval(%struct.S)`."""
    for attribute in argument.attributes:
        if attribute.startswith(word + "("):
            reader = OperandReader(module)
            reader.start(attribute[len(word) + 1 : -1], 0)
            return reader.type()
    return None


def _declared_align(argument: Argument) -> int:
    return next((int(each[6:]) for each in argument.attributes if each.startswith("align ")), 0)


def parameter_type(module: Module, argument: Argument) -> tuple[Type, int]:
    """The type of a kernel's parameter in the packed buffer and its alignment in bytes."""
    by_value = attribute_type(module, argument, "byval")
    if by_value is not None:
        return by_value, max(_declared_align(argument), align_bytes(by_value))
    return argument.type, align_bytes(argument.type)


def parameters(module: Module, kernel: Function) -> tuple[tuple[Parameter, ...], int]:
    """Offsets and sizes of a kernel's parameters, and the size of the whole buffer."""
    found: list[Parameter] = []
    end = 0
    for argument in kernel.arguments:
        if argument.name == "cpl.thread":
            continue
        type_, align = parameter_type(module, argument)
        end = -(-end // align) * align
        found.append(Parameter(end, size_bytes(type_)))
        end += size_bytes(type_)
    return tuple(found), end


def kernels(module: Module) -> tuple[KernelInfo, ...]:
    """Facts of every kernel, in the order of the module."""
    layout = Layout(module)
    calls = callees(module)
    constant_bytes = sum(size_bytes(each.value_type) for each in module.variables()
                         if each.space == 4 and "private" not in each.prefix and not each.name.startswith("cpl."))
    found: list[KernelInfo] = []
    frames: dict[Function, int] = {}
    reached = reached_functions(module)
    needs_warps = {function: warps.needed(function) for function in module.defined()}
    for kernel, functions in reached.items():
        places, args_bytes = parameters(module, kernel)
        found.append(KernelInfo(
            name=kernel.name, entry=ENTRY + kernel.name, parameters=places, args_bytes=args_bytes,
            static_shared_bytes=layout.used.get(kernel.name, 0), shared_extent_bytes=layout.extent.get(kernel.name, 0),
            local_bytes=_stack(kernel, calls, frames, set()), constant_bytes=constant_bytes,
            max_threads=_max_threads(module, kernel),
            warp=any(needs_warps[each] for each in functions)))  # fmt: skip
    return tuple(found)


def variables(module: Module) -> tuple[GlobalInfo, ...]:
    """The variables that the host can ask for."""
    return tuple(GlobalInfo(each.name, each.name, size_bytes(each.value_type), each.space == 4)
                 for each in module.variables() if is_exported(each))


def _max_threads(module: Module, kernel: Function) -> int:
    text = " ".join(module.attributes.get(word, word) for word in kernel.attributes)
    limit = 1024
    for _, numbers in _LIMIT.findall(text):
        product = 1
        for number in numbers.split(","):
            product *= int(number)
        limit = min(limit, product)
    return limit


def stack_bytes(module: Module, function: Function) -> int:
    """Bytes of stack objects on the deepest chain of calls from `function`; recursion counts once."""
    return _stack(function, callees(module), {}, set())


def _stack(function: Function, calls: dict[Function, set[Function]], known: dict[Function, int],
           active: set[Function]) -> int:
    """Bytes of stack objects on the deepest chain of calls; recursion counts once."""
    if function in known:
        return known[function]
    if function in active or function.is_declaration:
        return 0
    active.add(function)
    own = 0
    for instruction in function.instructions():
        if isinstance(instruction, Alloca):
            count = instruction.operands[0] if instruction.operands else None
            times = int(count.text) if isinstance(count, Literal) else 1
            own += times * size_bytes(instruction.allocated)
    deepest = max((_stack(each, calls, known, active) for each in calls[function]), default=0)
    active.discard(function)
    known[function] = own + deepest
    return known[function]


def module_flag(module: Module, name: str) -> int:
    """The integer module flag `name`; 0 when it is not set."""
    for node in module.named_metadata.get("!llvm.module.flags", "!{}")[2:-1].split(", "):
        text = module.metadata.get(node, "")
        if f'!"{name}"' in text:
            return int(text.rstrip("}").rpartition("i32 ")[2])
    return 0
