"""Random kernels and what they compute: each program exists as CUDA C++ and as NumPy over all threads at once.

Control flow is evaluated with masks, so a mistake about divergence, barriers or arithmetic shows as a difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

U32, I32, U64, F32, F64 = (np.dtype(one) for one in (np.uint32, np.int32, np.uint64, np.float32, np.float64))
C_NAMES = {U32: "unsigned", I32: "int", U64: "unsigned long long", F32: "float", F64: "double"}
VARIABLES = {U32: ("u0", "u1", "u2"), I32: ("i0", "i1"), U64: ("w0",), F32: ("f0", "f1"), F64: ("d0",)}
FLOATS = (F32, F64)
CELLS = 8
SLOTS = 16  # of each thread's local array


class State:
    """The variables of every thread, and the memory that they share."""

    def __init__(self, seeds: np.ndarray, grid: int, block: int) -> None:
        self.grid, self.block = grid, block
        self.thread = np.tile(np.arange(block, dtype=np.uint32), grid)
        self.cells = np.zeros(CELLS, np.uint32)
        self.values = {
            "u0": seeds.copy(), "u1": seeds * np.uint32(2654435761), "u2": self.thread.copy(),
            "i0": seeds.view(np.int32), "i1": (seeds >> np.uint32(3)).view(np.int32),
            "w0": seeds.astype(np.uint64) << np.uint64(17),
            "f0": (seeds % np.uint32(1000)).astype(np.float32), "f1": self.thread.astype(np.float32),
            "d0": seeds.astype(np.float64) * 0.5,
        }  # fmt: skip
        self.local = np.arange(SLOTS, dtype=np.uint32) * np.uint32(3) + self.thread[:, None]


@dataclass(frozen=True)
class Expression:
    """C text and the same over arrays; values of lanes that do not run it must be harmless."""

    text: str
    kind: np.dtype
    value: Callable[[State], np.ndarray]


Run = Callable[[State, np.ndarray], None]


@dataclass(frozen=True)
class Statement:
    """C lines and the same under a mask of running threads."""

    lines: tuple[str, ...]
    run: Run


class Generator:
    """Writes one program from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0

    # ---- expressions
    def expression(self, kind: np.dtype, depth: int) -> Expression:
        if depth == 0 or self.random.random() < 0.15:
            return self.leaf(kind)
        if kind in FLOATS:
            return self.float_expression(kind, depth)
        choice = self.random.randrange(7)
        if choice == 6 and kind == U32:
            return self.call(depth) if self.random.random() < 0.5 else self.local_read(depth)
        if choice == 0:
            return self.conversion(kind, depth)
        if choice == 1:
            return self.selection(kind, depth)
        if choice == 2:
            return self.shift(kind, depth)
        if choice == 3 and kind in (U32, I32):
            return self.division(kind, depth)
        return self.binary(kind, depth)

    def leaf(self, kind: np.dtype) -> Expression:
        if self.random.random() < 0.3:
            number = self.random.choice([0, 1, 2, 3, 7, 31, 255, 65535, 2**31 - 1])
            text = f"({C_NAMES[kind]}){number}"
            return Expression(text, kind, lambda state: np.full(state.thread.shape, number, kind))
        name = self.random.choice(VARIABLES[kind])
        return Expression(name, kind, lambda state: state.values[name])

    def binary(self, kind: np.dtype, depth: int) -> Expression:
        left, right = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
        operations: list[tuple[str, Callable]] = [
            ("+", np.add), ("-", np.subtract), ("*", np.multiply), ("&", np.bitwise_and), ("|", np.bitwise_or),
            ("^", np.bitwise_xor)]
        sign, apply = self.random.choice(operations)
        if kind == I32:  # signed overflow is undefined in C++: compute unsigned and convert back
            return Expression(f"(int)((unsigned){left.text} {sign} (unsigned){right.text})", kind,
                              lambda state: apply(left.value(state).view(np.uint32),
                                                  right.value(state).view(np.uint32)).view(np.int32))
        return Expression(f"({left.text} {sign} {right.text})", kind,
                          lambda state: apply(left.value(state), right.value(state)))

    def division(self, kind: np.dtype, depth: int) -> Expression:
        left, right = self.expression(kind, depth - 1), self.expression(U32, depth - 1)
        remainder = self.random.random() < 0.5
        divisor = f"({C_NAMES[kind]})(({right.text} & 1023u) + 1u)"

        def value(state: State) -> np.ndarray:
            a = left.value(state).astype(np.int64)
            b = (right.value(state) & np.uint32(1023)).astype(np.int64) + 1
            quotient = np.where(a < 0, -(-a // b), a // b)
            return (a - quotient * b if remainder else quotient).astype(kind)

        return Expression(f"({left.text} {'%' if remainder else '/'} {divisor})", kind, value)

    def shift(self, kind: np.dtype, depth: int) -> Expression:
        left, count = self.expression(kind, depth - 1), self.expression(U32, depth - 1)
        bits = kind.itemsize * 8
        right = self.random.random() < 0.5
        if kind == I32 and not right:
            text = f"(int)((unsigned){left.text} << ({count.text} & 31u))"
        else:
            text = f"({left.text} {'>>' if right else '<<'} ({count.text} & {bits - 1}u))"

        def value(state: State) -> np.ndarray:
            places = (count.value(state) & np.uint32(bits - 1)).astype(kind)
            a = left.value(state)
            return a >> places if right else (a.view(np.uint32) << places.view(np.uint32)).view(
                np.int32) if kind == I32 else a << places

        return Expression(text, kind, value)

    def conversion(self, kind: np.dtype, depth: int) -> Expression:
        source = self.random.choice([one for one in (U32, I32, U64) if one != kind])
        inner = self.expression(source, depth - 1)
        return Expression(f"({C_NAMES[kind]}){inner.text}", kind, lambda state: inner.value(state).astype(kind))

    def selection(self, kind: np.dtype, depth: int) -> Expression:
        truth, yes, no = self.condition(depth - 1), self.expression(kind, depth - 1), self.expression(kind, depth - 1)
        return Expression(f"({truth.text} ? {yes.text} : {no.text})", kind,
                          lambda state: np.where(truth.value(state), yes.value(state), no.value(state)))

    def condition(self, depth: int) -> Expression:
        kind = self.random.choice([U32, I32, U64, F32, F64])
        left, right = self.expression(kind, depth), self.expression(kind, depth)
        sign, apply = self.random.choice([("<", np.less), (">", np.greater), ("==", np.equal), ("!=", np.not_equal),
                                          ("<=", np.less_equal), (">=", np.greater_equal)])
        return Expression(f"({left.text} {sign} {right.text})", np.dtype(bool),
                          lambda state: apply(left.value(state), right.value(state)))

    def float_expression(self, kind: np.dtype, depth: int) -> Expression:
        choice = self.random.randrange(5)
        if choice == 0:
            inner = self.expression(self.random.choice([U32, I32, F64 if kind == F32 else F32]), depth - 1)
            return Expression(f"({C_NAMES[kind]}){inner.text}", kind, lambda state: inner.value(state).astype(kind))
        left, right = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
        if choice == 1:
            name, apply = self.random.choice([("fmin", np.fmin), ("fmax", np.fmax)])
            suffix = "f" if kind == F32 else ""
            return Expression(f"{name}{suffix}({left.text}, {right.text})", kind,
                              lambda state: apply(left.value(state), right.value(state)))
        sign, apply = self.random.choice([("+", np.add), ("-", np.subtract), ("*", np.multiply)])
        return Expression(f"({left.text} {sign} {right.text})", kind,
                          lambda state: apply(left.value(state), right.value(state)))

    def call(self, depth: int) -> Expression:
        """A function that is not inlined."""
        a, b = self.expression(U32, depth - 1), self.expression(U32, depth - 1)

        def value(state: State) -> np.ndarray:
            x, y = a.value(state), b.value(state)
            return np.where(x > y, x * np.uint32(3) + y, x ^ (y >> np.uint32(2)))

        return Expression(f"mixed({a.text}, {b.text})", U32, value)

    def local_read(self, depth: int) -> Expression:
        place = self.expression(U32, depth - 1)

        def value(state: State) -> np.ndarray:
            places = (place.value(state) % np.uint32(SLOTS)).astype(np.int64)
            return np.take_along_axis(state.local, places[:, None], axis=1)[:, 0]

        return Expression(f"local[({place.text}) % {SLOTS}u]", U32, value)

    # ---- statements
    def assignment(self) -> Statement:
        kind = self.random.choice([U32, U32, I32, U64, F32, F64])
        name, source = self.random.choice(VARIABLES[kind]), self.expression(kind, 3)

        def run(state: State, mask: np.ndarray) -> None:
            state.values[name] = np.where(mask, source.value(state), state.values[name])

        return Statement((f"{name} = {source.text};",), run)

    def branch(self, depth: int) -> Statement:
        truth, yes, no = self.condition(2), self.block(depth - 1, False), self.block(depth - 1, False)

        def run(state: State, mask: np.ndarray) -> None:
            chosen = truth.value(state)
            yes.run(state, mask & chosen)
            no.run(state, mask & ~chosen)

        return Statement((f"if ({truth.text}) {{", *indent(yes), "} else {", *indent(no), "}"), run)

    def loop(self, depth: int, uniform: bool) -> Statement:
        self.loops += 1
        counter = f"k{self.loops}"
        body = self.block(depth - 1, uniform)
        limit = self.leaf(U32) if not uniform else Expression("blockIdx.x", U32, lambda state: np.repeat(
            np.arange(state.grid, dtype=np.uint32), state.block))
        leave = self.condition(1) if not uniform and self.random.random() < 0.5 else None
        begin = f"unsigned {counter} = 0, n{counter} = ({limit.text}) % 5u"
        lines = [f"for ({begin}; {counter} < n{counter}; ++{counter}) {{", *indent(body)]
        if leave:
            lines.append(f"    if ({leave.text}) break;")

        def run(state: State, mask: np.ndarray) -> None:
            times = limit.value(state) % np.uint32(5)
            running = mask
            for count in range(5):
                running = running & (count < times)
                if not running.any():
                    return
                body.run(state, running)
                if leave:
                    running = running & ~leave.value(state)

        return Statement((*lines, "}"), run)

    def exchange(self) -> Statement:
        """Through shared memory, between two barriers."""
        source, target = self.random.choice(VARIABLES[U32]), self.random.choice(VARIABLES[U32])
        by = self.random.randrange(1, 200)

        def run(state: State, mask: np.ndarray) -> None:
            rows = state.values[source].reshape(state.grid, state.block)
            moved = np.roll(rows, -(by % state.block), axis=1).ravel()
            state.values[target] = np.where(mask, moved, state.values[target])

        return Statement((f"shared[threadIdx.x] = {source};", "__syncthreads();",
                          f"{target} = shared[(threadIdx.x + {by}u) % blockDim.x];", "__syncthreads();"), run)

    def warp_operation(self) -> Statement:
        """A shuffle or a vote of whole warps."""
        source, target = self.random.choice(VARIABLES[U32]), self.random.choice(VARIABLES[U32])
        bits = self.random.randrange(32)
        vote = self.random.random() < 0.4
        call = f"__ballot_sync(FULL, {source} & 1u)" if vote else f"__shfl_xor_sync(FULL, {source}, {bits})"
        text = call.replace("FULL", "0xffffffffu")

        def run(state: State, mask: np.ndarray) -> None:
            rows = state.values[source].reshape(-1, 32)
            if vote:
                words = ((rows & 1) << np.arange(32, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
                moved = np.repeat(words, 32)
            else:
                moved = rows[:, np.arange(32) ^ bits].ravel()
            state.values[target] = np.where(mask, moved, state.values[target])

        return Statement((f"{target} = {text};",), run)

    def local_write(self) -> Statement:
        place, what = self.expression(U32, 1), self.expression(U32, 2)

        def run(state: State, mask: np.ndarray) -> None:
            places = (place.value(state) % np.uint32(SLOTS)).astype(np.int64)
            values = what.value(state)
            state.local[np.flatnonzero(mask), places[mask]] = values[mask]

        return Statement((f"local[({place.text}) % {SLOTS}u] = {what.text};",), run)

    def accumulation(self) -> Statement:
        where, what = self.leaf(U32), self.expression(U32, 2)

        def run(state: State, mask: np.ndarray) -> None:
            places = (where.value(state) % np.uint32(CELLS)).astype(np.int64)
            np.add.at(state.cells, places[mask], what.value(state)[mask])

        return Statement((f"atomicAdd(&cells[({where.text}) % {CELLS}u], {what.text});",), run)

    def block(self, depth: int, uniform: bool) -> Statement:
        statements = [self.statement(depth, uniform) for _ in range(self.random.randrange(1, 4))]

        def run(state: State, mask: np.ndarray) -> None:
            for statement in statements:
                statement.run(state, mask)

        return Statement(tuple(line for statement in statements for line in statement.lines), run)

    def statement(self, depth: int, uniform: bool) -> Statement:
        roll = self.random.random()
        if uniform and roll < 0.35:
            return self.exchange() if roll < 0.2 else self.warp_operation()
        if depth > 0 and roll < 0.55:
            return self.branch(depth)
        if depth > 0 and roll < 0.7:
            return self.loop(depth, uniform and self.random.random() < 0.5)
        if roll < 0.78:
            return self.accumulation()
        return self.local_write() if roll < 0.84 else self.assignment()

    def program(self) -> tuple[str, Statement]:
        """The kernel's source and its meaning."""
        body = [self.statement(3, True) for _ in range(8)]
        names = [(C_NAMES[kind], name) for kind, group in VARIABLES.items() for name in group]
        lines = ["unsigned i = blockIdx.x * blockDim.x + threadIdx.x;", "unsigned u0 = seeds[i];",
                 "unsigned u1 = u0 * 2654435761u, u2 = threadIdx.x;", "int i0 = (int)u0, i1 = (int)(u0 >> 3);",
                 "unsigned long long w0 = (unsigned long long)u0 << 17;",
                 "float f0 = (float)(u0 % 1000u), f1 = (float)threadIdx.x;", "double d0 = u0 * 0.5;",
                 f"unsigned local[{SLOTS}];", f"for (unsigned k = 0; k < {SLOTS}; ++k) local[k] = k * 3 + threadIdx.x;",
                 *(line for statement in body for line in statement.lines),
                 *(f"{name}_out[i] = {name};" for _, name in names)]
        parameters = ", ".join(["const unsigned *seeds", "unsigned *cells", *(f"{c} *{n}_out" for c, n in names)])
        text = "\n".join(f"    {line}" for line in lines)
        source = ("__device__ __noinline__ unsigned mixed(unsigned x, unsigned y)\n"
                  "{\n    return x > y ? x * 3u + y : x ^ (y >> 2);\n}\n\n"
                  f'extern "C" __global__ void generated({parameters})\n{{\n    __shared__ unsigned shared[1024];\n'
                  f"{text}\n}}\n")

        def run(state: State, mask: np.ndarray) -> None:
            for statement in body:
                statement.run(state, mask)

        return source, Statement((), run)


def indent(statement: Statement) -> Iterator[str]:
    return (f"    {line}" for line in statement.lines)


def outputs() -> list[tuple[str, np.dtype]]:
    """The variables in the order of the kernel's parameters."""
    return [(name, kind) for kind, group in VARIABLES.items() for name in group]
