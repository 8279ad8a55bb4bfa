"""A list of PTX statements as blocks: scopes, labels, branches; what else there is, is its owner's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..ir.instructions import Terminator
from ..ir.types import I32
from ..ir.values import BasicBlock, Value
from .ptx_code import Code, Refused, refuse
from .ptx_syntax import Statement
from .ptx_table import translate


class Owner(Protocol):
    """What differs between inline PTX and a function of a module."""

    def directive(self, statement: Statement, label: str) -> None:
        """A directive other than .reg and .branchtargets; `label` is the one right before it."""

    def instruction(self, statement: Statement) -> bool:
        """Whether it took the instruction; it may end the block."""

    def fault(self, statement: Statement, why: str) -> Exception:
        """The error of a statement that cannot be translated."""

    def place(self, statement: Statement) -> None:
        """The statement about to be translated."""


class Body:
    """Translates statements one after the other. Labels belong to the scope in braces that they are in."""

    def __init__(self, code: Code, statements: Sequence[Statement], owner: Owner) -> None:
        self.code, self.statements, self.owner = code, statements, owner
        self.labels: dict[tuple[int, str], BasicBlock] = {}
        self.tables: dict[str, list[str]] = {}  # .branchtargets
        self.stack = [0]
        self.count = 0
        self.ended = False  # nothing leads to the next statement
        self._find_labels()

    @property
    def branches(self) -> bool:
        return bool(self.labels)

    def _enter(self, kind: str) -> None:
        if kind == "{":
            self.count += 1
            self.stack.append(self.count)
        elif len(self.stack) > 1:
            self.stack.pop()

    def _find_labels(self) -> None:
        label = ""
        for each in self.statements:
            if each.kind in "{}":
                self._enter(each.kind)
            elif each.kind == "label":
                label = each.words[0]
                key = self.stack[-1], label
                if key in self.labels:
                    raise self.owner.fault(each, "the label is there twice")
                self.labels[key] = BasicBlock(None)
                continue
            elif label and each.words[0] in (".branchtargets", ".callprototype", ".calltargets"):
                del self.labels[self.stack[-1], label]
                if each.words[0] == ".branchtargets":
                    self.tables[label] = [name.strip() for name in each.operands[0].split(",")]
            label = ""
        self.stack, self.count = [0], 0

    def block(self, name: str) -> BasicBlock:
        for scope in reversed(self.stack):
            if (scope, name) in self.labels:
                return self.labels[scope, name]
        refuse(f"there is no label '{name}' here")

    def run(self) -> None:
        label = ""
        for each in self.statements:
            self.owner.place(each)
            try:
                self._statement(each, label)
            except Refused as refused:
                raise self.owner.fault(each, str(refused)) from None
            label = each.words[0] if each.kind == "label" else ""

    def _statement(self, each: Statement, label: str) -> None:
        code = self.code
        if each.kind in "{}":
            self._enter(each.kind)
            code.push() if each.kind == "{" else code.pop()
        elif each.kind == "label":
            block = self.labels.get((self.stack[-1], each.words[0]))
            if block is not None:
                if not self.ended:
                    code.jump(block)
                code.begin(block)
                self.ended = False
        elif each.words[0] == ".reg":
            code.declare(each.operands[0])
        elif each.kind == "directive":
            if each.words[0] != ".branchtargets":
                self.owner.directive(each, label)
        elif not self.ended:
            self._instruction(each)

    def _instruction(self, each: Statement) -> None:
        code = self.code
        if each.words[0] == "bra":
            self._branch(each)
        elif each.words[0] == "brx":
            self._branch_by_table(each)
        elif each.words[0] in ("ret", "exit") and each.guard:
            then, following = BasicBlock(None), BasicBlock(None)
            code.branch(self._condition(each), then, following)
            code.begin(then)
            ended = self.owner.instruction(each._replace(guard=""))
            if not ended:
                translate(code, each._replace(guard=""))
                code.jump(following)
            code.begin(following)
        elif self.owner.instruction(each):
            self.ended = each.words[0] in ("ret", "exit")
        else:
            translate(code, each)

    def _condition(self, each: Statement) -> Value:
        return self.code.predicate(("!" if each.negated else "") + each.guard)

    def _branch(self, each: Statement) -> None:
        if len(each.operands) != 1 or set(each.words[1:]) - {"uni"}:
            refuse()
        target = self.block(each.operands[0])
        if not each.guard:
            self.code.jump(target)
            self.ended = True
            return
        following = BasicBlock(None)
        self.code.branch(self._condition(each), target, following)
        self.code.begin(following)

    def _branch_by_table(self, each: Statement) -> None:
        """brx.idx index, table: an index past its end is the program's mistake, and takes the last place."""
        names = self.tables.get(each.operands[1]) if len(each.operands) == 2 else None
        if each.words[1:2] != ("idx",) or not names:
            refuse()
        code = self.code
        following = BasicBlock(None) if each.guard else None
        if following is not None:
            then = BasicBlock(None)
            code.branch(self._condition(each), then, following)
            code.begin(then)
        targets = [self.block(name) for name in names]
        code.emit.put(Terminator("switch", [code.read(each.operands[0], I32)], [targets[-1], *targets[:-1]],
                                 [code.word(index) for index in range(len(targets) - 1)]))
        self.ended = following is None
        if following is not None:
            code.begin(following)
