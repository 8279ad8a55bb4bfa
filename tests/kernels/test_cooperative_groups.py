"""Cooperative groups (groups.cu) in both engines against a model in NumPy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import compatlayer
from compatlayer import CompileError, CudaError, Device, LaunchConfig, Program, launch

GRID = 2
SIZES = (1, 2, 4, 8, 16, 32)
WIDE_SIZES = (64, 128, 512)
WIDE = np.dtype([("a", "f8"), ("b", "i4"), ("c", "i2"), ("d", "u1", 10)], align=True)
TINY = np.dtype([("a", "u1"), ("b", "u1"), ("c", "u1")])
LINE = np.dtype([("slope", "i8"), ("offset", "i8")])
TYPES = {"int": np.int32, "unsigned char": np.uint8, "short": np.int16, "long long": np.int64, "float": np.float32,
         "double": np.float64, "Wide": WIDE, "Tiny": TINY}
NUMBERS = ("int", "unsigned int", "short", "long long", "unsigned long long", "float", "double")
ARRAYS = {**TYPES, "unsigned int": np.uint32, "unsigned long long": np.uint64}
seeds = st.integers(0, 2**32 - 1)
SOURCE = Path(__file__).with_name("groups.cu")
EXPRESSIONS = [
    *(f"exchange<{type_}, {size}>" for type_ in TYPES for size in (SIZES if type_ == "int" else (8, 32))),
    *(f"votes<{size}>" for size in SIZES), *(f"totals_of_tiles<int, {size}>" for size in SIZES),
    *(f"totals_of_tiles<{type_}, {size}>" for type_ in NUMBERS if type_ != "int" for size in (8, 32)),
    *(f"totals_of_tiles<{type_}, {size}>" for type_ in ("int", "double") for size in WIDE_SIZES),
    *(f"totals_of_labels<{type_}>" for type_ in NUMBERS),
    *(f"bits_of_tiles<{type_}, {size}>" for type_ in ("int", "unsigned long long") for size in (4, 32)),
    *(f"lines_of_tiles<{size}>" for size in (4, 32, 128)), *(f"wide<{size}>" for size in WIDE_SIZES),
    *(f"updates<{size}>" for size in (8, 32, 64)), *(f"copies<{type_}>" for type_ in ("unsigned char", "double")),
]  # fmt: skip
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

pytestmark = pytest.mark.timeout(240)


class Runner:
    """Launches kernels of groups.cu in one engine."""

    def __init__(self, device: Device, engine: str) -> None:
        self.device, self.engine = device, engine
        self.program = Program(device, SOURCE.read_text(), name=SOURCE.name, name_expressions=EXPRESSIONS)

    def __call__(self, name: str, block: int | Sequence[int], *arguments: object, grid: int | Sequence[int] = GRID,
                 shared: int = 0, cooperative: bool = False) -> list[np.ndarray]:
        """Arrays are buffers, numbers go by value; the contents of all buffers afterwards."""
        buffers = [self.device.upload(np.ascontiguousarray(each).view(np.uint8)) if isinstance(each, np.ndarray)
                   else each for each in arguments]
        with engine_of(self.device, self.engine):
            config = LaunchConfig(grid, block, shared, cooperative)
            launch(self.device.default_stream, config, self.program.kernel(name), *buffers)
        self.device.default_stream.synchronize()
        contents = [each.copy_to().view(np.uint8)[:given.nbytes].view(given.dtype).reshape(given.shape)
                    for each, given in zip(buffers, arguments, strict=True) if isinstance(given, np.ndarray)]
        for each in buffers:
            if isinstance(each, compatlayer.Buffer):
                each.close()
        return contents


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Runner]:
    device = Device(0)
    runner = Runner(device, request.param)
    yield runner
    runner.program.close()
    device.close()


def random(seed: int, count: int, type_: str) -> np.ndarray:
    """Values whose sums are exact in any order."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(ARRAYS[type_])
    if dtype.fields:
        return rng.integers(0, 100, (count, dtype.itemsize), np.uint8).view(dtype)[:, 0]
    if dtype.kind == "f":
        return (rng.integers(-4000, 4000, count) / 8).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, count, dtype, endpoint=True)


def same(got: np.ndarray, wanted: object, what: object = "") -> None:
    wanted = np.asarray(wanted)
    assert got.shape == wanted.shape, what
    if got.dtype.fields:
        for field in got.dtype.names or ():
            same(got[field], wanted[field], (what, field))
    else:
        np.testing.assert_array_equal(got, wanted.astype(got.dtype), err_msg=str(what))


@pytest.mark.parametrize("type_", TYPES)
@few
@given(seed=seeds, warps=st.sampled_from((1, 3)))
def test_tiles_exchange_values_of_any_type(run: Runner, type_: str, seed: int, warps: int) -> None:
    count = GRID * warps * 32
    data = random(seed, count, type_)
    pick = np.random.default_rng(seed).integers(0, 32, count, np.int32)
    by, me = np.repeat(pick[::32], 32), np.arange(count)
    for size in SIZES if type_ == "int" else (8, 32):
        first = me // size * size
        sources = [first + pick % size, np.where(me - by >= first, me - by, me),
                   np.where(me + by < first + size, me + by, me), me ^ by % size]
        out = run(f"exchange<{type_}, {size}>", warps * 32, data, pick, np.zeros(4 * count, data.dtype))[2]
        same(out.reshape(count, 4), data[np.stack(sources, 1)], size)


@few
@given(seed=seeds)
def test_tiles_vote_and_match(run: Runner, seed: int) -> None:
    block = 64
    data = np.random.default_rng(seed).integers(0, 4, GRID * block, np.int32)
    data[: block // 2] = 1
    for size in SIZES:
        rows = data.reshape(-1, size)
        bits = 1 << np.arange(size, dtype=np.uint64)
        equal = ((rows[:, :, None] == rows[:, None, :]) * bits).sum(2).ravel()
        agree = (rows > 0).all(1) | (rows <= 0).all(1)
        rank, part = np.arange(data.size) % size, np.arange(data.size) % block // size

        def each(values: np.ndarray, size: int = size) -> np.ndarray:
            return np.repeat(values, size)

        wanted = [each((rows > 2).any(1)), each((rows > 0).all(1)), each(((rows & 1) * bits).sum(1)), equal,
                  each(agree * bits.sum()), each(agree), rank + 100 * part + 10000 * (block // size) + 1000000]
        got = run(f"votes<{size}>", block, data, np.zeros(7 * data.size, np.uint32))[1]
        same(got.reshape(-1, 7), np.stack([np.asarray(one, np.uint64) for one in wanted], 1), size)


def totals(row: np.ndarray) -> np.ndarray:
    """What totals() of groups.cu gives for the members of one group, in the order of their ranks."""
    with np.errstate(over="ignore"):
        sums = np.cumsum(row, dtype=row.dtype)
        return np.stack([np.full_like(row, sums[-1]), np.full_like(row, row.min()), np.full_like(row, row.max()), sums,
                         np.concatenate([sums[:1] * 0, sums[:-1]]), np.maximum.accumulate(row),
                         np.full_like(row, row.max())], 1)


@pytest.mark.parametrize("type_", NUMBERS)
@few
@given(seed=seeds)
def test_tiles_reduce_and_scan_numbers(run: Runner, type_: str, seed: int) -> None:
    block = 96
    data = random(seed, GRID * block, type_)
    for size in SIZES if type_ == "int" else (8, 32):
        out = run(f"totals_of_tiles<{type_}, {size}>", block, data, np.zeros((data.size, 7), data.dtype))[1]
        same(out, np.concatenate([totals(row) for row in data.reshape(-1, size)]), size)


@pytest.mark.parametrize("type_", ("int", "double"))
@few
@given(seed=seeds)
def test_tiles_of_several_warps_reduce_and_scan(run: Runner, type_: str, seed: int) -> None:
    for size, block in ((64, 64), (64, 1024), (128, 256), (512, 1024)):
        data = random(seed, GRID * block, type_)
        out = run(f"totals_of_tiles<{type_}, {size}>", block, data, np.zeros((data.size, 7), data.dtype))[1]
        same(out, np.concatenate([totals(row) for row in data.reshape(-1, size)]), (size, block))


@pytest.mark.parametrize("type_", NUMBERS)
@few
@given(seed=seeds, block=st.sampled_from((1, 31, 33, 64)))
def test_labelled_groups_reduce_and_scan_numbers(run: Runner, type_: str, seed: int, block: int) -> None:
    data = random(seed, GRID * block, type_)
    label = np.random.default_rng(seed).integers(-1, 4, data.size, np.int32)
    out = run(f"totals_of_labels<{type_}>", block, data, label, np.zeros((data.size, 7), data.dtype))[2]
    wanted = np.zeros_like(out)
    for members in by_label(label, block):
        wanted[members] = totals(data[members])
    same(out, wanted)


def by_label(label: np.ndarray, block: int) -> Iterator[np.ndarray]:
    """The members of each group of equal labels (0 and up) within a warp."""
    warp = np.arange(label.size) // block * 1000 + np.arange(label.size) % block // 32
    for one in np.unique(warp):
        for value in np.unique(label[(warp == one) & (label >= 0)]):
            yield np.flatnonzero((warp == one) & (label == value))


@few
@given(seed=seeds)
def test_tiles_reduce_bits(run: Runner, seed: int) -> None:
    for type_ in ("int", "unsigned long long"):
        data = random(seed, GRID * 64, type_) | random(seed + 1, GRID * 64, type_)
        for size in (4, 32):
            rows = data.reshape(-1, size)
            wanted = np.stack([function.reduce(rows, axis=1) for function in
                               (np.bitwise_and, np.bitwise_or, np.bitwise_xor)], 1)
            out = run(f"bits_of_tiles<{type_}, {size}>", 64, data, np.zeros((data.size, 3), data.dtype))[1]
            same(out, np.repeat(wanted, size, axis=0), (type_, size))


def composed(lines: np.ndarray) -> np.ndarray:
    scan = lines.copy()
    for i in range(1, len(scan)):
        scan["slope"][i] = scan["slope"][i - 1] * lines["slope"][i]
        scan["offset"][i] = scan["offset"][i - 1] * lines["slope"][i] + lines["offset"][i]
    shifted = np.zeros_like(scan)
    shifted[1:] = scan[:-1]
    return np.stack([np.repeat(scan[-1:], len(scan)), scan, shifted], 1)


@few
@given(seed=seeds)
def test_operations_are_applied_in_the_order_of_the_ranks(run: Runner, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = np.zeros(GRID * 256, LINE)
    with np.errstate(over="ignore"):
        data["slope"], data["offset"] = rng.integers(-9, 9, data.size), rng.integers(-9, 9, data.size)
        for size in (4, 32, 128):
            out = run(f"lines_of_tiles<{size}>", 256, data, np.zeros((data.size, 3), LINE))[1]
            same(out, np.concatenate([composed(row) for row in data.reshape(-1, size)]), size)
        label = rng.integers(0, 3, data.size, np.int32)
        out = run("lines_of_labels", 256, data, label, np.zeros((data.size, 3), LINE))[2]
        wanted = np.zeros_like(out)
        for members in by_label(label, 256):
            wanted[members] = composed(data[members])
        same(out, wanted)


@few
@given(seed=seeds, block=st.sampled_from((1, 31, 33, 64, 100)))
def test_threads_that_run_together_are_a_group(run: Runner, seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    data, pick = rng.integers(-60, 60, GRID * block, np.int32), rng.integers(0, 32, GRID * block, np.int32)
    out = run("coalesced", block, data, pick, np.zeros((data.size, 12), np.int32))[2]
    wanted = np.zeros_like(out)
    for start in (at + first for at in range(0, data.size, block) for first in range(0, block, 32)):
        stop = min(start + 32, start // block * block + block)
        members = start + np.flatnonzero(np.fmod(data[start:stop], 3))
        if members.size:
            wanted[members] = together(data[members], pick[members], pick[start // block * block + (start % block)])
    same(out, wanted, block)


def together(row: np.ndarray, pick: np.ndarray, by: int) -> np.ndarray:
    count = len(row)
    me = np.arange(count)
    bits = 1 << np.arange(count, dtype=np.uint64)
    kind, positive = np.fmod(row, 3), row > 0
    agree = positive.all() or not positive.any()
    yes = [int(positive[:i].sum()) for i in me]
    half_rank = np.where(positive, yes, me - yes)
    half_size = np.where(positive, positive.sum(), count - positive.sum())
    columns = [np.full(count, count), me, row[pick % count], row[np.where(me >= by, me - by, me)],
               row[np.where(me + by < count, me + by, me)], np.full(count, (row > 50).any()),
               np.full(count, (row > -50).all()), np.full(count, (positive * bits).sum()),
               ((kind[:, None] == kind[None]) * bits).sum(1), np.full(count, agree * bits.sum()), np.full(count, agree),
               half_rank + 100 * half_size + 10000 * ~positive + 200000]
    return np.stack([np.asarray(one).astype(np.uint64).astype(np.uint32).view(np.int32) if np.asarray(one).dtype ==
                     np.uint64 else np.asarray(one).astype(np.int32) for one in columns], 1)


@pytest.mark.parametrize("size", (1, 4, 32))
def test_groups_whose_size_is_known_at_run_time(run: Runner, size: int) -> None:
    block = 96
    data = np.random.default_rng(size).integers(-50, 50, GRID * block, np.int32)
    out = run("dynamic", block, data, np.int32(size), np.zeros((data.size, 5), np.int32))[1]
    me = np.arange(data.size) % block
    wanted = np.zeros_like(out)
    wanted[:, 0] = me + 1000000 + 100 * block - 1000 * block
    wanted[:, 1] = me % size + 100 * size + 1000000
    wanted[:, 2] = me % 8 + 800 + 1000000
    for members in by_label(np.where(data > 0, 0, -1), block):
        for first in range(0, len(members), size):
            part = members[first:first + size]
            wanted[part, 3] = np.arange(len(part)) + 100 * len(part) + 10000 * (first // size)
            wanted[part, 4] = data[part].sum()
    same(out, wanted)


@pytest.mark.parametrize(("size", "block"), ((64, 64), (64, 1024), (128, 512), (512, 1024)))
def test_tiles_of_several_warps(run: Runner, size: int, block: int) -> None:
    data = np.random.default_rng(size).integers(-99, 100, GRID * block, np.int32)
    pick = size - 3
    out = run(f"wide<{size}>", block, data, np.int32(pick), np.zeros((data.size, 8), np.int32))[1]
    rows, me = data.reshape(-1, size), np.arange(data.size) % block
    wanted = np.zeros_like(out)
    wanted[:, 0], wanted[:, 1] = np.repeat(rows[:, pick], size), np.repeat((rows > 98).any(1), size)
    wanted[:, 2] = np.repeat((rows > -99).all(1), size)
    wanted[:, 3] = me % size + 10000 * (me // size) + 1000000 * (me % size // 32)
    wanted[:, 4] = rows[:, ::-1].ravel()
    wanted[:, 5] = np.where(me // size % 2 == 0, np.repeat(rows.sum(1), size), 0)
    wanted[:, 6] = me // size * 3
    same(out, wanted)


@pytest.mark.parametrize("size", (8, 32, 64))
def test_totals_of_groups_go_into_atomics(run: Runner, size: int) -> None:
    data = np.random.default_rng(size).integers(-99, 100, GRID * 128, np.int32)
    rows = data.reshape(-1, size)
    cells = np.random.default_rng(1).integers(0, 99, (len(rows), 4), np.int32)
    _, after, out = run(f"updates<{size}>", 128, data, cells, np.zeros((data.size, 2), np.int32))
    totals_ = rows.sum(1)
    same(after, np.stack([cells[:, 0] + totals_, rows.max(1), cells[:, 2] + totals_, cells[:, 3] + totals_], 1))
    inclusive = np.cumsum(rows, 1)
    same(out, np.stack([(inclusive + cells[:, 2:3]).ravel(), (inclusive - rows + cells[:, 3:]).ravel()], 1))


@pytest.mark.parametrize(("type_", "count"), (("unsigned char", 1), ("unsigned char", 77), ("unsigned char", 128),
                                              ("double", 40)))
def test_groups_copy_memory(run: Runner, type_: str, count: int) -> None:
    data = np.random.default_rng(count).integers(0, 200, (GRID, count)).astype(np.uint8 if "c" in type_ else np.float64)
    out = run(f"copies<{type_}>", 64, data, np.int32(count), np.zeros((GRID, 2 * count), data.dtype),
              shared=2 * data.nbytes)[1]
    same(out, np.tile(data, (1, 2)))


@pytest.mark.parametrize("cooperative", (False, True))
def test_the_block_the_grid_and_the_cluster_tell_places(run: Runner, cooperative: bool) -> None:
    grid, block = (2, 3, 2), (8, 2, 4)
    out = run("places", block, np.zeros((12 * 64, 12), np.int32), grid=grid, cooperative=cooperative)[0]
    blocks, threads = (np.stack(np.unravel_index(np.arange(np.prod(shape)), shape[::-1]), 1)[:, ::-1]
                       for shape in (grid, block))
    number, rank = np.repeat(np.arange(12), 64), np.tile(np.arange(64), 12)
    digits = np.array([1, 10, 100])
    at = np.repeat((blocks * digits).sum(1), 64)
    wanted = [at, np.tile((threads * digits).sum(1), 12), 8 + 200 + 40000, 64 + 10000 * rank,
              12 + 100 * number + 10000 * cooperative, 12 * 64, 232, at, 1 + 6400, 1, 3 * 4 + 64000, 3 * 4]
    same(out, np.stack([np.broadcast_to(one, (768,)) for one in wanted], 1))


def test_all_blocks_of_a_cooperative_grid_wait_for_each_other(run: Runner) -> None:
    data = np.random.default_rng(3).integers(-50, 50, (7, 40), np.int32)
    wanted = data
    for _ in range(5):
        wanted = wanted + np.roll(wanted, -1, axis=0)
    same(run("rounds", 40, data, np.zeros_like(data), np.int32(5), grid=7, cooperative=True)[0], wanted)


def refused(device: Device, body: str) -> str:
    with pytest.raises(CompileError) as error:
        Program(device, f"#include <cooperative_groups.h>\n#include <cooperative_groups/reduce.h>\n{body}").close()
    return str(error.value)


CG = "cooperative_groups::"
BLOCK = f"auto block = {CG}this_thread_block();"
REFUSED: dict[str, tuple[str, str]] = {
    "several devices": (f"auto g = {CG}this_multi_grid();", "CUDA 13 has no launches over several devices"),
    "a tile of 3": (f"{BLOCK} {CG}tiled_partition<3>(block);", "a tile has 1, 2"),
    "a tile larger than its parent": (f"{BLOCK} {CG}tiled_partition<16>({CG}tiled_partition<8>(block));", "no larger"),
    "large values": (f"{BLOCK} struct Big {{ int a[9]; }} x; {CG}tiled_partition<8>(block).shfl(x, 0);", "32 bytes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_a_compile_error_that_says_so(what: str) -> None:
    body, reason = REFUSED[what]
    device = Device(0)
    assert reason in refused(device, f'extern "C" __global__ void k() {{ {body} }}')
    device.close()


ALONE = """#include <cooperative_groups.h>
extern "C" __global__ void k() { cooperative_groups::this_grid().sync(); }"""


def lone_grid(engine: str) -> str:
    device = Device(0)
    program = Program(device, ALONE)
    with engine_of(device, engine), pytest.raises(CudaError) as error:
        launch(device.default_stream, (4, 64), program.kernel("k"))
        device.default_stream.synchronize()
    return str(error.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_grid_that_is_not_cooperative_fails_to_synchronise(engine: str) -> None:
    """In a process of its own: the fault ends the device's context."""
    done = subprocess.run([sys.executable, __file__, engine], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.startswith('CUDA_ERROR_LAUNCH_FAILED: kernel "k"'), done.stdout
    assert "trap" in done.stdout


if __name__ == "__main__":
    print(lone_grid(sys.argv[1]))
