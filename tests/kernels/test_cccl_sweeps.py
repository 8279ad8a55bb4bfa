"""cub's algorithms over the device by cub's own kernels and agents, with cub's tunings, in both engines: scans,
selections, partitions, runs, sums by key, histograms, merge sorts. Blocks look back at those before them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cccl_runner import Runner, headers
from engines import ENGINES
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from compatlayer import Buffer, Device, Program

DETAIL = "detail::"
THREE = DETAIL + "three_way_partition::"
KERNELS = {
    "scan_begins": DETAIL + "scan::DeviceScanInitKernel<ScanTuning, const T *, T *, ScanTiles, T>",
    "scans": DETAIL + "scan::DeviceScanKernel<ScanTuning, const T *, T *, ScanTiles, Plus, First, unsigned, T, false, "
                      "false, T>",
    "tiles_begin": DETAIL + "scan::DeviceCompactInitKernel<Tiles, int *>",
    "sums_begin": DETAIL + "scan::DeviceCompactInitKernel<Sums::State, int *>",
    "lengths_begin": DETAIL + "scan::DeviceCompactInitKernel<Lengths::State, int *>",
    "unique_by_key": DETAIL + "unique_by_key::DeviceUniqueByKeySweepKernel<UniqueTuning, const T *, const int *, T *, "
                              "int *, int *, Tiles, Equal, int>",
    "sorts_blocks": DETAIL + "merge_sort::DeviceMergeSortBlockSortKernel<MergeTuning, const T *, const int *, T *, "
                             "int *, int, Less, T, int>",
    "splits": DETAIL + "merge_sort::DeviceMergeSortPartitionKernel<T *, int, Less, T>",
    "merges": DETAIL + "merge_sort::DeviceMergeSortMergeKernel<MergeTuning, const T *, const int *, T *, int *, int, "
                       "Less, T, int>",
    "bins_begin": DETAIL + "histogram::DeviceHistogramInitKernel<CountTuning, 1, int, int>",
    "counts": DETAIL + "histogram::DeviceHistogramSweepDeviceInitKernel<CountTuning, 256, 1, 1, const T *, int, "
                       "cuda::std::array<T, 1>, cuda::std::array<T, 1>, Bins::ScaleTransform, Bins::PassThruTransform, "
                       "int, true>",
    "parts_begin": THREE + "DeviceThreeWayPartitionInitKernel<" + THREE + "ScanTileStateT, int *>",
    "parts": THREE + "DeviceThreeWayPartitionKernel<ThreeTuning, const T *, T *, T *, T *, int *, " + THREE +
             "ScanTileStateT, Below, Below, int, Whole3>",
}
SHAPES = ("scan", "unique_by_key", "merge", "parts", "counts", "if", "flagged", "unique", "partition", "sums",
          "lengths", "runs")
STATES = ("scan", "tiles", "sums", "lengths", "parts")
NOTHING = b"\0"  # an object without members
TILES = 48
TYPES = {"int": np.int32, "double": np.float64}
pytestmark = [pytest.mark.timeout(300),
              pytest.mark.skipif(headers() is None, reason="the cuda-cccl wheel is not installed")]
inputs = given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
few = settings(max_examples=3, deadline=None, phases=[Phase.generate])  # seeds do not shrink


class Sweeps:
    """The kernels for one type in one engine, and the memory by which their blocks look back."""

    def __init__(self, run: Runner, type_: str) -> None:
        self.run, self.dtype = run, np.dtype(TYPES[type_])
        self.program: Program = run.program("sweeps", f"ELEMENT={type_}", names=tuple(KERNELS.values()))
        numbers = iter(run(self.program, "shapes", (1, 1), np.zeros(2 * len(SHAPES), np.int32))[0].tolist())
        self.shapes = {name: (next(numbers), next(numbers)) for name in SHAPES}
        self.memory: Buffer = run.device.upload(np.zeros((TILES + 64) * 64, np.uint8))
        room, sizes = run(self.program, "states", (1, 1), np.zeros(320, np.uint8), np.zeros(6, np.int32), self.memory,
                          np.int32(TILES))
        self.states = {name: room[64 * i:][:sizes[i]].tobytes() for i, name in enumerate(STATES)}
        self.scan_argument = self.states["scan"].ljust(sizes[5], b"\0")

    def count(self, name: str, share: float) -> int:
        """A number of items, often at the end of a tile."""
        threads, items = self.shapes[name]
        count = max(1, int(share * TILES * threads * items))
        return count if count % 3 else max(1, count // (threads * items)) * threads * items

    def grid(self, name: str, count: int) -> tuple[int, int]:
        threads, items = self.shapes[name]
        return -(-count // (threads * items)), threads

    def __call__(self, name: str, shape: tuple[int, int], *arguments: object) -> list[np.ndarray]:
        return self.run(self.program, KERNELS.get(name, name), shape, *arguments)

    def begin(self, kernel: str, state: str, tiles: int) -> bytes:
        self(kernel, (-(-tiles // 128), 128), self.states[state], np.int32(tiles), np.zeros(2, np.int32))
        return self.states[state]

    def keys(self, seed: int, count: int, spread: int = 1000) -> np.ndarray:
        """Halves where the type has them, in runs of some items."""
        rng = np.random.default_rng(seed)
        values = rng.integers(-spread, spread, count) / (2 if self.dtype.kind == "f" else 1)
        return values.astype(self.dtype)

    def runs_of_keys(self, seed: int, count: int) -> np.ndarray:
        lengths = np.random.default_rng(seed).geometric(0.3, count)
        return np.repeat(self.keys(seed, count, 3), lengths)[:count]


@pytest.fixture(scope="module", params=[(ENGINES[0], "int"), (ENGINES[0], "double"), (ENGINES[1], "int")],
                ids=lambda each: "-".join(each))
def sweeps(request: pytest.FixtureRequest) -> Iterator[Sweeps]:
    device = Device(0)
    made = Sweeps(Runner(device, request.param[0]), request.param[1])
    yield made
    made.memory.close()
    device.close()


@few
@inputs
def test_scans(sweeps: Sweeps, seed: int, share: float) -> None:
    count = sweeps.count("scan", share)
    data, start = sweeps.keys(seed, count), sweeps.keys(seed + 1, 1)
    shape, state = sweeps.grid("scan", count), sweeps.scan_argument
    sweeps("scan_begins", (1, 128), state, np.int32(shape[0]))
    out = sweeps("scans", shape, data, np.zeros_like(data), state, np.int32(0), NOTHING, start.tobytes(),
                 np.uint32(count), np.int32(1))[1]
    np.testing.assert_array_equal(out, start[0] + np.cumsum(data) - data)


@few
@inputs
def test_selections(sweeps: Sweeps, seed: int, share: float) -> None:
    count = sweeps.count("if", share)
    data, limit = sweeps.keys(seed, count), sweeps.keys(seed + 1, 1)[0]
    flags = np.random.default_rng(seed).integers(0, 2, count, np.int8)
    equal = sweeps.runs_of_keys(seed, count)
    firsts = np.append(True, equal[1:] != equal[:-1])
    for name, given_, more, wanted in (("if", data, (limit,), data[data < limit]),
                                       ("flagged", data, (), data[flags != 0]), ("unique", equal, (), equal[firsts])):
        shape = sweeps.grid(name, count)
        state = sweeps.begin("tiles_begin", "tiles", shape[0])
        before = (given_, flags) if name == "flagged" else (given_,)
        out, found = sweeps(f"select_{name}", shape, *before, np.zeros_like(data), np.zeros(1, np.int32), state, *more,
                            np.int32(count))[-2:]
        np.testing.assert_array_equal(out[:found[0]], wanted, err_msg=name)
        assert not out[found[0]:].any()


@few
@inputs
def test_partitions(sweeps: Sweeps, seed: int, share: float) -> None:
    count = sweeps.count("partition", share)
    data, (low, high) = sweeps.keys(seed, count), np.sort(sweeps.keys(seed + 1, 2))
    shape = sweeps.grid("partition", count)
    state = sweeps.begin("tiles_begin", "tiles", shape[0])
    _, out, found = sweeps("partition", shape, data, np.zeros_like(data), np.zeros(1, np.int32), state, low,
                           np.int32(count))
    np.testing.assert_array_equal(out, np.append(data[data < low], data[data >= low][::-1]))
    assert found[0] == (data < low).sum()
    shape = sweeps.grid("parts", count)
    state = sweeps.begin("parts_begin", "parts", shape[0])
    context = np.array([1 << 8 | 1, 0, 0, 0, 0, 0], np.int32).tobytes()  # the first part and the last
    _, first, second, rest, found = sweeps("parts", shape, data, *[np.zeros_like(data) for _ in range(3)],
                                           np.zeros(2, np.int32), state, low.tobytes(), high.tobytes(), np.int32(count),
                                           np.int32(shape[0]), context)
    for out, wanted in ((first, data[data < low]), (second, data[(data >= low) & (data < high)]),
                        (rest, data[data >= high])):
        np.testing.assert_array_equal(out[:wanted.size], wanted)
    np.testing.assert_array_equal(found, [(data < low).sum(), ((data >= low) & (data < high)).sum()])


@few
@inputs
def test_sums_and_runs_of_equal_keys(sweeps: Sweeps, seed: int, share: float) -> None:
    count = sweeps.count("sums", share)
    keys, values = sweeps.runs_of_keys(seed, count), sweeps.keys(seed + 1, count)
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    lengths = np.diff(np.append(begins, count))
    shape = sweeps.grid("sums", count)
    state = sweeps.begin("sums_begin", "sums", shape[0])
    *_, heads, sums, runs = sweeps("reduce_by_key", shape, keys, values, np.zeros_like(keys), np.zeros_like(values),
                                   np.zeros(1, np.int32), state, np.int32(count))
    assert runs[0] == begins.size
    np.testing.assert_array_equal(heads[:runs[0]], keys[begins])
    np.testing.assert_array_equal(sums[:runs[0]], np.add.reduceat(values, begins))
    shape = sweeps.grid("lengths", count)
    state = sweeps.begin("lengths_begin", "lengths", shape[0])
    _, heads, out, runs = sweeps("encode_runs", shape, keys, np.zeros_like(keys), np.zeros(count, np.int32),
                                 np.zeros(1, np.int32), state, np.int32(count))
    np.testing.assert_array_equal(heads[:runs[0]], keys[begins])
    np.testing.assert_array_equal(out[:runs[0]], lengths)
    shape = sweeps.grid("runs", count)
    state = sweeps.begin("lengths_begin", "lengths", shape[0])
    _, offsets, out, runs = sweeps("find_runs", shape, keys, np.zeros(count, np.int32), np.zeros(count, np.int32),
                                   np.zeros(1, np.int32), state, np.int32(count))
    np.testing.assert_array_equal(offsets[:runs[0]], begins[lengths > 1])
    np.testing.assert_array_equal(out[:runs[0]], lengths[lengths > 1])


@few
@inputs
def test_the_first_of_each_key(sweeps: Sweeps, seed: int, share: float) -> None:
    count = sweeps.count("unique_by_key", share)
    keys, values = sweeps.runs_of_keys(seed, count), np.arange(count, dtype=np.int32)
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    shape = sweeps.grid("unique_by_key", count)
    state = sweeps.begin("tiles_begin", "tiles", shape[0])
    *_, heads, places, found = sweeps("unique_by_key", shape, keys, values, np.zeros_like(keys), np.zeros_like(values),
                                      np.zeros(1, np.int32), state, NOTHING, np.int32(count), np.int32(shape[0]),
                                      bytes(8))
    assert found[0] == begins.size
    np.testing.assert_array_equal(heads[:found[0]], keys[begins])
    np.testing.assert_array_equal(places[:found[0]], begins)


@few
@inputs
def test_histograms(sweeps: Sweeps, seed: int, share: float) -> None:
    count, bins = sweeps.count("counts", share), 100
    data = sweeps.keys(seed, count, 1200)
    threads, items = sweeps.shapes["counts"]
    low, high = np.array([-500, 500], sweeps.dtype)
    out, queue = sweeps.run.device.upload(np.full(bins, 7, np.int32)), sweeps.run.device.upload(np.zeros(2, np.int32))
    where, line = np.uint64(out.address).tobytes(), np.uint64(queue.address).tobytes()
    number = np.int32(bins).tobytes()
    sweeps("bins_begin", (1, 256), number, where, line)
    sweeps("counts", (3, threads), data, number, number, where, bytes(8), high.tobytes(), low.tobytes(),
           np.int32(count), np.int32(1), np.int32(count), np.int32(-(-count // (threads * items))), line)
    got = out.copy_to().view(np.int32)
    out.close(), queue.close()
    inside = data[(data >= low) & (data < high)]
    np.testing.assert_array_equal(got, np.bincount(((inside + 500) * bins / 1000).astype(int), minlength=bins))


@few
@inputs
def test_merge_sorts(sweeps: Sweeps, seed: int, share: float) -> None:
    """Blocks sort their tiles, then passes over pairs of tiles go to and fro; the last one ends in the output."""
    count = sweeps.count("merge", share)
    keys, places = sweeps.keys(seed, count), np.arange(count, dtype=np.int32)
    (tiles, threads), tile = sweeps.grid("merge", count), int(np.prod(sweeps.shapes["merge"]))
    passes = (tiles - 1).bit_length()
    ping = passes % 2 == 0
    outputs = [np.zeros_like(keys), np.zeros_like(places)]
    buffers = [np.zeros_like(keys), np.zeros_like(places)]
    *_, outputs[0], outputs[1], buffers[0], buffers[1] = sweeps(
        "sorts_blocks", (tiles, threads), np.bool_(ping), keys, places, *outputs, np.int32(count), *buffers, NOTHING,
        bytes(8))
    for step in range(passes):
        wide = np.int32(2 << step)
        split = sweeps("splits", (-(-(tiles + 1) // 256), 256), np.bool_(ping), outputs[0], buffers[0], np.int32(count),
                       np.int32(tiles + 1), np.zeros(tiles + 1, np.int32), NOTHING, wide, np.int32(tile))[2]
        outputs[0], outputs[1], buffers[0], buffers[1], _ = sweeps(
            "merges", (tiles, threads), np.bool_(ping), *outputs, np.int32(count), *buffers, NOTHING, split, wide,
            bytes(8))
        ping = not ping
    np.testing.assert_array_equal(outputs[0], np.sort(keys))
    np.testing.assert_array_equal(outputs[1], np.argsort(keys, kind="stable"))
