"""What a launch costs a C caller: directly, and through Python (COMPATLAYER_FAST_LAUNCH=0), in turn.

Each kind runs in a process of its own; the processes take turns of some milliseconds. One call is timed over a batch
that fits the queue, and the batch is waited for outside the timing.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BATCH, TURNS = 1000, 41
SOURCE = b"""
extern "C" __global__ void empty(int *counter) {}
extern "C" __global__ void count(int *counter) { atomicAdd(counter, 1); }
"""
CALLER = """
#include <time.h>
typedef int launch(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                   void **);
typedef struct { unsigned grid[3], block[3], shared; void *stream, *attributes; unsigned count; } config;
typedef int launch_ex(const config *, void *, void **, void **);

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

__attribute__((visibility("default"))) double launches(void *call, void *kernel, void *stream, void **arguments,
                                                       int count)
{
    int failed = 0;
    double start = now();
    for (int i = 0; i < count; i++)
        failed |= ((launch *)call)(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments, 0);
    double end = now();
    return failed ? -1 : end - start;
}

__attribute__((visibility("default"))) double launches_ex(void *call, void *kernel, void *stream, void **arguments,
                                                          int count)
{
    config made = {{1, 1, 1}, {1, 1, 1}, 0, stream, 0, 0};
    int failed = 0;
    double start = now();
    for (int i = 0; i < count; i++)
        failed |= ((launch_ex *)call)(&made, kernel, arguments, 0);
    double end = now();
    return failed ? -1 : end - start;
}
"""
STREAMS = {"non-blocking stream": 1, "blocking stream": 0, "default stream": None}


def build(folder: str) -> Path:
    """The C caller, made with the compiler that the package's build uses."""
    from compatlayer.api.toolchain import find_toolchain

    tools = find_toolchain()
    source, library = Path(folder) / "caller.c", Path(folder) / "caller.so"
    source.write_text(CALLER)
    command = [*tools.command, *tools.compile_flags(warnings=False), *tools.link_flags(), str(source), "-o"]
    subprocess.run([*command, str(library)], check=True)
    return library


def serve(caller: str) -> None:
    """In a child: for each line of input a turn; prints its cases' microseconds for one call."""
    from cuda.bindings import driver
    from driver_calls import check, compile_cubin, load, start

    start()
    module, empty = load(compile_cubin(SOURCE), b"empty")
    count = check(driver.cuModuleGetFunction(module, b"count"))
    counter = check(driver.cuMemAlloc(4))
    check(driver.cuMemsetD8(counter, 0, 4))
    value = ctypes.c_uint64(int(counter))
    arguments = (ctypes.c_void_p * 1)(ctypes.addressof(value))
    cuda = ctypes.CDLL("libcuda.so.1")
    loops = ctypes.CDLL(caller)
    cases = []
    for call, loop in ((cuda.cuLaunchKernel, loops.launches), (cuda.cuLaunchKernelEx, loops.launches_ex)):
        loop.restype = ctypes.c_double
        loop.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int]
        streams = [0 if flags is None else check(driver.cuStreamCreate(flags)) for flags in STREAMS.values()]
        cases += [(ctypes.cast(call, ctypes.c_void_p), loop, stream) for stream in streams]
    for turn, _ in enumerate(sys.stdin):
        figures = []
        for call, loop, stream in cases:
            seconds = loop(call, int(empty), int(stream), arguments, BATCH)
            check(driver.cuStreamSynchronize(stream))
            assert loop(call, int(count), int(stream), arguments, 10) >= 0
            assert seconds > 0
            figures.append(seconds / BATCH * 1e6)
        expected = (turn + 1) * 10 * len(cases)
        result = ctypes.c_int()
        check(driver.cuCtxSynchronize())
        check(driver.cuMemcpyDtoH(ctypes.addressof(result), counter, 4))
        assert result.value == expected, f"{result.value} of {expected} launches ran"
        print(*figures, flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        caller = build(folder)
        children = [
            subprocess.Popen([sys.executable, "-m", "compatlayer", "run", __file__, str(caller)], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env={**os.environ, "COMPATLAYER_FAST_LAUNCH": fast}) for fast in "10"]
        turns: list[list[list[float]]] = [[], []]
        for turn in range(-2, TURNS):
            for place in (0, 1) if turn % 2 else (1, 0):
                child = children[place]
                assert child.stdin is not None and child.stdout is not None
                child.stdin.write("\n")
                child.stdin.flush()
                figures = [float(word) for word in child.stdout.readline().split()]
                assert len(figures) == 2 * len(STREAMS), "a child failed"
                if turn >= 0:
                    turns[place].append(figures)
        for child in children:
            child.communicate()
    print("| a launch in a loop in C | direct: median | fastest | through Python: median | fastest | ratio of pairs |")
    print("|-|-|-|-|-|-|")
    names = [f"{call}, {stream}" for call in ("cuLaunchKernel", "cuLaunchKernelEx") for stream in STREAMS]
    for place, name in enumerate(names):
        ours, theirs = ([figures[place] for figures in kind] for kind in turns)
        ratio = statistics.median(there / own for own, there in zip(ours, theirs, strict=True))
        figures = (statistics.median(ours), min(ours), statistics.median(theirs), min(theirs))
        print(f"| {name} | " + " | ".join(f"{figure:.2f} us" for figure in figures) + f" | {ratio:.1f} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        main()
