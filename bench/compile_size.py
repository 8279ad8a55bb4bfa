"""Compile time against kernel size: generated kernels of 100 to 2,000 lines, cold, until each has run.

Prints a line of JSON after its table when called with --json.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import random
import statistics
import sys
import tempfile
import time

SIZES = (100, 250, 500, 1000, 2000)
RUNS = 3


THREADS, CELLS = 64, 1024


def statements(lines: int, seed: int) -> list[str]:
    """So many lines: arithmetic, branches that diverge, short loops, shared memory between barriers."""
    number = random.Random(seed)
    made: list[str] = []
    while sum(text.count("\n") + 1 for text in made) < lines:
        a, b, c = (number.randrange(16) for _ in range(3))
        k, kind = number.randrange(1, 1000), number.randrange(10)
        if kind < 5:
            made.append(f"v[{a}] = (v[{b}] {number.choice('+-^*')} v[{c}]) + {k};")
        elif kind < 7:
            made.append(f"if ((v[{a}] & {k % 7 + 1}) > {k % 3}) {{\n    v[{b}] += v[{c}] >> {k % 5 + 1};\n}} else {{\n"
                        f"    v[{c}] ^= thread * {k};\n}}")
        elif kind < 8:
            made.append(f"for (int i = 0; i < (int)(v[{a}] & 7); i++) {{\n    v[{b}] = v[{b}] * 5 + v[{c}] + i;\n}}")
        elif kind < 9:
            made.append(f"v[{a}] += in[(v[{b}] ^ {k}) % {CELLS}];")
        else:
            made += [f"shared[thread] = v[{a}];", "__syncthreads();",
                     f"v[{b}] += shared[(thread + {k}) % {THREADS}];", "__syncthreads();"]
    return made


BEGIN = f"for (int i = 0; i < 16; i++)\n    v[i] = in[(thread * 17 + i) % {CELLS}];"
END = "unsigned sum = 0;\nfor (int i = 0; i < 16; i++)\n    sum = sum * 31 + v[i];\nout[thread] = sum;"


def cuda(made: list[str]) -> str:
    """The statements as a kernel."""
    body = "\n".join([BEGIN, *made, END])
    return (f'extern "C" __global__ void generated(unsigned *out, const unsigned *in)\n{{\n'
            f"__shared__ unsigned shared[{THREADS}];\nunsigned v[16], thread = threadIdx.x;\n{body}\n}}\n")


def model(made: list[str]) -> str:
    """The statements in C: each one done by all threads before the next, which is what barriers ask for."""
    loop = f"for (unsigned thread = 0; thread < {THREADS}; thread++)"
    steps = "\n".join(f"{loop} {{\nunsigned *v = all[thread];\n{text}\n}}"
                      for text in [BEGIN, *made, END] if "__sync" not in text)
    return (f"void generated(unsigned *out, const unsigned *in)\n{{\nunsigned shared[{THREADS}], all[{THREADS}][16];\n"
            f"{steps}\n}}\n")


def measure(lines: int, seed: int) -> float:
    """Seconds from the source to a kernel that has run; its output is compared with the model's."""
    import numpy as np
    from cuda.bindings import driver
    from driver_calls import check, compile_cubin, load
    from suite.native import build

    made = statements(lines, seed)
    source = cuda(made).encode()
    begin = time.perf_counter()
    module, function = load(compile_cubin(source), b"generated")
    loaded = time.perf_counter() - begin
    cells = np.random.default_rng(seed).integers(0, 1 << 32, CELLS, np.uint32)
    result, expected = np.zeros(THREADS, np.uint32), np.zeros(THREADS, np.uint32)
    memory = [check(driver.cuMemAlloc(array.nbytes)) for array in (result, cells)]
    check(driver.cuMemcpyHtoD(memory[1], cells.ctypes.data, cells.nbytes))
    values = [np.array([int(address)], np.uint64) for address in memory]
    pointers = np.array([value.ctypes.data for value in values], np.uint64)
    times = []
    for _ in range(2):  # the second launch compiles nothing: what the first takes longer is compiling
        begin = time.perf_counter()
        check(driver.cuLaunchKernel(function, 1, 1, 1, THREADS, 1, 1, 0, 0, pointers.ctypes.data, 0))
        check(driver.cuCtxSynchronize())
        times.append(time.perf_counter() - begin)
    check(driver.cuMemcpyDtoH(result.ctypes.data, memory[0], result.nbytes))
    build([model(made)], ["-O0"]).generated(ctypes.c_void_p(expected.ctypes.data), ctypes.c_void_p(cells.ctypes.data))
    np.testing.assert_array_equal(result, expected, f"{lines} lines, seed {seed}")
    check(driver.cuModuleUnload(module))
    for address in memory:
        check(driver.cuMemFree(address))
    return loaded + max(times[0] - times[1], 0.0)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COMPATLAYER_CACHE_DIR"] = folder
        from driver_calls import start

        start()
        measure(20, 0)  # prepares the device headers
        rows = [(lines, statistics.median(measure(lines, 1 + run) for run in range(RUNS))) for lines in SIZES]
    exponent = math.log(rows[-1][1] / rows[0][1]) / math.log(rows[-1][0] / rows[0][0])
    print("| lines of a generated kernel | from source to a kernel that has run | for each line |")
    print("|-|-|-|")
    for lines, seconds in rows:
        print(f"| {lines} | {seconds * 1e3:.0f} ms | {seconds / lines * 1e3:.2f} ms |")
    print(f"\nTime grows with lines to the power of {exponent:.2f}.")
    if "--json" in sys.argv:
        print(json.dumps({"seconds": dict(rows), "exponent": exponent}))


if __name__ == "__main__":
    main()
