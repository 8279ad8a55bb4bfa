"""Random CUDA kernels full of loops, gotos, switches and early returns, which structured programs leave out.

Jumps go forward to a label that stands later in an enclosing block, or back to the head of an enclosing loop, so no
loop is entered but at its head. Fuel ends every loop.
"""

from __future__ import annotations

from random import Random

KERNELS = 6  # in one module


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.labels = 0
        self.lines: list[str] = []

    def label(self) -> str:
        self.labels += 1
        return f"L{self.labels}"

    def value(self) -> str:
        return self.random.choice(("a", "b", "c", "d", "in[(a + t) & 31]", str(self.random.randint(-9, 9))))

    def assignment(self) -> str:
        target = self.random.choice("abcd")
        return f"{target} = {self.value()} {self.random.choice('+-*^&|')} {self.value()};"

    def condition(self) -> str:
        return f"({self.value()} {self.random.choice('+^')} {self.value()}) % {self.random.randint(2, 5)} " \
               f"{self.random.choice(('== 0', '!= 0', '< 1', '> 0'))}"

    def jump(self, forward: list[str], heads: list[str]) -> str:
        """A way out of where we are."""
        choices = [f"goto {each};" for each in forward] + [f"goto {each};" for each in heads[-2:]]
        choices += ["goto END;", "return;"]
        return self.random.choice(choices[:6] + ["goto END;"])

    def block(self, depth: int, forward: list[str], heads: list[str]) -> None:
        """Statements; labels later in this block may be jumped to from before them."""
        own: list[str] = []
        for _ in range(self.random.randint(2, 4)):
            later = self.label()
            self.statement(depth, [*forward, later], heads)
            self.lines.append(f"{later}: {self.assignment()}")
            own.append(later)

    def statement(self, depth: int, forward: list[str], heads: list[str]) -> None:
        kind = self.random.randint(0, 7) if depth else 0
        if kind <= 1:
            self.lines.append(self.assignment())
            if self.random.random() < 0.6:
                self.lines.append(f"if ({self.condition()}) {self.jump(forward, heads)}")
        elif kind <= 3:
            self.lines.append(f"if ({self.condition()}) {{")
            self.block(depth - 1, forward, heads)
            self.lines.append("} else {")
            self.block(depth - 1, forward, heads)
            self.lines.append("}")
        elif kind <= 5:
            head = self.label()
            self.lines.append(f"{head}: if (--fuel < 0) goto END;")
            self.block(depth - 1, forward, [*heads, head])
            self.lines.append(f"if ({self.condition()}) goto {head};")
        elif kind == 6:
            self.lines.append(f"switch ((unsigned)({self.value()} ^ {self.value()}) % 13u) {{")
            for case in self.random.sample(range(13), self.random.randint(2, 9)):
                self.lines.append(f"case {case}: {self.assignment()} {self.random.choice(('', 'break;', 'break;'))}")
                if self.random.random() < 0.3:
                    self.lines.append(self.jump(forward, heads))
            self.lines.append(f"default: {self.assignment()} }}")
        else:
            self.lines.append(f"b = helper(a, {self.value()}, in);")

    def kernel(self, name: str) -> str:
        self.lines = []
        self.block(3, [], [])
        body = "\n  ".join(self.lines)
        return f"""
extern "C" __global__ void {name}(const int *in, int *out)
{{
  int t = threadIdx.x, a = in[t & 31], b = t, c = 1, d = in[(t + 7) & 31], fuel = 40;
  {body}
END:
  out[4 * t] = a; out[4 * t + 1] = b; out[4 * t + 2] = c ^ d; out[4 * t + 3] = fuel;
}}"""


HELPER = """
struct Some { int x, y; float4 f; };
__device__ __noinline__ Some make(int a, int b)
{
    Some s = {a, b, make_float4(a, b, 1.f, 2.f)};
    if (a & 1) s.x = b;
    if (a > b) return s;
    s.y ^= 5;
    return s;
}
__device__ __noinline__ int helper(int a, int b, const int *in)
{
    int local[8];
    for (int i = 0; i < 8; i++) {
        local[i] = in[(a + i) & 31];
        if (local[i] % 5 == 0) break;
        local[i] += i;
    }
    Some s = make(a, b);
    switch (b & 7) {
    case 0: return s.x;
    case 3: return local[0];
    case 5: a += 3;
    case 6: a *= 2; break;
    }
    return a - s.y;
}
"""


def source(seed: int) -> str:
    """A module of KERNELS kernels, k0 and so on."""
    writer = _Writer(Random(seed))
    return HELPER + "".join(writer.kernel(f"k{number}") for number in range(KERNELS))
