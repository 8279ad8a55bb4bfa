"""Writes what a thread does by itself: assignments, branches, loops, jumps, updates of cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import tree
from .expressions import Expressions
from .scalars import INTEGERS, STORED

UPDATES = ("add", "min", "max", "xor", "and", "or")
_ALL = "0xffffffffu"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands. `level`: block (all live threads), warp (the lanes of `masks[-1]`) or plain."""

    level: str
    depth: int = 0
    masks: tuple[str, ...] = ("m0",)
    in_loop: bool = False
    may_return: bool = True
    epoch: str = ""  # the operation of the shared cells, or "lock"
    labels: tuple[int, ...] = ()


class Statements(Expressions):
    """Statements of one thread; subclasses add a `write_<kind>` for each other kind."""

    def block(self, place: Place, count: int) -> list[tree.Statement]:
        found: list[tree.Statement] = []
        for _ in range(count):
            self.returned = False
            found += self.statement(place)
            if self.returned and place.level != "plain":
                found += self.refresh(place)
        return found

    def refresh(self, place: Place) -> list[tree.Statement]:
        if not self.kernel.warp:
            return []
        mask = place.masks[-1]
        return [tree.Ballot(mask, _ALL if mask == "m0" else mask, self.number(1), fresh=False)]

    def statement(self, place: Place) -> list[tree.Statement]:
        kinds = {"assign": 8, "store": 3, "if": 4, "loop": 3, "switch": 2, "jump": 6, "private": 2, "update": 2,
                 "struct": 2, "swap": 2, "label": 2, "near": 5}
        if place.depth >= 3:
            kinds |= {"if": 0, "loop": 0, "switch": 0, "label": 0}
        if not self.in_kernel:
            kinds |= {"private": 0, "update": 0, "struct": 0, "near": 0}
        if place.level != "plain" and self.kernel.warp:
            kinds |= {"shuffle": 24, "compute": 20, "mask_if": 8, "warp_loop": 4}
        if place.level == "block":
            kinds |= {"barrier": 3, "exchange": 6, "elect": 2, "epoch": 3, "uniform_if": 3, "uniform_loop": 3}
        if place.depth >= 2:
            kinds |= dict.fromkeys(("mask_if", "warp_loop", "uniform_if", "uniform_loop", "epoch"), 0)
        names = list(kinds)
        kind = self.random.choices(names, [kinds[name] for name in names])[0]
        written: list[tree.Statement] = getattr(self, f"write_{kind}")(place)
        return written

    def target(self, types: str = STORED) -> tree.Variable:
        return self.random.choice([each for each in self.writable if each.type in types])

    def write_assign(self, place: Place) -> list[tree.Statement]:
        variable = self.target()
        return [tree.Assign(variable, self.expression(variable.type, 4))]

    def write_near(self, place: Place) -> list[tree.Statement]:
        variable = self.target()
        read = tree.Element(variable.type, "near", f"in_{variable.type}", tree.INPUT, self.near())
        return [tree.Assign(variable, read)]

    def write_swap(self, place: Place) -> list[tree.Statement]:
        variable = self.target()
        others = [each for each in self.writable if each.type == variable.type and each is not variable]
        return [tree.Swap(variable, self.random.choice(others))] if others else self.write_assign(place)

    def write_label(self, place: Place) -> list[tree.Statement]:
        self.labels += 1
        number = self.labels
        inner = self.inner(place, labels=(*place.labels, number))
        body = [*self.block(inner, self.random.randint(1, 3)), *self.write_loop(inner)]
        self.returned = self.may_end(body)
        return [tree.Label(number, body)]

    def write_store(self, place: Place) -> list[tree.Statement]:
        if self.in_kernel and self.random.random() < 0.5:
            type_ = self.random.choice(tree.COLUMN)
            return [tree.Store("column", f"col_{type_}", tree.COLUMNS, self.index(1), self.expression(type_))]
        if not self.arrays:
            return self.write_assign(place)
        type_, name, length = self.random.choice(self.arrays)
        return [tree.Store("local", name, length, self.index(2), self.expression(type_))]

    def inner(self, place: Place, **changes: object) -> Place:
        return replace(place, level="plain", depth=place.depth + 1, **changes)  # type: ignore[arg-type]

    def write_if(self, place: Place) -> list[tree.Statement]:
        inner = self.inner(place)
        then = self.block(inner, self.random.randint(1, 3))
        returned = self.returned
        otherwise = self.block(inner, self.random.randint(1, 2)) if self.random.random() < 0.5 else []
        self.returned = self.may_end([*then, *otherwise]) or returned
        return [tree.If(self.condition(3), then, otherwise)]

    def may_end(self, statements: list[tree.Statement]) -> bool:
        return any(isinstance(each, tree.Jump) and each.kind == "return" for each in nested(statements))

    def write_loop(self, place: Place) -> list[tree.Statement]:
        counter = self.counters[place.depth]
        body = self.block(self.inner(place, in_loop=True), self.random.randint(1, 3))
        self.returned = self.may_end(body)
        times = self.uniform_expression() if self.in_kernel and self.random.random() < 0.3 else self.expression("i", 2)
        bound = self.trips(times, self.random.choice((3, 7, 3)))
        return [tree.Loop(self.random.choice(("for", "while", "do")), counter, bound, body)]

    def write_switch(self, place: Place) -> list[tree.Statement]:
        inner = self.inner(place, in_loop=False)
        cases = [(self.random.random() < 0.35, self.block(inner, self.random.randint(1, 2)))
                 for _ in range(self.random.randint(2, 4))]
        self.returned = any(self.may_end(body) for _, body in cases)
        return [tree.Switch(self.expression(self.random.choice("iu"), 2), cases)]

    def write_jump(self, place: Place) -> list[tree.Statement]:
        if place.level == "plain" and place.in_loop and self.random.random() < 0.75:
            return [tree.Jump(self.random.choice(("break", "continue")), self.condition())]
        if place.level == "plain" and place.labels and self.random.random() < 0.7:
            return [tree.Jump("goto", self.condition(), None, self.random.choice(place.labels))]
        if not place.may_return or self.random.random() < 0.2:
            return self.write_assign(place)
        self.returned = True
        rare = tree.Apply("i", "eq.ii", [tree.Apply("i", "and.ii", [self.expression("i", 2), self.number(7)]),
                                         self.number(self.random.randint(0, 7))])
        return [tree.Jump("return", rare, self.expression(self.result, 2) if self.result else None)]

    def write_struct(self, place: Place) -> list[tree.Statement]:
        functions = [each for each in self.kernel.functions if isinstance(each, tree.StructFunction)]
        if not functions:
            return self.write_assign(place)
        function = self.random.choice(functions)
        return [tree.StructCall(self.random.choice("pq"), self.random.choice("pq"), function.name,
                                self.expression(function.parameter[0], 2), function.recursive)]

    def write_private(self, place: Place) -> list[tree.Statement]:
        cell = self.random.choice((0, 0, 1, 2, 3))
        type_ = tree.OWN[cell]
        kinds = {"u": ("add", "sub", "min", "max", "and", "or", "xor", "exch", "inc", "dec", "cas"),
                 "i": ("add", "sub", "min", "max", "and", "or", "xor", "exch", "cas"),
                 "m": ("add", "min", "max", "and", "or", "xor", "exch", "cas"), "f": ("add", "exch")}[type_]
        kind = self.random.choice(kinds)
        compare = None
        if kind == "cas":
            compare = self.expression(type_, 1)
            if type_ == "u" and self.random.random() < 0.5:  # often equal
                compare = tree.Element("u", "own", "own", 4, self.number(0))
        return [tree.PrivateAtomic(self.target(type_ if type_ in "fd" else INTEGERS), kind, cell,
                                   self.varied(type_), compare)] \
            if type_ != "f" or self.has("f") else self.write_assign(place)

    def has(self, type_: str) -> bool:
        return any(each.type == type_ for each in self.writable)

    def write_update(self, place: Place) -> list[tree.Statement]:
        if place.epoch and self.random.random() < 0.7:
            locked = place.epoch == "lock"
            how = "lock" if locked else self.random.choice(("atomic", "cas"))
            return [tree.SharedUpdate("shared", "add" if locked else place.epoch, how, self.index(1),
                                      self.varied("u"))]
        how = self.random.choice(("atomic", "atomic", "cas", "lock" if self.style == "all" else "cas"))
        operation = "add" if how == "lock" else self.random.choice((*UPDATES, "add64", "imin", "fadd"))
        return [tree.SharedUpdate("global", operation, how, self.index(1), self.varied("u"))]


def nested(statements: list[tree.Statement]) -> list[tree.Statement]:
    """The statements and all inside them."""
    found: list[tree.Statement] = []
    for each in statements:
        found.append(each)
        for inner in bodies(each):
            found += nested(inner)
    return found


def bodies(statement: tree.Statement) -> list[list[tree.Statement]]:
    """The lists of statements inside a statement."""
    match statement:
        case tree.If() | tree.MaskIf():
            return [statement.then, statement.otherwise]
        case tree.Loop() | tree.WarpLoop() | tree.Epoch() | tree.Label():
            return [statement.body]
        case tree.Switch():
            return [body for _, body in statement.cases]
    return []
