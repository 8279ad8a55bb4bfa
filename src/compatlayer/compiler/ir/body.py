"""Reading instructions: the lines between a function's braces."""

from __future__ import annotations

from collections.abc import Callable

from .instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    ElementPointer,
    Fence,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
    Terminator,
)
from .operands import FAST_FLAGS, FLAGS, OperandReader
from .types import I1, VOID, FunctionType, Type, VectorType, pointer, struct_of
from .values import BasicBlock, Function, Value, unquote

_TAILS = frozenset(("tail", "musttail", "notail"))
_CONVENTIONS = frozenset(("ccc", "fastcc", "coldcc", "ptx_device", "ptx_kernel", "spir_func", "spir_kernel"))
_PARAMETER_STOP = frozenset(("asm", "null", "undef", "poison", "true", "false", "zeroinitializer", "none", "splat",
                             "getelementptr", "trunc", "ptrtoint", "ptrtoaddr", "inttoptr", "bitcast",
                             "addrspacecast", "add", "sub", "mul", "shl", "xor"))
_TYPE_WORDS = frozenset(("void", "half", "bfloat", "float", "double", "fp128", "ptr", "metadata", "token", "label"))
_ORDERINGS = frozenset(("unordered", "monotonic", "acquire", "release", "acq_rel", "seq_cst"))


class _Forward(Value):
    """A local value that is used above its definition."""

    __slots__ = ()


def is_type_word(token: str) -> bool:
    return token in _TYPE_WORDS or (token[:1] == "i" and token[1:].isdigit())


class _TypeStop(frozenset[str]):
    """Membership test for "a type starts here"."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and is_type_word(token)


TYPE_STOP = _TypeStop()


class BodyReader(OperandReader):
    """Reads the body of one function at a time; locals are resolved when its last line is read."""

    def read(self, function: Function, lines: list[tuple[int, str]]) -> None:
        self.names: dict[str, Value] = {}
        self.blocks: dict[str, BasicBlock] = {}
        self.labels: set[str] = set()
        self.forward = False
        self.counter = 0
        for argument in function.arguments:
            self._define(argument.name, argument)
        block: BasicBlock | None = None
        for line, text in lines:
            if text[0] != " ":
                block = self._label(function, text, line)
                continue
            if block is None:
                block = self._label(function, f"{self.counter}:", line)
            if text.startswith("    #dbg_"):
                continue  # where a source variable lives; no one runs it, and the back end keeps lines without it
            self.start(text, line)
            instruction = self._instruction()
            block.instructions.append(instruction)
        self._resolve(function)

    def _define(self, name: str | None, value: Value) -> None:
        if name is None:
            name = str(self.counter)
            self.counter += 1
        self.names["%" + name] = value

    def _label(self, function: Function, text: str, line: int) -> BasicBlock:
        raw = text[: text.index('"', 1) + 1] if text[0] == '"' else text[: text.index(":")]
        block = self.block("%" + raw)
        if raw.isdigit():
            self.counter = int(raw) + 1
        if raw in self.labels:
            self.tokens = [text, ""]
            self.line = line
            raise self.error(f"the label '{raw}' is there twice")
        self.labels.add(raw)
        function.blocks.append(block)
        return block

    def block(self, token: str) -> BasicBlock:
        found = self.blocks.get(token)
        if found is None:
            raw = token[1:]
            found = self.blocks[token] = BasicBlock(None if raw.isdigit() else unquote(raw))
        return found

    def label(self) -> BasicBlock:
        self.expect("label")
        return self.block(self.next())

    def local(self, token: str, type_: Type) -> Value:
        found = self.names.get(token)
        if found is None:
            self.forward = True
            return _Forward(type_, token)
        if found.type is not type_:
            raise self.error(f"'{token}' has type {found.type.text}, not {type_.text}")
        return found

    def _resolve(self, function: Function) -> None:
        for block in self.blocks.values():
            if not block.instructions:
                raise self.error(f"function '{function.name}' has no block '{block.name}'")
        if not self.forward:
            return
        for instruction in function.instructions():
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if type(operand) is _Forward:
                    found = self.names.get(operand.name or "")
                    if found is None or found.type is not operand.type:
                        raise self.error(f"function '{function.name}' has no value '{operand.name}' of type "
                                         f"{operand.type.text}")
                    operands[index] = found

    # ---- one line ---------------------------------------------------------------------------
    def _instruction(self) -> Instruction:
        name = None
        token = self.next()
        if token[0] == "%":
            name = token[1:]
            self.expect("=")
            token = self.next()
        reader = _READERS.get(token)
        if reader is None:
            raise self.error(f"the instruction '{token}' is not supported")
        instruction = reader(self, token)
        if self.tokens[self.at]:
            instruction.metadata = self.attached()
            self.end()
        if instruction.type is not VOID:
            if name is None or name.isdigit():
                self._define(None, instruction)
            else:
                instruction.name = unquote(name)
                self.names["%" + name] = instruction
        return instruction

    def flags(self, allowed: frozenset[str] = FLAGS) -> tuple[str, ...]:
        if self.tokens[self.at] not in allowed:
            return ()
        found: list[str] = []
        while self.tokens[self.at] in allowed:
            found.append(self.next())
        return tuple(found)

    def binary(self, opcode: str) -> Instruction:
        flags = self.flags()
        left = self.typed()
        self.expect(",")
        return Simple(opcode, left.type, [left, self.value(left.type)], flags)

    def unary(self, opcode: str) -> Instruction:
        flags = self.flags()
        value = self.typed()
        return Simple(opcode, value.type, [value], flags)

    def compare(self, opcode: str) -> Instruction:
        flags = self.flags()
        predicate = self.next()
        left = self.typed()
        self.expect(",")
        operands = [left, self.value(left.type)]
        type_: Type = I1
        if isinstance(left.type, VectorType):
            type_ = self.types.vector(left.type.count, I1)
        return Compare(opcode, type_, predicate, operands, flags)

    def cast(self, opcode: str) -> Instruction:
        flags = self.flags()
        value = self.typed()
        self.expect("to")
        return Cast(opcode, self.type(), [value], flags)

    def select(self, opcode: str) -> Instruction:
        flags = self.flags()
        operands = self._list()
        return Simple(opcode, operands[1].type, operands, flags)

    def _list(self) -> list[Value]:
        """Typed values between commas, up to metadata or the end."""
        operands = [self.typed()]
        while self.tokens[self.at] == "," and self.tokens[self.at + 1][:1] != "!" \
                and self.tokens[self.at + 1] != "align":
            self.at += 1
            operands.append(self.typed())
        return operands

    def element(self, opcode: str) -> Instruction:
        operands = self._list()
        type_ = operands[0].type
        assert isinstance(type_, VectorType)
        if opcode == "extractelement":
            type_ = type_.element  # type: ignore[assignment]
        elif opcode == "shufflevector":
            mask = operands[2].type
            assert isinstance(mask, VectorType)
            type_ = self.types.vector(mask.count, type_.element)
        return Simple(opcode, type_, operands)

    def field(self, opcode: str) -> Instruction:
        operands = [self.typed()]
        if opcode == "insertvalue":
            self.expect(",")
            operands.append(self.typed())
        indices: list[int] = []
        while self.tokens[self.at] == "," and self.tokens[self.at + 1].isdigit():
            indices.append(int(self.tokens[self.at + 1]))
            self.at += 2
        type_ = operands[0].type
        if opcode == "extractvalue":
            for index in indices:
                body = struct_of(type_)
                type_ = body.fields[index] if body else type_.element  # type: ignore[attr-defined]
        return FieldAccess(opcode, type_, operands, tuple(indices))

    def _alignment(self) -> int:
        if self.tokens[self.at] == "," and self.tokens[self.at + 1] == "align":
            self.at += 2
            return self.count()
        return 0

    def alloca(self, opcode: str) -> Instruction:
        allocated = self.type()
        count: Value | None = None
        align = space = 0
        while self.tokens[self.at] == "," and self.tokens[self.at + 1][:1] != "!":
            self.at += 1
            if self.accept("align"):
                align = self.count()
            elif self.tokens[self.at] == "addrspace":
                space = self._space()
            else:
                count = self.typed()
        return Alloca(pointer(space), allocated, count, align)

    def _scope(self) -> str:
        if not self.accept("syncscope"):
            return ""
        self.expect("(")
        scope = self.next()
        self.expect(")")
        return scope

    def _ordering(self) -> str:
        token = self.next()
        if token not in _ORDERINGS:
            raise self.error(f"'{token}' is not a memory ordering")
        return token

    def access(self, opcode: str) -> Instruction:
        flags = self.flags(frozenset(("atomic", "volatile")))
        type_: Type = VOID
        if opcode == "load":
            type_ = self.type()
            self.expect(",")
            operands = [self.typed()]
        else:
            value = self.typed()
            self.expect(",")
            operands = [value, self.typed()]
        scope = ordering = ""
        if "atomic" in flags:
            scope = self._scope()
            ordering = self._ordering()
        return MemoryAccess(opcode, type_, operands, flags, self._alignment(), ordering, scope)

    def pointer(self, opcode: str) -> Instruction:
        flags = self.expression_flags()
        source = self.type()
        self.expect(",")
        operands = self._list()
        type_ = operands[0].type
        if not isinstance(type_, VectorType):
            for index in operands[1:]:
                if isinstance(index.type, VectorType):
                    type_ = self.types.vector(index.type.count, type_)
                    break
        return ElementPointer(type_, source, operands, flags)

    def fence(self, opcode: str) -> Instruction:
        scope = self._scope()
        return Fence(self._ordering(), scope)

    def exchange(self, opcode: str) -> Instruction:
        flags = self.flags(frozenset(("weak", "volatile")))
        operands = self._list()
        scope = self._scope()
        success, failure = self._ordering(), self._ordering()
        type_ = self.types.struct((operands[1].type, I1))
        return CompareExchange(type_, operands, flags, scope, success, failure, self._alignment())

    def update(self, opcode: str) -> Instruction:
        flags = self.flags(frozenset(("volatile",)))
        operation = self.next()
        operands = self._list()
        scope = self._scope()
        ordering = self._ordering()
        return AtomicUpdate(operands[1].type, operation, operands, flags, scope, ordering, self._alignment())

    def phi(self, opcode: str) -> Instruction:
        flags = self.flags(FAST_FLAGS)
        type_ = self.type()
        operands: list[Value] = []
        blocks: list[BasicBlock] = []
        while True:
            self.expect("[")
            operands.append(self.value(type_))
            self.expect(",")
            blocks.append(self.block(self.next()))
            self.expect("]")
            if self.tokens[self.at + 1] != "[" or not self.accept(","):
                break
        return Phi(type_, operands, blocks, flags)

    def call(self, opcode: str) -> Instruction:
        tail = ""
        if opcode in _TAILS:
            tail = opcode
            self.expect("call")
        flags = self.flags(FAST_FLAGS)
        convention = ""
        if self.tokens[self.at] in _CONVENTIONS or self.tokens[self.at] == "cc":
            convention = self.next()
        result_attributes = self.words(TYPE_STOP)
        begin = self.at
        result = self.type()
        signature = result if isinstance(result, FunctionType) else None
        if signature is not None:
            result = signature.result
        if self.tokens[self.at] not in ("asm",) and self.tokens[self.at][:1] not in ("@", "%"):
            self.at = begin
            raise self.error("a call through this operand is not supported")
        callee_token = self.tokens[self.at]
        callee: Value | None = None
        if callee_token == "asm" or callee_token[0] == "@":
            callee = self.value(pointer())
        else:
            self.at += 1
        values, attributes = self._arguments()
        if signature is None:
            signature = self.types.function(result, [value.type for value in values])
        if callee is None:
            callee = self.local(callee_token, pointer())
        call = Call(signature, callee, values, flags)
        call.tail, call.convention, call.result_attributes = tail, convention, result_attributes
        call.argument_attributes = attributes
        call.attributes = self._call_attributes()
        if self.tokens[self.at] == "[":
            if call.callee_name != "llvm.assume":
                raise self.error("operand bundles are not supported")
            self.word_group()  # what an assumption says may be left out; nothing depends on it
        return call

    def _arguments(self) -> tuple[list[Value], list[tuple[str, ...]]]:
        self.expect("(")
        values: list[Value] = []
        attributes: list[tuple[str, ...]] = []
        while not self.accept(")"):
            if values:
                self.expect(",")
            type_ = self.type()
            attributes.append(self.words(_PARAMETER_STOP) if type_.text != "metadata" else ())
            values.append(self.value(type_))
        return values, attributes

    def _call_attributes(self) -> tuple[str, ...]:
        found: list[str] = []
        while (token := self.tokens[self.at]) and token not in (",", "["):
            found.append(self.word())
        return tuple(found)

    # ---- terminators ------------------------------------------------------------------------
    def ret(self, opcode: str) -> Instruction:
        if self.accept("void"):
            return Terminator(opcode, [], [])
        return Terminator(opcode, [self.typed()], [])

    def branch(self, opcode: str) -> Instruction:
        if self.tokens[self.at] == "label":
            return Terminator(opcode, [], [self.label()])
        condition = self.typed()
        self.expect(",")
        first = self.label()
        self.expect(",")
        return Terminator(opcode, [condition], [first, self.label()])

    def switch(self, opcode: str) -> Instruction:
        value = self.typed()
        self.expect(",")
        targets = [self.label()]
        cases: list[Value] = []
        self.expect("[")
        while not self.accept("]"):
            cases.append(self.typed())
            self.expect(",")
            targets.append(self.label())
        return Terminator(opcode, [value], targets, cases)

    def unreachable(self, opcode: str) -> Instruction:
        return Terminator(opcode, [], [])


_READERS: dict[str, Callable[[BodyReader, str], Instruction]] = {
    "alloca": BodyReader.alloca, "load": BodyReader.access, "store": BodyReader.access,
    "getelementptr": BodyReader.pointer, "fence": BodyReader.fence, "cmpxchg": BodyReader.exchange,
    "atomicrmw": BodyReader.update, "phi": BodyReader.phi, "select": BodyReader.select,
    "icmp": BodyReader.compare, "fcmp": BodyReader.compare, "fneg": BodyReader.unary, "freeze": BodyReader.unary,
    "extractvalue": BodyReader.field, "insertvalue": BodyReader.field, "extractelement": BodyReader.element,
    "insertelement": BodyReader.element, "shufflevector": BodyReader.element, "ret": BodyReader.ret,
    "br": BodyReader.branch, "switch": BodyReader.switch, "unreachable": BodyReader.unreachable,
    **dict.fromkeys(("call", "tail", "musttail", "notail"), BodyReader.call),
    **dict.fromkeys(("add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "or", "xor",
                     "fadd", "fsub", "fmul", "fdiv", "frem"), BodyReader.binary),
    **dict.fromkeys(("trunc", "zext", "sext", "fptrunc", "fpext", "fptoui", "fptosi", "uitofp", "sitofp", "ptrtoint",
                     "ptrtoaddr", "inttoptr", "bitcast", "addrspacecast"), BodyReader.cast),
}
