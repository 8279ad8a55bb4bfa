"""Kernels for another processor: compiled for AArch64, linked with the runtime's sources, run by qemu."""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from kernel_case import Launch

from compatlayer.compiler import toolchain
from compatlayer.compiler.image import DeviceCode, KernelInfo
from compatlayer.compiler.targets import cpu, features

ROOT = Path(__file__).resolve().parents[2]
MACHINE = "aarch64"
PROCESSORS = ("neoverse-n1", "neoverse-v1")  # NEON; SVE as well
_NATIVE = ROOT / "src" / "compatlayer" / "native"
_UNUSED = ("answers", "boot", "launch", "record", "slots")  # what stands before the runtime: jump tables, Python
_SOURCES = tuple(sorted(each.stem for each in _NATIVE.glob("*.c") if each.stem not in _UNUSED))
_TIMEOUT_S = 100


def emulator(vector_bytes: int = 0) -> list[str] | None:
    """The command that runs AArch64's programs here, with SVE's vectors of that length; None where there is none.

    On such a machine itself the vectors have the length that they have."""
    if platform.machine() == MACHINE:
        return []
    found = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    processor = f"max,sve-default-vector-length={vector_bytes}" if vector_bytes else "max"
    # The size of the guest's memory, or qemu walks through all the addresses that the runtime reserves.
    return [found, "-cpu", processor, "-R", "0x100000000"] if found else None


@contextlib.contextmanager
def target(processor: str) -> Iterator[None]:
    """Meanwhile the compiler makes code for an AArch64 `processor`."""
    words = tuple(features.arguments(MACHINE, processor))
    with mock.patch.multiple(cpu, machine=lambda: MACHINE, host_cpu=lambda: words, runtime_path=lambda: None):
        yield


class Object(NamedTuple):
    """A kernel's code for one class of blocks, and what the runtime must know of it."""

    path: Path
    number: int  # in its program
    kernel: KernelInfo
    width: int
    flags: int
    stack_bytes: int


def compile_kernel(code: DeviceCode, kernel: KernelInfo, shape_class: int, engine: str, folder: Path,
                   number: int) -> Object:
    """The object file number `number` in `folder`; to be called with the machine being target()'s."""
    made = cpu.lower_variant(code, kernel.name, shape_class, engine)
    assert not made.imports, "variables of the module would need a loader"
    text = re.sub(rf"\bcpl\.entry\.{re.escape(kernel.name)}\b", f"cpl.entry.{number}", made.text)
    path = folder / f"{number}.o"
    path.with_suffix(".ll").write_text(text)
    done = subprocess.run([str(toolchain.zig()), *cpu._CLANG, "-triple", f"{MACHINE}-unknown-linux-gnu",
                           *cpu.host_cpu(), "-o", str(path), "-"], input=text.encode(), capture_output=True,
                          timeout=_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return Object(path, number, kernel, made.width, made.flags, made.stack_bytes)


def assembly(kernel: Object) -> str:
    """The code of a kernel for people."""
    words = ["-S" if each == "-emit-obj" else each for each in cpu._CLANG]
    done = subprocess.run([str(toolchain.zig()), *words, "-triple", f"{MACHINE}-unknown-linux-gnu", *cpu.host_cpu(),
                           "-o", "-", str(kernel.path.with_suffix(".ll"))], capture_output=True, timeout=_TIMEOUT_S,
                          check=True)
    return done.stdout.decode()


def _cc(*words: object) -> None:
    done = subprocess.run([str(toolchain.zig()), "cc", "-target", f"{MACHINE}-linux-musl", "-std=c11", "-O1",
                           f"-I{ROOT / 'include'}", f"-I{_NATIVE}", *map(str, words)], capture_output=True,
                          timeout=_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr.decode()


def runtime(folder: Path) -> list[Path]:
    """The native runtime's object files."""
    made = [folder / f"{name}.o" for name in _SOURCES]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: _cc("-c", _NATIVE / f"{path.stem}.c", "-o", path), made))
    return made


def link(objects: list[Path], kernels: list[Object], folder: Path) -> Path:
    """A program that runs the kernels, whose numbers count from 0."""
    path = folder / "program"
    listed = " ".join(f"KERNEL({each.number})" for each in kernels)
    _cc("-static", f"-DKERNELS={listed}", Path(__file__).with_name("aarch64.c"), *(each.path for each in kernels),
        *objects, "-o", path)
    return path


def vector_bytes(folder: Path, asked: int) -> int:
    """The length of SVE's vectors in a process that is given `asked`."""
    program, source = folder / "length", folder / "length.c"
    source.write_text('int main(void) { long n; __asm__(".arch_extension sve\\n rdvl %0, #1" : "=r"(n)); return n; }')
    _cc("-static", source, "-o", program)
    command = emulator(asked)
    assert command is not None
    return subprocess.run([*command, str(program)], timeout=_TIMEOUT_S, check=False).returncode


def run(program: Path, kernel: Object, launch: Launch, vector_bytes: int = 0) -> dict[int, np.ndarray]:
    """The contents of each argument that is an array, afterwards."""
    arrays = {index: np.ascontiguousarray(each) for index, each in enumerate(launch.arguments)
              if isinstance(each, np.ndarray)}
    packed, places = bytearray(), []
    for index, (place, argument) in enumerate(zip(kernel.kernel.parameters, launch.arguments, strict=True)):
        packed += bytes(place.offset - len(packed))
        if index in arrays:
            places.append((place.offset, list(arrays).index(index)))
            packed += bytes(8)
        else:
            packed += argument if isinstance(argument, bytes) else argument.tobytes()  # type: ignore[attr-defined]
    words = [struct.pack("I", len(arrays))]
    for each in arrays.values():
        words += [struct.pack("I", each.nbytes), each.tobytes()]
    words += [struct.pack("I", len(packed)), bytes(packed), struct.pack("I", len(places))]
    words += [struct.pack("II", *each) for each in places]
    grid, block = ((*each, 1, 1)[:3] for each in (launch.grid, launch.block))
    info = kernel.kernel
    words.append(struct.pack("13I", *grid, *block, launch.shared_bytes, info.shared_extent_bytes, 4 * info.warp,
                             kernel.width, kernel.flags, kernel.stack_bytes, kernel.number))
    request, answer = program.with_suffix(".request"), program.with_suffix(".answer")
    request.write_bytes(b"".join(words))
    command = emulator(vector_bytes)
    assert command is not None
    done = subprocess.run([*command, str(program), str(request), str(answer)], capture_output=True, timeout=_TIMEOUT_S,
                          check=False)
    assert done.returncode == 0, (launch.label, done.returncode, done.stderr.decode())
    left, found = answer.read_bytes(), {}
    for index, each in arrays.items():
        found[index], left = np.frombuffer(left[: each.nbytes], each.dtype), left[each.nbytes:]
    return found
