"""What one launch of a graph costs against single launches of its kernels: from C, and from Python by cuda-bindings.

Graphs are chains of 1, 10 and 100 kernels of one thread; each way takes turns. "call" is the time until the calls
return, "done" until all of their work is. Every kernel counts, and the counts are checked. Run under `compatlayer run`.
"""

from __future__ import annotations

import ctypes
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cuda.bindings import driver
from driver_calls import check, compile_cubin, load, start

SIZES, TURNS, ROUNDS = (1, 10, 100), 31, 20
SOURCE = b'extern "C" __global__ void count(int *counter) { ++*counter; }'
CALLER = """
typedef int launch(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                   void **);
typedef int launch_graph(void *, void *);
#define SHOWN __attribute__((visibility("default")))
SHOWN int singles(void *call, void *kernel, void *stream, void **arguments, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |= ((launch *)call)(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0);
    return failed;
}
SHOWN int graphs(void *call, void *graph, void *stream, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |= ((launch_graph *)call)(graph, stream);
    return failed;
}
"""


def build(folder: str) -> ctypes.CDLL:
    """The C caller, made with the compiler that the package's build uses."""
    from compatlayer.api.toolchain import find_toolchain

    tools = find_toolchain()
    source, library = Path(folder) / "caller.c", Path(folder) / "caller.so"
    source.write_text(CALLER)
    subprocess.run([*tools.command, *tools.compile_flags(warnings=False), *tools.link_flags(), str(source), "-o",
                    str(library)], check=True)
    return ctypes.CDLL(str(library))


def chain(kernel: Any, packed: int, size: int) -> Any:
    """An executable graph of `size` launches, one after the other."""
    graph = check(driver.cuGraphCreate(0))
    params = driver.CUDA_KERNEL_NODE_PARAMS()
    params.func, params.kernelParams = kernel, packed
    params.gridDimX = params.gridDimY = params.gridDimZ = 1
    params.blockDimX = params.blockDimY = params.blockDimZ = 1
    last: list[Any] = []
    for _ in range(size):
        last = [check(driver.cuGraphAddKernelNode(graph, last or None, len(last), params))]
    executable = check(driver.cuGraphInstantiate(graph, 0))
    check(driver.cuGraphDestroy(graph))
    return executable


def main() -> None:
    start()
    _, kernel = load(compile_cubin(SOURCE), b"count")
    stream = check(driver.cuStreamCreate(1))
    counter = check(driver.cuMemAlloc(4))
    check(driver.cuMemsetD8(counter, 0, 4))
    value = ctypes.c_uint64(int(counter))
    arguments = (ctypes.c_void_p * 1)(ctypes.addressof(value))
    packed = ctypes.addressof(arguments)
    expected = 0
    with tempfile.TemporaryDirectory() as folder:
        caller = build(folder)
    cuda = ctypes.CDLL("libcuda.so.1")
    single, graph = (ctypes.cast(each, ctypes.c_void_p) for each in (cuda.cuLaunchKernel, cuda.cuGraphLaunch))
    handle, queue = ctypes.c_void_p(int(kernel)), ctypes.c_void_p(int(stream))
    print("| kernels | from | graph, call | singles, call | graph, done | singles, done | faster by (call, done) |")
    print("|-|-|-|-|-|-|-|")
    for size in SIZES:
        executable = chain(kernel, packed, size)
        own = ctypes.c_void_p(int(executable))

        def python_singles(size: int = size) -> None:
            for _ in range(ROUNDS * size):
                check(driver.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, packed, 0))

        def python_graphs(executable: Any = executable) -> None:
            for _ in range(ROUNDS):
                check(driver.cuGraphLaunch(executable, stream))

        ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "C": (lambda own=own: caller.graphs(graph, own, queue, ROUNDS),  # type: ignore[misc]
                  lambda size=size: caller.singles(single, handle, queue, arguments,  # type: ignore[misc]
                                                   ROUNDS * size)),
            "Python": (python_graphs, python_singles)}
        for name, pair in ways.items():
            figures = measure(pair, stream)
            expected += 2 * (TURNS + 2) * ROUNDS * size
            report(size, name, figures)
    result = ctypes.c_int()
    check(driver.cuMemcpyDtoH(ctypes.addressof(result), counter, 4))
    assert result.value == expected, f"{result.value} of {expected} kernels ran"


def measure(pair: tuple[Callable[[], object], Callable[[], object]], stream: Any) -> list[list[tuple[float, float]]]:
    """For both ways, per turn: microseconds of one round until the calls return, and until all is done."""
    figures: list[list[tuple[float, float]]] = [[], []]
    for turn in range(-2, TURNS):
        for place in (0, 1) if turn % 2 else (1, 0):
            begin = time.perf_counter()
            assert not pair[place](), "a launch failed"
            called = time.perf_counter()
            check(driver.cuStreamSynchronize(stream))
            done = time.perf_counter()
            if turn >= 0:
                figures[place].append(((called - begin) / ROUNDS * 1e6, (done - begin) / ROUNDS * 1e6))
    return figures


def report(size: int, name: str, figures: list[list[tuple[float, float]]]) -> None:
    middle = [[statistics.median(turn[what] for turn in kind) for kind in figures] for what in (0, 1)]
    ratios = [statistics.median(there[what] / here[what] for here, there in zip(*figures, strict=True))
              for what in (0, 1)]
    print(f"| {size} | {name} | " + " | ".join(f"{each:.2f} us" for pair in middle for each in pair)
          + f" | {ratios[0]:.1f}, {ratios[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
