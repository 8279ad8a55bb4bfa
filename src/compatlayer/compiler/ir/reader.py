"""Reading a module: the top-level lines of LLVM's textual form. Unknown text is an error, never dropped."""

from __future__ import annotations

from ...errors import CompilerError
from .body import TYPE_STOP, BodyReader
from .types import FunctionType, Type
from .values import Alias, Argument, Function, GlobalVariable, Module, unquote

_PREFIX_STOP = frozenset(("global", "constant", "alias", "ifunc", "addrspace", "externally_initialized"))
_BARE = frozenset(("noundef", "nonnull", "signext", "zeroext", "noalias", "noext", "inreg"))


def read(text: str) -> Module:
    """The module that `text` spells. Raises CompilerError with the line that is not understood."""
    return _ModuleReader(Module()).run(text)


def read_into(module: Module, text: str) -> None:
    """Adds what `text` spells to `module`; declarations of what is there already are skipped."""
    _ModuleReader(module).run(text)


class _ModuleReader(BodyReader):
    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.late: list[tuple[int, str, GlobalVariable | Alias]] = []
        self.bodies: list[tuple[Function, list[tuple[int, str]]]] = []

    def run(self, text: str) -> Module:
        try:
            return self._module(text)
        except (IndexError, ValueError, AttributeError, AssertionError) as error:  # a line that ends too early
            raise self.error("this line is not understood") from error

    def _module(self, text: str) -> Module:
        lines = text.split("\n")
        at, last = 0, len(lines)
        while at < last:
            line = lines[at]
            at += 1
            if not line or line[0] == ";":
                continue
            if line.startswith("define"):
                at = self._definition(lines, at)
            elif not self._entity(line, at):
                self.tokens = [line, ""]
                self.line = at
                raise self.error("this line is not understood")
        self._read_values()
        for function, body in self.bodies:
            self.read(function, body)
        return self.module

    def _definition(self, lines: list[str], at: int) -> int:
        function = self._function(lines[at - 1], at, define=True)
        body: list[tuple[int, str]] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            if line == "}":
                self.bodies.append((function, body))
                return at
            if not line or line.startswith(";"):
                continue
            if line.endswith("["):  # a switch goes on to its closing bracket
                begin = at
                while not lines[at - 1].lstrip().startswith("]"):
                    line += lines[at]
                    at += 1
                body.append((begin, line))
                continue
            body.append((at, line))
        raise CompilerError(f"device IR: function '{function.name}' has no closing brace")

    def _entity(self, line: str, number: int) -> bool:
        first = line[0]
        if first == "!":
            name, _, node = line.partition(" = ")
            if name[1:].isdigit():
                self.module.metadata[name] = node
            else:
                self.module.named_metadata[name] = node
        elif first == "@":
            self._symbol(line, number)
        elif line.startswith("declare"):
            self._function(line, number, define=False)
        elif line.startswith("attributes #"):
            name, _, body = line[11:].partition(" = ")
            self.module.attributes[name] = body.strip()[1:-1].strip()
        elif first == "%":
            self._named_type(line, number)
        elif line.startswith("source_filename = "):
            self.module.source_name = line[18:]
        elif line.startswith("target datalayout = "):
            self.module.layout = line[20:].strip('"')
        elif line.startswith("target triple = "):
            self.module.triple = line[16:].strip('"')
        elif line.startswith("module asm "):
            self.module.assembly.append(line[11:])
        elif first == "$":
            self.module.comdats.append(line)
        else:
            return False
        return True

    def _named_type(self, line: str, number: int) -> None:
        self.start(line, number)
        named = self.named_type(self.next())
        self.expect("=")
        self.expect("type")
        if not self.accept("opaque"):
            body = self.type()
            named.body = body  # type: ignore[assignment]
        self.end()

    # ---- globals ----------------------------------------------------------------------------
    def _symbol(self, line: str, number: int) -> None:
        self.start(line, number)
        token = self.next()
        name = unquote(token[1:])
        if token[1:].isdigit():
            name = "cpl.unnamed." + name
        self.expect("=")
        prefix: list[str] = []
        while self.tokens[self.at] not in _PREFIX_STOP:
            if not self.tokens[self.at]:
                raise self.error("this global is not understood")
            prefix.append(self.word())
        space = self._space()
        external = self.accept("externally_initialized")
        kind = self.next()
        if kind not in ("global", "constant", "alias"):
            raise self.error(f"'{kind}' is not supported")
        type_ = self.type()
        value: GlobalVariable | Alias
        if kind == "alias":
            value = Alias(name, tuple(prefix), type_)
        else:
            value = GlobalVariable(name, tuple(prefix), space, kind == "constant", type_, None, (), external)
        self.module.add(value)
        self.late.append((number, line, value))

    def _read_values(self) -> None:
        """Initialisers may name symbols that come later in the text."""
        for number, line, value in self.late:
            self.start(line, number)
            while self.tokens[self.at] not in ("global", "constant", "alias"):
                self.at += 1
            self.at += 1
            self.type()
            if isinstance(value, Alias):
                self.expect(",")
                value.target = self.typed()
                self.end()
                continue
            if self.tokens[self.at] not in ("", ","):
                value.initializer = self.value(value.value_type)
            value.suffix = self._suffix()

    def _suffix(self) -> tuple[str, ...]:
        found: list[str] = []
        while self.accept(","):
            word = self.word()
            if word[0] == "!" or word in ("section", "partition", "code_model"):
                word = f"{word} {self.next()}"
            found.append(word)
        while (token := self.tokens[self.at]) and token[0] == "#":
            found.append(self.next())
        self.end()
        return tuple(found)

    # ---- functions --------------------------------------------------------------------------
    def _function(self, line: str, number: int, define: bool) -> Function:
        self.start(line, number)
        self.at = 1
        prefix: list[str] = []
        while self.tokens[self.at] not in TYPE_STOP and self.tokens[self.at][:1] not in ("%", "[", "{", "<"):
            token = self.tokens[self.at]
            if token[:1] == "!":
                self.at += 2  # metadata of a declaration: `declare !srcloc !5 ...`
                continue
            if not token:
                raise self.error("this function is not understood")
            prefix.append(self.word())
        result = self._result_type()
        name = unquote(self.next()[1:])
        arguments, variadic = self._parameters()
        type_ = self.types.function(result, [each.type for each in arguments], variadic)
        words = tuple(word for word in prefix if not _is_result_attribute(word))
        found = self.module.symbols.get(name)
        if isinstance(found, Function) and not define:
            return found
        function = Function(name, words, type_, arguments)
        function.result_attributes = tuple(word for word in prefix if _is_result_attribute(word))
        self._function_tail(function, define)
        self.module.add(function)
        return function

    def _result_type(self) -> Type:
        type_ = self.type()
        if isinstance(type_, FunctionType):
            raise self.error("a function cannot return a function")
        return type_

    def _parameters(self) -> tuple[list[Argument], bool]:
        self.expect("(")
        arguments: list[Argument] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            if self.accept("..."):
                self.expect(")")
                return arguments, True
            type_ = self.type()
            attributes = self.words(frozenset())
            name = None
            if self.tokens[self.at][:1] == "%":
                raw = self.next()[1:]
                name = None if raw.isdigit() else unquote(raw)
            arguments.append(Argument(type_, name, attributes))
        return arguments, False

    def _function_tail(self, function: Function, define: bool) -> None:
        attributes: list[str] = []
        suffix: list[str] = []
        while (token := self.tokens[self.at]) and token != "{":
            if token[0] == "!":
                if token == "!dbg":
                    function.debug = self.tokens[self.at + 1]
                self.at += 2
            elif token in ("section", "partition", "gc", "prefix", "prologue", "personality"):
                raise self.error(f"'{token}' on a function is not supported")
            elif token in ("unnamed_addr", "local_unnamed_addr", "comdat", "align", "addrspace"):
                suffix.append(self.word())
            else:
                attributes.append(self.word())
        if define:
            self.expect("{")
        self.end()
        function.attributes = tuple(attributes)
        function.suffix = tuple(suffix)


def _is_result_attribute(word: str) -> bool:
    return word in _BARE or word.startswith(("range(", "align ", "dereferenceable", "nofpclass("))

