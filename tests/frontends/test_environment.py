"""Hostile environments: variables that make no sense, no compiler, no room, few rights, several processes at once.

Each case is a program of its own that compiles and launches a kernel through the C interface: nothing may crash, what
fails says so in one sentence, and the results of what does not fail are right.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compatlayer.doctor import environment as doctor

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = textwrap.dedent('''
    import ctypes as C
    import sys

    import compatlayer

    compatlayer.install()
    cuda, nvrtc = C.CDLL("libcuda.so.1"), C.CDLL("libnvrtc.so.13")
    count, size, length = 100, C.c_size_t(), C.c_int(100)

    def call(library, name, *arguments):
        status = getattr(library, name)(*arguments)
        if status:
            if name == "nvrtcCompileProgram":
                nvrtc.nvrtcGetProgramLogSize(program, C.byref(size))
                log = C.create_string_buffer(size.value)
                nvrtc.nvrtcGetProgramLog(program, log)
                sys.stderr.write(log.value.decode("utf-8", "replace"))
            print(name, status, flush=True)
            sys.exit(3)

    context, module, kernel, program = C.c_void_p(), C.c_void_p(), C.c_void_p(), C.c_void_p()
    pointer = C.c_uint64()
    call(cuda, "cuInit", 0)
    call(cuda, "cuDevicePrimaryCtxRetain", C.byref(context), 0)
    call(cuda, "cuCtxSetCurrent", context)
    source = b'extern "C" __global__ void fill(int *x, int n) { int i = threadIdx.x; if (i < n) x[i] = 3 * i; }'
    call(nvrtc, "nvrtcCreateProgram", C.byref(program), source, b"fill.cu", 0, None, None)
    call(nvrtc, "nvrtcCompileProgram", program, 1, (C.c_char_p * 1)(b"--gpu-architecture=sm_86"))
    call(nvrtc, "nvrtcGetCUBINSize", program, C.byref(size))
    image = C.create_string_buffer(size.value)
    call(nvrtc, "nvrtcGetCUBIN", program, image)
    call(cuda, "cuModuleLoadData", C.byref(module), image)
    call(cuda, "cuModuleGetFunction", C.byref(kernel), module, b"fill")
    call(cuda, "cuMemAlloc_v2", C.byref(pointer), C.c_size_t(4 * count))
    parameters = (C.c_void_p * 2)(C.addressof(pointer), C.addressof(length))
    call(cuda, "cuLaunchKernel", kernel, 1, 1, 1, 128, 1, 1, 0, None, parameters, None)
    found = (C.c_int * count)()
    call(cuda, "cuMemcpyDtoH_v2", found, pointer, C.c_size_t(4 * count))
    assert list(found) == [3 * i for i in range(count)]
    print("right", flush=True)
    ''')
FIRST = 'import compatlayer, ctypes; compatlayer.install(); print(ctypes.CDLL("libcuda.so.1").cuInit(0))'


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder in which the program's kernel is already."""
    folder = tmp_path_factory.mktemp("warm")
    assert run(COMPATLAYER_CACHE_DIR=str(folder)).stdout == "right\n"
    return folder


def run(*before: str, code: str = PROGRAM, flags: tuple[str, ...] = (), **variables: str,
        ) -> subprocess.CompletedProcess[str]:
    """Run `code`; `before` are words of a command that starts it, such as env or sh."""
    kept = {name: value for name, value in os.environ.items() if name != "COMPATLAYER_VERBOSE"}
    return subprocess.run([*before, sys.executable, *flags, "-c", code], env={**kept, **variables}, check=False,
                          capture_output=True, text=True, timeout=100)


def shell(commands: str) -> tuple[str, ...]:
    """Words that run shell commands first, then what follows them in their place."""
    return "sh", "-c", f'{commands} && exec "$@"', "sh"


@pytest.mark.parametrize("setting", [
    "DEVICES=gpu", "DEVICES=cpu:0", "DEVICES=cpu:many", "DEVICES=cpu:99999999999999999999999", "DEVICES=c pu",
    "WORKERS=0", "WORKERS=-1", "WORKERS=many", "WORKERS=99999", "WORKERS=" + "9" * 5000,
    "MEMORY=much", "MEMORY=0", "MEMORY=1", "MEMORY=-4G", "MEMORY=1.5G", "MEMORY=9999999999G",
    "COMPUTE_CAPABILITY=8", "COMPUTE_CAPABILITY=1.0", "COMPUTE_CAPABILITY=sm_86",
])
def test_a_setting_that_makes_no_sense_is_named_in_one_sentence(setting: str) -> None:
    name, _, value = setting.partition("=")
    done = run(code=FIRST, **{f"COMPATLAYER_{name}": value})
    assert (done.stdout, done.returncode) == ("100\n", 0), done.stderr[-2000:]
    assert done.stderr.count("\n") == 1, done.stderr[-2000:]
    assert f"COMPATLAYER_{name}" in done.stderr and value in done.stderr


@pytest.mark.parametrize("setting", ["CACHE=maybe", "CACHE_MAX_BYTES=lots"])
def test_a_cache_setting_that_makes_no_sense_is_named_and_the_program_goes_on(setting: str, warm: Path) -> None:
    name, _, value = setting.partition("=")
    done = run(**{f"COMPATLAYER_{name}": value, "COMPATLAYER_CACHE_DIR": str(warm)})
    assert done.stdout == "right\n"
    assert done.stderr.count("\n") == 1 and f"COMPATLAYER_{setting}" in done.stderr, done.stderr


def test_a_dump_of_no_pass_is_named_and_the_program_goes_on(tmp_path: Path) -> None:
    done = run(COMPATLAYER_DUMP="after:nothing", COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert done.stdout == "right\n"
    assert done.stderr.count("\n") == 1 and "COMPATLAYER_DUMP=after:nothing" in done.stderr, done.stderr


@pytest.mark.parametrize("zig", ["/nowhere/zig", "zig", "/", "/bin/false", "/bin/true"])
def test_a_compiler_that_is_none_is_named_in_one_sentence(zig: str, tmp_path: Path) -> None:
    done = run(COMPATLAYER_ZIG=zig, COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert done.stdout == "nvrtcCompileProgram 7\n", done
    log, told = sorted(done.stderr.splitlines(), key=lambda line: line.startswith("compatlayer: "))
    assert log.startswith("fill.cu: error: ") and "COMPATLAYER_ZIG" in told and zig in told


def test_every_variable_is_known_to_the_doctor_and_documented() -> None:
    source = ROOT / "src" / "compatlayer"
    used = {name for path in [*source.rglob("*.py"), *source.rglob("*.c")]
            for name in re.findall(r'"(COMPATLAYER_[A-Z_]+)"', path.read_text(encoding="utf-8"))}
    assert used == set(doctor.VARIABLES)
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert [name for name in doctor.VARIABLES if f"`{name}`" not in page] == []


@pytest.mark.parametrize(("closed", "output"), [
    ("<&-", "right\n"), (">&-", ""), ("2>&-", "right\n"), ("<&- >&- 2>&-", "")])
def test_closed_standard_streams_do_not_matter(closed: str, output: str, tmp_path: Path) -> None:
    done = run("sh", "-c", f'exec "$@" {closed}', "sh", COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, output), done.stderr


def test_a_locale_without_letters_is_enough(tmp_path: Path) -> None:
    done = run(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", COMPATLAYER_CACHE_DIR=str(tmp_path / "Käse ☃"))
    assert (done.stdout, done.stderr) == ("right\n", "")


@pytest.mark.parametrize("flags", [("-X", "dev", "-W", "error"), ("-X", "faulthandler"), ("-OO",)])
def test_flags_of_the_interpreter_change_nothing(flags: tuple[str, ...], warm: Path) -> None:
    done = run(flags=flags, PYTHONMALLOC="debug", COMPATLAYER_CACHE_DIR=str(warm))
    assert (done.stdout, done.stderr) == ("right\n", "")


def test_one_processor_is_enough(warm: Path) -> None:
    one = f"import os; os.sched_setaffinity(0, [{min(os.sched_getaffinity(0))}]); os.nice(19)\n"
    done = run(code=one + PROGRAM, COMPATLAYER_CACHE_DIR=str(warm))
    assert (done.stdout, done.stderr) == ("right\n", "")


@pytest.mark.parametrize("limit_kib", [3 << 20, 800 << 10, 400 << 10])
def test_a_small_address_space_is_enough_or_out_of_memory(limit_kib: int, warm: Path) -> None:
    done = run(*shell(f"ulimit -v {limit_kib}"), COMPATLAYER_CACHE_DIR=str(warm), COMPATLAYER_WORKERS="2",
               OPENBLAS_NUM_THREADS="1")
    if limit_kib > 1 << 20:
        assert (done.stdout, done.stderr) == ("right\n", "")
    else:
        assert re.fullmatch(r"right|cu\w+ 2", done.stdout.strip()), done
    assert done.returncode in (0, 3)


def test_no_file_can_be_written(tmp_path: Path) -> None:
    """As on a full disk: neither the cache nor a folder for temporary files takes anything."""
    done = run(*shell("ulimit -f 0"), COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert done.stdout == "nvrtcCompileProgram 7\n", done
    assert "TMPDIR" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a file system in a namespace of its own")
@pytest.mark.parametrize(("options", "said"), [("noexec", ""), ("size=64k", "No space left"), ("ro", "Read-only")])
def test_cache_folders_of_other_kinds(options: str, said: str, tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o {options} tmpfs '{tmp_path}'"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets no file system be mounted")
    done = run("unshare", "-m", *shell(mount), COMPATLAYER_CACHE_DIR=str(tmp_path / "cache"))
    assert done.stdout == "right\n", done.stderr
    assert done.stderr.count("\n") == bool(said) and said in done.stderr, done.stderr


def programs(count: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    variables = {**os.environ, "COMPATLAYER_CACHE_DIR": str(folder), "COMPATLAYER_WORKERS": "1"}
    for _ in range(count):
        yield subprocess.Popen([sys.executable, "-c", PROGRAM], env=variables, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)


def test_processes_that_race_for_an_empty_cache_are_all_right(tmp_path: Path) -> None:
    started = list(programs(6, tmp_path))
    assert {process.communicate(timeout=100)[0] for process in started} == {"right\n"}


def test_killed_processes_leave_nothing_that_breaks_the_next(tmp_path: Path) -> None:
    for process, wait_s in zip(programs(3, tmp_path), (0.1, 0.3, 0.5), strict=True):
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = run(COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert (done.stdout, done.stderr) == ("right\n", "")


def test_a_link_and_an_archive_of_a_program_run(tmp_path: Path, warm: Path) -> None:
    import zipapp

    (tmp_path / "pro gram").mkdir()
    (tmp_path / "pro gram" / "__main__.py").write_text(PROGRAM)
    zipapp.create_archive(tmp_path / "pro gram", tmp_path / "program.pyz")
    (tmp_path / "link.py").symlink_to(tmp_path / "pro gram" / "__main__.py")
    variables = {**os.environ, "COMPATLAYER_CACHE_DIR": str(warm)}
    for target in ("pro gram", "program.pyz", "link.py"):
        done = subprocess.run([sys.executable, "-m", "compatlayer", "run", target], cwd=tmp_path, check=False,
                              capture_output=True, text=True, timeout=60, env=variables)
        assert (done.stdout, done.stderr) == ("right\n", ""), target
