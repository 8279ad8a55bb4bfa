"""A program whose threads launch from C while others wait, copy and destroy; prints "finished" when all is right.

usage: launch_threads.py LIBRARY SCENARIO
"""

from __future__ import annotations

import ctypes
import faulthandler
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from compiled import build
from cuda.bindings import driver as cu

SOURCE = """
extern "C" __global__ void bump(unsigned long long *data) { atomicAdd(data, 1ull); }
extern "C" __global__ void step(unsigned long long *data) { *data = *data + 1; }
"""
SECONDS = 1.2
INVALID_CONTEXT, INVALID_HANDLE, CONTEXT_IS_DESTROYED = 201, 400, 709


def check(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if values else None


class Caller:
    """A kernel with one argument, the address of a counter."""

    def __init__(self, kernel: Any, counter: int) -> None:
        self.kernel = int(kernel)
        self.value = ctypes.c_uint64(counter)
        self.arguments = (ctypes.c_void_p * 1)(ctypes.addressof(self.value))

    def launch(self, stream: Any, count: int) -> tuple[int, int]:
        """(accepted, status of the first refusal or 0)"""
        status = ctypes.c_int()
        accepted = loop(cuda.cuLaunchKernel, self.kernel, int(stream), self.arguments, count, ctypes.byref(status))
        return accepted, status.value


def load() -> tuple[Any, Any, Any]:
    module = check(cu.cuModuleLoadData(build(SOURCE)))
    return (module, *(check(cu.cuModuleGetFunction(module, name)) for name in (b"bump", b"step")))


def counters(count: int) -> list[int]:
    base = int(check(cu.cuMemAlloc(256 * count)))
    check(cu.cuMemsetD8(base, 0, 256 * count))
    return [base + 256 * place for place in range(count)]


def read(counter: int) -> int:
    value = np.zeros(1, np.uint64)
    check(cu.cuMemcpyDtoH(value, counter, 8))
    return int(value[0])


def together(*bodies: Callable[[], None]) -> None:
    """Run each body again and again, on a thread of its own with the context current, for a while."""
    context = check(cu.cuCtxGetCurrent())
    failures: list[BaseException] = []
    end = time.monotonic() + SECONDS

    def work(body: Callable[[], None]) -> None:
        try:
            check(cu.cuCtxSetCurrent(context))
            while time.monotonic() < end and not failures:
                body()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Foreign(ctypes.Structure):
    """struct foreign of launching.c"""

    _fields_ = [(name, ctypes.c_void_p) for name in ("call", "set", "get", "context", "kernel", "arguments")] + [
        (name, ctypes.c_int) for name in ("count", "before", "is_current", "accepted", "status", "after")]


def foreign() -> None:
    """A thread that Python has never seen keeps its current context between calls."""
    _, bump, _ = load()
    (counter,) = counters(1)
    caller = Caller(bump, counter)
    functions = (ctypes.cast(getattr(cuda, name), ctypes.c_void_p)
                 for name in ("cuLaunchKernel", "cuCtxSetCurrent", "cuCtxGetCurrent"))
    for _ in range(3):
        it = Foreign(*functions, int(check(cu.cuCtxGetCurrent())), caller.kernel,
                     ctypes.cast(caller.arguments, ctypes.c_void_p), 100)
        functions = (it.call, it.set, it.get)
        library.on_foreign_thread(ctypes.byref(it))
        assert (it.before, it.is_current, it.accepted, it.status) == (INVALID_CONTEXT, 1, 100, 0)
        assert it.after == INVALID_CONTEXT
    assert read(counter) == 300


def order() -> None:
    """Copies on the default stream see every launch before them; kernels of one stream do not overlap."""
    _, bump, step = load()
    places = counters(6)

    def on(stream: Any, kernel: Any, counter: int) -> Callable[[], None]:
        caller, expected = Caller(kernel, counter), [0]

        def body() -> None:
            for count in (1, 40, 3):
                assert caller.launch(stream, count) == (count, 0)
                expected[0] += count
                if stream is free:
                    check(cu.cuStreamSynchronize(stream))
                found = read(counter)
                assert found == expected[0], f"{found} of {expected[0]} launches were seen"

        return body

    free = check(cu.cuStreamCreate(1))
    joined = [check(cu.cuStreamCreate(0)) for _ in range(2)]
    shared = check(cu.cuStreamCreate(1))
    sharers, accepted = Caller(step, places[5]), [0, 0]

    def share(place: int) -> None:
        accepted[place] += sharers.launch(shared, 25)[0]
        check(cu.cuStreamSynchronize(shared) if place else cu.cuCtxSynchronize())

    together(on(free, step, places[0]), on(joined[0], step, places[1]), on(joined[1], bump, places[2]),
             on(0, step, places[3]), lambda: share(0), lambda: share(1))
    check(cu.cuCtxSynchronize())
    assert read(places[5]) == sum(accepted)


def streams() -> None:
    """Streams are made and destroyed, with work and while others launch on them; every accepted launch runs."""
    _, bump, _ = load()
    (counter,) = counters(1)
    caller, accepted, shown = Caller(bump, counter), [0] * 4, [check(cu.cuStreamCreate(0))]

    def own() -> None:
        stream = check(cu.cuStreamCreate(1))
        count, status = caller.launch(stream, 30)
        accepted[0] += count
        assert status == 0
        check(cu.cuStreamDestroy(stream))

    def replace() -> None:
        old, shown[0] = shown[0], check(cu.cuStreamCreate(len(accepted) % 2))
        check(cu.cuStreamDestroy(old))
        time.sleep(0.002)

    def intrude(place: int) -> None:
        count, status = caller.launch(shown[0], 50)
        accepted[place] += count
        assert status in (0, INVALID_HANDLE), status

    together(own, replace, lambda: intrude(1), lambda: intrude(2), lambda: check(cu.cuCtxSynchronize()) or None)
    check(cu.cuCtxSynchronize())
    assert read(counter) == sum(accepted)


def modules() -> None:
    """Modules are unloaded while others launch their kernels; every accepted launch runs."""
    (counter,) = counters(1)
    shared, accepted = check(cu.cuStreamCreate(1)), [0] * 2
    shown = [load()]

    def replace() -> None:
        old, shown[0] = shown[0], load()
        check(cu.cuModuleUnload(old[0]))

    def intrude(place: int) -> None:
        count, status = Caller(shown[0][1], counter).launch(0 if place else shared, 50)
        accepted[place] += count
        assert status in (0, INVALID_HANDLE), status

    together(replace, lambda: intrude(0), lambda: intrude(1))
    check(cu.cuCtxSynchronize())
    assert read(counter) == sum(accepted)


def contexts() -> None:
    """Contexts are destroyed while others launch in them."""
    shown: list[tuple[Caller, Any, Any]] = []

    def replace() -> None:
        context = check(cu.cuCtxCreate(None, 0, 0))
        _, bump, _ = load()
        caller = Caller(bump, counters(1)[0])
        stream = check(cu.cuStreamCreate(0))
        assert caller.launch(stream, 5) == caller.launch(0, 5) == (5, 0)
        shown.append((caller, stream, context))
        time.sleep(0.005)
        check(cu.cuCtxDestroy(context))

    def intrude() -> None:
        if shown:
            caller, stream, context = shown[-1]
            _, status = caller.launch(stream, 50)
            assert status in (0, INVALID_HANDLE, CONTEXT_IS_DESTROYED), status
            if int(cu.cuCtxPushCurrent(context)[0]) == 0:
                _, status = caller.launch(0, 50)
                assert status in (0, INVALID_HANDLE, INVALID_CONTEXT, CONTEXT_IS_DESTROYED), status
                check(cu.cuCtxPopCurrent())

    together(replace, intrude, intrude)


if __name__ == "__main__":
    faulthandler.enable()
    check(cu.cuInit(0))
    check(cu.cuCtxSetCurrent(check(cu.cuDevicePrimaryCtxRetain(0))))
    cuda = ctypes.CDLL("libcuda.so.1")
    library = ctypes.CDLL(sys.argv[1])
    loop = library.launches
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    {"foreign": foreign, "order": order, "streams": streams, "modules": modules, "contexts": contexts}[sys.argv[2]]()
    print("finished", flush=True)
