"""numba.cuda on this device beside numba's own @njit(parallel=True), and beside numba's simulator of CUDA.

    compatlayer run bench/numba_kernels.py [--pairs 7] [--only saxpy,matmul] [--no-simulator]

The two take turns in one process, in pairs; what is reported is the median of the pairs' ratios, above 1 where the
device is faster. Outputs are compared after the first run. Then: an empty launch through numba and the driver call in
it, and the first compilation of a small kernel with the share of it that is spent in compatlayer."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import warnings
from typing import Any

import numpy as np
from numba import cuda
from numba_cases import CASES, Case

SIMULATED = {"saxpy": 2048, "black_scholes": 2048, "mandelbrot": 48, "nbody": 64, "stencil2d": 48, "matmul": 32,
             "reduction": 4096, "spmv": 512}  # fmt: skip
TURN_S = 0.05


class Contender:
    """One case on one side; `seconds` is the time of a run."""

    def __init__(self, case: Case, arguments: list[Any], on_device: bool, size: int) -> None:
        self.on_device = on_device
        self.outputs = case.outputs
        if on_device:
            self.arguments = [cuda.to_device(each) if isinstance(each, np.ndarray) else each for each in arguments]
            grid, block = case.shape(size)
            self.kernel = case.device[grid, block]
        else:
            self.arguments = [each.copy() if isinstance(each, np.ndarray) else each for each in arguments]
            self.kernel = case.host
        self.run(1)

    def run(self, repeats: int) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            self.kernel(*self.arguments)
        if self.on_device:
            cuda.synchronize()
        return (time.perf_counter() - start) / repeats

    def results(self) -> list[np.ndarray]:
        return [self.arguments[i].copy_to_host() if self.on_device else self.arguments[i] for i in self.outputs]


def compare(case: Case, pairs: int) -> tuple[float, float, float]:
    """The median ratio of `pairs`, and the device's and the host's median time."""
    arguments = case.make(case.size, np.random.default_rng(1))
    device, host = (Contender(case, arguments, side, case.size) for side in (True, False))
    for got, wanted in zip(device.results(), host.results(), strict=True):
        wrong = np.count_nonzero(~np.isclose(got, wanted, rtol=case.tolerance, atol=case.tolerance))
        allowed = got.size // 500 if got.dtype.kind == "i" else 0  # points on the border of the Mandelbrot set
        if wrong > allowed:
            raise SystemExit(f"{case.name}: {wrong} of {got.size} results differ")
    repeats = max(1, int(TURN_S / max(device.run(1), host.run(1))))
    times = [(device.run(repeats), host.run(repeats)) for _ in range(pairs)]
    return (statistics.median(b / a for a, b in times), statistics.median(a for a, _ in times),
            statistics.median(b for _, b in times))


def small_times(names: list[str]) -> dict[str, float]:
    """Seconds of each case at the simulator's size, on whatever numba.cuda is here: the best of three."""
    found = {}
    for case in CASES:
        if case.name in names:
            size = SIMULATED[case.name]
            contender = Contender(case, case.make(size, np.random.default_rng(1)), True, size)
            found[case.name] = min(contender.run(1) for _ in range(3))
    return found


def simulator_times(names: list[str]) -> dict[str, float]:
    command = [sys.executable, __file__, "--small", "--only", ",".join(names)]
    variables = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=600)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def launch_cost(count: int = 20_000) -> tuple[float, float]:
    """Seconds of an empty launch through numba, and of the driver's call in it (by ctypes, whose cost is counted)."""

    @cuda.jit
    def nothing():
        pass

    configured = nothing[1, 32]
    configured()
    cuda.synchronize()
    start = time.perf_counter()
    for _ in range(count):
        configured()
    cuda.synchronize()
    through_numba = (time.perf_counter() - start) / count
    driver = ctypes.CDLL("libcuda.so.1")
    handle = kernel_handle(nothing)
    call = driver.cuLaunchKernel
    call.argtypes = [ctypes.c_void_p, *[ctypes.c_uint] * 7, *[ctypes.c_void_p] * 3]
    if call(handle, 1, 1, 1, 32, 1, 1, 0, None, None, None) != 0:
        raise SystemExit("the driver refused to launch numba's kernel")
    start = time.perf_counter()
    for _ in range(count):
        call(handle, 1, 1, 1, 32, 1, 1, 0, None, None, None)
    cuda.synchronize()
    return through_numba, (time.perf_counter() - start) / count


def kernel_handle(dispatcher: Any) -> int:
    """The driver's handle of a compiled kernel."""
    compiled = next(iter(dispatcher.overloads.values()))
    return int(compiled._codelibrary.get_cufunc().kernel._handle)


def first_compile(rounds: int = 5) -> tuple[float, float]:
    """Seconds until a small kernel that is new to everybody has run, and the part of it inside compatlayer."""
    totals, shares = [], []
    folder = os.sep + "compatlayer" + os.sep
    for turn in range(rounds):
        salt = float(time.time_ns() % 1_000_000 + turn)  # the compiler's cache must not know it

        source = f"def kernel(x):\n    i = cuda.grid(1)\n    if i < x.size:\n        x[i] = x[i] * {salt} + i\n"
        space: dict[str, Any] = {"cuda": cuda}
        exec(source, space)
        kernel, x = cuda.jit(space["kernel"]), cuda.to_device(np.ones(64))
        main, samples, done = threading.get_ident(), [0, 0], threading.Event()

        def sample(main: int = main, samples: list[int] = samples, done: threading.Event = done) -> None:
            while not done.wait(0.0005):
                frame = sys._current_frames().get(main)
                samples[1] += 1
                while frame is not None:
                    if folder in frame.f_code.co_filename:
                        samples[0] += 1
                        break
                    frame = frame.f_back

        sampler = threading.Thread(target=sample)
        sampler.start()
        start = time.perf_counter()
        kernel[2, 32](x)
        cuda.synchronize()
        totals.append(time.perf_counter() - start)
        done.set()
        sampler.join()
        shares.append(totals[-1] * samples[0] / max(samples[1], 1))
    return statistics.median(totals[1:]), statistics.median(shares[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", default=",".join(case.name for case in CASES))
    parser.add_argument("--no-simulator", action="store_true")
    parser.add_argument("--small", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    names = options.only.split(",")
    if options.small:
        print(json.dumps(small_times(names)))
        return
    print(f"{'kernel':15s} {'device':>9s} {'njit':>9s}  ratio")
    ratios = []
    for case in CASES:
        if case.name in names:
            ratio, device_s, host_s = compare(case, options.pairs)
            ratios.append(ratio)
            print(f"{case.name:15s} {device_s * 1e3:6.2f} ms {host_s * 1e3:6.2f} ms  {ratio:.2f}", flush=True)
    print(f"geometric mean  {statistics.geometric_mean(ratios):.2f}")
    if not options.no_simulator:
        ours, simulated = small_times(names), simulator_times(names)
        faster = [simulated[name] / ours[name] for name in ours]
        print("simulator / device, at its sizes: " + ", ".join(
            f"{name} {ratio:.0f}" for name, ratio in zip(ours, faster, strict=True))
            + f"; geometric mean {statistics.geometric_mean(faster):.0f}")
    total, share = first_compile()
    print(f"first compile   {total * 1e3:.0f} ms, of it in compatlayer {share * 1e3:.0f} ms")
    through_numba, driver = launch_cost()
    print(f"empty launch    {through_numba * 1e6:.1f} us through numba, of it the driver's call {driver * 1e6:.1f} us")


if __name__ == "__main__":
    main()
