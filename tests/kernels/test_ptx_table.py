"""Every instruction of the table of PTX, as inline PTX, in both engines, against ptx_model.py; edge values included."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import ptx_model as model
import pytest
from engines import ENGINES, engine_of
from ptx_float_rows import convert_rows, float_rows, narrow_rows
from ptx_integer_rows import M32, M64, Row, integer_rows, word_rows

from compatlayer import Device, LaunchConfig, Program, launch

COUNT = 600
ROWS = [*integer_rows(), *word_rows(), *float_rows(), *convert_rows(), *narrow_rows()]
EDGES = {
    "int": [0, 1, 2, 3, 7, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, M32,
            M32 - 1, 2**32, 2**63 - 1, 2**63, M64, 0x123456789ABCDEF0, 0x00FF00FF80017FFF, M64 - 2**32, 16777217,
            2**53 + 1, 2**54 - 1, 2**62 + 2**37 + 1, 0xFFFFFF8000000001],
    "small": [0, 1, 2, 5, 8, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 100, 255, 256, 257, M32, M64, 2**63 | 7, 2**31],
    "f32": [0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x3F800000, 0xBF800000, 0x3F000000, 0x3FC00000,
            0x40200000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x4F000000, 0xCF000000, 0x4EFFFFFF,
            0x4B000001, 0x5F000000, 0x33800000, 0x3F7FFFFF, 0x477FE000, 0x477FF000, 0x38800000, 0x33000000, 0x33000001,
            0x3F801000, 0x3F803000, 0x3F808000, 0x3F818000, 0xC2FF0000, 0x42FE8000, 0x43000000],
    "f64": [0, 2**63, 1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x3FF0000000000000, 0xBFF0000000000000,
            0x3FE0000000000000, 0x3FF8000000000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000,
            0x7FF8000000000000, 0x41E0000000000000, 0xC1E0000000200000, 0x43E0000000000000, 0x3810000000000000,
            0x36A0000000000000, 0x3690000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x3FF0000010000000,
            0x3FF0020000000001, 0x3FF0020000000000, 0x3FF0060000000000, 0x40EFFDFFFFFFFFFF, 0x40EFFE0000000000],
    "f16": [0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x3C00, 0xBC00, 0x3800, 0x3E00, 0x4100, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00,
            0x7E00, 0x3555, 0x5BFF, 0x7800, 0x63FF],
    "bf16": [0, 0x8000, 1, 0x8001, 0x7F, 0x80, 0x3F80, 0xBF80, 0x3F00, 0x3FC0, 0x4020, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80,
             0x7FC0, 0x3EAB, 0x4F00],
}  # fmt: skip
EDGES["f16x2"] = [a << 16 | b for a, b in itertools.product(EDGES["f16"][::2], EDGES["f16"][::3])]
EDGES["bf16x2"] = [a << 16 | b for a, b in itertools.product(EDGES["bf16"][::2], EDGES["bf16"][::3])]
EDGES["eight"] = [each << 31 | at for each in (0, 1) for at in (
    0, 1, 0x7F800000, 0x7FC00000, 0x3F800000, 0x43E00000, 0x43E80000, 0x43F00000, 0x47600000, 0x47700000, 0x3C800000,
    0x3C780000, 0x3B000000, 0x3AFFFFFF, 0x3A800000, 0x3A800001, 0x37000000, 0x37800000, 0x38800000, 0x3F880000,
    0x3F980000, 0x3F900000, 0x3FB00000)]
EDGES["moderate"] = [0, 0x80000000, 0x3F800000, 0xBF800000, 0x3F490FDB, 0x40490FDB, 0x42C80000, 0xC2C80000]
WIDTHS = {"int": 64, "small": 64, "f32": 32, "f64": 64, "f16": 16, "bf16": 16, "f16x2": 32, "bf16x2": 32,
          "moderate": 0, "eight": 0}
TYPES = {"h": "unsigned short", "r": "unsigned", "l": "unsigned long long", "f": "float", "d": "double"}
FROM = {"h": "(unsigned short)({})", "r": "(unsigned)({})", "l": "{}", "f": "__uint_as_float((unsigned)({}))",
        "d": "__longlong_as_double({})"}
INTO = {"h": "{}", "r": "{}", "l": "{}", "f": "__float_as_uint({})", "d": "__double_as_longlong({})"}
BITS = {"h": 16, "r": 32, "l": 64, "f": 32, "d": 64}
GROUP = 24


def inputs(pool: str) -> np.ndarray:
    """Four columns: edges against each other first, then anything."""
    random = np.random.default_rng(len(pool))
    edges = np.array(EDGES[pool], np.uint64)
    columns = [random.choice(edges, COUNT) for _ in range(4)]
    some = min(len(edges) ** 2, COUNT // 2)
    pairs = np.array(list(itertools.product(edges, edges)), np.uint64)
    columns[0][:some], columns[1][:some] = random.permutation(pairs)[:some].T
    bits = WIDTHS[pool]
    fresh = random.integers(0, 2**64, (4, COUNT), np.uint64)
    if pool in ("moderate", "eight"):
        fresh = random.uniform(-8, 8, (4, COUNT)).astype(np.float32).view(np.uint32).astype(np.uint64)
    elif bits < 64:
        fresh &= np.uint64((1 << bits) - 1)
    elif pool == "small":
        fresh[1:] %= np.uint64(80)
    quarter = COUNT // 4
    for column, values in zip(columns, fresh, strict=True):
        column[-quarter:] = values[-quarter:]
    return np.ascontiguousarray(np.array(columns))


def source(rows: Sequence[Row]) -> str:
    parts = []
    for number, row in enumerate(rows):
        out, *given = row.letters
        columns = "abcd"
        operands = ", ".join(f'"{letter}"({FROM[letter].format(f"{columns[at]}[i]")})'
                             for at, letter in enumerate(given))
        parts.append(f'  {{ {TYPES[out]} o; asm("{row.text}" : "={"&" if ";" in row.text[:-1] else ""}{out}"(o) : '
                     f"{operands}); out[{number} * n + i] = {INTO[out].format('o')}; }}\n")
    return ('extern "C" __global__ void k(const unsigned long long *a, const unsigned long long *b, const unsigned '
            "long long *c, const unsigned long long *d, unsigned long long *out, int n) {\n"
            "  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= n) return;\n" + "".join(parts) + "}\n")


def groups() -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        found.setdefault(row.pool, []).append(row)
    return [(pool, rows[at : at + GROUP]) for pool, rows in found.items() for at in range(0, len(rows), GROUP)]


def is_nan(value: model.Number) -> bool:
    return isinstance(value, float) and math.isnan(value)


def agree(row: Row, got: int, wanted: int) -> bool:
    bits = BITS[row.letters[0]]
    mask = (1 << bits) - 1
    got &= mask
    if row.result is None:
        return got == wanted & mask
    value = model.decode(got, row.result)
    nan = is_nan(value)
    if wanted == -1 or nan:
        return nan and (wanted == -1 or is_nan(model.decode(wanted, row.result)))
    wanted &= mask
    if got == wanted:
        return True
    other = model.decode(wanted, row.result)
    if not row.ulps or model.is_special(value, other):
        return False
    return abs(model.Fraction(value) - model.Fraction(other)) <= max(
        row.ulps * abs(model.Fraction(other)) / 2**23, model.Fraction(1, 2**22))


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    made = Device(0)
    yield made
    made.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("group", groups(), ids=lambda group: group[1][0].text.split()[0].strip("{"))
def test_instructions_give_what_their_model_gives(group: tuple[str, list[Row]], engine: str, device: Device) -> None:
    pool, rows = group
    given = inputs(pool)
    program = Program(device, source(rows), name="table.cu")
    buffers = [device.upload(column) for column in given]
    out = device.upload(np.zeros(len(rows) * COUNT, np.uint64))
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((-(-COUNT // 64),), (64,)), program.kernel("k"), *buffers, out,
               np.int32(COUNT))
    device.default_stream.synchronize()
    results = out.copy_to().reshape(len(rows), COUNT)
    wrong = []
    for row, found in zip(rows, results, strict=True):
        widths = [(1 << BITS[letter]) - 1 for letter in row.letters[1:]]
        for index in range(COUNT):
            operands = [int(given[at, index]) & mask for at, mask in enumerate(widths)]
            wanted = row.model(*operands)
            if not agree(row, int(found[index]), wanted):
                wrong.append(f"{row.text} of {[hex(each) for each in operands]}: {int(found[index]):#x}, "
                             f"not {wanted & (1 << BITS[row.letters[0]]) - 1:#x}")
                break
    for each in (*buffers, out):
        each.close()
    program.close()
    assert not wrong, "\n".join(wrong)


def test_the_table_is_long() -> None:
    assert len(ROWS) > 400
