"""Kernels of CUDA's samples and of HeCBench: sorting, transforms, graphs, physics, bits."""

from __future__ import annotations

import numpy as np
from public_kernel import Job, PublicKernel, Step, ceil_div, rng

SAMPLES, HEC = "NVIDIA/cuda-samples", "zjin-lcf/HeCBench"


def uniform(seed: int, low: float, high: float, *shape: int) -> np.ndarray:
    return rng(seed).uniform(low, high, shape).astype(np.float32)


def matrix_product(size: int) -> Job:
    rows, inner, columns = (32, 64, 96) if size == 0 else (256, 256, 256)
    a, b = uniform(1, -1, 1, rows, inner), uniform(2, -1, 1, inner, columns)
    step = Step("MatrixMulCUDA<32>", (columns // 32, rows // 32), (32, 32), ["c", "a", "b", inner, columns])
    return Job({"a": a, "b": b, "c": np.zeros((rows, columns), np.float32)}, [step],
               {"c": a.astype(np.float64) @ b.astype(np.float64)}, relative=1e-4, absolute=1e-4)


def separable_convolution(size: int) -> Job:
    height, width = (64, 128) if size == 0 else (512, 1024)
    image, weights = uniform(1, 0, 1, height, width), uniform(2, 0, 1, 17)
    wanted = image.astype(np.float64)
    for _ in range(2):
        wanted = np.apply_along_axis(lambda line: np.convolve(line, weights, "same"), 1, wanted).T
    shape = [width, height, width]
    steps = [Step("convolutionRowsKernel", (width // 128, height // 4), (16, 4), ["rows", "image", *shape]),
             Step("convolutionColumnsKernel", (width // 16, height // 64), (16, 8), ["out", "rows", *shape])]
    zeros = np.zeros_like(image)
    return Job({"image": image, "rows": zeros, "out": zeros}, steps, {"out": wanted}, {"c_Kernel": weights},
               relative=1e-5)


def shared_bitonic_sort(size: int) -> Job:
    rows = 3 if size == 0 else 256
    keys = rng(1).permutation(rows * 1024).astype(np.uint32).reshape(rows, 1024)
    values = np.arange(keys.size, dtype=np.uint32).reshape(keys.shape)
    order = np.argsort(keys, axis=1)
    step = Step("bitonicSortSharedKernel", rows, 512, ["sorted", "moved", "keys", "values", 1024, 1])
    return Job({"keys": keys, "values": values, "sorted": np.zeros_like(keys), "moved": np.zeros_like(keys)}, [step],
               {"sorted": np.sort(keys, axis=1), "moved": np.take_along_axis(values, order, 1)})


def half_dot(size: int) -> Job:
    count = 5000 if size == 0 else 1 << 19
    a, b = (rng(seed).integers(-1, 2, (count, 2)).astype(np.float16) for seed in (1, 2))  # exact sums
    products = (a * b).astype(np.int64).sum(1)
    starts = np.arange(128)[:, None] + 128 + np.arange(128)  # the kernel overlaps its blocks' shares
    wanted = [sum(products[one::128 * 128].sum() for one in block if one < count) for block in starts]
    step = Step("scalarProductKernel_native", 128, 128, ["a", "b", "sums", count])
    return Job({"a": a, "b": b, "sums": np.zeros(128, np.float32)}, [step], {"sums": np.array(wanted)})


def bank_conflict_free_scan(size: int) -> Job:
    blocks = 7 if size == 0 else 1024
    data = rng(1).integers(0, 100, (blocks, 512)).astype(np.int32)
    step = Step("scan_bcao<int, 512>", min(blocks, 64), 256, [blocks, "out", "data"])
    return Job({"out": np.zeros_like(data), "data": data}, [step], {"out": np.cumsum(data, axis=1) - data})


def hadamard(rows: np.ndarray) -> np.ndarray:
    out, span = rows.astype(np.float64), 1
    while span < rows.shape[1]:
        pairs = out.reshape(len(rows), -1, 2, span)
        out = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], 2).reshape(rows.shape)
        span *= 2
    return out


def walsh_transform(size: int) -> Job:
    rows = 3 if size == 0 else 256
    data = rng(1).integers(-50, 50, (rows, 2048)).astype(np.float32)
    step = Step("fwtBatch1Kernel", rows, 512, ["out", "data", 11], 2048 * 4)
    return Job({"out": np.zeros_like(data), "data": data}, [step], {"out": hadamard(data)})


def last_block_sum(size: int) -> Job:
    count, block = (1000, 64) if size == 0 else (1 << 18, 256)
    data = rng(1).integers(-3, 4, count).astype(np.float32)
    step = Step("sum", ceil_div(count, block), block, ["data", count, "count", "sums"])

    def check(contents: dict[str, np.ndarray]) -> None:
        assert contents["sums"][0] == data.sum() and contents["count"][0] == 0

    return Job({"data": data, "count": np.zeros(1, np.uint32),
                "sums": np.zeros(ceil_div(count, block), np.float32)}, [step], check=check)


def shortest_paths(size: int) -> Job:
    nodes = 48 if size == 0 else 256
    distance = rng(1).integers(1, 200, (nodes, nodes)).astype(np.uint32)
    np.fill_diagonal(distance, 0)
    wanted = distance.copy()
    for middle in range(nodes):
        wanted = np.minimum(wanted, wanted[:, middle, None] + wanted[middle])
    steps = [Step("floydWarshallPass", (nodes // 16, nodes // 16), (16, 16), ["distance", "path", nodes, middle])
             for middle in range(nodes)]
    return Job({"distance": distance, "path": np.zeros_like(distance)}, steps, {"distance": wanted})


def tridiagonal(size: int) -> Job:
    unknowns, systems = (12, 100) if size == 0 else (128, 8192)
    lower, upper, right = (rng(seed).uniform(-1, 1, (unknowns, systems)) for seed in (1, 2, 3))
    middle = rng(4).uniform(3, 4, (unknowns, systems))

    def check(contents: dict[str, np.ndarray]) -> None:
        x = np.pad(contents["right"], ((1, 1), (0, 0)))
        inner = np.arange(unknowns)[:, None]
        product = middle * x[1:-1] + np.where(inner > 0, lower * x[:-2], 0) + np.where(inner < unknowns - 1,
                                                                                     upper * x[2:], 0)
        np.testing.assert_allclose(product, right, 1e-9, 1e-9)

    step = Step("cuThomasBatch", ceil_div(systems, 128), 128, ["lower", "middle", "upper", "right", unknowns, systems])
    return Job({"lower": lower, "middle": middle, "upper": upper, "right": right}, [step], check=check)


def haversine(size: int) -> Job:
    count = 1000 if size == 0 else 1 << 17
    places = rng(1).uniform(-80, 80, (count, 4))
    south, west, north, east = np.radians(places).T
    half = np.sin((north - south) / 2) ** 2 + np.sin((east - west) / 2) ** 2 * np.cos(south) * np.cos(north)
    step = Step("compute_haversine_distance", ceil_div(count, 256), 256, ["places", "distance", count])
    return Job({"places": places, "distance": np.zeros(count)}, [step],
               {"distance": 2 * 6371.0 * np.arcsin(np.sqrt(half))}, relative=1e-11)


def mri_q(size: int) -> Job:
    count, samples = (512, 64) if size == 0 else (8192, 512)
    x, y, z = (uniform(seed, -1, 1, count) for seed in (1, 2, 3))
    table = np.zeros((1024, 4), np.float32)
    table[:samples] = uniform(4, -1, 1, samples, 4)
    exact = table[:samples].astype(np.float64)
    angle = 2 * np.pi * (exact[:, 0] * x[:, None] + exact[:, 1] * y[:, None] + exact[:, 2] * z[:, None])
    step = Step("ComputeQ_GPU", count // 256, 256, [samples, 0, "x", "y", "z", "real", "imaginary"])
    zeros = np.zeros(count, np.float32)
    return Job({"x": x, "y": y, "z": z, "real": zeros, "imaginary": zeros}, [step],
               {"real": np.cos(angle) @ exact[:, 3], "imaginary": np.sin(angle) @ exact[:, 3]}, {"ck": table},
               relative=1e-3, absolute=1e-3)


def cosine_transform(size: int) -> Job:
    height, width = (32, 64) if size == 0 else (512, 1024)
    image = uniform(1, 0, 255, height, width)
    k, n = np.arange(8)[:, None], np.arange(8)
    matrix = np.sqrt(np.where(k == 0, 1, 2) / 8) * np.cos(np.pi * k * (2 * n + 1) / 16)
    tiles = image.astype(np.float64).reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3)
    wanted = (matrix @ tiles @ matrix.T).transpose(0, 2, 1, 3).reshape(height, width)
    step = Step("DCT8x8_kernel", (width // 32, height // 16), (32, 2), ["out", "image", width, height, width])
    return Job({"out": np.zeros_like(image), "image": image}, [step], {"out": wanted}, relative=1e-4, absolute=1e-2)


def page_rank(size: int) -> Job:
    pages = 100 if size == 0 else 512
    links = (rng(1).uniform(0, 1, (pages, pages)) < 0.1).astype(np.int32)
    links[:, 0] = 1
    ranks, out = np.full(pages, 1 / pages, np.float32), links.sum(1).astype(np.uint32)
    wanted = 0.15 / pages + 0.85 * (links * (ranks / out)[:, None]).sum(0, dtype=np.float64)
    steps = [Step("map", ceil_div(pages, 256), 256, ["links", "ranks", "maps", "out", pages]),
             Step("reduce", ceil_div(pages, 256), 256, ["ranks", "maps", pages, "change"])]
    return Job({"links": links, "ranks": ranks, "maps": np.zeros((pages, pages), np.float32), "out": out,
                "change": np.zeros(pages, np.float32)}, steps, {"ranks": wanted}, relative=1e-4)


def independent_set(size: int) -> Job:
    nodes, pairs = (300, 900) if size == 0 else (20_000, 80_000)
    ends = rng(1).integers(0, nodes, (pairs, 2))
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]])[np.tile(ends[:, 0] != ends[:, 1], 2)], axis=0)
    starts = np.searchsorted(ends[:, 0], np.arange(nodes + 1)).astype(np.int32)

    def check(contents: dict[str, np.ndarray]) -> None:
        inside = contents["state"] == 0xFE
        assert np.isin(contents["state"], (0, 0xFE)).all()
        assert not (inside[ends[:, 0]] & inside[ends[:, 1]]).any(), "two neighbours are in the set"
        touched = np.zeros(nodes, bool)
        touched[ends[inside[ends[:, 1]], 0]] = True
        assert (inside | touched).all(), "a node that could be in the set is not"

    steps = [Step("init", 2, 256, [nodes, len(ends), "starts", "state"]),
             Step("findmins", 2, 256, [nodes, "starts", "ends", "state"])]
    return Job({"starts": starts, "ends": ends[:, 1].astype(np.int32), "state": np.zeros(nodes, np.uint8)}, steps,
               check=check)


def population_count(size: int) -> Job:
    count = 1000 if size == 0 else 1 << 18
    data = rng(1).integers(0, 1 << 64, count, dtype=np.uint64)
    bits = np.unpackbits(data.view(np.uint8).reshape(count, 8), axis=1).sum(1)
    table = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1).astype(np.uint8)
    step = Step("pc5", ceil_div(count, 256), 256, ["data", "bits", count])
    return Job({"data": data, "bits": np.zeros(count, np.int32)}, [step], {"bits": bits}, {"lut": table})


def global_bitonic_sort(size: int) -> Job:
    count = 1 << (9 if size == 0 else 15)
    data = rng(1).integers(-(1 << 30), 1 << 30, count).astype(np.int32)
    steps = []
    for level in range(count.bit_length() - 1):
        for stage in range(level + 1):
            steps.append(Step("bitonic_sort", count // 256, 256, [1 << (level - stage + 1), 1 << stage, "data"]))
    return Job({"data": data}, steps, {"data": np.sort(data)})


def spiking_neurons(size: int) -> Job:
    count, per_item, step_s, membrane, rest = (1000, 100, 0.1, 10.0, 2.0) if size == 0 else (1 << 18, 512, 0.1, 10., 2.)
    drive, voltage, waiting = (uniform(seed, 0, top, count if seed > 1 else ceil_div(count, per_item))
                               for seed, top in ((1, 5), (2, 1), (3, 0.3)))
    bias, gain = uniform(4, 0, 1, per_item), uniform(5, 0, 20, per_item)
    neuron, item = np.arange(count) % per_item, np.arange(count) // per_item
    change = -np.expm1(-step_s / membrane) * (bias[neuron] + gain[neuron] * drive[item].astype(np.float64) - voltage)
    grown = np.maximum(voltage + change, 0) * np.clip(1 - (waiting - step_s) / step_s, 0, 1)
    fired = grown > 1
    clear = np.abs(grown - 1) > 1e-5

    def check(contents: dict[str, np.ndarray]) -> None:
        np.testing.assert_array_equal(contents["spikes"][clear] > 0, fired[clear])
        np.testing.assert_allclose(contents["voltage"][clear], np.where(fired, 0, grown)[clear], 1e-4, 1e-5)

    step = Step("lif", ceil_div(count, 256), 256, [count, per_item, step_s, "drive", "voltage", "waiting", membrane,
                                                  rest, "bias", "gain", "spikes"])
    return Job({"drive": drive, "voltage": voltage, "waiting": waiting, "bias": bias, "gain": gain,
                "spikes": np.zeros(count, np.float32)}, [step], check=check)


def kernel(name: str, kind: str, features: str, make: object, path: str, repository: str = HEC,
           **more: object) -> PublicKernel:
    return PublicKernel(name, repository, path, kind, features, make, **more)  # type: ignore[arg-type]


KERNELS = [
    kernel("MatrixMulCUDA", "matrix product", "template, shared tiles", matrix_product,
           "Samples/0_Introduction/matrixMul/matrixMul.cu", SAMPLES, expressions=("MatrixMulCUDA<32>",)),
    kernel("convolutionRowsKernel, -ColumnsKernel", "separable convolution", "constant memory, cg sync, halo",
           separable_convolution, "Samples/2_Concepts_and_Techniques/convolutionSeparable/convolutionSeparable.cu",
           SAMPLES),
    kernel("bitonicSortSharedKernel", "sort in shared memory", "cg sync in nested loops", shared_bitonic_sort,
           "Samples/0_Introduction/mergeSort/bitonic.cu", SAMPLES),
    kernel("scalarProductKernel_native", "dot product in fp16", "half2 operators, shared tree", half_dot,
           "Samples/0_Introduction/fp16ScalarProduct/fp16ScalarProduct.cu", SAMPLES),
    kernel("scan_bcao", "scan", "template, shared memory, block-stride loop", bank_conflict_free_scan,
           "src/scan-cuda/main.cu", expressions=("scan_bcao<int, 512>",)),
    kernel("fwtBatch1Kernel", "Walsh transform", "dynamic shared, radix-4 butterflies", walsh_transform,
           "src/fwt-cuda/kernels.cu"),
    kernel("threadfence sum", "one-pass reduction", "shared float atomics, last block, volatile", last_block_sum,
           "src/threadfence-cuda/main.cu"),
    kernel("floydWarshallPass", "shortest paths", "a launch for each node", shortest_paths,
           "src/floydwarshall-cuda/main.cu"),
    kernel("cuThomasBatch", "tridiagonal systems", "double division, serial loops", tridiagonal,
           "src/thomas-cuda/cuThomasBatch.cu"),
    kernel("compute_haversine_distance", "geometry", "double4, sin, cos, asin", haversine,
           "src/haversine-cuda/distance.cu"),
    kernel("ComputeQ_GPU", "image reconstruction", "constant memory, sinf, cosf", mri_q, "src/mriQ-cuda/computeQ.cu"),
    kernel("DCT8x8_kernel", "block transform", "warp-synchronous shared transpose, local arrays", cosine_transform,
           "src/dct8x8-cuda/kernels.cu", lockstep=True),
    kernel("page-rank map, reduce", "graph ranking", "column walks", page_rank, "src/page-rank-cuda/main.cu"),
    kernel("mis init, findmins", "maximal independent set", "volatile bytes, spinning on other threads",
           independent_set, "src/mis-cuda/main.cu"),
    kernel("pc5", "bit count", "table in constant memory", population_count, "src/popcount-cuda/main.cu"),
    kernel("bitonic_sort", "sort in global memory", "many launches", global_bitonic_sort,
           "src/bitonic-sort-cuda/main.cu"),
    kernel("lif", "spiking neurons", "expm1f, fmaxf, divergent ends", spiking_neurons, "src/lif-cuda/main.cu"),
]
