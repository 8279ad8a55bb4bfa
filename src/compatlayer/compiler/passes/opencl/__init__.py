"""A lowered module of one kernel in the form that OpenCL devices take: address spaces, and the kernel's entry.

The module comes from the passes of the CPU up to `imports`: every pointer is flat, every function takes the thread.
Here stack objects become private, constants global, and everything else stays a flat pointer, which OpenCL calls
generic. In the module's own types a flat pointer is space 0, as on the CPU; PRIVATE marks the other one, and the text
that compiler/targets/spirv.py makes exchanges the two, as SPIR-V numbers them.
"""

from __future__ import annotations

from ...image import entry_name
from ...ir.build import REMOVED, Emitter, declare, replace, rewrite
from ...ir.debug import Places
from ...ir.instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    CompareExchange,
    Fence,
    Instruction,
    MemoryAccess,
)
from ...ir.types import I32, I64, PTR, FloatType, IntType, pointer
from ...ir.values import (
    AggregateConstant,
    Argument,
    Constant,
    ConstantExpression,
    Function,
    GlobalValue,
    GlobalVariable,
    InlineAssembly,
    Module,
    Value,
    quote,
)
from ..contract import thread
from ..prune import symbols_of
from .convert import saturated
from .refusal import refused
from .waits import waits

PRIVATE = 900  # no space that a program can name
GLOBAL = 1
_DEVICE = '"device"'  # a scope as the text has it
IMPORTS_AT = 104  # the thread's field behind those of kernel.h; include/compatlayer/opencl.cl
WARP_CALLS = frozenset(("cpl_shuffle", "cpl_vote", "cpl_match_any", "cpl_match_all", "cpl_redux", "cpl_warp_sync",
                        "cpl_active_mask"))  # fmt: skip
KNOWN = WARP_CALLS | {"cpl_barrier", "cpl_yield", "cpl_nanosleep", "cpl_exit", "cpl_trap", "cpl_assert_fail",
                      "cpl_vprintf"}
_ADDRESS = "cpl.address."
_DROPPED = ("llvm.lifetime.", "llvm.experimental.noalias.scope.decl", "llvm.invariant.", "llvm.assume",
            "llvm.donothing", "llvm.sideeffect")
# Updates that SPIR-V has only with extensions; opencl.cl makes them with a compare-and-swap loop.
_LOOPS = frozenset(("fadd", "fsub", "fmin", "fmax", "uinc_wrap", "udec_wrap", "nand"))
_SATURATING = ("llvm.fptosi.sat.", "llvm.fptoui.sat.")
_MADE = {f"llvm.bitreverse.i{bits}": f"cpl_cl_bitreverse_i{bits}" for bits in (32, 64)}
_NAMES = {"float": "f32", "double": "f64", "i32": "i32"}


def run(module: Module, kernel: Function, imports: tuple[str, ...], warps: bool) -> tuple[str, bool]:
    """Rewrites the module. Answers the text of the entry, and whether it takes the block as one row of threads.

    `warps` False: the device has no subgroups of 32. CompilerError names kernel and line of what cannot be done."""
    places = Places(module)
    row = False
    for function in module.defined():
        for instruction in function.instructions():
            row |= _check(places, kernel, function, instruction, warps)
        if waits(function):
            where = next((each for each in function.instructions() if isinstance(each, Call)
                          and each.callee_name == "cpl_yield"), next(function.instructions()))
            raise refused(f"{places.of(where, function)}: kernel {kernel.name} needs threads that wait for what others "
                          "write")
    slots = {_ADDRESS + name: index for index, name in enumerate(imports)}
    for function in module.defined():
        _Rewriter(module, function, slots).run()
    for name in slots:
        module.symbols.pop(name, None)
    for variable in module.variables():
        variable.type = pointer(GLOBAL)
        variable.prefix = ("internal", "unnamed_addr")
        variable.constant = True
        if variable.initializer is not None:
            variable.initializer = _generic(variable.initializer)
    return _entry(module, kernel, row), row


def _check(places: Places, kernel: Function, function: Function, instruction: Instruction, warps: bool) -> bool:
    """Refuses what these devices cannot do; True for an operation of a whole warp."""
    if not isinstance(instruction, Call):
        return False
    name = instruction.callee_name
    what = ""
    if not name:
        what = "inline assembly" if isinstance(instruction.callee, InlineAssembly) else "a call through a pointer"
    elif name == "cpl_barrier" and any(str(each.spelling() if isinstance(each, Constant) else "?") not in ("0", "256")
                                       for each in instruction.arguments[1:3]):
        what = "a barrier of some of a block's threads"
    elif name.startswith("cpl_") and name not in KNOWN:
        what = f"'{name[4:]}'"
    elif name in WARP_CALLS and not warps:
        what = "a warp operation (no subgroups of 32 threads there)"
    if what:
        raise refused(f"{places.of(instruction, function)}: kernel {kernel.name} needs {what}")
    return name in WARP_CALLS


class _Rewriter:
    """Rewrites one function."""

    def __init__(self, module: Module, function: Function, slots: dict[str, int]) -> None:
        self.module, self.function, self.slots = module, function, slots

    def run(self) -> None:
        function = self.function
        rewrite(self.module, function, self.instruction)
        for block in function.blocks:
            self._stack_objects(block.instructions)
        for instruction in function.instructions():
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if isinstance(operand, Constant) and not isinstance(operand, Function):
                    operands[index] = _generic(operand)

    def instruction(self, instruction: Instruction, emit: Emitter) -> object:
        if isinstance(instruction, Call):
            if instruction.callee_name in _MADE:
                made = declare(self.module, _MADE[instruction.callee_name], instruction.type, [instruction.type])
                return emit.call(made, instruction.arguments)
            if instruction.callee_name.startswith(_SATURATING):
                return saturated(instruction, emit)
            return REMOVED if instruction.callee_name.startswith(_DROPPED) else None
        if isinstance(instruction, (CompareExchange, Fence)):
            instruction.scope = _DEVICE
            return None
        if isinstance(instruction, AtomicUpdate):
            return self._update(instruction, emit)
        if not isinstance(instruction, MemoryAccess):
            return None
        if instruction.ordering:
            instruction.scope = _DEVICE
        address = instruction.operands[0] if instruction.opcode == "load" else None
        if isinstance(address, GlobalVariable) and address.name in self.slots:
            table = emit.load(PTR, emit.offset(thread(self.function), IMPORTS_AT), 8)
            instruction.operands[0] = emit.offset(table, 8 * self.slots[address.name])
        return None

    def _update(self, update: AtomicUpdate, emit: Emitter) -> object:
        update.scope = _DEVICE
        if update.operation not in _LOOPS:
            if update.operation == "xchg" and isinstance(update.type, FloatType):
                return self._exchange(update, emit)
            return None
        name = _NAMES.get(update.type.text)
        if name is None:
            raise refused(f"kernel {self.module.subject} needs an atomic {update.operation} of {update.type.text}")
        function = declare(self.module, f"cpl_cl_{update.operation}_{name}", update.type, [PTR, update.type])
        return emit.call(function, update.operands)

    def _exchange(self, update: AtomicUpdate, emit: Emitter) -> Value:
        assert isinstance(update.type, FloatType)
        bits = I32 if update.type.bits == 32 else I64
        value = emit.cast("bitcast", update.operands[1], bits)
        swap = AtomicUpdate(bits, "xchg", [update.operands[0], value], update.flags, _DEVICE, update.ordering,
                            update.align)
        return emit.cast("bitcast", emit.put(swap), update.type)

    def _stack_objects(self, instructions: list[Instruction]) -> None:
        """Each alloca is private; what uses it gets a flat pointer."""
        found = [each for each in instructions if isinstance(each, Alloca)]
        if not found:
            return
        flat: dict[Value, Value] = {}
        casts: list[Instruction] = []
        for each in found:
            cast = Cast("addrspacecast", PTR, [each])
            flat[each] = cast
            casts.append(cast)
        replace(self.function, flat)
        for each, made in zip(found, casts, strict=True):
            each.type = pointer(PRIVATE)
            made.operands[0] = each
            at = instructions.index(each)
            instructions.insert(at + 1, made)


def _generic(value: Value) -> Value:
    """A constant whose mentions of variables are flat pointers to them."""
    if isinstance(value, GlobalVariable):
        return ConstantExpression(PTR, "addrspacecast", (), (value,))
    if isinstance(value, GlobalValue) or not isinstance(value, Constant) or not symbols_of(value):
        return value
    if isinstance(value, AggregateConstant):
        return AggregateConstant(value.type, value.brackets, tuple(_generic(each) for each in value.elements))
    if isinstance(value, ConstantExpression):
        operands = tuple(_generic(each) for each in value.operands)
        return ConstantExpression(value.type, value.opcode, value.flags, operands, value.source)
    return value


def _entry(module: Module, kernel: Function, row: bool) -> str:
    """The entry's text: the module's types have no word for a kernel's parameters. It makes the thread and calls the
    kernel, which is inlined."""
    parameters = ["i64 %imports", "i64 %reports", "i32 %dynamic", "i32 %extent", "ptr addrspace(3) %shared"]
    if row:
        parameters += ["i32 %x", "i32 %y", "i32 %z"]
    lines, values = [], ["ptr addrspace(4) %thread"]
    for index, argument in enumerate(kernel.arguments[1:]):
        text, code, value = _parameter(module, argument, f"%a{index}")
        parameters.append(text)
        lines += code
        values.append(value)
    begin = "ptr addrspace(4) %thread, i64 %imports, i64 %reports, i32 %dynamic, i32 %extent, ptr addrspace(3) %shared"
    name = "cpl_cl_begin_row" if row else "cpl_cl_begin"
    more = ", i32 %x, i32 %y, i32 %z" if row else ""
    types = "ptr addrspace(4), i64, i64, i32, i32, ptr addrspace(3)" + (", i32, i32, i32" if row else "")
    subgroups = " !intel_reqd_sub_group_size !{i32 32}" if row else ""
    body = "\n  ".join(["%self = alloca [128 x i8], align 8",
                        "%thread = addrspacecast ptr %self to ptr addrspace(4)", *lines,
                        f"call void @{name}({begin}{more})",
                        f"call void @{quote(kernel.name)}({', '.join(values)})", "ret void"])
    return (f"declare void @{name}({types})\n"
            f"define spir_kernel void @{quote(entry_name(kernel.name))}({', '.join(parameters)}){subgroups} {{\n"
            f"  {body}\n}}\n")


def _parameter(module: Module, argument: Argument, name: str) -> tuple[str, list[str], str]:
    """A parameter of the entry, the code that converts it, and the kernel's argument. Each is set by its bytes: a
    pointer comes as a number."""
    from ..facts import attribute_type

    by_value = attribute_type(module, argument, "byval")
    if by_value is not None:
        argument.attributes = tuple(each for each in argument.attributes if not each.startswith("byval("))
        return (f"ptr byval({flat_text(by_value.text)}) align 8 {name}",
                [f"{name}f = addrspacecast ptr {name} to ptr addrspace(4)"],
                f"ptr addrspace(4) {name}f")
    type_ = argument.type
    if type_ is PTR:
        return f"i64 {name}", [f"{name}g = inttoptr i64 {name} to ptr addrspace(1)",
                               f"{name}f = addrspacecast ptr addrspace(1) {name}g to ptr addrspace(4)"], \
            f"ptr addrspace(4) {name}f"
    if isinstance(type_, IntType) and type_.bits < 8:
        return f"i8 {name}", [f"{name}f = trunc i8 {name} to {type_.text}"], f"{type_.text} {name}f"
    if isinstance(type_, FloatType) and type_.bits == 16:
        return f"i16 {name}", [f"{name}f = bitcast i16 {name} to {type_.text}"], f"{type_.text} {name}f"
    if isinstance(type_, (IntType, FloatType)) and type_.bits <= 64:
        return f"{type_.text} {name}", [], f"{type_.text} {name}"
    text = flat_text(type_.text)
    return f"ptr byval({text}) align 8 {name}", [f"{name}f = load {text}, ptr {name}, align 1"], f"{text} {name}f"


def flat_text(text: str) -> str:
    """A type's text with flat pointers as SPIR-V numbers them."""
    import re

    return re.sub(r"(?<![%@.\w-])ptr\b(?![.\w-]| addrspace\()", "ptr addrspace(4)", text)

