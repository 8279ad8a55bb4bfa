"""Reading types, constants and attributes: the parts that every line of the device IR is made of."""

from __future__ import annotations

import itertools
import re

from ...errors import CompilerError
from .types import PRIMITIVES, NamedType, Type, integer, pointer
from .values import (
    AggregateConstant,
    ConstantExpression,
    GlobalValue,
    InlineAssembly,
    Literal,
    MetadataOperand,
    Module,
    Value,
    unquote,
)

TOKEN = re.compile(
    r'c?"[^"]*"|[%@$](?:"[^"]*"|[-\w.$]+)|!(?:"[^"]*"|[-\w.$]+)?|#\w+|-?\d+\.\d*(?:[eE][-+]?\d+)?|0x[HKLMR]?[0-9A-Fa-f]+'
    r"|-?\d+|[A-Za-z_][\w.]*|\.\.\.|[][{}()<>,=*:|]|;.*|\S"
)
INTEGER_FLAGS = frozenset(("nuw", "nsw", "exact", "disjoint", "nneg", "samesign", "inbounds", "nusw"))
FAST_FLAGS = frozenset(("fast", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc"))
FLAGS = INTEGER_FLAGS | FAST_FLAGS
_LITERALS = frozenset(("true", "false", "null", "undef", "poison", "zeroinitializer", "none"))
_CASTS = frozenset(("trunc", "ptrtoint", "ptrtoaddr", "inttoptr", "bitcast", "addrspacecast"))
_OPERATORS = frozenset(("add", "sub", "mul", "shl", "xor", "extractelement", "insertelement", "shufflevector"))
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_NUMERIC = frozenset("-0123456789")
_NO_SPACE_BEFORE = frozenset((",", ")", ":", "]", "("))


def spell(tokens: list[str]) -> str:
    """One spelling for a run of tokens, so that reading and printing again gives the same text."""
    text = tokens[0]
    for before, token in itertools.pairwise(tokens):
        text += token if token in _NO_SPACE_BEFORE or before in ("(", "[") else " " + token
    return text


class OperandReader:
    """A cursor over the tokens of one line. Subclasses add what a line can be."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.types = module.types
        self.tokens: list[str] = []
        self.at = 0
        self.line = 0

    def start(self, text: str, line: int) -> None:
        self.tokens = TOKEN.findall(text)
        if self.tokens and self.tokens[-1][0] == ";":
            self.tokens.pop()
        self.tokens += ("", "")  # sentinels that equal no token; looking one ahead is always possible
        self.at = 0
        self.line = line

    def error(self, problem: str) -> CompilerError:
        here = " ".join(self.tokens).strip()
        return CompilerError(f"device IR line {self.line}: {problem} in '{here[:300]}'")

    def expect(self, token: str) -> None:
        if self.tokens[self.at] != token:
            raise self.error(f"expected '{token}', found '{self.tokens[self.at]}'")
        self.at += 1

    def accept(self, token: str) -> bool:
        if self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def next(self) -> str:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def count(self) -> int:
        token = self.tokens[self.at]
        if not token.isdigit():
            raise self.error(f"expected a number, found '{token}'")
        self.at += 1
        return int(token)

    def end(self) -> None:
        if self.tokens[self.at]:
            raise self.error(f"'{self.tokens[self.at]}' is not understood")

    # ---- types ------------------------------------------------------------------------------
    def type(self) -> Type:
        token = self.tokens[self.at]
        self.at += 1
        found = PRIMITIVES.get(token)
        if found is None:
            found = self._other_type(token)
        if self.tokens[self.at] == "(":
            return self._function_type(found)
        return found

    def _other_type(self, token: str) -> Type:
        if token == "ptr":
            return pointer(self._space())
        if token == "[":
            count = self.count()
            self.expect("x")
            element = self.type()
            self.expect("]")
            return self.types.array(count, element)
        if token == "{":
            return self._struct("}", False)
        if token == "<":
            if self.accept("{"):
                struct = self._struct("}", True)
                self.expect(">")
                return struct
            count = self.count()
            self.expect("x")
            element = self.type()
            self.expect(">")
            return self.types.vector(count, element)
        if token[:1] == "%":
            return self.named_type(token)
        if token[:1] == "i" and token[1:].isdigit():
            return integer(int(token[1:]))
        raise self.error(f"'{token}' is not a type this compiler knows")

    def named_type(self, token: str) -> NamedType:
        name = unquote(token[1:])
        found = self.types.named.get(name)
        if found is None:
            found = self.types.named[name] = NamedType(name, token)
        return found

    def _space(self) -> int:
        if not self.accept("addrspace"):
            return 0
        self.expect("(")
        space = self.count()
        self.expect(")")
        return space

    def _struct(self, closing: str, packed: bool) -> Type:
        fields: list[Type] = []
        if not self.accept(closing):
            fields.append(self.type())
            while self.accept(","):
                fields.append(self.type())
            self.expect(closing)
        return self.types.struct(fields, packed)

    def _function_type(self, result: Type) -> Type:
        self.at += 1
        parameters: list[Type] = []
        variadic = False
        while not self.accept(")"):
            if parameters:
                self.expect(",")
            if self.accept("..."):
                variadic = True
            else:
                parameters.append(self.type())
        return self.types.function(result, parameters, variadic)

    # ---- values -----------------------------------------------------------------------------
    def typed(self) -> Value:
        """A type, then a value of it."""
        return self.value(self.type())

    def local(self, token: str, type_: Type) -> Value:
        raise self.error(f"local value '{token}' outside a function")

    def symbol(self, token: str) -> GlobalValue:
        name = unquote(token[1:])
        found = self.module.symbols.get("cpl.unnamed." + name if token[1:].isdigit() else name)
        if found is None:
            raise self.error(f"'{token}' is not defined")
        return found

    def value(self, type_: Type) -> Value:
        token = self.tokens[self.at]
        self.at += 1
        first = token[:1]
        if first == "%":
            return self.local(token, type_)
        if (first in _NUMERIC and first) or token in _LITERALS:
            return Literal(type_, token)
        if first == "@":
            return self.symbol(token)
        if token in ("[", "{", "<"):
            return self._aggregate(type_, token)
        if first == "c" and token[1:2] == '"':
            return Literal(type_, token)
        if token in _CASTS or token in _OPERATORS or token == "getelementptr":
            return self._expression(type_, token)
        if token == "splat":
            self.expect("(")
            element = self.typed()
            self.expect(")")
            return AggregateConstant(type_, ("splat (", ")"), (element,))
        if token == "asm":
            return self._assembly()
        if first == "!" or type_ is PRIMITIVES["metadata"]:
            self.at -= 1
            return MetadataOperand(self._metadata())
        raise self.error(f"'{token}' is not a value this compiler knows")

    def _metadata(self) -> str:
        """A metadata argument up to the comma or parenthesis that ends it."""
        begin, depth = self.at, 0
        while token := self.tokens[self.at]:
            if depth == 0 and token in (",", ")"):
                break
            depth += (token in _CLOSING) - (token in (")", "]", "}", ">"))
            self.at += 1
        return spell(self.tokens[begin : self.at])

    def _aggregate(self, type_: Type, token: str) -> Value:
        opening, closing = token, _CLOSING[token]
        if token == "<" and self.accept("{"):
            opening, closing = "<{", "}"
        elements: list[Value] = []
        if not self.accept(closing):
            elements.append(self.typed())
            while self.accept(","):
                elements.append(self.typed())
            self.expect(closing)
        if opening == "<{":
            self.expect(">")
            return AggregateConstant(type_, ("<{ ", " }>"), tuple(elements))
        brackets = ("{ ", " }") if opening == "{" else (opening, closing)
        return AggregateConstant(type_, brackets, tuple(elements))

    def _expression(self, type_: Type, opcode: str) -> Value:
        flags = self.expression_flags()
        self.expect("(")
        source = None
        if opcode == "getelementptr":
            source = self.type()
            self.expect(",")
        operands = [self.typed()]
        if opcode in _CASTS:
            self.expect("to")
            type_ = self.type()
        while self.accept(","):
            operands.append(self.typed())
        self.expect(")")
        return ConstantExpression(type_, opcode, flags, tuple(operands), source)

    def expression_flags(self) -> tuple[str, ...]:
        flags: list[str] = []
        while (token := self.tokens[self.at]) in INTEGER_FLAGS or token == "inrange":
            flags.append(self.word() if token == "inrange" else self.next())  # `nuw (` opens the operands
        return tuple(flags)

    def _assembly(self) -> Value:
        flags: list[str] = []
        while self.tokens[self.at][:1] != '"':
            flags.append(self.next())
        text = self.next()
        self.expect(",")
        return InlineAssembly(tuple(flags), text, self.next())

    # ---- attributes -------------------------------------------------------------------------
    def word(self) -> str:
        """A word with the parenthesised group, alignment or ="value" that belongs to it."""
        token = self.tokens[self.at]
        self.at += 1
        after = self.tokens[self.at]
        if after == "(":
            return token + self.word_group()
        if token == "align" and after.isdigit():
            self.at += 1
            return "align " + after
        if token[:1] == '"' and after == "=":
            self.at += 2
            return f"{token}={self.tokens[self.at - 1]}"
        return token

    def word_group(self) -> str:
        """The text of a bracketed group, brackets included."""
        begin, depth = self.at, 0
        while True:
            inner = self.next()
            if not inner:
                raise self.error(f"'{self.tokens[begin]}' is not closed")
            depth += (inner in "([{<") - (inner in ")]}>")
            if depth == 0:
                return spell(self.tokens[begin : self.at])

    def words(self, stop: frozenset[str]) -> tuple[str, ...]:
        """Attributes up to a token of `stop`, a value or a type."""
        token = self.tokens[self.at]
        if token in stop or not (token[:1].isalpha() or token[:1] == '"'):
            return ()
        found: list[str] = []
        while (token := self.tokens[self.at]) not in stop and (token[:1].isalpha() or token[:1] == '"'):
            found.append(self.word())
        return tuple(found)

    def attached(self) -> tuple[tuple[str, str], ...]:
        """`, !kind !node` pairs up to the end of the line."""
        found: list[tuple[str, str]] = []
        while self.tokens[self.at] == "," and self.tokens[self.at + 1][:1] == "!":
            kind = self.tokens[self.at + 1][1:]
            self.at += 2
            found.append((kind, self._metadata()))
        return tuple(found)
