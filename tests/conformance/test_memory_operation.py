"""Stream memory operations: waits for values, writes of them, batches."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build

GEQ, EQ, AND, NOR, FLUSH = 0, 1, 2, 3, 0x40000000
WAIT_32, WRITE_32, FLUSH_REMOTE, WAIT_64, WRITE_64, BARRIER, REDUCTION = 1, 2, 3, 4, 5, 6, 8

SPIN = """
extern "C" __global__ void tell(volatile unsigned *flag, unsigned value) { *flag = value; }
extern "C" __global__ void tell_and_wait(volatile unsigned *flag, volatile unsigned *answer)
{
    *flag = 1;
    while (*answer == 0) { }
}
"""


class Words:
    """Eight words of pinned memory that host and device see."""

    def __init__(self, api: Any) -> None:
        self.base = int(api.cuMemHostAlloc(64, 0))
        self.words = np.ctypeslib.as_array((ctypes.c_uint32 * 8).from_address(self.base))
        self.wide = self.words.view(np.uint64)

    def at(self, index: int) -> int:
        return self.base + 4 * index


@pytest.fixture
def words(api: Any, context: Any) -> Any:
    made = Words(api)
    made.words[:] = 0
    yield made
    made.words[:] = 0xFFFFFFFF
    api.cuMemFreeHost(made.base)


def wait_until(condition: Any, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True


def test_written_values_arrive_in_order(api: Any, stream: Any, words: Words) -> None:
    api.cuStreamWriteValue32(stream, words.at(0), 7, 0)
    api.cuStreamWriteValue64(stream, words.at(2), 0x1234567890ABCDEF, 0)
    api.cuStreamWriteValue32(stream, words.at(0), 8, 0)
    api.cuStreamSynchronize(stream)
    assert words.words[0] == 8 and words.wide[1] == 0x1234567890ABCDEF


@pytest.mark.parametrize(("flags", "before", "wanted", "after"), [
    (GEQ, 5, 7, 7), (GEQ, 0xFFFFFFF0, 3, 5), (GEQ, 5, 7, 0x80000005), (EQ, 5, 7, 7), (AND, 0b0101, 0b1010, 0b0010),
    (NOR, 0xFFFFFF0F, 0xF0, 0xFFFF0F0F),
])
def test_a_stream_waits_until_the_host_writes(api: Any, stream: Any, words: Words, flags: int, before: int, wanted: int,
                                              after: int) -> None:
    words.words[0] = before
    api.cuStreamWaitValue32(stream, words.at(0), wanted, flags)
    api.cuStreamWriteValue32(stream, words.at(1), 1, 0)
    time.sleep(0.01)
    assert api.status("cuStreamQuery", stream) == "NOT_READY" and words.words[1] == 0
    words.words[0] = after
    api.cuStreamSynchronize(stream)
    assert words.words[1] == 1


@pytest.mark.parametrize(("flags", "before", "wanted", "after"), [
    (GEQ, (1 << 64) - 2, 1, 2), (EQ, 1, 1 << 40, 1 << 40), (AND, 0xFFFFFFFF, 1 << 40, 3 << 39),
    (NOR, (1 << 64) - 1, 0, (1 << 63) - 1),
])
def test_values_of_64_bits_are_compared_whole(api: Any, stream: Any, words: Words, flags: int, before: int, wanted: int,
                                              after: int) -> None:
    words.wide[0] = before
    api.cuStreamWaitValue64(stream, words.at(0), wanted, flags)
    time.sleep(0.005)
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    words.wide[0] = after
    api.cuStreamSynchronize(stream)


def test_a_wait_that_holds_already_costs_nothing(api: Any, stream: Any, words: Words) -> None:
    words.words[0] = 4
    api.cuStreamWaitValue32(stream, words.at(0), 3, GEQ)
    assert api.status("cuStreamQuery", stream) == "SUCCESS"


def test_streams_hand_each_other_values(api: Any, cu: Any, stream: Any, words: Words) -> None:
    other = api.cuStreamCreate(1)
    for turn in range(1, 200):
        api.cuStreamWaitValue32(stream, words.at(0), turn, GEQ)
        api.cuStreamWriteValue32(stream, words.at(1), turn, 0)
        api.cuStreamWriteValue32(other, words.at(0), turn, 0)
        api.cuStreamWaitValue32(other, words.at(1), turn, EQ)
    api.cuStreamSynchronize(stream)
    api.cuStreamSynchronize(other)
    assert list(words.words[:2]) == [199, 199]


def test_a_kernel_in_the_middle_of_its_work_lets_a_stream_go_on(api: Any, stream: Any, words: Words) -> None:
    module = api.cuModuleLoadData(build(SPIN))
    kernel, other = api.cuModuleGetFunction(module, b"tell_and_wait"), api.cuStreamCreate(1)
    api.cuStreamWaitValue32(other, words.at(0), 1, EQ)
    api.cuStreamWriteValue32(other, words.at(1), 1, 0)
    arguments = Packed(np.uint64(words.at(0)), np.uint64(words.at(1)))
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments.pointer, 0)
    api.cuStreamSynchronize(stream)
    api.cuStreamSynchronize(other)


def test_waiting_streams_occupy_no_worker(api: Any, stream: Any, words: Words) -> None:
    module = api.cuModuleLoadData(build(SPIN))
    kernel = api.cuModuleGetFunction(module, b"tell")
    waiting = [api.cuStreamCreate(1) for _ in range(40)]
    for one in waiting:
        api.cuStreamWaitValue32(one, words.at(0), 1, EQ)
    arguments = Packed(np.uint64(words.at(1)), np.uint32(5))
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, arguments.pointer, 0)
    api.cuStreamSynchronize(stream)
    assert words.words[1] == 5
    assert all(api.status("cuStreamQuery", one) == "NOT_READY" for one in waiting)
    api.cuStreamWriteValue32(stream, words.at(0), 1, 0)
    for one in waiting:
        api.cuStreamSynchronize(one)
        api.cuStreamDestroy(one)


def test_the_legacy_stream_waits_for_a_blocking_stream_that_waits(api: Any, context: Any, words: Words) -> None:
    blocking = api.cuStreamCreate(0)
    api.cuStreamWaitValue32(blocking, words.at(0), 1, EQ)
    api.cuStreamWriteValue32(0, words.at(1), 1, 0)
    time.sleep(0.005)
    assert words.words[1] == 0
    words.words[0] = 1
    api.cuStreamSynchronize(0)
    assert words.words[1] == 1


def batch(cu: Any, *operations: tuple[int, int, int, int]) -> list[Any]:
    made = []
    for kind, address, value, flags in operations:
        one = cu.CUstreamBatchMemOpParams()
        one.operation = cu.CUstreamBatchMemOpType(kind)
        if kind in (WAIT_32, WAIT_64):
            part = one.waitValue
        elif kind in (WRITE_32, WRITE_64):
            part = one.writeValue
        else:
            part = one.memoryBarrier
            part.operation, part.flags = cu.CUstreamBatchMemOpType(kind), flags
            made.append(one)
            continue
        part.operation, part.address, part.flags = cu.CUstreamBatchMemOpType(kind), address, flags
        if kind in (WAIT_64, WRITE_64):
            part.value64 = value
        else:
            part.value = value
        made.append(one)
    return made


def test_a_batch_runs_in_order(api: Any, cu: Any, stream: Any, words: Words) -> None:
    wanted = batch(cu, (WRITE_32, words.at(0), 1, 0), (BARRIER, 0, 0, 0), (WAIT_32, words.at(1), 1, EQ),
                   (WRITE_64, words.at(2), 1 << 40, 0), (BARRIER, 0, 0, 1), (WAIT_64, words.at(4), 9, GEQ),
                   (WRITE_32, words.at(7), 3, 0))
    api.cuStreamBatchMemOp(stream, len(wanted), wanted, 0)
    assert wait_until(lambda: words.words[0] == 1) and words.wide[1] == 0
    words.words[1] = 1
    assert wait_until(lambda: words.wide[1] == 1 << 40) and words.words[7] == 0
    words.wide[2] = 10
    api.cuStreamSynchronize(stream)
    assert words.words[7] == 3


def test_a_batch_with_one_mistake_does_nothing(api: Any, cu: Any, stream: Any, words: Words) -> None:
    good = (WRITE_32, words.at(0), 1, 0)
    for bad, status in (((WAIT_32, 0, 0, 0), "INVALID_VALUE"), ((WRITE_32, words.at(0) + 1, 1, 0), "INVALID_VALUE"),
                        ((WAIT_32, words.at(0), 1, FLUSH), "NOT_SUPPORTED"),
                        ((FLUSH_REMOTE, 0, 0, 0), "NOT_SUPPORTED"), ((BARRIER, 0, 0, 9), "INVALID_VALUE"),
                        ((WAIT_64, words.at(1), 1, 0), "INVALID_VALUE"),
                        ((WRITE_32, words.at(0), 1, 1), "INVALID_VALUE")):
        assert api.status("cuStreamBatchMemOp", stream, 2, batch(cu, good, bad), 0) == status, bad
    assert api.status("cuStreamBatchMemOp", stream, 1, batch(cu, good), 1) == "INVALID_VALUE"
    assert api.status("cuStreamBatchMemOp", stream, 256, batch(cu, *[good] * 256), 0) == "INVALID_VALUE"
    api.cuStreamSynchronize(stream)
    assert words.words[0] == 0


@pytest.mark.parametrize(("reduction", "before", "operand", "after"), [
    (0, 0xFFFFFFFF, 2, 1), (5, 0b1100, 0b1010, 0b1000), (6, 0b1100, 0b1010, 0b1110),
])
@pytest.mark.parametrize("wide", [False, True])
def test_atomic_reductions_change_the_value(api: Any, cu: Any, stream: Any, words: Words, reduction: int, before: int,
                                            operand: int, after: int, wide: bool) -> None:
    one = cu.CUstreamBatchMemOpParams()
    one.operation = cu.CUstreamBatchMemOpType(REDUCTION)
    part = one.atomicReduction
    part.operation = cu.CUstreamBatchMemOpType(REDUCTION)
    part.reductionOp = cu.CUstreamAtomicReductionOpType(reduction)
    part.dataType = cu.CUstreamAtomicReductionDataType(22 if wide else 14)
    part.address, part.value, part.flags = words.at(0), operand, 0
    words.words[0], words.words[1] = before, 0
    api.cuStreamBatchMemOp(stream, 1, [one], 0)
    api.cuStreamSynchronize(stream)
    assert words.words[0] == after
    assert words.words[1] == (1 if wide and reduction == 0 else 0)
    part.flags = 1
    assert api.status("cuStreamBatchMemOp", stream, 1, [one], 0) == "INVALID_VALUE"


@pytest.mark.parametrize("name", ["cuStreamWaitValue32", "cuStreamWaitValue64", "cuStreamWriteValue32",
                                  "cuStreamWriteValue64"])
def test_wrong_addresses_flags_and_streams_are_refused(api: Any, cu: Any, stream: Any, words: Words, name: str) -> None:
    managed = api.cuMemAllocManaged(64, 1)
    assert api.status(name, stream, 0, 0, 0) == "INVALID_VALUE"
    assert api.status(name, stream, words.at(0) + 2, 0, 0) == "INVALID_VALUE"
    assert api.status(name, stream, words.at(16), 0, 0) == "INVALID_VALUE"
    assert api.status(name, stream, 0x10000, 0, 0) == "INVALID_VALUE"
    assert api.status(name, stream, managed, 0, 0) == "INVALID_VALUE"
    assert api.status(name, stream, words.at(0), 0, 4) == "INVALID_VALUE"
    assert api.status(name, cu.CUstream(0x7000), words.at(0), 0, 0) == "INVALID_HANDLE"
    api.cuMemFree(managed)


def test_a_wait_cannot_flush(api: Any, stream: Any, words: Words) -> None:
    assert api.status("cuStreamWaitValue32", stream, words.at(0), 0, GEQ | FLUSH) == "NOT_SUPPORTED"


def test_the_first_variants_of_the_calls_work(context: Any, api: Any, stream: Any, words: Words) -> None:
    library = ctypes.CDLL("libcuda.so.1")
    handle = ctypes.c_void_p(int(stream))
    address = ctypes.c_uint64(words.at(0))
    wide = ctypes.c_uint64(words.at(2))
    assert library.cuStreamWriteValue32(handle, address, 3, 1) == 0
    assert library.cuStreamWaitValue32(handle, address, 3, EQ) == 0
    assert library.cuStreamWriteValue64(handle, wide, ctypes.c_uint64(1 << 33), 0) == 0
    assert library.cuStreamWaitValue64(handle, wide, ctypes.c_uint64(1 << 33), GEQ) == 0
    operations = (ctypes.c_uint64 * 6)(WRITE_32, words.at(7), 5)
    assert library.cuStreamBatchMemOp(handle, 1, operations, 0) == 0
    assert library.cuStreamBatchMemOp(handle, 1, None, 0) == 1
    operations[0] = BARRIER  # only in the second variant
    assert library.cuStreamBatchMemOp(handle, 1, operations, 0) == 1
    api.cuStreamSynchronize(stream)
    assert words.words[0] == 3 and words.wide[1] == 1 << 33 and words.words[7] == 5


def test_attributes_say_what_is_there(api: Any, cu: Any) -> None:
    for number, value in ((92, 1), (93, 1), (94, 1), (98, 0), (122, 1), (123, 1), (148, 1)):
        assert api.cuDeviceGetAttribute(cu.CUdevice_attribute(number), 0) == value, number


def test_values_written_by_the_host_are_seen_soon(api: Any, stream: Any, words: Words) -> None:
    delays = []
    for turn in range(1, 40):
        api.cuStreamWaitValue32(stream, words.at(0), turn, EQ)
        api.cuStreamWriteValue32(stream, words.at(1), turn, 0)
        time.sleep(0.002)
        begin = time.perf_counter()
        words.words[0] = turn
        while words.words[1] != turn:
            pass
        delays.append(time.perf_counter() - begin)
    assert sorted(delays)[len(delays) // 4] < 0.02, "the thread that looks must not be asleep for long"


def test_a_context_can_be_destroyed_while_a_stream_waits(api: Any, cu: Any, context: Any, words: Words) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    inside, flag = api.cuStreamCreate(1), api.cuMemHostAlloc(64, 1)
    api.cuStreamWaitValue32(inside, int(flag), 77, EQ)
    api.cuStreamWriteValue32(inside, words.at(1), 1, 0)
    done = threading.Event()

    def destroy() -> None:
        api.cuCtxDestroy(own)
        done.set()

    thread = threading.Thread(target=destroy, daemon=True)
    thread.start()
    assert done.wait(10), "cuCtxDestroy hangs"
    assert words.words[1] == 0, "what came after the wait must not run"


def test_destroying_a_context_lets_its_kernels_write_what_its_streams_wait_for(api: Any, context: Any,
                                                                             words: Words) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    module = api.cuModuleLoadData(build(SPIN))
    kernel = api.cuModuleGetFunction(module, b"tell_and_wait")
    first, second = api.cuStreamCreate(1), api.cuStreamCreate(1)
    arguments = Packed(np.uint64(words.at(3)), np.uint64(words.at(1)))
    api.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, first, arguments.pointer, 0)
    api.cuStreamWriteValue32(first, words.at(0), 1, 0)
    api.cuStreamWaitValue32(second, words.at(0), 1, EQ)
    api.cuStreamWriteValue32(second, words.at(2), 1, 0)
    threading.Timer(0.1, lambda: words.words.__setitem__(1, 1)).start()
    api.cuCtxDestroy(own)
    assert words.words[2] == 1


PROGRAM = """
import sys
from cuda.bindings import driver as cu
cu.cuInit(0)
context = cu.cuCtxCreate(None, 0, 0)[1]
stream = cu.cuStreamCreate(1)[1]
flag = cu.cuMemHostAlloc(64, 0)[1]
assert cu.cuStreamWaitValue32(stream, int(flag), 5, 1)[0] == 0
if sys.argv[1] == "fault":
    other = cu.cuStreamCreate(1)[1]
    memory = cu.cuMemAllocManaged(1 << 20, 1)[1]
    import ctypes, mmap
    from numpy import zeros
    page = mmap.mmap(-1, 1 << 16)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    assert cu.cuMemHostRegister(address, 1 << 16, 0)[0] == 0
    libc = ctypes.CDLL(None)
    libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(1 << 16), 0)
    assert cu.cuStreamWriteValue32(other, address, 1, 0)[0] == 0
    status = cu.cuStreamSynchronize(other)[0]
    assert status == cu.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, status
    status = cu.cuStreamSynchronize(stream)[0]
    assert status == cu.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, status
print("over")
"""


@pytest.mark.parametrize("kind", ["exit", "fault"])
def test_a_process_ends_while_a_stream_waits(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", "import compatlayer; compatlayer.install()\n" + PROGRAM, kind],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.strip() == "over", done.stderr
