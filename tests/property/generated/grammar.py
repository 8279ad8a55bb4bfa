"""Writes a random kernel from a seed.

What C++ or CUDA leaves open is not written: threads meet at barriers and warp operations only where all threads of the
block or of the mask are, shared memory is read a barrier after it was written, cells that many threads update hold
one kind of commutative update.
"""

from __future__ import annotations

from dataclasses import replace

from . import tree
from .expressions import SHARED
from .scalars import ARITHMETIC, INTEGERS, STORED, random_value
from .statements import UPDATES, Place, Statements
from .text import INPUTS


class Writer(Statements):
    """One kernel under construction."""

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
        type_, array = self.random.choice(SHARED)
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


def write_kernel(seed: int) -> tree.Kernel:
    return Writer(seed, f"k{seed}").write()


assert set(INPUTS) == set(STORED)
