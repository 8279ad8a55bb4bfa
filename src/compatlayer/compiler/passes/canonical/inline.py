"""Puts the body of every called function in the place of the call.

Why our own: lanes of a gang call together, so a call would have to be made lane by lane. What stays are calls through
pointers and of recursive functions, which a gang makes for one lane at a time; they must not wait for other threads.
"""

from __future__ import annotations

from ...ir.build import Emitter
from ...ir.flow import callees
from ...ir.instructions import Alloca, Call, Instruction, Phi, Terminator
from ...ir.types import I1, I64, VOID, size_bytes
from ...ir.values import Argument, BasicBlock, Constant, Function, InlineAssembly, Literal, Module, Value, number
from ..facts import attribute_type, parameter_type
from ..prune import symbols_of
from ..tiles import is_tile
from ..unsupported import Unsupported
from . import call_graph
from .blocks import remove_edge
from .clones import copy, remap
from .escape import is_changed
from .locations import Locations

LIMIT = 20_000  # instructions; more would take clang minutes
# Runtime functions that take the whole gang, or end one thread in the middle of a call.
_GANG = frozenset(("cpl_barrier", "cpl_barrier_arrive", "cpl_barrier_reduce", "cpl_shuffle", "cpl_vote",
                   "cpl_match_any", "cpl_match_all", "cpl_redux", "cpl_warp_sync", "cpl_active_mask", "cpl_yield",
                   "cpl_exit", "cpl_nanosleep"))


def run(module: Module, kernel: Function) -> None:
    _Inliner(module, kernel).run()


class _Inliner:
    def __init__(self, module: Module, kernel: Function) -> None:
        self.module, self.kernel = module, kernel
        self.locations = Locations(module)
        self.recursive = call_graph.recursive(kernel)
        self.sizes: dict[Function, int] = {}
        self.allocas: list[Instruction] = []
        self.results: dict[Value, Value] = {}
        self.staying: list[Call] = []
        self.size = sum(len(block.instructions) for block in kernel.blocks)
        if kernel in self.recursive:
            raise Unsupported(f"the kernel '{kernel.name}' calls itself")

    def run(self) -> None:
        pending = self.kernel.blocks[::-1]
        done: list[BasicBlock] = []
        while pending:
            block = pending.pop()
            done.append(block)
            pending.extend(reversed(self.block(block)))
        self.kernel.blocks = done
        self.kernel.blocks[0].instructions[:0] = self.allocas
        if self.results:
            self.replace()
        if self.staying:
            self.check_staying()

    def replace(self) -> None:
        """Every use of a call's result becomes a use of what the callee returned."""
        results = self.results
        for instruction in self.kernel.instructions():
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if operand in results:
                    while operand in results:
                        operand = results[operand]
                    operands[index] = operand

    # ---- one block --------------------------------------------------------------------------
    def block(self, block: BasicBlock) -> list[BasicBlock]:
        """Replaces the calls in `block`; the blocks that follow it now, still to be looked at."""
        following: list[BasicBlock] = []
        at = 0
        while at < len(block.instructions):
            it = block.instructions[at]
            if type(it) is Call:
                callee = self.inlined(it)
                if callee is not None:
                    following = self.expand(block, at, it, callee) + following
                    continue
            at += 1
        return following

    def inlined(self, call: Call) -> Function | None:
        """The function to put in place of `call`; None when the call stays."""
        callee = call_graph.target(call)
        if callee is None:
            if not isinstance(call.callee, InlineAssembly):
                self.staying.append(call)
            return None
        if callee.is_declaration or is_tile(callee.name):
            return None
        if callee in self.recursive:
            self.staying.append(call)
            return None
        if call.function_type is not callee.function_type or callee.function_type.variadic:
            raise Unsupported(f"'{callee.name}' is called as if it were of another type")
        return callee

    def expand(self, block: BasicBlock, at: int, call: Call, callee: Function) -> list[BasicBlock]:
        size = self.sizes.get(callee)
        if size is None:
            size = self.sizes[callee] = sum(len(each.instructions) for each in callee.blocks)
        self.size += size
        if self.size > LIMIT:
            raise Unsupported(f"with its functions in line the kernel has more than {LIMIT} instructions")
        values: dict[Value, Value] = dict(zip(callee.arguments, call.operands[:-1], strict=True))
        before = self.private_copies(call, callee, values)
        blocks, returns = self.body(block, call, callee, values, before)
        after = block.instructions[at + 1:]
        del block.instructions[at:]
        block.instructions += before
        return [*blocks, *self.join(block, call, blocks, returns, after)]

    def body(self, block: BasicBlock, call: Call, callee: Function, values: dict[Value, Value],
             head: list[Instruction]) -> tuple[list[BasicBlock], list[tuple[BasicBlock, Value | None]]]:
        """Copies the callee: its first block onto the end of `head`, the others as blocks. Returns are left out."""
        first = callee.blocks[0]
        blocks = {each: BasicBlock(None) for each in callee.blocks[1:]}
        blocks[first] = block
        made: list[Instruction] = []
        returns: list[tuple[BasicBlock, Value | None]] = []
        site = self.locations.call_site(call)
        here = tuple(each for each in call.metadata if each[0] == "dbg") if callee.debug is None else ()
        moved: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {(): here}
        for old in callee.blocks:
            out = head if old is first else blocks[old].instructions
            for it in old.instructions:
                if it.opcode == "ret":
                    returns.append((blocks[old], it.operands[0] if it.operands else None))
                    continue
                new = copy(it)
                metadata = moved.get(it.metadata)
                if metadata is None:
                    metadata = moved[it.metadata] = self.locations.moved(it.metadata, site, here)
                new.metadata = metadata
                values[it] = new
                made.append(new)
                if old is first and type(it) is Alloca and not it.operands:
                    self.allocas.append(new)
                else:
                    out.append(new)
        for new in made:
            remap(new, values, blocks)
        returned = [(where, None if value is None else values.get(value, value)) for where, value in returns]
        return [blocks[each] for each in callee.blocks[1:]], returned

    def join(self, block: BasicBlock, call: Call, blocks: list[BasicBlock],
             returns: list[tuple[BasicBlock, Value | None]], after: list[Instruction]) -> list[BasicBlock]:
        """Lets the callee's ways out go on with `after`, what stood behind the call."""
        targets = list(dict.fromkeys(after[-1].targets))
        if not returns:
            self.results[call] = Literal(call.type, "poison")
            for target in targets:
                remove_edge(block, target)
            return []
        if len(returns) == 1:
            end, value = returns[0]
            added = []
        else:
            end = BasicBlock(None)
            added = [end]
            value = self.merge(call, end, returns)
        end.instructions += after
        if call.type is not VOID:
            assert value is not None
            self.results[call] = value
        if end is not block:
            for target in targets:
                _rename(target, block, end)
        return added

    def merge(self, call: Call, end: BasicBlock, returns: list[tuple[BasicBlock, Value | None]]) -> Value | None:
        for where, _ in returns:
            jump = Terminator("br", [], [end])
            jump.metadata = tuple(each for each in call.metadata if each[0] == "dbg")
            where.instructions.append(jump)
        if call.type is VOID:
            return None
        phi = Phi(call.type, [value for _, value in returns if value is not None], [where for where, _ in returns])
        phi.metadata = tuple(each for each in call.metadata if each[0] == "dbg")
        end.instructions.append(phi)
        return phi

    # ---- arguments by value -----------------------------------------------------------------
    def private_copies(self, call: Call, callee: Function, values: dict[Value, Value]) -> list[Instruction]:
        """A struct by value is the callee's own: copied, unless nobody changes it while the callee runs."""
        emit = Emitter(self.module, [], tuple(each for each in call.metadata if each[0] == "dbg"))
        for argument in callee.arguments:
            if attribute_type(self.module, argument, "byval") is not None and is_changed(callee, argument):
                values[argument] = self.private_copy(emit, argument, values[argument])
        return emit.out

    def private_copy(self, emit: Emitter, argument: Argument, source: Value) -> Value:
        type_, align = parameter_type(self.module, argument)
        own = Emitter(self.module, self.allocas).alloca(type_, align)
        size = number(I64, size_bytes(type_))
        copied = emit.intrinsic("llvm.memcpy.p0.p0.i64", VOID, [own, source, size, Literal(I1, "false")])
        copied.argument_attributes[:2] = [(f"align {align}",), (f"align {align}",)]
        return own

    # ---- calls that stay --------------------------------------------------------------------
    def check_staying(self) -> None:
        """A function called for one lane must not need the others."""
        calls = callees(self.module)
        pending = [each for call in self.staying if (each := call_graph.target(call)) is not None]
        if any(call_graph.target(call) is None for call in self.staying):
            pending += taken(self.module)
        reached: set[Function] = set()
        while pending:
            function = pending.pop()
            if function in reached:
                continue
            reached.add(function)
            if function.name in _GANG:
                raise Unsupported(f"'{function.name}' may be called by a recursive function or through a pointer")
            pending += calls.get(function, ())


def taken(module: Module) -> set[Function]:
    """The functions whose address is used other than to call them."""
    values = [each.initializer for each in module.variables() if each.initializer is not None]
    for function in module.defined():
        for it in function.instructions():
            values += it.operands[:-1] if isinstance(it, Call) else it.operands
    return {symbol for value in values if isinstance(value, Constant) for symbol in symbols_of(value)
            if isinstance(symbol, Function)}


def _rename(target: BasicBlock, old: BasicBlock, new: BasicBlock) -> None:
    for phi in target.instructions:
        if not isinstance(phi, Phi):
            break
        phi.blocks = [new if each is old else each for each in phi.blocks]
