"""The doctor: each condition it looks for is brought about, and is named with its value and what to do."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compatlayer.cli import doctor
from compatlayer.compiler import cache, toolchain
from compatlayer.doctor import cache as cache_check
from compatlayer.doctor import compiler, kernel, system
from compatlayer.doctor import libraries as library_check
from compatlayer.doctor.finding import Finding
from compatlayer.launcher import libraries

built = pytest.mark.skipif(not os.path.exists(libraries.RUNTIME), reason="the native libraries are not built")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


def only(findings: Iterator[Finding], level: str) -> Finding:
    """The one finding of a level, whose advice is not empty."""
    (found,) = [each for each in findings if each.level == level]
    assert found.advice
    return found


def examine(before: Callable[[], None] | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """The whole command in a process that `before` has put in trouble."""
    done = subprocess.run([sys.executable, "-m", "compatlayer", "doctor"], capture_output=True, text=True, timeout=110,
                          env={**os.environ, **variables}, preexec_fn=before)
    assert "Traceback" not in done.stdout + done.stderr, done
    assert done.stdout.rstrip().endswith("found"), done
    assert (done.returncode == 0) == ("no problems found" in done.stdout), done
    return done


# The compiler

def fake_zig(folder: Path, script: str) -> Path:
    path = folder / "zig"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def other_zig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Has the doctor look at a script in the compiler's place."""

    def use(script: str) -> Path:
        path = fake_zig(tmp_path, script)
        monkeypatch.setenv("COMPATLAYER_ZIG", str(path))
        toolchain.zig.cache_clear()
        return path

    yield use
    toolchain.zig.cache_clear()


REAL = ('case "$1 $2" in "version "*) echo {zig};; "clang --version") echo clang version {clang};; '
        "*) exit {status};; esac")


@pytest.mark.parametrize(("script", "told"), [
    (REAL.format(zig="0.17.1", clang="17.0.6", status=0), "has clang version 17.0.6, and version 22 is needed"),
    (REAL.format(zig="0.13.0", clang="22.1.8", status=0), "is zig 0.13.0, and 0.17 is needed"),
    (REAL.format(zig="0.17.1", clang="22.1.8", status=3), "does not compile for devices: it fails with status 3"),
    ("echo 'no space' >&2; exit 1", "fails with status 1: no space"),
    ("kill -SEGV $$", "fails with status -11"),
    ("echo hello", "does not say its version"),
])  # fmt: skip
def test_a_wrong_or_broken_compiler_is_named(other_zig: Callable[[str], Path], script: str, told: str) -> None:
    path = other_zig(script)
    found = only(compiler.check_compiler(), "PROBLEM")
    assert told in found.what and str(path) in found.what


def test_a_compiler_for_another_processor_is_named(other_zig: Callable[[str], Path]) -> None:
    path = other_zig("")
    path.write_bytes(b"\x7fELF" + bytes(60))
    assert "does not run" in only(compiler.check_compiler(), "PROBLEM").what


def test_a_missing_compiler_is_a_problem_of_the_command() -> None:
    done = examine(COMPATLAYER_ZIG="/nowhere/zig")
    assert done.returncode == 1 and "PROBLEM  no compiler found: COMPATLAYER_ZIG=/nowhere/zig" in done.stdout


# The cache

@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, empty and private."""
    path = tmp_path / "cache"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("COMPATLAYER_CACHE_DIR", str(path))
    monkeypatch.delenv("COMPATLAYER_CACHE", raising=False)
    return path


def test_a_cache_folder_that_is_not_there_will_be_made(folder: Path) -> None:
    folder.rmdir()
    (found,) = cache_check.check_cache()
    assert found.level == "ok" and "made when it is first needed" in found.what


def test_a_cache_that_is_switched_off_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATLAYER_CACHE", "0")
    assert "COMPATLAYER_CACHE=0" in only(cache_check.check_cache(), "note").what


@as_root
def test_a_cache_folder_of_another_user_is_named(folder: Path) -> None:
    os.chown(folder, 12345, 12345)
    found = only(cache_check.check_cache(), "PROBLEM")
    assert "belongs to user 12345, not to 0" in found.what and "COMPATLAYER_CACHE_DIR" in found.advice


def test_a_cache_folder_that_others_may_use_is_named(folder: Path) -> None:
    folder.chmod(0o750)
    found = only(cache_check.check_cache(), "PROBLEM")
    assert "mode 750" in found.what and found.advice == f"chmod 700 {folder}"


def test_a_file_in_the_caches_place_is_named(folder: Path) -> None:
    folder.rmdir()
    folder.touch()
    assert "is no folder" in only(cache_check.check_cache(), "PROBLEM").what


def test_a_dangling_link_in_the_caches_place_is_named(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to(folder.parent / "nothing")
    assert "cannot be reached" in only(cache_check.check_cache(), "PROBLEM").what


def test_a_full_disk_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4096, 4096, 1 << 20, 100, 100, 0, 0, 0, 0, 255))
    monkeypatch.setattr(cache_check.os, "statvfs", lambda place: full)
    found = only(cache_check.check_cache(), "PROBLEM")
    assert "has 0 MiB left" in found.what and "cache --clear" in found.advice


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs a name space of its own")
def test_a_disk_that_is_really_full_or_read_only_is_named(tmp_path: Path) -> None:
    """A file system of 1 MiB, then one that takes no writes, mounted where nobody else sees them."""
    place = tmp_path / "disk"
    place.mkdir()
    command = [sys.executable, "-m", "compatlayer", "doctor"]
    for options, told in (("size=1m,mode=700", "MiB left on its disk"), ("ro,mode=700", "Read-only file system")):
        script = f'mount -t tmpfs -o {options} disk "{place}" 2>&1 || exit 77; exec "$@"'
        done = subprocess.run(["unshare", "-Urm", "sh", "-c", script, "sh", *command], capture_output=True, text=True,
                              timeout=110, env={**os.environ, "COMPATLAYER_CACHE_DIR": str(place)})
        if done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip("this system allows no mounts")
        assert done.returncode == 1 and told in done.stdout, done


def test_damaged_records_are_counted_and_do_not_fail(folder: Path) -> None:
    store = cache.Store(folder)
    for number in range(5):
        store.put("ptx", f"{number}" * 64, b"text" * 100)
    assert [each.level for each in cache_check.check_cache()] == ["ok"]
    path = store.path("ptx", "3" * 64)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    found = only(cache_check.check_cache(), "note")
    assert found.what.startswith("1 of 5 kept records are damaged") and str(path) in found.what


# The processor and the C library

@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64's levels")
def test_a_processor_below_our_libraries_level_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "cpuinfo"
    monkeypatch.setattr(system, "CPUINFO", str(described))
    described.write_text("processor\t: 0\nflags\t\t: fpu sse sse2 cx16 lahf_lm ssse3 sse4_1\n")
    found = only(system.check_processor(), "PROBLEM")
    assert "lacks popcnt, sse4_2" in found.what and "CPU model" in found.advice
    described.write_text("flags : fpu sse sse2 cx16 lahf_lm ssse3 sse4_1 sse4_2 popcnt\n")
    assert [each.level for each in system.check_processor()] == ["ok"]


def test_a_processor_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.platform, "machine", lambda: "riscv64")
    assert "riscv64" in only(system.check_processor(), "PROBLEM").what


@pytest.mark.parametrize(("said", "told"), [("glibc 2.17", "glibc 2.17 is too old"), (None, "not glibc")])
def test_a_wrong_c_library_is_named(said: str | None, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.os, "confstr", lambda name: said)
    assert told in only(system.check_c_library(), "PROBLEM").what


def test_a_c_library_that_does_not_know_the_question_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(system.os, "confstr", unknown)
    assert "musl" in only(system.check_c_library(), "PROBLEM").what


# Libraries

def copy_of_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy in `folder` that the doctor takes for ours; its extension module."""
    target = folder / "compatlayer"
    shutil.copytree(libraries.PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__", "math-*"))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)  # it has the folder of the real one
    monkeypatch.setattr(libraries, "PACKAGE", str(target))
    monkeypatch.setattr(libraries, "FOLDER", str(target / "_lib"))
    (extension,) = target.glob("_native*.so")
    return extension


@built
def test_an_extension_that_is_cut_off_or_foreign_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extension = copy_of_the_package(tmp_path, monkeypatch)
    assert [each.level for each in library_check.check_libraries()] == ["ok"]
    data = bytearray(extension.read_bytes())
    struct.pack_into("<H", data, 18, 243)  # RISC-V
    extension.write_bytes(data)
    found = only(library_check.check_libraries(), "PROBLEM")
    assert "cannot be imported" in found.what and "install the package again" in found.advice
    extension.write_bytes(b"")
    assert "install the package again" in only(library_check.check_libraries(), "PROBLEM").advice


@built
def test_libraries_built_on_a_newer_system_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest C library that libcompatlayer asks for becomes one that no system has."""
    copy_of_the_package(tmp_path, monkeypatch)
    runtime = Path(libraries.FOLDER) / "libcompatlayer.so"
    data = runtime.read_bytes()
    old = next(version for version in (b"GLIBC_2.34", b"GLIBC_2.28", b"GLIBC_2.17") if version in data)
    new = old[:-2] + b"99"
    runtime.write_bytes(data.replace(old + b"\0", new + b"\0").replace(_elf_hash(old), _elf_hash(new)))
    found = only(library_check.check_libraries(), "PROBLEM")
    assert new.decode() in found.what and "newer C library" in found.advice


def _elf_hash(name: bytes) -> bytes:
    value = 0
    for letter in name:
        value = (value << 4) + letter
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return struct.pack("<I", value)


@built
def test_a_stub_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_of_the_package(tmp_path, monkeypatch)
    (Path(libraries.FOLDER) / "libnvrtc.so.13").unlink()
    assert "missing: libnvrtc.so.13" in next(library_check.check_libraries()).what


@built
def test_a_foreign_library_before_ours_is_a_problem_for_children(tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libnvrtc.so.13").touch()
    monkeypatch.setenv("COMPATLAYER_ACTIVE", "1")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{libraries.FOLDER}:{tmp_path}")
    assert not [each for each in library_check.check_other_cuda() if each.level == "PROBLEM"]
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}:{libraries.FOLDER}")
    found = only(library_check.check_other_cuda(), "PROBLEM")
    assert f"{tmp_path}/libnvrtc.so.13 comes before ours" in found.what
    monkeypatch.delenv("COMPATLAYER_ACTIVE")
    assert not [each for each in library_check.check_other_cuda() if each.level == "PROBLEM"]


def test_packages_with_libraries_of_the_same_names_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "nvidia_cuda_nvrtc_cu12-12.9.86.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nvidia-cuda-nvrtc-cu12\nVersion: 12.9.86\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notes = [each.what for each in library_check.check_other_cuda() if each.level == "note"]
    assert any("nvidia-cuda-nvrtc-cu12 12.9.86" in what for what in notes)


# Memory, its limits, /dev/shm, memory files

@built
def test_too_few_addresses_are_a_problem() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    done = examine(limit)
    assert done.returncode == 1 and "PROBLEM  address space is limited to 1.0 GiB (ulimit -v)" in done.stdout


@built
def test_a_small_limit_of_addresses_that_serves_is_a_note() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))

    done = examine(limit)
    assert done.returncode == 0 and "note     address space is limited to 12.0 GiB (ulimit -v)" in done.stdout, done


def test_strict_overcommit_and_few_mappings_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("OVERCOMMIT", "2\n"), ("MAX_MAP_COUNT", "1000\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(system, name, str(tmp_path / name))
    notes = " ".join(each.what + each.advice for each in system.check_memory() if each.level == "note")
    assert "vm.overcommit_memory is 2" in notes and "COMPATLAYER_MEMORY" in notes
    assert "vm.max_map_count is 1000" in notes


def test_a_missing_or_small_dev_shm_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "SHM", str(tmp_path / "none"))
    assert "cannot be used" in only(system.check_shared_memory(), "note").what
    monkeypatch.setattr(system, "SHM", str(tmp_path))
    small = os.statvfs_result((4096, 4096, 1000, 500, 500, 0, 0, 0, 0, 255))
    monkeypatch.setattr(system.os, "statvfs", lambda place: small)
    found = only(system.check_shared_memory(), "note")
    assert "has 1 MiB left" in found.what and "--shm-size" in found.advice


@built
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs a name space of its own")
def test_kernels_run_in_a_container_without_shared_memory() -> None:
    """/dev/shm covered by an empty folder that takes no writes, as in some containers."""
    script = 'mount -t tmpfs -o size=4k,ro none /dev/shm 2>&1 || exit 77; exec "$@"'
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", script, "sh", sys.executable, "-m", "compatlayer", "doctor"],
                          capture_output=True, text=True, timeout=110, env=os.environ.copy())
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system allows no mounts")
    assert done.returncode == 0 and "note     /dev/shm " in done.stdout, done


def forbid(call: int) -> None:
    """A seccomp filter as containers have them: one system call answers EPERM."""
    load, equal, answer = 0x20, 0x15, 0x06
    steps = [(load, 0, 0, 0), (equal, 0, 1, call), (answer, 0, 0, 0x00050000 | errno.EPERM), (answer, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    zero = ctypes.c_ulong(0)
    libc.prctl(38, ctypes.c_ulong(1), zero, zero, zero)
    if libc.prctl(22, ctypes.c_ulong(2), program, zero, zero):
        os._exit(77)


@built
def test_a_seccomp_profile_without_memory_files_is_noted_and_kernels_run() -> None:
    number = {"x86_64": 319, "aarch64": 279}[platform.machine()]
    done = examine(lambda: forbid(number))
    assert done.returncode == 0 and "no memory files (memfd_create: Operation not permitted)" in done.stdout, done


# The command

def test_a_check_that_itself_fails_is_a_problem_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    def check_broken() -> Iterator[Finding]:
        raise OSError(errno.EMFILE, "Too many open files")
        yield

    def check_fine() -> Iterator[Finding]:
        yield Finding("ok", "fine")

    monkeypatch.setattr(doctor, "CHECKS", (check_broken, check_fine))
    assert doctor.main(None) == 1  # type: ignore[arg-type]
    output = capsys.readouterr().out
    assert "PROBLEM  check broken failed: [Errno 24] Too many open files" in output and "fine" in output


@built
def test_a_kernel_that_does_not_run_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATLAYER_DEVICES", "nothing")
    assert "a small kernel did not run" in only(kernel.check_kernel(), "PROBLEM").what
