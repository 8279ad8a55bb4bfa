"""Ten million launches and a million allocations and frees in one process, whose memory must stay flat.

    python tests/soak/soak.py [--scale 0.001]

Launches come from C (three kinds of streams, two threads), from Python through cuda.bindings, and as graphs;
allocations are synchronous and asynchronous, of 1 byte to 4 MiB. Prints a JSON report and writes it to --report; exit
status 1 when something grew or a sum is wrong.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "fuzz")]

SOURCE = rb"""
extern "C" __global__ void add(unsigned *sum, unsigned value) { atomicAdd(sum, value); }
"""
LAUNCHES_C, LAUNCHES_PYTHON, LAUNCHES_GRAPH, GRAPH_NODES = 9_600_000, 200_000, 20_000, 10
ALLOCATIONS = 500_000  # of each of the two kinds
STEPS = 10  # a step is a tenth of everything; sizes are compared from the end of the first one on


class Soak:
    """One process's work; `count` numbers are for all steps together."""

    def __init__(self, folder: Path, scale: float) -> None:
        from driver_calls import Driver
        from fuzz_image import compile_image

        self.scale, self.driver = scale, Driver()
        self.context = self.driver.primary()
        self.kernel = self.driver.kernel(compile_image(SOURCE), b"add")
        self.sum = self.driver.memory(4)
        self.streams = (ctypes.c_void_p * 4)(None, None, None, None)
        for place, flags in ((1, 0), (2, 1), (3, 1)):
            self.streams[place] = self.driver.made("cuStreamCreate", flags).value
        self.loop = ctypes.CDLL(str(_build(folder)))
        self.graph = self._capture()
        self.seconds = {
            "launches from C": 0.0,
            "launches from Python": 0.0,
            "graph launches": 0.0,
            "cuMemAlloc and cuMemFree": 0.0,
            "cuMemAllocAsync and cuMemFreeAsync": 0.0,
        }
        self.counts = dict.fromkeys(self.seconds, 0)
        self.added = 0

    def share(self, count: int) -> int:
        return max(2, round(count * self.scale / STEPS))

    def _timed(self, what: str, count: int, work: Any) -> None:
        began = time.monotonic()
        work()
        self.seconds[what] += time.monotonic() - began
        self.counts[what] += count

    def _capture(self) -> ctypes.c_void_p:
        from driver_calls import address

        stream = ctypes.c_void_p(self.streams[2])
        self.driver.cuStreamBeginCapture_v2(stream, 2)
        for _ in range(GRAPH_NODES):
            self.driver.launch(self.kernel, 1, 1, address(self.sum), ctypes.c_uint32(1), stream=stream)
        graph = ctypes.c_void_p()
        self.driver.cuStreamEndCapture(stream, ctypes.byref(graph))
        return self.driver.made("cuGraphInstantiateWithFlags", graph, ctypes.c_uint64(0))

    def _from_c(self, count: int) -> None:
        """Half of them by each of two threads, on streams that do not wait for each other and on those that do."""
        statuses = [0, 0]

        def work(number: int) -> None:
            streams = (ctypes.c_void_p * 2)(*(self.streams[0:2] if number == 0 else self.streams[2:4]))
            statuses[number] = self.loop.soak_launches(
                self.context, self.kernel, self.sum, streams, 2, ctypes.c_int64(count // 2)
            )

        threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(statuses):
            raise RuntimeError(f"a launch from C answers {statuses}")
        self.added += count // 2 * 2

    def _from_python(self, count: int) -> None:
        from cuda.bindings import driver as cu

        values = (ctypes.c_uint64(self.sum.value or 0), ctypes.c_uint32(1))
        arguments = (ctypes.c_void_p * 2)(*map(ctypes.addressof, values))
        kernel, stream = cu.CUfunction(self.kernel.value), cu.CUstream(self.streams[2])
        for number in range(count):
            (status,) = cu.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, ctypes.addressof(arguments), 0)
            if int(status):
                raise RuntimeError(f"a launch from Python answers {status}")
            if number % 1000 == 999:
                self.driver.cuCtxSynchronize()
        self.driver.cuCtxSynchronize()
        self.added += count

    def _graphs(self, count: int) -> None:
        stream = ctypes.c_void_p(self.streams[3])
        for number in range(count):
            self.driver.cuGraphLaunch(self.graph, stream)
            if number % 500 == 499:
                self.driver.cuStreamSynchronize(stream)
        self.driver.cuStreamSynchronize(stream)
        self.added += count * GRAPH_NODES

    def _allocations(self, asynchronous: bool, count: int, seed: int) -> None:
        status = self.loop.soak_allocations(
            self.context,
            int(asynchronous),
            ctypes.c_void_p(self.streams[2]),
            ctypes.c_int64(count),
            ctypes.c_uint64(seed * 977 + 5),
        )
        if status:
            raise RuntimeError(f"an allocation answers {status}")

    def step(self, number: int) -> None:
        """A tenth of everything."""
        self._timed("launches from C", self.share(LAUNCHES_C) // 2 * 2, lambda: self._from_c(self.share(LAUNCHES_C)))
        self._timed(
            "launches from Python", self.share(LAUNCHES_PYTHON), lambda: self._from_python(self.share(LAUNCHES_PYTHON))
        )
        self._timed("graph launches", self.share(LAUNCHES_GRAPH), lambda: self._graphs(self.share(LAUNCHES_GRAPH)))
        for what, asynchronous in (("cuMemAlloc and cuMemFree", False), ("cuMemAllocAsync and cuMemFreeAsync", True)):
            count = self.share(ALLOCATIONS)
            self._timed(what, count, lambda a=asynchronous, c=count: self._allocations(a, c, number))

    def settle(self) -> None:
        """Wait, and have the pool give back what it keeps, so that sizes can be compared."""
        from driver_calls import c_size_t

        self.driver.cuCtxSynchronize()
        self.driver.cuMemPoolTrimTo(self.driver.made("cuDeviceGetDefaultMemPool", 0), c_size_t(0))

    def total(self) -> int:
        from driver_calls import c_size_t

        number = ctypes.c_uint32()
        self.driver.cuMemcpyDtoH_v2(ctypes.byref(number), self.sum, c_size_t(4))
        return number.value


def _build(folder: Path) -> Path:
    from c_compiler import compile_c

    import compatlayer

    built = Path(compatlayer.__file__).parent / "_lib"
    return compile_c(
        (HERE / "soak_loop.c").read_text(),
        folder / "libsoak.so",
        "-std=c11",
        "-O1",
        "-D_GNU_SOURCE",
        "-shared",
        f"-I{ROOT / 'include'}",
        f"-L{built}",
        "-l:libcuda.so.1",
        f"-Wl,-rpath,{built}",
    )


def run(scale: float) -> dict[str, Any]:
    from process_size import growth, peak_kib, resident_kib, sizes

    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), scale)
        before: dict[str, int] = {}
        resident = []
        for number in range(STEPS):
            soak.step(number)
            soak.settle()
            resident.append(resident_kib())
            if number == 0:
                before = sizes()
        after = sizes()
    wrong = [] if soak.total() == soak.added % (1 << 32) else [f"the sum is {soak.total()}, not {soak.added}"]
    rates = {
        what: {
            "count": soak.counts[what],
            "seconds": round(soak.seconds[what], 2),
            "us each": round(soak.seconds[what] / max(soak.counts[what], 1) * 1e6, 2),
        }
        for what in soak.seconds
    }
    return {
        "scale": scale,
        "kernels run": soak.added,
        "allocations": sum(c for w, c in soak.counts.items() if "Alloc" in w),
        "seconds": round(sum(soak.seconds.values()), 1),
        "parts": rates,
        "resident KiB after each tenth": resident,
        "peak KiB": peak_kib(),
        "first": before,
        "last": after,
        "grown": growth(before, after),
        "wrong": wrong,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="of the ten million and the million")
    parser.add_argument("--report", help="write the report there too")
    options = parser.parse_args()
    import compatlayer

    compatlayer.install()
    report = run(options.scale)
    text = json.dumps(report, indent=1)
    print(text)
    if options.report:
        os.makedirs(os.path.dirname(os.path.abspath(options.report)), exist_ok=True)
        Path(options.report).write_text(text + "\n")
    return 1 if report["grown"] or report["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
