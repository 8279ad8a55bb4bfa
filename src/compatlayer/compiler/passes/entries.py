"""Makes the native entry of each kernel: `void cpl.entry.<name>(thread, args)`.

The entry loads each parameter from its place in the packed buffer and calls the kernel, which the optimiser
inlines. A struct by value gets a private copy: the buffer is read-only and kernels may write their parameters.

An entry stands in the debug information as a function at the kernel's own line: the processor's code lies in the
entry, and lines inlined into a function that has no such record are dropped without a word.
"""

from __future__ import annotations

from ..ir.build import Emitter, Metadata
from ..ir.debug import caller
from ..ir.types import I1, I8, I64, PTR, VOID, size_bytes
from ..ir.values import Argument, BasicBlock, Function, Literal, Module, Value, number
from . import flushing
from .contract import THREAD_ATTRIBUTES
from .facts import ENTRY, attribute_type, parameter_type, parameters
from .host import VECTOR_WIDTHS


def run(module: Module) -> Module:
    for kernel in module.defined():
        if kernel.is_kernel:
            kernel.prefix = ("internal",)
            # The front end keeps kernels apart; into its entry a kernel may be inlined.
            kernel.attributes = ("nounwind", *(each for each in kernel.attributes if each.startswith(VECTOR_WIDTHS)))
            _make_entry(module, kernel)
    return module


def _make_entry(module: Module, kernel: Function) -> None:
    self = Argument(PTR, "thread", THREAD_ATTRIBUTES)
    buffer = Argument(PTR, "args", ("noundef", "readonly", "noalias"))
    type_ = module.types.function(VOID, (PTR, PTR))
    entry = Function(ENTRY + kernel.name, ("protected",), type_, [self, buffer])
    entry.attributes = kernel.attributes
    block = BasicBlock("entry")
    entry.blocks.append(block)
    emit = Emitter(module, block.instructions, _place(module, kernel, entry))
    values: list[Value] = [self]
    places, _ = parameters(module, kernel)
    for argument, place in zip(kernel.arguments[1:], places, strict=True):
        values.append(_load(module, emit, argument, emit.offset(buffer, place.offset)))
    restore = flushing.begin(module, emit) if flushing.asked(module) else None
    call = emit.call(kernel, values)
    call.argument_attributes[0] = ("noundef",)
    if restore is not None:
        kernel.attributes = (*kernel.attributes, "noinline")  # nothing may move out of the mode it was written for
        restore(emit)
    emit.ret()
    module.add(entry)


def _place(module: Module, kernel: Function, entry: Function) -> Metadata:
    """Gives the entry a record in the debug information, if the kernel has one; the place of its instructions."""
    if kernel.debug is None:
        return ()
    entry.debug, place = caller(module, kernel.debug, entry.name)
    return (("dbg", place),)


def _load(module: Module, emit: Emitter, argument: Argument, address: Value) -> Value:
    type_, align = parameter_type(module, argument)
    if attribute_type(module, argument, "byval") is not None:
        copy = emit.alloca(type_, align)
        size = number(I64, size_bytes(type_))
        emit.intrinsic("llvm.memcpy.p0.p0.i64", VOID, [copy, address, size, Literal(I1, "false")])
        argument.attributes = tuple(each for each in argument.attributes if not each.startswith("byval("))
        return copy
    if type_ is I1:
        return emit.cast("trunc", emit.load(I8, address, 1), I1)
    return emit.load(type_, address, 1)

