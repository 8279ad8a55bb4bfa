"""Writes random expressions: of constants, variables, elements of arrays, operations and calls."""

from __future__ import annotations

from random import Random

import numpy as np

from . import tree
from .operations import BY_RESULT
from .scalars import INTEGERS, SCALARS, STORED, random_value
from .text import tables

SHARED = (("u", "sh_u"), ("c", "sh_c"), ("d", "sh_d"), ("m", "sh_m"))
# What a kernel is made of, by seed: everything, which often needs an engine with a stack for each thread; only what
# threads do alone and barriers, for blocks of any shape; operations of warps too, but not on two sides of a branch.
STYLES = ("all", "plain", "warp", "plain", "warp", "plain")
_NEAR = (1, 1, 2, 3, 31, 32, 100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0, 0xFFFFFF00)
_FACTORS = (1, 2, 3, 5, 8, 0x10001, 0x80000001, 0x9E3779B1, 0xFFFFFFFF)


class Expressions:
    """What can be read where the kernel is being written, and expressions of it."""

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

    def enter(self, writable: list[tuple[str, str]], arrays: list[tuple[str, str, int]],
              readable: list[tuple[str, str]]) -> None:
        self.writable = [tree.Variable(*each) for each in writable]
        self.readable = [tree.Variable(*each) for each in readable]
        self.counters = [each for each in self.readable if each.name in ("c0", "c1", "c2", "c3")]
        self.arrays = arrays
        self.in_kernel, self.result = False, ""

    def locals(self, prefix: str, count: int, must: str) -> list[tuple[str, str]]:
        types = [*must, *(self.random.choice(STORED) for _ in range(count - len(must)))]
        return [(type_, f"{prefix}{number}") for number, type_ in enumerate(types)]

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
        shared = [name for t, name in SHARED if t == type_]
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


def odd_value(type_: str, value: int) -> np.generic:
    kind = SCALARS[type_].dtype
    return np.array([value], np.int64).astype(kind)[0]
