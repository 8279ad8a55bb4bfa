"""The life of a process: the first call, threads, Python's end, fork, programs without Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from api_child import LIBRARIES, PACKAGE, environment, lines, run

# Handlers of our own instead of the real ones: what is tested is how they come to be called.
BOOT = """
from compatlayer import boot
from compatlayer._native import lib
driver = stub("libcuda.so.1")
imported = []
def handlers(library, index):
    imported.append(library)
    from compatlayer.api.entry import entry
    @entry("cuGLInit", before_init=True)
    def handler():
        return 0
boot._import_handlers = handlers
"""


def test_the_first_call_boots_the_library_once_and_no_other() -> None:
    assert lines(
        BOOT
        + """
print(driver.cuDriverGetVersion(ctypes.byref(ctypes.c_int())), imported)
print(driver.cuGLInit(), driver.cuGLInit(), driver.cuGLUnmapBufferObject(1), imported)
"""
    ) == ["0 []", "0 0 801 [0]"]


def test_the_real_handlers_answer_the_first_call() -> None:
    assert lines("print(stub('libcuda.so.1').cuInit(0), stub('libnvrtc.so.13').nvrtcVersion(None, None))") == ["0 3"]


def test_a_function_imports_its_own_handlers_and_no_others() -> None:
    assert lines(
        """
def handlers():
    return {name for name in sys.modules if name.startswith("compatlayer.frontends.driver.")}
driver = stub("libcuda.so.1")
print(driver.cuInit(0), len(handlers()))
print(driver.cuMemPoolCreate(None, None), "compatlayer.frontends.driver.pool" in handlers(), len(handlers()) < 12)
"""
    ) == ["0 1", "1 True True"]


def test_the_scan_finds_every_handler_that_the_modules_register() -> None:
    assert lines(
        """
from compatlayer import boot
from compatlayer._native import ffi, lib
for library in range(5):
    assert boot.load(library) == 0
    registered = {ffi.string(lib.cpl_slot_name(library, row)) for row in range(lib.cpl_slot_count(library))
                  if not lib.cpl_slot_missing(library, row)}
    folder = ("driver", "nvrtc", "nvvm", "nvjitlink", "curand")[library]
    scanned = {ffi.string(lib.cpl_slot_name(library, row)) for row in boot._modules[library]}
    asleep = lambda name: lib.cpl_slot_asleep(library, lib.cpl_slot_find(library, name))
    print(len(scanned) >= 5, sorted(filter(asleep, registered - scanned)))
    print(sorted(filter(asleep, scanned)))
"""
    ) == ["True []", "[]"] * 5


def test_a_boot_that_fails_says_why_and_every_call_fails() -> None:
    done = run(
        BOOT
        + """
def handlers(library, index):
    raise RuntimeError("a broken handler")
boot._import_handlers = handlers
print(driver.cuGLInit(), driver.cuInit(0), driver.cuMemFree_v2(None))
"""
    )
    assert done.stdout.splitlines() == ["999 999 999"]
    assert done.stderr.count("RuntimeError: a broken handler") == 1


def test_a_call_made_while_the_library_boots_on_the_same_thread_is_refused() -> None:
    assert lines(
        BOOT
        + """
def handlers(library, index):
    print("inside", driver.cuGLInit())
boot._import_handlers = handlers
print(driver.cuGLInit())
"""
    ) == ["inside 3", "801"]


def test_ctrl_c_during_boot_is_raised_and_the_next_call_tries_again() -> None:
    assert lines(
        BOOT
        + """
import signal
def interrupted(library, index):
    signal.raise_signal(signal.SIGINT)
    for _ in range(1000): pass
good, boot._import_handlers = boot._import_handlers, interrupted
try:
    driver.cuGLInit()
    for _ in range(1000): pass
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
boot._import_handlers = good
print(driver.cuGLInit())
"""
    ) == ["interrupted", "0"]


def test_threads_that_hold_the_gil_and_threads_that_do_not_can_boot_together() -> None:
    assert lines(
        BOOT
        + """
import threading, time
holding = ctypes.PyDLL(LIBRARIES + "/libcuda.so.1")
def slow(library, index):
    time.sleep(0.2)
    good(library, index)
good, boot._import_handlers = boot._import_handlers, slow
start, results = threading.Barrier(12), []
def call(library):
    start.wait()
    results.append(library.cuGLInit())
threads = [threading.Thread(target=call, args=([driver, holding][n % 2],)) for n in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join(20)
print(results, imported)
"""
    ) == [str([0] * 12) + " [0]"]


def test_calls_work_in_every_atexit_function_and_fail_cleanly_after() -> None:
    assert lines(
        """
        import atexit
        driver = stub("libcuda.so.1")
        class Late:
            def __del__(self, call=driver.cuInit, write=sys.stdout.write, flush=sys.stdout.flush):
                write(f"late {call()}\\n"); flush()
        atexit.register(lambda: print("exit", driver.cuGLInit()))  # registered before us: runs after ours
        """
        + BOOT.replace("\n", "\n        ")
        + """
        sys.late = Late()
        print(driver.cuGLInit())
        """
    ) == ["0", "exit 0", "late 4"]


# With the real handlers: one of ours would keep this program's module alive.
DYING = """
driver = stub("libcuda.so.1")
class Dying:
    def __init__(self, name):
        self.name = name
    def __del__(self, call=driver.cuInit, write=sys.stdout.write, flush=sys.stdout.flush):
        write(f"{self.name} {call(0)}\\n"); flush()
print(driver.cuInit(0))
mine = Dying("global")
cycle = Dying("cycle")
cycle.itself = cycle
"""


def test_objects_that_die_with_their_module_can_still_free_what_they_own() -> None:
    assert lines(DYING) == ["0", "global 0", "cycle 0"]


def test_with_a_thread_left_behind_no_destructor_can_wait_for_it() -> None:
    thread = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    assert lines(thread + DYING) == ["0", "global 4", "cycle 4"]


def test_a_forked_child_is_refused_and_the_parent_goes_on() -> None:
    assert lines(
        """
        import os
        driver = stub("libcuda.so.1")
        assert driver.cuInit(0) == 0
        count = ctypes.c_int()
        child = os.fork()
        if child == 0:
            os._exit(10 * driver.cuInit(0) + driver.cuDeviceGetCount(ctypes.byref(count)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), driver.cuDeviceGetCount(ctypes.byref(count)))
        """
    ) == ["33 0"]


def test_importing_the_boot_module_is_cheap() -> None:
    assert lines(
        """
        before = set(sys.modules)  # other packages' start-up files import some of these
        import compatlayer.boot
        heavy = ("numpy", "inspect", "typing", "asyncio", "subprocess")
        print([name for name in heavy if name in sys.modules and name not in before])
        """
    ) == ["[]"]


PROGRAM = r"""
#include <cuda.h>
#include <nvrtc.h>
#include <stdio.h>
int main(void)
{
    int version = 0, count = -1, major = 0, minor = 0;
    const char *name = "";
    CUresult first = cuInit(0);
    cuGetErrorName(first, &name);
    cuDriverGetVersion(&version);
    printf("%s %d\n", name, version);
    if (first == CUDA_SUCCESS) {
        printf("%d", cuDeviceGetCount(&count));
        printf(" %d %d %d\n", count > 0, nvrtcVersion(&major, &minor), major);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A C program that calls the driver and the compiler library, and knows nothing of Python."""
    from compatlayer.api.toolchain import find_toolchain
    from compatlayer.paths import include_dir

    folder = tmp_path_factory.mktemp("program")
    source = folder / "main.c"
    source.write_text(PROGRAM)
    target = folder / "main"
    libraries = ["-L", str(LIBRARIES), "-l:libcuda.so.1", "-l:libnvrtc.so.13", f"-Wl,-rpath,{LIBRARIES}"]
    linked = ["-Wl,-rpath-link," + str(LIBRARIES)]
    command = [*find_toolchain().command, "-I", str(include_dir()), str(source), *libraries, *linked, "-o", str(target)]
    subprocess.run(command, check=True)
    return target


def test_a_c_program_without_python_gets_one(program: Path) -> None:
    import sys
    import sysconfig

    shared = Path(sysconfig.get_config_var("LIBDIR")) / str(sysconfig.get_config_var("INSTSONAME"))
    if ".so" not in shared.name or not shared.exists():
        pytest.skip("this Python has no shared library")
    neighbours = ":".join(folder for folder in sys.path if folder.endswith("site-packages"))
    extra = environment(COMPATLAYER_PYTHONPATH=f"{PACKAGE.parent}:{neighbours}")
    extra.pop("PYTHONPATH")
    done = subprocess.run([program], capture_output=True, text=True, timeout=60, env=extra)
    assert done.stdout.splitlines()[0] == "CUDA_SUCCESS 13050", done.stderr
    assert done.stdout.splitlines()[1].startswith("0 1 0 ")


def test_a_c_program_whose_python_has_no_handlers_fails_loudly(program: Path, tmp_path: Path) -> None:
    (tmp_path / "compatlayer").mkdir()
    (tmp_path / "compatlayer" / "__init__.py").write_text("")
    (tmp_path / "compatlayer" / "boot.py").write_text("raise ImportError('half a package')")
    done = subprocess.run(
        [program], capture_output=True, text=True, timeout=60, env=environment(PYTHONPATH=str(tmp_path))
    )
    assert done.stdout.splitlines()[0].split()[0] in ("CUDA_ERROR_UNKNOWN", "CUDA_ERROR_NOT_SUPPORTED")
    assert "half a package" in done.stderr or "no Python" in done.stderr
