"""Kernels that fail in every way, over and over in one process, with a reset of their context between.

    python tests/soak/fault_rounds.py --rounds 1000

Each round must answer its documented status and name the kernel and the reason, the next round must work, and nothing
may grow. Prints a JSON report; exit status 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("COMPATLAYER_WATCHDOG_S", "0.1")
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "fuzz")]

SOURCE = rb"""
extern "C" __global__ void illegal(int *p) { *(int *)(16 + 0 * (long)p) = 1; }
extern "C" __global__ void freed(int *p) { p[threadIdx.x] = 1; }
extern "C" __global__ void fails(int *p) { assert(p[threadIdx.x] == 1); }
extern "C" __global__ void traps(int *p) { if (threadIdx.x == 3 || p[0] == 9) __trap(); }
__device__ __noinline__ int deep(int *p, int n)
{
    volatile int local[256];
    local[n % 256] = p[n & 7] + n;
    return n > 1000000 ? local[3] : deep(p, n + 1) + local[n % 256];
}
extern "C" __global__ void overflows(int *p) { p[0] = deep(p, 0); }
extern "C" __global__ void parts(int *p)
{
    if (threadIdx.x < 8)
        __syncthreads();
    else
        __shfl_sync(0xffffffff, p[0], 0);
}
extern "C" __global__ void spins(volatile int *p) { while (p[0] != 7777) ; }
extern "C" __global__ void counts(int *p) { while (p[0] != 7777) { if (p[0] == 5) printf("never"); } }
extern "C" __global__ void fine(int *p) { atomicAdd(p, 1); }
"""
# kernel -> status, a part of the message
EXPECTED = {
    "illegal": (700, "illegal address"),
    "freed": (700, "illegal address"),
    "fails": (710, "assertion"),
    "traps": (719, "trap"),
    "overflows": (714, "stack overflow"),
    "parts": (719, "waits at"),
    "spins": (702, "still runs"),
    "counts": (702, "still runs"),
}
SETTLED = 40  # rounds until a process has made what it makes once


def one(driver: Any, image: bytes, name: str, block: int) -> tuple[int, str]:
    """Launch a kernel that fails; the status of the wait and its text."""
    from driver_calls import address

    from compatlayer.api.entry import last_error_text

    kernel = driver.kernel(image, name.encode())
    memory = driver.memory(4096)
    if name == "freed":
        driver.cuMemFree_v2(memory)
    stream = driver.made("cuStreamCreate", 1)
    driver.launch(kernel, 3, block, address(memory), stream=stream)
    status = driver.library.cuStreamSynchronize(stream)
    return status, last_error_text()


def works(driver: Any, image: bytes) -> bool:
    from driver_calls import address, c_size_t

    memory, number = driver.memory(64), ctypes.c_int()
    driver.launch(driver.kernel(image, b"fine"), 8, 64, address(memory))
    driver.cuMemcpyDtoH_v2(ctypes.byref(number), memory, c_size_t(4))
    return number.value == 512


def run(rounds: int) -> dict[str, Any]:
    from driver_calls import Driver
    from fuzz_image import compile_image
    from process_size import growth, peak_kib, sizes

    image = compile_image(SOURCE)
    driver = Driver()
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    before: dict[str, int] = {}
    began = time.monotonic()
    names = list(EXPECTED)
    for number in range(rounds):
        name, block = names[number % len(names)], (1, 64, 256)[number // len(names) % 3]
        if name in ("traps", "parts") and block == 1:
            block = 32
        own = number % 3 == 1
        context = driver.made("cuCtxCreate_v2", 0, 0) if own else driver.primary()
        status, text = one(driver, image, name, block)
        statuses[status] += 1
        wanted, part = EXPECTED[name]
        if status != wanted or part not in text or f'"{name}"' not in text:
            wrong.append(f"round {number}, {name} with {block} threads: {status} {text}")
        if own:
            driver.cuCtxDestroy_v2(context)
        else:
            driver.cuDevicePrimaryCtxReset_v2(0)
            driver.primary()
            if number % 8 == 0 and not works(driver, image):
                wrong.append(f"round {number}: the device computes wrong results afterwards")
            driver.cuDevicePrimaryCtxReset_v2(0)
            driver.cuDevicePrimaryCtxRelease_v2(0)
            driver.cuDevicePrimaryCtxRelease_v2(0)
            driver.cuCtxSetCurrent(None)
        if number == min(SETTLED, rounds // 2):
            before = sizes()
    after = sizes()
    return {
        "rounds": rounds,
        "seconds": round(time.monotonic() - began, 1),
        "statuses": dict(statuses),
        "wrong": wrong,
        "grown": growth(before, after),
        "first": before,
        "last": after,
        "peak KiB": peak_kib(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--report", help="write the report there too")
    options = parser.parse_args()
    import compatlayer

    compatlayer.install()
    report = run(options.rounds)
    text = json.dumps(report, indent=1)
    print(text)
    if options.report:
        Path(options.report).write_text(text + "\n")
    return 1 if report["wrong"] or report["grown"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
