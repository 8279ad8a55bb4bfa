"""Counts what of public CUDA programs compiles: every .cu file of the checkouts, as it stands. Runs nothing of them.

    COMPATLAYER_PUBLIC=checkouts python tests/public/survey.py results.tsv [part of parts] [--again]
    python tests/public/survey.py results.tsv --table

A file goes through the device pass whole, with the host's C++ headers and made-up declarations of host functions
(host_names.py); where its host part cannot be read that way, its device part is cut out (device_part.py) and compiled
as NVRTC sources are. Each kernel is then lowered for blocks of whole warps. A line of the results is a kernel, or a
file that gave none; a second run goes on after the last line, and with --again tries what could not be read once more.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import host_names
from device_part import device_part

from compatlayer.compiler import compile_cuda, toolchain
from compatlayer.compiler.frontends import cuda_cpp, nvrtc_options
from compatlayer.compiler.image import ROW32, DeviceCode
from compatlayer.compiler.targets import cpu

PUBLIC = Path(os.environ.get("COMPATLAYER_PUBLIC", "."))
PATTERNS = {"karpathy+llm.c": "**/*.cu", "yuhc+gpu-rodinia": "cuda/**/*.cu", "NVIDIA+cuda-samples": "Samples/**/*.cu",
            "zjin-lcf+HeCBench": "src/*-cuda/**/*.cu"}
_INCLUDED = re.compile(r'#\s*include\s*"([^"]+\.cu)"')
_IDENTITY = ("-U__clang__", "-U__GNUC__", "-D__CUDACC_RTC__", "-nostdsysteminc", "-nobuiltininc",
             "-D__CUDACC_RTC_INT128__", "-D__SIZEOF_INT128__=16")
ROUNDS = 8  # of making up declarations
REASONS = (  # of files that could not be read, by the first message that fits
    ("texture references", r"no template named 'texture'|texture references"),
    ("a header of another library, or a file that is not in the checkout", r"file not found"),
    ("cub's or thrust's functions for hosts", r"thrust|cub::|/cub/"),
    ("device functions that another file defines", r"^MODULE.*(nobody defines|undefined|not defined)"),
    ("a name that a build or another file defines", r"undeclared identifier|unknown type name|must define"
                                                      r"|need a defined"),
)


def sources() -> Iterator[Path]:
    """The files of all checkouts that no other one includes."""
    for folder, pattern in PATTERNS.items():
        found = sorted((PUBLIC / folder).glob(pattern))
        used = {(path.parent / name).resolve() for path in found
                for name in _INCLUDED.findall(path.read_text(encoding="utf-8", errors="replace"))}
        yield from (path for path in found if path.resolve() not in used)


def system_folders() -> list[str]:
    """Where the host's C++ compiler looks for headers, less its own folder."""
    told = subprocess.run(["c++", "-E", "-v", "-xc++", "/dev/null"], capture_output=True, text=True, check=True).stderr
    lines = told.split("#include <...>", 1)[1].split("End of search list", 1)[0].splitlines()[1:]
    return [each.strip() for each in lines if "/lib/gcc" not in each]


def cccl() -> list[str]:
    """The headers of the cuda-cccl wheel, where it is installed."""
    from importlib.util import find_spec

    spec = find_spec("cuda.cccl")
    places = [Path(each) / "headers" / "include" for each in spec.submodule_search_locations or ()] if spec else []
    return [str(each) for each in places]


class Compiler:
    """Reads whole files for the device."""

    def __init__(self) -> None:
        options = nvrtc_options.parse(["--gpu-architecture=sm_86", "-std=c++17", "--device-int128"])
        self.arguments = [each for each in cuda_cpp.language_arguments(options) if each not in _IDENTITY]
        self.arguments += ["-DCPL_NO_INITIALIZER_LIST", "-DCPL_NO_MOVE_FORWARD",
                           "-DCCCL_DISABLE_CTK_COMPATIBILITY_CHECK", "-target-sdk-version=13.0", "-fgnuc-version=4.2.1",
                           "-fcxx-exceptions", "-fexceptions", "-w", "-ferror-limit", "0"]
        self.scratch = tempfile.TemporaryDirectory()
        include = Path(self.scratch.name) / "include"
        host_names.device_headers(include)
        builtin = toolchain.zig().parent / "lib" / "include"
        self.folders = ["-I", str(include)]
        for each in [*cccl(), str(PUBLIC / "NVIDIA+cuda-samples" / "Common")]:
            self.folders += ["-isystem", each]
        for each in (*system_folders(), str(builtin)):
            self.folders += ["-internal-isystem", each]
        self.first = str(include / "compatlayer_device.h")

    def whole(self, path: Path) -> tuple[str, str]:
        """The device IR of a file, or the messages of the compiler."""
        text = path.read_text(encoding="utf-8", errors="replace")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "host.h").write_text(host_names.header(), encoding="utf-8")
            inventions = host_names.Inventions(folder)
            command = ["clang", "-cc1", *self.arguments, "-I", scratch]
            for each in _folders(path):
                command += ["-I", each]
            command += [*self.folders, "-include", self.first, "-include", str(folder / "host.h"),
                        "-include", str(inventions.path), "-emit-llvm", "-o", "-", str(path)]
            for _ in range(ROUNDS):
                status, out, errors = toolchain.run(command, cwd=str(path.parent))
                if status == 0:
                    return out.decode("utf-8", "surrogateescape"), ""
                messages = errors.decode("utf-8", "replace")
                if not inventions.learn(messages, text):
                    break
            return "", messages


def _folders(path: Path) -> list[str]:
    """The program's folders with headers, nearest first."""
    parts = path.relative_to(PUBLIC).parts
    top = PUBLIC.joinpath(*parts[: 3 if "HeCBench" in parts[0] else 4])
    top = top if top.is_dir() else path.parent
    headers = {str(each.parent) for each in top.rglob("*.h*")}
    return list(dict.fromkeys([str(path.parent), str(top), *sorted(headers)]))[:30]


def kernels(code: DeviceCode, name: str) -> Iterator[tuple[str, ...]]:
    """A line for each kernel."""
    try:
        loaded = cpu.lower_module(code)
    except Exception as error:  # what it is, is counted
        yield "MODULE", name, repr(error)[:300]
        return
    if not loaded.kernels:
        yield "NONE", name
    for kernel in loaded.kernels:
        start = time.monotonic()
        try:
            lowered = cpu.lower_variant(code, kernel.name, ROW32, "vector", loaded.sharing)
        except Exception as error:
            yield "FAILS", name, kernel.name[:80], repr(error)[:300]
            continue
        yield ("NAIVE" if lowered.reason else "VECTOR", name, kernel.name[:80], f"{time.monotonic() - start:.2f}",
               lowered.reason[:200])


def lines(compiler: Compiler, path: Path) -> list[tuple[str, ...]]:
    """What is found of one file; `UNREAD` with the first messages when neither way reads it."""
    name = str(path.relative_to(PUBLIC))
    ir, messages = compiler.whole(path)
    first = list(kernels(DeviceCode(ir=ir, architecture="sm_86", lowered_names={}, log=""), name)) if ir else []
    if first and first[0][0] != "MODULE":
        return first
    try:
        code = compile_cuda(device_part(path), "k.cu", ["-arch=sm_86", "-std=c++17", "-w",
                                                        *(f"-I{each}" for each in cccl())])
        second = list(kernels(code, name))
        if second[0][0] not in ("MODULE", "NONE"):
            return second
    except Exception:  # it says less than the first way's messages
        pass
    errors = " | ".join(each for each in messages.splitlines() if "error:" in each)[:900]
    return first or [("UNREAD", name, errors)]


def table(results: Path) -> None:
    """Prints the counts of docs/device-survey.md."""
    states: dict[str, list[list[str]]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        row = line.split("\t")
        found = states.setdefault(row[1], [])
        if found and found[0][0] in ("UNREAD", "MODULE"):
            found.clear()  # tried again later
        found.append(row)
    totals: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for name, rows in states.items():
        counts = totals.setdefault(name.split("/")[0], Counter())
        kinds = {row[0] for row in rows}
        if kinds == {"NONE"}:
            continue
        counts["files"] += 1
        counts["unread" if kinds & {"UNREAD", "MODULE"} else "fails" if "FAILS" in kinds else "compile"] += 1
        for row in rows:
            if row[0] in ("VECTOR", "NAIVE", "FAILS"):
                counts[f"kernels {row[0]}"] += 1
            if row[0] == "NAIVE":
                why[row[4]] += 1
            if row[0] in ("UNREAD", "MODULE"):
                text = " ".join([row[0], *row[2:]])
                reasons[next((reason for reason, pattern in REASONS if re.search(pattern, text)), "other")] += 1
    for name, counts in [*totals.items(), ("all", sum(totals.values(), Counter()))]:
        print(name, dict(counts), f"{counts['compile'] / max(1, counts['files']):.1%}")
    print(*(f"{count:4} could not be read: {reason}" for reason, count in reasons.most_common()), sep="\n")
    print(*(f"{count:4} in the naive engine: {reason}" for reason, count in why.most_common()), sep="\n")


def main(arguments: Sequence[str]) -> None:
    """Adds to the results, or prints the table."""
    results = Path(arguments[0])
    if "--table" in arguments:
        table(results)
        return
    numbers = [int(each) for each in arguments[1:] if each.isdigit()] or [0, 1]
    rows = [line.split("\t") for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    unread = {row[1] for row in rows if row[0] in ("UNREAD", "MODULE")}
    done = {row[1] for row in rows} - (unread if "--again" in arguments else set())
    compiler = Compiler()
    for path in list(sources())[numbers[0]::numbers[1]]:
        if str(path.relative_to(PUBLIC)) in done:
            continue
        with results.open("a", encoding="utf-8") as out:
            for row in lines(compiler, path):
                print(*(each.replace("\t", " ").replace("\n", " ") for each in row), sep="\t", file=out)


if __name__ == "__main__":
    main(sys.argv[1:])
