"""What a fault in a kernel or copy becomes: recorded, sticky in its domain, the process alive."""

from __future__ import annotations

import ctypes as C
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from native_driver import FAULT, FAULTED, OK, SECOND, Box, Domain, Runtime, address, basic

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def domain(runtime: Runtime):
    with Domain(runtime) as opened:
        yield opened


def test_an_illegal_address_names_kernel_block_thread_and_address(domain: Domain) -> None:
    assert domain.run("store_at", (2, 2), 40, basic(0, 17, 0, 0x123450)) == FAULT["address"]
    fault = domain.fault()
    message = fault.message.decode()
    assert 'kernel "store_at"' in message and "0x123450" in message and "thread (17,0,0)" in message
    assert fault.address == 0x123450 and list(fault.thread) == [17, 0, 0] and fault.kernel == b"store_at"


def test_a_fault_is_sticky_and_later_work_is_refused_but_fences_complete(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 1)
    c = domain.c
    # Enqueued before the fault is known: must be skipped.
    gate = domain.runtime.array(np.uint32, 2)
    assert domain.launch("wait_flag", 1, 1, basic(gate, 0, 1)) == OK
    assert domain.launch("store_at", 1, 1, basic(0, 0, 0, 8)) == OK
    assert domain.launch("count", 10, 10, basic(out)) == OK
    fence = c.cpl_queue_signal(domain.queue)
    gate[0] = 1
    assert c.cpl_fence_wait(fence, 20 * SECOND) == OK and c.cpl_fence_time(fence) > 0
    c.cpl_fence_release(fence)
    assert out[0] == 0
    assert domain.launch("count", 1, 1, basic(out)) == FAULTED
    box = Box(address(out), 0, 0, address(gate), 0, 0, 4, 1, 1)
    assert c.cpl_queue_copy(domain.queue, C.byref(box)) == FAULTED
    with Domain(domain.runtime) as other:
        assert other.run("count", 1, 5, basic(out)) == 0
    assert out[0] == 5
    domain.runtime.free(out, gate)


def test_a_hundred_domains_fault_and_the_next_one_works(runtime: Runtime) -> None:
    out = runtime.array(np.uint32, 64)
    for i in range(100):
        with Domain(runtime) as domain:
            assert domain.run("store_at", 3, 64, basic(0, i % 64, 0, 16)) == FAULT["address"]
        with Domain(runtime) as domain:
            assert domain.run("rotate", 1, 64, basic(out, 0, 1), dynamic=256) == 0
    runtime.free(out)


def test_writing_past_an_allocation_or_into_freed_memory_faults(runtime: Runtime) -> None:
    out = runtime.array(np.uint32, 300)
    for offset, code in ((1196, 0), (1200 + 400, FAULT["address"]), (-5000, FAULT["address"])):
        with Domain(runtime) as domain:
            assert domain.run("store_at", 1, 1, basic(0, 0, 0, address(out) + offset)) == code
    runtime.free(out)
    with Domain(runtime) as domain:
        assert domain.run("store_at", 1, 1, basic(0, 0, 0, address(out))) == FAULT["address"]


def test_writing_past_shared_memory_faults(runtime: Runtime) -> None:
    with Domain(runtime) as domain:
        assert domain.run("shared_bounds", 1, 1, basic(0, 0, 255), shared=256) == 0
        assert domain.run("shared_bounds", 1, 1, basic(0, 0, 256), shared=256) == FAULT["address"]


@pytest.mark.parametrize("kernel", ["recursion", "recursion_after_barrier"])
def test_a_stack_overflow_is_told_apart_and_a_larger_stack_cures_it(runtime: Runtime, kernel: str) -> None:
    out = runtime.array(np.uint32, 40)
    with Domain(runtime) as domain:
        assert domain.run(kernel, 2, 40, basic(out, 0, 40)) == 0
        assert domain.run(kernel, 2, 40, basic(out, 0, 2000)) == FAULT["stack"]
        assert "stack" in domain.fault().message.decode()
    with Domain(runtime) as domain:
        assert domain.run(kernel, 2, 40, basic(out, 0, 2000), stack=4 << 20) == 0
        assert runtime.c.cpl_domain_set_limit(domain.handle, 0, 4 << 20) == OK
        assert domain.run(kernel, 2, 40, basic(out, 0, 2000)) == 0
    runtime.free(out)


def test_trap_and_illegal_instruction_are_reported(runtime: Runtime) -> None:
    with Domain(runtime) as domain:
        assert domain.run("trap", 1, 8) == FAULT["trap"]
        assert domain.fault().line == 77 and list(domain.fault().thread) == [3, 0, 0]
    with Domain(runtime) as domain:
        assert domain.run("illegal", 1, 8) == FAULT["instruction"]


@pytest.mark.parametrize("target", [0, 0x1000, 0x7FFF_FFFF_F000])
def test_a_call_of_a_bad_function_pointer_is_an_illegal_address(runtime: Runtime, target: int) -> None:
    with Domain(runtime) as domain:
        assert domain.run("call_null", 2, 40, basic(0, 33, 0, target)) == FAULT["address"]
        assert list(domain.fault().thread) == [33, 0, 0]


def test_a_failed_assert_prints_cudas_line(runtime: Runtime, capfd: pytest.CaptureFixture[str]) -> None:
    with Domain(runtime) as domain:
        assert domain.run("assertion", 1, 8) == FAULT["assert"]
        assert domain.fault().file == b"prog.cu" and domain.fault().line == 42
    expected = "prog.cu:42: void k(int): block: [0,0,0], thread: [2,0,0] Assertion `x < 3` failed."
    assert expected in capfd.readouterr().err


def test_a_mask_without_the_calling_lane_is_refused(runtime: Runtime) -> None:
    with Domain(runtime) as domain:
        assert domain.run("wrong_mask", 1, 2) == FAULT["trap"]
        assert "does not name the calling lane" in domain.fault().message.decode()


def test_a_fault_ends_blocks_that_would_spin_for_ever(runtime: Runtime) -> None:
    with Domain(runtime) as domain:
        spinning = domain.open_queue()
        assert domain.launch("forever", 300, 33, queue=spinning) == OK
        time.sleep(0.02)
        assert domain.run("trap", 1, 8) == FAULT["trap"]
        domain.drain(spinning)


def test_a_copy_from_unmapped_memory_faults_its_domain_only(runtime: Runtime) -> None:
    out = runtime.array(np.uint8, 100)
    box = Box(address(out), 0, 0, 0x1000, 0, 0, 100, 1, 1)
    assert runtime.c.cpl_copy_now(C.byref(box)) == FAULTED
    with Domain(runtime) as domain:
        assert runtime.c.cpl_queue_copy(domain.queue, C.byref(box)) == OK
        domain.drain()
        assert domain.fault().code == FAULT["copy"] and "0x1000" in domain.fault().message.decode()
    with Domain(runtime) as domain:
        assert runtime.c.cpl_queue_fill(domain.queue, 0x2000, 0, 7, 1, 100, 1) == OK
        domain.drain()
        assert domain.fault().code == FAULT["copy"]
    runtime.free(out)


def test_the_guard_comes_back_after_another_library_took_the_signals(runtime: Runtime) -> None:
    import faulthandler

    was = faulthandler.is_enabled()
    faulthandler.disable()
    for _ in range(3):
        faulthandler.enable()
        with Domain(runtime) as domain:
            assert domain.run("store_at", 1, 1, basic(0, 0, 0, 16)) == FAULT["address"]
        faulthandler.disable()
        with Domain(runtime) as domain:
            assert domain.run("store_at", 1, 1, basic(0, 0, 0, 16)) == FAULT["address"]
    if was:
        faulthandler.enable()


CRASH = """
import ctypes, sys, faulthandler
sys.path.insert(0, {tests!r})
from native_driver import Domain, Runtime, basic
from pathlib import Path
{before}
runtime = Runtime(Path({library!r}), Path({kernels!r}), 2)
{after}
with Domain(runtime) as domain:
    assert domain.run("store_at", 1, 1, basic(0, 0, 0, 16)) == 1
print("alive", flush=True)
ctypes.string_at(24)
"""


@pytest.mark.parametrize(("before", "after"), [("", ""), ("faulthandler.enable()", ""), ("", "faulthandler.enable()"),
                                               ("faulthandler.enable()", "faulthandler.enable()")])
def test_a_crash_outside_kernels_still_ends_the_process_with_its_report(runtime: Runtime, before: str,
                                                                        after: str) -> None:
    library = Path(runtime.c._name)
    code = CRASH.format(tests=str(Path(__file__).parent), library=str(library), kernels=str(runtime.kernels_path),
                        before=before, after=after)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert "alive" in done.stdout, done.stderr
    assert done.returncode == -signal.SIGSEGV
    if before or after:
        assert done.stderr.count("Fatal Python error") == 1


def test_ctrl_c_reaches_the_main_thread_while_a_kernel_spins(runtime: Runtime) -> None:
    flag = runtime.array(np.uint32, 2)
    with Domain(runtime) as domain:
        assert domain.launch("wait_flag", 4, 64, basic(flag, 0, 1)) == OK
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
        flag[0] = 1
    runtime.free(flag)


def test_a_device_heap_serves_threads_and_refuses_a_double_free(runtime: Runtime) -> None:
    out = runtime.array(np.uint32, 200)
    with Domain(runtime) as domain:
        for _ in range(30):
            assert domain.run("heap_use", 1, 200, basic(out)) == 0
            assert (out == 8 * np.arange(200) + 28).all()
        assert domain.run("heap_double_free", 1, 1) == FAULT["trap"]
    with Domain(runtime) as domain:
        assert runtime.c.cpl_domain_set_limit(domain.handle, 2, 4096) == OK
        assert domain.run("heap_use", 1, 200, basic(out)) == 0
        assert (out[-10:] == 0).all()
    runtime.free(out)


def printed(runtime: Runtime, text: bytes, record: bytes, capfd: pytest.CaptureFixture[str]) -> str:
    buffer = C.create_string_buffer(text)
    with Domain(runtime) as domain:
        assert domain.run("print", 1, 1, struct.pack("Q", C.addressof(buffer)) + record) == 0
    return capfd.readouterr().out


@pytest.mark.parametrize(("text", "record", "expected"), [
    (b"%d|%5i|%-5d|%05d|%+d\n", struct.pack("5i", -1, 42, 7, -33, 9), "-1|   42|7    |-0033|+9\n"),
    (b"%u %o %x %#X %c\n", struct.pack("4Ii", 4294967295, 8, 255, 255, 65), "4294967295 10 ff 0XFF A\n"),
    (b"%f %.2e %g %a\n", struct.pack("4d", 1.5, 12345.678, 0.1, 1.0), "1.500000 1.23e+04 0.1 0x1p+0\n"),
    (b"%c%lld %llu %zu\n", struct.pack("ixxxxqQQ", 66, -(2**63), 2**64 - 1, 12),
     "B-9223372036854775808 18446744073709551615 12\n"),
    (b"%hd %hhu %ld 100%%\n", struct.pack("iIq", 65537, 257, -5), "1 1 -5 100%\n"),
    (b"%*d|%.*f|%-*d|\n", struct.pack("iiixxxxdii", 5, 3, 2, 3.14159, 4, 1), "    3|3.14|1   |\n"),
    (b"no arguments, %y stays\n", b"", "no arguments, %y stays\n"),
])
def test_printf_formats_as_c_does(runtime: Runtime, text: bytes, record: bytes, expected: str,
                                  capfd: pytest.CaptureFixture[str]) -> None:
    assert printed(runtime, text, record.ljust(200, b"\0"), capfd) == expected


def test_printf_prints_strings_with_width_and_precision(runtime: Runtime, capfd: pytest.CaptureFixture[str]) -> None:
    word = C.create_string_buffer(b"kernel")
    record = struct.pack("4Q", *[C.addressof(word)] * 3, 0)
    text = printed(runtime, b"%s|%8.3s|%-8s|%s\n", record.ljust(200, b"\0"), capfd)
    assert text == "kernel|     ker|kernel  |(null)\n"


def test_printf_of_many_threads_never_interleaves_and_loses_nothing(runtime: Runtime,
                                                                    capfd: pytest.CaptureFixture[str]) -> None:
    with Domain(runtime) as domain:
        assert runtime.c.cpl_domain_set_limit(domain.handle, 1, 4096) == OK
        assert domain.run("print_many", 20, 100) == 0
    lines = capfd.readouterr().out.split()
    assert sorted(lines) == sorted(f"<{b}|{t}>" for b in range(20) for t in range(100))


def test_printf_with_a_bad_string_faults_and_printing_goes_on(runtime: Runtime,
                                                              capfd: pytest.CaptureFixture[str]) -> None:
    text = C.create_string_buffer(b"%s\n")
    with Domain(runtime) as domain:
        record = struct.pack("QQ", C.addressof(text), 0x30).ljust(208, b"\0")
        assert domain.run("print", 1, 1, record) == FAULT["address"]
    assert printed(runtime, b"fine %d\n", struct.pack("i", 1).ljust(200, b"\0"), capfd) == "fine 1\n"
