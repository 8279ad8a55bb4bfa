"""Kernels of the Rodinia benchmarks: graphs, dynamic programming, stencils, dense algebra, particles."""

from __future__ import annotations

import numpy as np
from public_kernel import Job, PublicKernel, Step, ceil_div, rng

REPOSITORY = "yuhc/gpu-rodinia"


def uniform(seed: int, low: float, high: float, *shape: int) -> np.ndarray:
    return rng(seed).uniform(low, high, shape).astype(np.float32)


def breadth_first(size: int) -> Job:
    nodes, degree = (700, 3) if size == 0 else (100_000, 6)
    counts = rng(1).integers(1, degree, nodes)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    edges = rng(2).integers(0, nodes, counts.sum()).astype(np.int32)
    cost = np.full(nodes, -1, np.int32)
    cost[0], frontier, levels = 0, np.array([0]), 0
    while frontier.size:
        reached = np.unique(np.concatenate([edges[starts[one]:starts[one] + counts[one]] for one in frontier]))
        frontier = reached[cost[reached] < 0]
        levels += 1
        cost[frontier] = levels
    graph = np.stack([starts, counts], 1).astype(np.int32)
    first = np.arange(nodes) == 0
    before = np.where(first, 0, -1).astype(np.int32)
    steps = [step for _ in range(levels) for step in (
        Step("Kernel", ceil_div(nodes, 512), 512, ["graph", "edges", "mask", "updating", "visited", "cost", nodes]),
        Step("Kernel2", ceil_div(nodes, 512), 512, ["mask", "updating", "visited", "over", nodes]))]
    return Job({"graph": graph, "edges": edges, "mask": first, "updating": np.zeros(nodes, bool), "visited": first,
                "cost": before, "over": np.zeros(1, bool)}, steps, {"cost": cost, "visited": cost >= 0})


def path_finder(size: int) -> Job:
    rows, columns, height = (9, 1000, 4) if size == 0 else (101, 50_000, 20)
    wall = rng(1).integers(0, 10, (rows, columns)).astype(np.int32)
    best = wall[0]
    for row in wall[1:]:
        wide = np.pad(best, 1, mode="edge")
        best = row + np.minimum(np.minimum(wide[:-2], wide[1:-1]), wide[2:])
    blocks = ceil_div(columns, 256 - 2 * height)
    steps = [Step("dynproc_kernel", blocks, 256, [height, "wall", f"row{turn % 2}", f"row{1 - turn % 2}", columns, rows,
                                                  turn * height, height]) for turn in range((rows - 1) // height)]
    return Job({"wall": wall[1:], "row0": wall[0], "row1": np.zeros(columns, np.int32)}, steps,
               {f"row{len(steps) % 2}": best})


def needleman_wunsch(size: int) -> Job:
    length, penalty = (64, 10) if size == 0 else (512, 10)
    scores = rng(1).integers(-10, 11, (length + 1, length + 1)).astype(np.int32)
    table = np.zeros((length + 1, length + 1), np.int32)
    table[0] = table[:, 0] = -penalty * np.arange(length + 1)
    wanted = table.copy()
    for diagonal in range(2, 2 * length + 1):
        i = np.arange(max(1, diagonal - length), min(diagonal, length + 1))
        j = diagonal - i
        wanted[i, j] = np.maximum(wanted[i - 1, j - 1] + scores[i, j],
                                  np.maximum(wanted[i - 1, j], wanted[i, j - 1]) - penalty)
    blocks = length // 16
    steps = [Step(f"needle_cuda_shared_{half}", i, 16, ["scores", "table", length + 1, penalty, i, blocks])
             for half, turns in ((1, range(1, blocks + 1)), (2, range(blocks - 1, 0, -1))) for i in turns]
    return Job({"scores": scores, "table": table}, steps, {"table": wanted})


def lu_decomposition(size: int) -> Job:
    side = 64 if size == 0 else 256
    matrix = uniform(1, -1, 1, side, side) + side * np.eye(side, dtype=np.float32)
    steps = []
    for offset in range(0, side - 16, 16):
        rest = (side - offset) // 16 - 1
        steps += [Step("lud_diagonal", 1, 16, ["matrix", side, offset]),
                  Step("lud_perimeter", rest, 32, ["matrix", side, offset]),
                  Step("lud_internal", (rest, rest), (16, 16), ["matrix", side, offset])]
    steps.append(Step("lud_diagonal", 1, 16, ["matrix", side, side - 16]))

    def check(contents: dict[str, np.ndarray]) -> None:
        both = contents["matrix"].astype(np.float64)
        np.testing.assert_allclose((np.tril(both, -1) + np.eye(side)) @ np.triu(both), matrix, 1e-4, 1e-4)

    return Job({"matrix": matrix}, steps, check=check)


def gaussian_elimination(size: int) -> Job:
    side = 40 if size == 0 else 128
    matrix, right = uniform(1, -1, 1, side, side) + side * np.eye(side, dtype=np.float32), uniform(2, -1, 1, side)
    steps = [step for turn in range(side - 1) for step in (
        Step("Fan1", ceil_div(side, 512), 512, ["m", "a", side, turn]),
        Step("Fan2", (ceil_div(side, 4), ceil_div(side, 4)), (4, 4), ["m", "a", "b", side, side - turn, turn]))]

    def check(contents: dict[str, np.ndarray]) -> None:
        upper = contents["a"].astype(np.float64)
        np.testing.assert_allclose(np.tril(upper, -1), 0, atol=1e-4)
        np.testing.assert_allclose(np.linalg.solve(np.triu(upper), contents["b"]), np.linalg.solve(matrix, right),
                                   1e-3, 1e-6)

    return Job({"m": np.zeros_like(matrix), "a": matrix, "b": right}, steps, check=check)


def hot_spot(size: int) -> Job:
    side, turns = (50, 2) if size == 0 else (512, 2)
    heat, power = uniform(1, 320, 340, side, side), uniform(2, 0, 1, side, side)
    capacity, rx, ry, rz, duration, ambient = 0.5, 2.0, 3.0, 40.0, 0.1, 80.0
    wanted = heat.astype(np.float64)
    for _ in range(turns):
        wide = np.pad(wanted, 1, mode="edge")
        vertical, horizontal = wide[:-2, 1:-1] + wide[2:, 1:-1], wide[1:-1, :-2] + wide[1:-1, 2:]
        wanted = wanted + duration / capacity * (power + (vertical - 2 * wanted) / ry + (horizontal - 2 * wanted) / rx
                                                 + (ambient - wanted) / rz)
    blocks = ceil_div(side, 16 - 2 * turns)
    step = Step("calculate_temp", (blocks, blocks), (16, 16),
                [turns, "power", "heat", "out", side, side, turns, turns, capacity, rx, ry, rz, duration, 0.0])
    return Job({"power": power, "heat": heat, "out": np.zeros_like(heat)}, [step], {"out": wanted}, relative=1e-4)


def hot_spot_3d(size: int) -> Job:
    depth, rows, columns = (4, 8, 64) if size == 0 else (8, 256, 256)
    heat, power = uniform(1, 320, 340, depth, rows, columns), uniform(2, 0, 1, depth, rows, columns)
    east = west = 0.06
    north = south = 0.05
    top = bottom = 0.02
    centre, ratio, ambient = 1 - 2 * (east + north + top), 0.3, 80.0
    wide = np.pad(heat.astype(np.float64), 1, mode="edge")
    wanted = (centre * heat + west * wide[1:-1, 1:-1, :-2] + east * wide[1:-1, 1:-1, 2:] + north * wide[1:-1, :-2, 1:-1]
              + south * wide[1:-1, 2:, 1:-1] + bottom * wide[:-2, 1:-1, 1:-1] + top * wide[2:, 1:-1, 1:-1]
              + ratio * power + top * ambient)
    step = Step("hotspotOpt1", (columns // 64, rows // 4), (64, 4),
                ["power", "heat", "out", ratio, columns, rows, depth, east, west, north, south, top, bottom, centre])
    return Job({"power": power, "heat": heat, "out": np.zeros_like(heat)}, [step], {"out": wanted}, relative=1e-5)


def back_propagation(size: int) -> Job:
    inputs, hidden = (64, 16) if size == 0 else (1 << 14, 16)
    units, weights = uniform(1, 0, 1, inputs + 1), uniform(2, -1, 1, inputs + 1, hidden + 1)
    old, delta = uniform(3, -1, 1, inputs + 1, hidden + 1), uniform(4, -1, 1, hidden + 1)
    blocks = inputs // 16
    partial = (weights[1:, 1:] * units[1:, None]).reshape(blocks, 16, hidden).sum(1, dtype=np.float64)
    moved = 0.3 * delta * units[:, None] + 0.3 * old
    moved[0] = 0.3 * delta + 0.3 * old[0]
    moved[:, 0] = 0
    wanted_old = np.where(np.arange(hidden + 1) == 0, old, moved)
    steps = [Step("bpnn_layerforward_CUDA", (1, blocks), (16, 16), ["units", "unused", "products", "partial", inputs,
                                                                    hidden]),
             Step("bpnn_adjust_weights_cuda", (1, blocks), (16, 16), ["delta", hidden, "units", inputs, "weights",
                                                                      "old"])]
    return Job({"units": units, "unused": np.zeros(1, np.float32), "products": weights, "delta": delta,
                "partial": np.zeros((blocks, hidden), np.float32), "weights": weights, "old": old}, steps,
               {"partial": partial, "weights": weights + moved, "old": wanted_old}, relative=1e-5, absolute=1e-6)


NEIGHBOUR = np.dtype([("x", "i4"), ("y", "i4"), ("z", "i4"), ("number", "i4"), ("offset", "i8")], align=True)
BOX = np.dtype([*[(name, "i4") for name in ("x", "y", "z", "number")], ("offset", "i8"), ("nn", "i4"),
                ("nei", NEIGHBOUR, 26)], align=True)
SPACE = np.dtype([*[(name, "i4") for name in ("cur_arg", "arch_arg", "cores_arg", "boxes1d_arg")],
                  *[(name, "i8") for name in ("number_boxes", "box_mem", "space_elem", "space_mem", "space_mem2")]])


def lava_md(size: int) -> Job:
    side, alpha = (2, 0.5) if size == 0 else (3, 0.5)
    count, inside = side**3, 100
    boxes = np.zeros(count, BOX)
    places = [(x, y, z) for z in range(side) for y in range(side) for x in range(side)]
    near = [[other for other, there in enumerate(places)
             if other != one and max(abs(a - b) for a, b in zip(here, there, strict=True)) <= 1]
            for one, here in enumerate(places)]
    for one, others in enumerate(near):
        boxes[one]["number"], boxes[one]["offset"], boxes[one]["nn"] = one, one * inside, len(others)
        boxes[one]["nei"]["number"][:len(others)] = others
    particles, charges = rng(1).uniform(0.1, 1, (count * inside, 4)), rng(2).uniform(0.1, 1, count * inside)
    wanted = np.zeros_like(particles)
    for one, others in enumerate(near):
        mine = particles[one * inside:(one + 1) * inside]
        for other in [one, *others]:
            theirs = particles[other * inside:(other + 1) * inside]
            distance = mine[:, None, 0] + theirs[None, :, 0] - mine[:, 1:] @ theirs[:, 1:].T
            energy = np.exp(-2 * alpha**2 * distance) * charges[other * inside:(other + 1) * inside]
            force = 2 * energy[:, :, None] * (mine[:, None, 1:] - theirs[None, :, 1:])
            wanted[one * inside:(one + 1) * inside] += np.concatenate([energy.sum(1)[:, None], force.sum(1)], axis=1)
    space = np.zeros((), SPACE)
    space["number_boxes"] = count
    step = Step("kernel_gpu_cuda", count, 128, [np.float64(alpha).tobytes(), space[()], "boxes", "particles", "charges",
                                                "forces"])
    return Job({"boxes": boxes.view(np.uint8), "particles": particles, "charges": charges,
                "forces": np.zeros_like(particles)}, [step], {"forces": wanted}, relative=1e-9)


def speckle_reduction(size: int) -> Job:
    rows, columns = (24, 40) if size == 0 else (256, 512)
    image, rate, spread = uniform(1, 1, 2, columns, rows), 0.5, 0.05  # column by column, as the kernel has it
    exact = image.astype(np.float64)
    wide = np.pad(exact, 1, mode="edge")
    north, south = wide[1:-1, :-2] - exact, wide[1:-1, 2:] - exact
    west, east = wide[:-2, 1:-1] - exact, wide[2:, 1:-1] - exact
    gradient = (north**2 + south**2 + west**2 + east**2) / exact**2
    laplacian = (north + south + west + east) / exact
    ratio = (0.5 * gradient - laplacian**2 / 16) / (1 + 0.25 * laplacian) ** 2
    weight = np.clip(1 / (1 + (ratio - spread) / (spread * (1 + spread))), 0, 1)
    wide_weight = np.pad(weight, 1, mode="edge")
    wanted = exact + 0.25 * rate * (weight * north + wide_weight[1:-1, 2:] * south + weight * west
                                    + wide_weight[2:, 1:-1] * east)
    names = {"iN": np.maximum(np.arange(rows) - 1, 0), "iS": np.minimum(np.arange(rows) + 1, rows - 1),
             "jE": np.minimum(np.arange(columns) + 1, columns - 1), "jW": np.maximum(np.arange(columns) - 1, 0)}
    slopes = {name: np.zeros_like(image) for name in ("dN", "dS", "dE", "dW")}
    shape = [rate, rows, columns, image.size, *names, *slopes]
    steps = [Step("srad", ceil_div(image.size, 512), 512, [*shape, spread, "c", "image"]),
             Step("srad2", ceil_div(image.size, 512), 512, [*shape, "c", "image"])]
    return Job({**{name: data.astype(np.int32) for name, data in names.items()}, **slopes, "c": np.zeros_like(image),
                "image": image}, steps, {"image": wanted, "c": weight}, relative=1e-4, absolute=1e-4)


POINT = np.dtype([("weight", "f4"), ("coord", "u8"), ("assign", "i8"), ("cost", "f4")], align=True)


def stream_cluster(size: int) -> Job:
    count, dimensions, centres, candidate = (1000, 5, 4, 17) if size == 0 else (1 << 16, 32, 16, 17)
    places, points = uniform(1, 0, 1, dimensions, count), np.zeros(count, POINT)
    points["weight"] = uniform(2, 1, 2, count)
    heads = rng(3).choice(count, centres, replace=False)
    chosen = rng(4).integers(0, centres, count)
    points["assign"], points["cost"] = heads[chosen], uniform(5, 0, dimensions / 3, count)
    table = np.zeros(count, np.int32)
    table[heads] = np.arange(centres)
    exact = places.astype(np.float64)
    cost = ((exact - exact[:, candidate, None]) ** 2).sum(0) * points["weight"]
    nearer = cost < points["cost"]
    stride = centres + 1
    wanted = np.zeros((count, stride))
    wanted[:, centres] = np.where(nearer, cost - points["cost"], 0)
    wanted[np.arange(count), chosen] += np.where(nearer, 0, points["cost"] - cost)
    step = Step("kernel_compute_cost", ceil_div(count, 512), 512,
                [count, dimensions, candidate, "points", centres, stride, "places", "lower", "table", "switch"])
    return Job({"points": points.view(np.uint8), "places": places, "lower": np.zeros((count, stride), np.float32),
                "table": table, "switch": np.zeros(count, bool)}, [step], {"lower": wanted, "switch": nearer},
               relative=1e-3, absolute=1e-4)


def resampling(size: int) -> Job:
    count = 300 if size == 0 else 4096
    x, y = rng(1).uniform(0, 1, count), rng(2).uniform(0, 1, count)
    sums = np.cumsum(rng(3).uniform(0, 1, count))
    sums /= sums[-1]
    wanted = np.minimum(np.searchsorted(sums, (np.arange(count) + 0.3) / count), count - 1)
    step = Step("kernel", ceil_div(count, 128), 128, ["x", "y", "sums", "u", "xj", "yj", count])
    return Job({"x": x, "y": y, "sums": sums, "u": (np.arange(count) + 0.3) / count, "xj": np.zeros(count),
                "yj": np.zeros(count)}, [step], {"xj": x[wanted], "yj": y[wanted]})


def block_scan(size: int) -> Job:
    blocks, block = (5, 64) if size == 0 else (256, 256)
    data = rng(1).integers(0, 100, (blocks, 2 * block)).astype(np.uint32)
    sums = np.cumsum(data, axis=1, dtype=np.uint32)
    step = Step("prescan<true, false>", blocks, block, ["out", "data", "sums", 2 * block, 0, 0],
                (2 * block + 2 * block // 16 + 16) * 4)
    return Job({"out": np.zeros_like(data), "data": data, "sums": np.zeros(blocks, np.uint32)}, [step],
               {"out": sums - data, "sums": sums[:, -1]})


def tagged_histogram(size: int) -> Job:
    count = 5000 if size == 0 else 1 << 18
    data = uniform(1, 0, 1, count)
    bins = np.bincount((data * np.float32(1024)).astype(np.int64) & 1023, minlength=1024)
    step = Step("histogram1024Kernel", 64, 96, ["bins", "data", 0.0, 1.0, count])
    return Job({"bins": np.zeros(1024, np.uint32), "data": data}, [step], {"bins": bins})


def kernel(name: str, kind: str, features: str, make: object, path: str, **more: object) -> PublicKernel:
    return PublicKernel(name, REPOSITORY, path, kind, features, make, **more)  # type: ignore[arg-type]


KERNELS = [
    kernel("bfs Kernel, Kernel2", "graph search", "bool flags, benign races, many launches", breadth_first,
           "cuda/bfs/bfs.cu"),
    kernel("dynproc_kernel", "dynamic programming", "shared memory, barriers in a loop", path_finder,
           "cuda/pathfinder/pathfinder.cu"),
    kernel("needle_cuda_shared_1, _2", "sequence alignment", "shared memory, wavefront, 16 threads",
           needleman_wunsch, "cuda/nw/needle.cu"),
    kernel("lud_diagonal, _perimeter, _internal", "LU decomposition", "shared tiles, divergent halves",
           lu_decomposition, "cuda/lud/cuda/lud_kernel.cu"),
    kernel("Fan1, Fan2", "Gaussian elimination", "early return, many small launches", gaussian_elimination,
           "cuda/gaussian/gaussian.cu"),
    kernel("calculate_temp", "2-D stencil", "shared tiles with halo, barriers in a loop, break", hot_spot,
           "cuda/hotspot/hotspot.cu"),
    kernel("hotspotOpt1", "3-D stencil", "marching along z", hot_spot_3d, "cuda/hotspot3D/opt1.cu"),
    kernel("bpnn_layerforward_CUDA, bpnn_adjust_weights_cuda", "neural network", "__powf, __log2f, shared tree",
           back_propagation, "cuda/backprop/backprop_cuda_kernel.cu"),
    kernel("kernel_gpu_cuda", "particles in boxes", "double exp, structs by value, shared memory", lava_md,
           "cuda/lavaMD/kernel/kernel_gpu_cuda_wrapper.cu"),
    kernel("srad, srad2", "image denoising", "gathers, double constants in float code", speckle_reduction,
           "cuda/srad/srad_v1/main.cu"),
    kernel("kernel_compute_cost", "clustering", "array of structs, function call", stream_cluster,
           "cuda/streamcluster/streamcluster_cuda.cu"),
    kernel("particlefilter kernel", "resampling", "search loop with break, double", resampling,
           "cuda/particlefilter/ex_particle_CUDA_naive_seq.cu"),
    kernel("prescan", "scan", "templates, dynamic shared, references, __mul24", block_scan,
           "cuda/huffman/scanLargeArray_kernel.cu", expressions=("prescan<true, false>",)),
    kernel("histogram1024Kernel", "histogram", "volatile shared, tagged retry loop, atomics", tagged_histogram,
           "cuda/hybridsort/histogram1024_kernel.cu"),
]
