"""Holds a wheel against what its name promises: manylinux_2_28, the stable ABI, nothing of the building machine."""

from __future__ import annotations

import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import elf

# What manylinux_2_28 lets a library of ours take from the system (PEP 600), beside its own neighbours.
SYSTEM = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2",
          "ld-linux-aarch64.so.1"}  # fmt: skip
GLIBC = (2, 28)
LIBRARIES = ("libcompatlayer.so", "libcuda.so", "libcuda.so.1", "libnvrtc.so.12", "libnvrtc.so.13", "libnvvm.so.4",
             "libnvJitLink.so.12", "libnvJitLink.so.13", "libcurand.so.10", "libcudart.so",
             "libcudart.so.12", "libcudart.so.13",
             "libnvidia-ml.so", "libnvidia-ml.so.1")
WANTED = ("compatlayer/_native.abi3.so", *(f"compatlayer/_lib/{name}" for name in LIBRARIES),
          "compatlayer/_lib/math-fused.ir", "compatlayer/_lib/math-unfused.ir", "compatlayer/include/cuda.h",
          "compatlayer/include/compatlayer/kernel.h", "compatlayer/include/device", "compatlayer/py.typed",
          "compatlayer-launch.pth")  # fmt: skip
# AVX and later, FMA, BMI, MOVBE, LZCNT; `tzcnt` is left out, which older processors run as `bsf`. No function of ours
# asks the processor first, so none may have them.
_WIDE = re.compile(r"%[yz]mm\d|%k[0-7]\b|\t(?:v(?!err\b|erw\b)[a-z0-9]+|andn|bextr|bls(?:i|r|msk)|bzhi|mulx|pdep|pext|"
                   r"rorx|s(?:ar|hl|hr)x|movbe|lzcnt)[lqwb]?(?:\s|$)")


def problems(wheel: Path) -> Iterator[str]:
    """One sentence for each thing that is wrong with the wheel."""
    name, _, python, abi, platform = wheel.stem.split("-")
    machine = platform.removeprefix("manylinux_2_28_")
    if (name, python, abi) != ("compatlayer", "cp311", "abi3") or machine not in ("x86_64", "aarch64"):
        yield f"{wheel.name} is not a manylinux_2_28 wheel with the stable ABI of Python 3.11"
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        archive.extractall(folder)
        yield from _contents(archive, platform)
        for path in sorted(Path(folder, "compatlayer").rglob("*.so*")):
            yield from (f"{path.relative_to(folder)}: {each}" for each in _library(path, machine))


def _contents(archive: zipfile.ZipFile, platform: str) -> Iterator[str]:
    names = archive.namelist()
    for wanted in WANTED:
        if not any(each == wanted or each.startswith(f"{wanted}/") for each in names):
            yield f"{wanted} is missing"
    for each in names:
        if each.endswith((".c", ".S", ".pyc", ".o")) and "/include/" not in each:
            yield f"{each} does not belong into a wheel"
    tags = next(archive.read(each).decode() for each in names if each.endswith(".dist-info/WHEEL"))
    for line in ("Root-Is-Purelib: false", f"Tag: cp311-abi3-{platform}"):
        if line not in tags.splitlines():
            yield f"the file WHEEL lacks `{line}`"


def _library(path: Path, machine: str) -> Iterator[str]:
    found = elf.read(path)
    extension = path.name.startswith("_native")
    if found.machine != machine:
        yield f"is for {found.machine or 'an unknown processor'}"
    if not extension and found.soname != path.name:
        yield f"has the soname {found.soname!r}"
    for each in found.needed:
        if each not in SYSTEM and each != "libcompatlayer.so":
            yield f"needs {each}, which manylinux_2_28 does not promise"
    ours = "$ORIGIN/_lib" if extension else "$ORIGIN"
    if "libcompatlayer.so" in found.needed and found.search != (ours,):
        yield f"searches {':'.join(found.search) or 'nothing'} instead of {ours} for its neighbours"
    if path.name != "libcompatlayer.so" and "libcompatlayer.so" not in found.needed:
        yield "does not need libcompatlayer.so"
    for library, version in found.versions:
        number = re.fullmatch(r"GLIBC_([\d.]+)", version)
        if not number or tuple(map(int, number[1].split("."))) > GLIBC:
            yield f"needs {version} of {library}"
    python = [each for each in found.undefined if re.match(r"_?Py[A-Z_]", each)]
    if extension:
        yield from (f"uses {each}, which is private to a version of Python" for each in python
                    if each.startswith("_Py") and each not in _STABLE)
    elif python:
        yield f"is linked to Python ({python[0]})"
    for place in _building_machine(path):
        yield f"contains {place}, a path of the building machine"


# Underscored names that the stable ABI has.
_STABLE = {"_Py_NoneStruct", "_Py_TrueStruct", "_Py_FalseStruct", "_Py_EllipsisObject", "_Py_Dealloc", "_Py_IncRef",
           "_Py_DecRef", "_Py_NotImplementedStruct", "_Py_BuildValue_SizeT"}  # fmt: skip


def _building_machine(path: Path) -> list[str]:
    data = path.read_bytes()
    places = {str(Path(__file__).resolve().parents[1]), str(Path.home()), sys.base_prefix} - {"/", "/usr", "/root"}
    return sorted(place for place in places if place.encode() in data)


def wide_instructions(disassembly: str) -> list[str]:
    """Lines of `objdump -d` that a processor of x86-64-v2 does not have."""
    return [line.strip() for line in disassembly.splitlines() if _WIDE.search(line)]


def main(paths: list[str]) -> int:
    """Check the wheels; 1 when something is wrong."""
    failed = 0
    for path in map(Path, paths):
        found = list(problems(path))
        failed += bool(found)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {'wrong' if found else 'as promised'}")
        for each in found:
            print(f"    {each}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
