"""Process life: lazy start, failing handlers, exit, fork, Ctrl-C, children, threads at the first call.

Each case is a program of its own, run by `compatlayer run` under the real packages.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

PRELUDE = """
import os, sys, threading, time
from cuda.core import Device, LaunchConfig, Program, ProgramOptions, launch
SOURCE = r'''
extern "C" __global__ void twice(int *data, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) data[i] *= 2;
}
extern "C" __global__ void forever(volatile int *data) { while (data[0] == 0) {} }
'''

def begin():
    device = Device(0)
    device.set_current()
    return device

def build(device, name):
    return Program(SOURCE, code_type="c++", options=ProgramOptions(arch=f"sm_{device.arch}")).compile(
        "cubin", name_expressions=()).get_kernel(name)

def run_forever(device):
    stream = device.create_stream()
    flag = device.memory_resource.allocate(64, stream=stream)
    flag.fill(0, stream=stream)
    launch(stream, LaunchConfig(grid=1, block=1), build(device, "forever"), flag)
    return stream, flag
"""

DOUBLE = """
import numpy as np
def check():
    device = begin()
    stream = device.create_stream()
    pinned = __import__("cuda.core", fromlist=["x"]).LegacyPinnedMemoryResource()
    buffer = pinned.allocate(400)
    values = np.from_dlpack(buffer).view(np.int32)
    values[:] = np.arange(100)
    launch(stream, LaunchConfig(grid=1, block=128), build(device, "twice"), buffer, np.int32(100))
    stream.sync()
    assert (values == 2 * np.arange(100)).all()
    print("right", flush=True)
"""


def write(folder: Path, *parts: str) -> str:
    path = folder / "program.py"
    path.write_text("\n".join([PRELUDE, *(textwrap.dedent(part) for part in parts)]))
    return str(path)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "compatlayer", "run", *arguments]


def run(folder: Path, *parts: str, timeout_s: float = 60, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(write(folder, *parts)), capture_output=True, text=True, timeout=timeout_s,
                          env={**os.environ, **extra}, cwd=folder)


def clean(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stderr) == (0, ""), done


def test_a_program_that_calls_nothing_starts_nothing(tmp_path: Path) -> None:
    code = """if True:
        import os, sys
        print(len(os.listdir("/proc/self/task")), "compatlayer.boot" in sys.modules, "numpy" in sys.modules)
        with open("/proc/self/maps") as maps:
            print("libcuda.so.1" in maps.read())
        """
    done = subprocess.run(command("-c", code), capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1", "False", "False", "True"], done.stderr


def test_preloading_takes_less_than_five_milliseconds() -> None:
    code = """if True:
        import time
        from compatlayer.launcher import libraries
        assert not libraries.preloaded()
        start = time.perf_counter()
        libraries.preload()
        print(time.perf_counter() - start)
        """
    variables = {**os.environ, "COMPATLAYER_ACTIVE": "0"}
    words = [sys.executable, "-c", code]
    times = [float(subprocess.check_output(words, text=True, timeout=60, env=variables)) for _ in range(7)]
    assert min(times) < 0.005, times


def test_threads_start_at_init_and_not_before(tmp_path: Path) -> None:
    code = """if True:
        import ctypes, os
        def threads(): return len(os.listdir("/proc/self/task"))
        cuda = ctypes.CDLL("libcuda.so.1")
        version = ctypes.c_int()
        assert cuda.cuDriverGetVersion(ctypes.byref(version)) == 0
        assert threads() == 1, threads()
        assert cuda.cuInit(0) == 0
        assert threads() > 1
        """
    clean(subprocess.run(command("-c", code), capture_output=True, text=True, timeout=60))


@pytest.mark.parametrize("error", ["ZeroDivisionError", "SystemExit", "RecursionError", "GeneratorExit"])
def test_a_handler_that_raises_never_reports_success(tmp_path: Path, error: str) -> None:
    done = run(tmp_path, f"""
        import ctypes
        cuda = ctypes.CDLL("libcuda.so.1")
        assert cuda.cuInit(0) == 0
        context, device = ctypes.c_void_p(), ctypes.c_int(0)
        assert cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device) == 0
        assert cuda.cuCtxSetCurrent(context) == 0
        from compatlayer.core import memory
        def broken(*args, **more): raise {error}("injected")
        memory.allocate = broken
        address = ctypes.c_uint64(0)
        print(cuda.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(64)), address.value)
        """)
    assert done.stdout.split() == ["999", "0"], done
    assert "injected" in done.stderr and error in done.stderr


def test_a_memory_error_of_python_is_out_of_memory(tmp_path: Path) -> None:
    done = run(tmp_path, """
        import ctypes
        cuda = ctypes.CDLL("libcuda.so.1")
        assert cuda.cuInit(0) == 0
        from compatlayer.core import context
        def broken(*args): raise MemoryError
        context.retain_primary = broken
        print(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(ctypes.c_void_p()), 0))
        """)
    assert done.stdout.split() == ["2"], done


def test_handlers_that_cannot_be_loaded_fail_every_call(tmp_path: Path) -> None:
    done = run(tmp_path, """
        import ctypes
        sys.modules["compatlayer.core.context"] = None
        cuda = ctypes.CDLL("libcuda.so.1")
        print(cuda.cuCtxSynchronize(), cuda.cuCtxSynchronize(), cuda.cuInit(0))
        """)
    assert done.stdout.split() == ["999", "999", "999"], done
    assert "cannot be loaded" in done.stderr


KEPT = """
check()
device = begin()
stream = device.create_stream()
kept = [stream, device.memory_resource.allocate(4096, stream=stream), device.create_event(), build(device, "twice")]
kept.append(kept)  # a cycle: only a collection finds it
class Late:
    def __init__(self, device): self.device, self.stream = device, device.create_stream()
    def __del__(self): self.stream.close()
late = Late(device)
"""


def test_globals_that_nobody_closed_end_quietly(tmp_path: Path) -> None:
    done = run(tmp_path, DOUBLE, KEPT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "right\n", ""), done


@pytest.mark.parametrize("more", ["sys.kept = kept",
                                  "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"])
def test_objects_that_outlive_the_interpreter_end_without_a_crash(tmp_path: Path, more: str) -> None:
    done = run(tmp_path, DOUBLE, KEPT, more)
    assert (done.returncode, done.stdout) == (0, "right\n"), done
    # cuda-core itself remarks when freeing memory answers "deinitialised"; nothing else may be said.
    assert all(line.startswith("Warning: cuMemFreeAsync failed") for line in done.stderr.splitlines()), done


def test_an_object_of_the_last_collection_still_ends_its_context_and_array(tmp_path: Path) -> None:
    """Python imports nothing any more by then; PyCUDA's contexts end there when a program stops with an error."""
    done = run(tmp_path, """
        import ctypes
        cuda = ctypes.CDLL("libcuda.so.1")
        context, memory, array = ctypes.c_void_p(), ctypes.c_uint64(), ctypes.c_void_p()
        shape = (ctypes.c_uint64 * 3)(8, 8, 0x20 | 1 << 32)  # width, height, floats with one channel
        begun = [cuda.cuInit(0), cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0),
                 cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(64)),
                 cuda.cuArrayCreate_v2(ctypes.byref(array), shape)]
        class Late:
            def __init__(self): self.held = cuda, context, array, os.write
            def __del__(self):
                cuda, context, array, write = self.held
                write(1, b"%d %d" % (cuda.cuArrayDestroy(array), cuda.cuCtxDetach(context)))
        late = Late()
        def holder(): return late              # the program's names live until that collection
        print(begun)
        """)
    assert (done.stdout, done.stderr, done.returncode) == ("[0, 0, 0, 0]\n0 0", "", 0), done


def test_calls_after_the_end_answer_deinitialised(tmp_path: Path) -> None:
    done = run(tmp_path, """
        import ctypes
        cuda = ctypes.CDLL("libcuda.so.1")
        assert cuda.cuInit(0) == 0
        class Late:
            def __init__(self): self.cuda, self.write, self.out = cuda, os.write, ctypes.c_int()
            def __del__(self): self.write(1, b"%d" % self.cuda.cuDeviceGetCount(self.out))
        sys.late = Late()                      # the last module to go
        """)
    assert done.stdout == "4" and done.returncode == 0, done


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "os._exit(4)", "raise ValueError"])
def test_exit_while_a_kernel_runs_does_not_hang(tmp_path: Path, ending: str) -> None:
    start = time.monotonic()
    done = run(tmp_path, f"""
        stream, flag = run_forever(begin())
        {ending}
        """)
    assert done.returncode == {"": 0, "sys.exit(3)": 3, "os._exit(4)": 4, "raise ValueError": 1}[ending], done
    assert time.monotonic() - start < 20


def test_ctrl_c_ends_a_wait_for_a_kernel(tmp_path: Path) -> None:
    path = write(tmp_path, """
        stream, flag = run_forever(begin())
        print("running", flush=True)
        try:
            stream.sync()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            raise
        """)
    process = subprocess.Popen(command(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "running\n", process.stderr.read()
        time.sleep(0.3)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 10
        code = process.wait(20)
        assert "KeyboardInterrupt" in process.stderr.read()
        assert code == -signal.SIGINT
    finally:
        process.kill()  # a kernel that was not interrupted runs for ever
        process.communicate()


def test_a_forked_child_gets_an_error_and_no_hang(tmp_path: Path) -> None:
    done = run(tmp_path, DOUBLE, """
        import ctypes
        check()
        child = os.fork()
        if child == 0:
            cuda, value = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p()
            statuses = {cuda.cuInit(0), cuda.cuCtxGetCurrent(ctypes.byref(value)), cuda.cuCtxSynchronize(),
                        cuda.cuMemAlloc_v2(ctypes.byref(value), ctypes.c_size_t(64)), cuda.cuStreamSynchronize(None)}
            print(statuses, flush=True)
            sys.exit(5)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status))
        check()
        """, timeout_s=60)
    assert done.stdout.split("\n")[:4] == ["right", "{3}", "5", "right"], done


def test_a_child_forked_before_the_first_call_works(tmp_path: Path) -> None:
    done = run(tmp_path, DOUBLE, """
        child = os.fork()
        status = os.waitpid(child, 0)[1] if child else 0  # one after the other: their output would mix
        check()
        sys.exit(os.waitstatus_to_exitcode(status))
        """)
    assert done.stdout.split() == ["right", "right"] and done.returncode == 0, done


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_multiprocessing_children_compute(tmp_path: Path, method: str) -> None:
    done = run(tmp_path, DOUBLE, f"""
        import multiprocessing
        if __name__ == "__main__":
            check()
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                pool.apply(check)
        """)
    assert done.stdout.split() == ["right", "right"] and done.returncode == 0, done


def test_a_child_interpreter_computes(tmp_path: Path) -> None:
    done = run(tmp_path, DOUBLE, """
        if len(sys.argv) == 1:
            import subprocess
            subprocess.run([sys.executable, __file__, "child"], check=True)
        check()
        """)
    assert done.stdout.split() == ["right", "right"] and done.returncode == 0, done


def test_threads_may_race_to_the_first_call(tmp_path: Path) -> None:
    done = run(tmp_path, """
        import ctypes
        cuda, nvrtc = ctypes.CDLL("libcuda.so.1"), ctypes.CDLL("libnvrtc.so.13")
        barrier, found = threading.Barrier(12), []
        def call(number):
            a, b = ctypes.c_int(), ctypes.c_int()
            barrier.wait()
            if number % 3 == 0:
                found.append(nvrtc.nvrtcVersion(ctypes.byref(a), ctypes.byref(b)))
            else:
                found.append(cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(a)) or int(a.value != 1))
        threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(30)
        assert found == [0] * 12, found
        """, COMPATLAYER_DEVICES="cpu:1")
    clean(done)


def test_a_garbage_collection_inside_a_handler_does_not_deadlock(tmp_path: Path) -> None:
    done = run(tmp_path, """
        import gc
        device = begin()
        gc.set_threshold(1)
        def churn():
            device.set_current()
            stream = device.create_stream()
            for _ in range(200):
                cycle = [device.memory_resource.allocate(1024, stream=stream), device.create_event()]
                cycle.append(cycle)
        threads = [threading.Thread(target=churn) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """)
    clean(done)


def test_two_devices_are_shown_when_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "print(len(Device.get_all_devices()))", COMPATLAYER_DEVICES="cpu:2")
    assert done.stdout.split() == ["2"], done
