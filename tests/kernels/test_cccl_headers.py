"""Something out of each public header of cuda::std and cuda that is for kernels, in both engines, against Python."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cccl_runner import FOLDER, headers, runners
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

HOST_ONLY = {  # headers with which hosts ask for memory, streams and devices; not for kernels
    "argument", "buffer", "devices", "launch", "logical_endpoint", "memory_pool", "memory_resource", "stream",
    "stream_ref"}
ELSEWHERE = {"atomic", "barrier", "latch", "pipeline", "semaphore"}  # in waiting.cu
UNDOCUMENTED = {"execution", "fpemu", "fpmp", "fpmp_math", "fptool", "random", "simd", "std", "tma", "work_stealing"}
pytestmark = [pytest.mark.timeout(300),
              pytest.mark.skipif(headers() is None, reason="the cuda-cccl wheel is not installed")]


def values(x: list[int]) -> list[float]:
    first = next((each for each in x if each > 0), None)
    kind = x[0] % 3
    root = math.isqrt(x[1]) if x[1] >= 0 else -ord("n")
    digits = str(x[3])
    return [first if first is not None else -1, 2 * first if first is not None else 0, kind,
            (x[0], x[0] / 4, x[0] + ord("c"))[kind], root, 21, min(x), max(x), 1 + (x[2] % 2**32).bit_count(), 406,
            len(digits), x[3], 1000 * x[4] + 60000, 2, 32767 + math.pi + 2.0**-23 + 8,
            (math.fmod(x[0], 1000)**2 + math.fmod(x[1], 1000)**2)**2, 3]


def algorithms(x: list[int]) -> list[float]:
    order = sorted(x)
    sums = np.cumsum(x).tolist()
    turned = sums[3:] + sums[:3]
    odd = [each for each in x if each % 2]
    close = math.fmod(x[0], 1000)
    draw = (abs(x[5]) or 1) * 48271**2 % (2**31 - 1)
    return [*order, order.index(x[0]), sum(x), sum(a * b for a, b in zip(x, order, strict=True)),
            1 + sum(each * each % 7 for each in x), sums[7], turned[0], sum(each % 2 == 0 for each in sums),
            math.gcd(x[0], x[1]), math.floor((close + 8) / 2) if close <= 8 else math.ceil((close + 8) / 2), len(odd),
            sum(odd), x.index(order[0]), 8, 6, x[6] + 40, x[5], x[6], draw, 1, 0, x[0] + 3]


def extensions(x: list[int], lane: int, rank: int, neighbour: int) -> list[float]:
    near, word = abs(x[0]) % 100000, x[3] % 2**32
    return [-(-near // 7), -(-near // 8) * 8, (abs(x[1]) + 1).bit_length() - 1, math.isqrt(abs(x[1])),
            (abs(x[2]) + 1).bit_count() == 1, 0xFF0, int(f"{word:032b}"[::-1], 2),
            word.bit_count() + 100 * (32 - word.bit_length()) + 10000 * (x[4] % 2**32).bit_length(), max(x[0], x[1]),
            x[0] - 1, 52, 0, abs(x[0]) // 7, 1, 1, x[6], lane, neighbour, rank]


@settings(max_examples=6, deadline=None, phases=[Phase.generate])  # a seed does not shrink
@given(seed=st.integers(0, 2**32 - 1), extreme=st.sampled_from((1, 40, 10000)))
def test_headers_do_what_python_does(seed: int, extreme: int) -> None:
    data = np.random.default_rng(seed).integers(-extreme, extreme + 1, (128, 8), np.int32)
    rows = data.tolist()
    wanted = [[*values(x), *algorithms(x), *extensions(x, i % 32, i % 64, rows[i ^ 1][7])] for i, x in enumerate(rows)]
    width = len(wanted[0]) + 1
    for run in runners():
        program = run.program("headers", standard="c++20")
        out = run(program, "uses", (2, 64), data, np.zeros((128, width)), np.int32(width))[1]
        assert (out[:, -1] == width - 1).all()
        for place in range(width - 1):
            np.testing.assert_array_equal(out[:, place], [row[place] for row in wanted], err_msg=f"{place}")


def test_each_header_is_tried() -> None:
    place = headers()
    assert place is not None
    text = (FOLDER / "headers.cu").read_text()
    for folder in ("cuda", "cuda/std"):
        names = {each.name for each in (Path(place) / folder).iterdir()
                 if each.is_file() and each.name.isidentifier() and each.name[0] != "_"}
        left = {name for name in names if f"<{folder}/{name}>" not in text}
        allowed = ELSEWHERE | (HOST_ONLY | UNDOCUMENTED if folder == "cuda" else set())
        assert left <= allowed, left - allowed
