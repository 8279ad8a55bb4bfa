"""Checks what the printer cannot: that a module hangs together before clang sees it."""

from __future__ import annotations

from ...errors import CompilerError
from .flow import predecessors
from .instructions import Call, Instruction, MemoryAccess, Phi, Simple
from .types import I1, VOID, FunctionType, PointerType, VectorType
from .values import Argument, BasicBlock, Constant, Function, GlobalValue, Module, Value

_SAME_TYPES = frozenset(("add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "or", "xor",
                         "fadd", "fsub", "fmul", "fdiv", "frem"))


def verify(module: Module) -> None:
    """Raises CompilerError naming the function and the instruction of the first violation."""
    for function in module.defined():
        _Check(module, function).run()


class _Check:
    def __init__(self, module: Module, function: Function) -> None:
        self.module = module
        self.function = function
        self.known: set[Value] = {*function.arguments, *function.instructions()}

    def error(self, problem: str, instruction: Instruction | None = None) -> CompilerError:
        where = f" at '{instruction.opcode}'" if instruction is not None else ""
        return CompilerError(f"device IR of '{self.function.name}'{where}: {problem}")

    def run(self) -> None:
        type_ = self.function.function_type
        if [each.type for each in self.function.arguments] != list(type_.parameters):
            raise self.error("the parameters do not have the types of the function's type")
        blocks = set(self.function.blocks)
        for block in self.function.blocks:
            self.block(block, blocks)
        before = predecessors(self.function)
        for block in self.function.blocks:
            expected = sorted(id(each) for each in before[block])
            for instruction in block.instructions:
                if not isinstance(instruction, Phi):
                    break
                if sorted(id(each) for each in instruction.blocks) != expected:
                    raise self.error("a phi does not name the predecessors of its block", instruction)

    def block(self, block: BasicBlock, blocks: set[BasicBlock]) -> None:
        if not block.instructions or not block.terminator.is_terminator:
            raise self.error(f"block '{block.name}' has no terminator")
        past_phis = False
        for instruction in block.instructions:
            if isinstance(instruction, Phi) and past_phis:
                raise self.error("a phi is not at the start of its block", instruction)
            past_phis |= not isinstance(instruction, Phi)
            if instruction.is_terminator and instruction is not block.terminator:
                raise self.error("a terminator is not the last of its block", instruction)
            for operand in instruction.operands:
                self.operand(operand, instruction)
            if any(target not in blocks for target in instruction.targets):
                raise self.error("a branch leads out of the function", instruction)
            self.types(instruction)

    def operand(self, operand: Value, instruction: Instruction) -> None:
        if operand in self.known:
            return
        if isinstance(operand, (Argument, Instruction)):
            raise self.error("an operand is not defined in the function", instruction)
        if isinstance(operand, GlobalValue):
            if self.module.symbols.get(operand.name) is not operand:
                raise self.error(f"'@{operand.name}' is not in the module", instruction)
        elif isinstance(operand, Constant):
            for part in operand.parts():
                self.operand(part, instruction)
        else:
            raise self.error("an operand is neither a constant nor defined", instruction)

    def types(self, instruction: Instruction) -> None:
        operands = instruction.operands
        if isinstance(instruction, Simple) and instruction.opcode in _SAME_TYPES:
            if not operands[0].type is operands[1].type is instruction.type:
                raise self.error("the operands have different types", instruction)
        elif isinstance(instruction, MemoryAccess):
            if not isinstance(operands[-1].type, PointerType):
                raise self.error("the address is not a pointer", instruction)
        elif isinstance(instruction, Phi):
            if any(each.type is not instruction.type for each in operands):
                raise self.error("an incoming value has another type", instruction)
        elif isinstance(instruction, Call):
            self.call(instruction)
        elif instruction.opcode == "br" and operands and operands[0].type is not I1:
            raise self.error("the condition is not an i1", instruction)
        elif instruction.opcode == "ret":
            returned = operands[0].type if operands else VOID
            if returned is not self.function.function_type.result:
                raise self.error("the returned value does not have the function's type", instruction)
        elif instruction.opcode == "select" and not isinstance(operands[0].type, VectorType) \
                and operands[0].type is not I1:
            raise self.error("the condition is not an i1", instruction)

    def call(self, call: Call) -> None:
        given = [each.type for each in call.arguments]
        signatures: list[FunctionType] = [call.function_type]
        # A definition may be called as another type (a pure virtual function is).
        if isinstance(call.callee, Function) and call.callee.is_declaration:
            signatures.append(call.callee.function_type)
        if len(call.argument_attributes) != len(given):
            raise self.error("arguments and their attributes differ in number", call)
        for signature in signatures:
            wanted = list(signature.parameters)
            if given[: len(wanted)] != wanted or (len(given) > len(wanted) and not signature.variadic):
                raise self.error(f"the arguments of a call of '{call.callee_name or 'a pointer'}' are "
                                 f"({', '.join(each.text for each in given)}), not {signature.text}", call)
