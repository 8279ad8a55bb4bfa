"""Writes a random kernel from a seed.

What C++ or CUDA leaves open is not written: threads meet at barriers and warp operations only where all threads of the
block or of the mask are, shared memory is read a barrier after it was written, cells that many threads update hold
one kind of commutative update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from . import tree
from .operations import BY_RESULT
from .scalars import ARITHMETIC, INTEGERS, SCALARS, STORED, random_value
from .text import INPUTS, tables

UPDATES = ("add", "min", "max", "xor", "and", "or")
_SHARED = (("u", "sh_u"), ("c", "sh_c"), ("d", "sh_d"), ("m", "sh_m"))
_ALL = "0xffffffffu"
# What a kernel is made of, by seed: everything, which often needs an engine with a stack for each thread; only what
# threads do alone and barriers, for blocks of any shape; operations of warps too, but not on two sides of a branch.
STYLES = ("all", "plain", "warp", "plain", "warp", "plain")
_NEAR = (1, 1, 2, 3, 31, 32, 100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFF00)
_FACTORS = (1, 2, 3, 5, 8, 0x10001, 0x80000001, 0x9E3779B1, 0xFFFFFFFF)


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


class Writer:
    """One kernel under construction."""

    def __init__(self, seed: int, name: str) -> None:
        self.random = Random(seed)
        self.style = STYLES[seed % len(STYLES)]
        self.kernel = tree.Kernel(name, seed, [], [], [], [])
        self.kernel.warp = self.style != "plain"
        self.kernel.barriers = self.kernel.warp or self.random.random() < 0.5
        self.kernel.tail = not self.kernel.barriers and self.random.random() < 0.7
        self.labels = 0
        self.readable: list[tree.Variable] = []
        self.writable: list[tree.Variable] = []
        self.arrays: list[tuple[str, str, int]] = []
        self.uniform: list[tree.Variable] = []
        self.masks = 0
        self.in_kernel = True
        self.returned = False  # whether what was just written may end threads
        self.result = ""
        self.counters: list[tree.Variable] = []

    # ---- expressions ---------------------------------------------------------------------------
    def expression(self, type_: str, depth: int = 3) -> tree.Expression:
        pick = self.random.random()
        if depth <= 0 or pick < 0.15:
            return self.leaf(type_, depth)
        if pick < 0.22:
            return tree.Choice(type_, self.condition(depth - 1), self.expression(type_, depth - 1),
                               self.expression(type_, depth - 1))
        if pick < 0.27:
            call = self.call(type_, depth - 1)
            if call is not None:
                return call
        operations, weights = BY_RESULT[type_]
        operation = self.random.choices(operations, weights)[0]
        return tree.Apply(type_, operation.name,
                          [self.expression(each, depth - 1) for each in operation.operands])

    def condition(self, depth: int = 2) -> tree.Expression:
        """An int that is often 0 in some threads and not in others."""
        if not self.in_kernel or self.random.random() < 0.4:
            return self.expression("i", depth)
        mask = self.random.choice((1, 3, 7, 15))
        bits = tree.Apply("i", "and.ii", [self.varied("i", 1), self.number(mask)])
        return tree.Apply("i", self.random.choice(("eq.ii", "ne.ii", "lt.ii")),
                          [bits, self.number(self.random.randint(0, mask))])

    def varied(self, type_: str, depth: int = 2) -> tree.Expression:
        """A value that, as a rule, differs from thread to thread in all its bits."""
        value = self.expression(type_, depth)
        if not self.in_kernel or type_ not in INTEGERS or self.random.random() < 0.3:
            return value
        thread: tree.Expression = tree.Variable("i", self.random.choice(("tid", "gid", "lane")))
        if type_ != "i":
            thread = tree.Apply(type_, f"to_{type_}.i", [thread])
        odd = self.random.choice((0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 5)) - 2**31 | 1
        spread = tree.Apply(type_, f"mul.{type_ * 2}", [thread, tree.Constant(type_, odd_value(type_, odd))])
        return tree.Apply(type_, f"xor.{type_ * 2}", [value, spread])

    def leaf(self, type_: str, depth: int = 0) -> tree.Expression:
        pick = self.random.random()
        fitting = [each for each in self.readable if each.type == type_]
        if fitting and pick < 0.55:
            return self.random.choice(fitting)
        if pick < 0.7 and self.in_kernel:
            if type_ in tree.COLUMN and self.random.random() < 0.2:
                return tree.Element(type_, "column", f"col_{type_}", tree.COLUMNS, self.index(depth))
            if self.random.random() < 0.5:
                return tree.Element(type_, "near", f"in_{type_}", tree.INPUT, self.near())
            return tree.Element(type_, "input", f"in_{type_}", tree.INPUT, self.index(depth))
        arrays = [each for each in self.arrays if each[0] == type_]
        if arrays and pick < 0.85:
            _, name, length = self.random.choice(arrays)
            return tree.Element(type_, "local", name, length, self.index(depth))
        tables = [each for each in self.kernel.constants if each[0] == type_]
        if tables and pick < 0.8:
            _, name, values = self.random.choice(tables)
            return tree.Element(type_, "constant", name, len(values), self.index(depth))
        shared = [name for t, name in _SHARED if t == type_]
        if shared and self.in_kernel and pick < 0.9:  # the thread's own slot
            return tree.Element(type_, "shared", shared[0], 0, tree.Variable("i", "tid"))
        return tree.Constant(type_, random_value(self.random, type_))

    def index(self, depth: int) -> tree.Expression:
        if depth > 0 and self.random.random() < 0.3:
            return self.expression(self.random.choice("iu"), depth - 1)
        names = [each for each in self.readable if each.type in "iu"]
        return self.random.choice(names) if names else self.random_constant("i")

    def near(self) -> tree.Expression:
        """An index that often counts up with the threads, or seems to until it wraps."""
        type_ = self.random.choice("uuuil")
        names = [*(tree.Variable("i", name) for name in ("gid", "gid", "tid", "tx", "ty", "lane")), *self.counters]
        index: tree.Expression = self.random.choice(names)
        if type_ != "i":
            index = tree.Apply(type_, f"to_{type_}.i", [index])
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            other: tree.Expression = tree.Constant(type_, odd_value(type_, self.random.choice(_NEAR)))
            name = self.random.choice(("add", "add", "add", "sub", "sub", "sub", "mul", "and", "xor", "uniform",
                                       "small"))
            if name == "mul":
                other = tree.Constant(type_, odd_value(type_, self.random.choice(_FACTORS)))
            elif name == "uniform":
                name, other = "add", tree.Apply("i", "and.ii", [self.uniform_expression(1), self.number(255)])
                if type_ != "i":
                    other = tree.Apply(type_, f"to_{type_}.i", [other])
            elif name == "small":
                other = tree.Constant(type_, odd_value(type_, self.random.choice((7, 8, 500))))
            index = tree.Apply(type_, f"{name}.{type_ * 2}", [index, other])
        if self.random.random() < 0.15:
            index = tree.Apply(type_, f"and.{type_ * 2}", [index, self.number(tree.INPUT - 1, type_)])
        return index

    def random_constant(self, type_: str) -> tree.Constant:
        return tree.Constant(type_, random_value(self.random, type_))

    def number(self, value: int, type_: str = "i") -> tree.Constant:
        return tree.Constant(type_, SCALARS[type_].dtype.type(value))

    def call(self, type_: str, depth: int) -> tree.Expression | None:
        fitting = [each for each in self.kernel.functions if isinstance(each, tree.Function)
                   and each.result == type_]
        if not fitting or not self.in_kernel:
            return None
        function = self.random.choice(fitting)
        arguments = [self.expression(each, depth) for each, _ in function.parameters]
        if function.recursive:
            arguments[0] = tree.Apply("i", "and.ii", [self.expression("i", depth), self.number(3)])
            return tree.Invoke(type_, function.name, arguments)
        for names in tables(self.kernel):
            if function.name in names and self.random.random() < 0.7:
                return tree.Invoke(type_, names[0], arguments, names, self.index(depth))
        return tree.Invoke(type_, function.name, arguments)

    def uniform_expression(self, depth: int = 2) -> tree.Expression:
        """An int that all threads of a block agree on."""
        if depth <= 0 or self.random.random() < 0.3:
            return self.random.choice(self.uniform) if self.random.random() < 0.7 else self.random_constant("i")
        name = self.random.choice(("add.ii", "xor.ii", "lt.ii", "ge.ii", "and.ii", "eq.ii", "rem.ii", "ne.ii"))
        return tree.Apply("i", name, [self.uniform_expression(depth - 1), self.uniform_expression(depth - 1)])

    def trips(self, value: tree.Expression, most: int) -> tree.Expression:
        return tree.Apply("i", "and.ii", [value, self.number(most)])

    # ---- statements ----------------------------------------------------------------------------
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

    # ---- all threads of the block ----------------------------------------------------------------
    def write_barrier(self, place: Place) -> list[tree.Statement]:
        spins = ("meet", "chain") if self.style == "all" else ()
        kind = self.random.choice(("plain", "function", "count", "and", "or", *spins))
        if kind in ("plain", "function"):
            return [tree.Barrier(kind)]
        if kind in ("meet", "chain"):
            return [tree.Barrier(kind, None, self.target("i"))]
        return [tree.Barrier(kind, self.condition(), self.target("i"))]

    def write_exchange(self, place: Place) -> list[tree.Statement]:
        type_, array = self.random.choice(_SHARED)
        # Like v = sh[(tid + k) % threads] between two barriers.
        offset = tree.Apply("i", "add.ii", [tree.Variable("i", "tid"), self.expression("i", 1)])
        read = tree.Element(type_, "shared", array, 0, offset)
        variable = self.target(type_) if self.has(type_) else None
        statements: list[tree.Statement] = [
            tree.Barrier("plain"), tree.Store("shared", array, 0, None, self.expression(type_)),
            tree.Barrier(self.random.choice(("plain", "function")))]
        if variable is None:
            variable = self.target("m")
            return [*statements, tree.Assign(variable, tree.Apply("m", f"to_m.{type_}", [read])), tree.Barrier("plain")]
        return [*statements, tree.Assign(variable, read), tree.Barrier("plain")]

    def write_elect(self, place: Place) -> list[tree.Statement]:
        return [tree.Elect(self.target(INTEGERS), self.uniform_expression(), self.varied("i"))]

    def write_epoch(self, place: Place) -> list[tree.Statement]:
        operation = self.random.choice((*UPDATES, "lock" if self.style == "all" else "add"))
        inside = replace(place, level="plain", depth=place.depth + 1, epoch=operation, may_return=False)
        body = self.write_update(replace(inside, epoch=operation)) + self.block(inside, self.random.randint(1, 3))
        return [tree.Epoch("add" if operation == "lock" else operation, body, self.target("u"), self.index(1)),
                tree.Barrier("plain")]

    def write_uniform_if(self, place: Place) -> list[tree.Statement]:
        inner = replace(place, depth=place.depth + 1)
        then = self.block(inner, self.random.randint(1, 3))
        otherwise = self.block(inner, self.random.randint(1, 2)) if self.random.random() < 0.5 else []
        self.returned = self.may_end([*then, *otherwise])
        return [tree.If(self.uniform_expression(), then, otherwise)]

    def write_uniform_loop(self, place: Place) -> list[tree.Statement]:
        counter = self.counters[place.depth]
        self.uniform.append(counter)
        body = self.block(replace(place, depth=place.depth + 1), self.random.randint(1, 3))
        self.uniform.remove(counter)
        self.returned = self.may_end(body)
        style = self.random.choice(("for", "while", "do"))
        return [tree.Loop(style, counter, self.trips(self.uniform_expression(), 3), body)]

    # ---- the lanes of a mask ---------------------------------------------------------------------
    def fresh_mask(self) -> str:
        self.masks += 1
        return f"m{self.masks}"

    def write_mask_if(self, place: Place) -> list[tree.Statement]:
        mask, of = self.fresh_mask(), place.masks[-1]
        flag = tree.Variable("i", f"b{self.kernel.flags}")
        self.kernel.flags += 1
        ballot = tree.Ballot(mask, of, self.condition())
        warp = replace(place, level="warp", depth=place.depth + 1)
        then = self.block(replace(warp, masks=(*place.masks, mask)), self.random.randint(1, 3))
        other = replace(warp, masks=(*place.masks, mask + "e")) if self.style == "all" else self.inner(place)
        otherwise = self.block(other, self.random.randint(0, 2))
        self.returned = self.may_end([*then, *otherwise])
        return [ballot, tree.MaskIf(mask, of, flag, then, otherwise)]

    def write_warp_loop(self, place: Place) -> list[tree.Statement]:
        mask, of = self.fresh_mask(), place.masks[-1]
        counter = self.counters[place.depth]
        inner = replace(place, level="warp", depth=place.depth + 1, masks=(*place.masks, mask))
        bound = self.trips(self.expression("i", 1), 3)
        body = self.block(inner, self.random.randint(1, 3))
        self.returned = self.may_end(body)
        return [tree.WarpLoop(mask, of, counter, bound, body)]

    def write_shuffle(self, place: Place) -> list[tree.Statement]:
        variable = self.target(ARITHMETIC)
        call = self.random.random() < 0.25
        width = 32 if call else self.random.choice((32, 32, 16, 8, 4, 2, 1))
        lane = self.expression("i", 1) if self.random.random() < 0.5 else self.number(self.random.randint(0, 31))
        return [tree.Shuffle(variable, self.random.choice(("idx", "up", "down", "xor")), place.masks[-1],
                             self.expression(variable.type), lane, width, call)]

    def write_compute(self, place: Place) -> list[tree.Statement]:
        kind = self.random.choice(("all", "any", "uni", "ballot", "match_any", "match_all", "sync", "add", "min", "max",
                                   "and", "or", "xor"))
        type_ = "i"
        if kind.startswith("match"):
            type_ = self.random.choice(ARITHMETIC[:4])
        elif kind in ("add", "min", "max", "and", "or", "xor"):
            type_ = self.random.choice("iu") if kind in ("add", "min", "max") else "u"
        value = self.condition() if kind in ("all", "any", "uni", "ballot") else self.varied(type_)
        if kind.startswith("match"):
            value = tree.Apply(type_, f"and.{type_}{type_}", [value, self.number(3, type_)])
        return [tree.WarpCompute(self.target("i"), kind, place.masks[-1], value)]

    # ---- functions and the kernel ----------------------------------------------------------------
    def locals(self, prefix: str, count: int, must: str) -> list[tuple[str, str]]:
        types = [*must, *(self.random.choice(STORED) for _ in range(count - len(must)))]
        return [(type_, f"{prefix}{number}") for number, type_ in enumerate(types)]

    def function(self, number: int) -> tree.Function:
        recursive = self.random.random() < 0.3
        result = self.random.choice(ARITHMETIC)
        parameters = [(self.random.choice(STORED), "y")] if self.random.random() < 0.5 else []
        parameters = [("i", "depth"), (result, "x"), *parameters] if recursive else [(result, "x"), *parameters]
        variables = self.locals("t", 3, result)
        counters = [("i", f"c{each}") for each in range(4)]
        self.enter(variables, [], [*parameters, *variables, *counters])
        self.result = result
        body = self.block(Place("plain", depth=1), self.random.randint(1, 3))
        value = self.expression(result, 2)
        name = f"{self.kernel.name}_f{number}"
        if recursive:
            less = tree.Apply("i", "sub.ii", [tree.Variable("i", "depth"), self.number(1)])
            others = [self.expression(type_, 1) for type_, _ in parameters[1:]]
            again = tree.Invoke(result, name, [less, *others])
            value = tree.Apply(result, f"sub.{result}{result}", [again, value])
        return tree.Function(name, result, parameters, [*variables, *counters], body, value,
                             self.random.random() < 0.3, recursive)

    def sibling(self, function: tree.Function, number: int) -> tree.Function:
        """Of the same signature, so that a pointer may choose."""
        self.enter(function.variables, [], [*function.parameters, *function.variables])
        self.writable = [each for each in self.writable if not each.name.startswith("c")]
        self.result = function.result
        return tree.Function(f"{self.kernel.name}_f{number}", function.result, function.parameters, function.variables,
                             self.block(Place("plain", depth=2), 1), self.expression(function.result, 3), False)

    def struct_function(self) -> tree.StructFunction:
        fields = [(type_, f"q.{name}") for type_, name in tree.STRUCT_FIELDS]
        parameter = self.random.choice(STORED), "x"
        array = tree.STRUCT_ARRAY
        self.enter(fields, [(array[0], f"q.{array[1]}", array[2])], [*fields, parameter])
        place = Place("plain", depth=3, may_return=False)
        return tree.StructFunction(f"{self.kernel.name}_s", parameter, self.block(place, self.random.randint(1, 3)),
                                   self.random.random() < 0.4)

    def enter(self, writable: list[tuple[str, str]], arrays: list[tuple[str, str, int]],
              readable: list[tuple[str, str]]) -> None:
        self.writable = [tree.Variable(*each) for each in writable]
        self.readable = [tree.Variable(*each) for each in readable]
        self.counters = [each for each in self.readable if each.name in ("c0", "c1", "c2", "c3")]
        self.arrays = arrays
        self.in_kernel, self.result = False, ""

    def write(self) -> tree.Kernel:
        kernel = self.kernel
        for number in range(self.random.randint(0, 2)):
            type_ = self.random.choice(STORED)
            kernel.constants.append((type_, f"{kernel.name}_t{number}", [random_value(self.random, type_)
                                                                        for _ in range(self.random.randint(1, 9))]))
        for number in range(self.random.randint(0, 2)):
            function = self.function(2 * number)
            kernel.functions.append(function)
            if not function.recursive and self.random.random() < 0.6:
                kernel.functions.append(self.sibling(function, 2 * number + 1))
        if self.random.random() < 0.5:
            kernel.functions.append(self.struct_function())
        counters = [("i", f"c{each}") for each in range(4)]
        small = self.style != "all"  # code for vectors takes long to compile
        variables = self.locals("v", self.random.randint(5, 6 if small else 8), "ium" + self.random.choice("fd"))
        kernel.arrays = [(self.random.choice(STORED), f"a{number}", self.random.randint(1, 8))
                         for number in range(self.random.randint(0, 2))]
        fields = [(type_, f"{name}.{each}") for name in "pq" for type_, each in tree.STRUCT_FIELDS]
        registers = [("i", name) for name in tree.REGISTERS]
        self.uniform = [tree.Variable("i", name) for name in ("p_i", "bid", "threads", "blocks", "bx", "by", "bz")]
        self.enter([*variables, *fields], [*kernel.arrays, ("f", "p.f", 3), ("f", "q.f", 3)],
                   [*variables, *counters, *fields, *registers, *tree.PARAMETERS])
        self.in_kernel = True
        kernel.variables = [*variables, *counters]
        place = Place("block") if kernel.barriers else Place("plain")
        kernel.body = self.block(place, self.random.randint(3, 6) if small else self.random.randint(6, 12))
        return kernel


def odd_value(type_: str, value: int) -> np.generic:
    kind = SCALARS[type_].dtype
    return np.array([value], np.int64).astype(kind)[0]


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


def write_kernel(seed: int) -> tree.Kernel:
    return Writer(seed, f"k{seed}").write()


assert set(INPUTS) == set(STORED)
