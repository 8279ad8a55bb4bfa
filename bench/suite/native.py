"""C compiled with the machine's own compiler and loaded: the OpenMP contenders, the player, the machine's limits."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FLAGS = ("-O3", "-march=native", "-fopenmp", "-std=gnu11", "-fPIC", "-shared")


class Absent(Exception):
    """A contender is not here: one sentence why."""


def compiler() -> list[str]:
    """COMPATLAYER_BENCH_CC, or gcc, or cc; raises Absent."""
    command = (os.environ.get("COMPATLAYER_BENCH_CC") or "").split()
    for name in command[:1] or ("gcc", "cc"):
        path = shutil.which(name)
        if path:
            return [path, *command[1:]]
    raise Absent("no C compiler; install gcc")


def build(sources: Sequence[Path | str], flags: Sequence[str] = ()) -> ctypes.CDLL:
    """Compile files and texts into one library, once for each content; raises Absent without OpenMP."""
    texts = [source.read_text() if isinstance(source, Path) else source for source in sources]
    command = [*compiler(), *FLAGS, *flags]
    label = hashlib.sha256("\0".join([*command, *texts]).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"compatlayer-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{label}.so"
    if not library.exists():
        paths = []
        for number, text in enumerate(texts):
            paths.append(folder / f"{label}.{os.getpid()}.{number}.c")
            paths[-1].write_text(text)
        made = folder / f"{label}.{os.getpid()}.so"
        result = subprocess.run([*command, *map(str, paths), "-o", str(made), "-lm"], capture_output=True, text=True)
        for path in paths:
            path.unlink()
        if result.returncode:
            raise Absent(f"{' '.join(command)} failed: {result.stderr.strip()[:400]}")
        made.rename(library)
    return ctypes.CDLL(str(library))


def player() -> ctypes.CDLL:
    """The loops that call launches and functions repeatedly."""
    library = build([Path(__file__).with_name("player.c")])
    pointer = ctypes.c_void_p
    for name in ("play_cuda", "play_opencl"):
        function = getattr(library, name)
        function.restype = ctypes.c_double
        function.argtypes = [pointer, pointer, pointer, pointer, ctypes.c_int, ctypes.c_int]
    library.play_native.restype = ctypes.c_double
    library.play_native.argtypes = [pointer, pointer, ctypes.c_int]
    return library


class Record(ctypes.Structure):
    """One launch as player.c takes it."""

    _fields_ = (("kernel", ctypes.c_void_p), ("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3),
                ("arguments", ctypes.c_void_p))


def triple(sizes: Sequence[int]) -> tuple[int, int, int]:
    """Three extents, the missing ones 1."""
    x, y, z = (*sizes, 1, 1, 1)[:3]
    return x, y, z


def pointers(values: Sequence[np.generic]) -> tuple[ctypes.Array[ctypes.c_void_p], list[np.ndarray]]:
    """(array of addresses, what keeps them alive) of argument values."""
    kept = [np.array([value]) for value in values]
    return (ctypes.c_void_p * len(kept))(*(array.ctypes.data for array in kept)), kept


_TYPES = {"float32": "float", "float64": "double", "int32": "int", "uint32": "unsigned", "int64": "long long",
          "uint64": "unsigned long long"}


def caller(function: str, values: Sequence[np.ndarray | np.generic]) -> str:
    """C source of `bench_repeat`, which calls `function` repeatedly from a file of its own, so that no call is lost."""
    types = [("void *" if isinstance(value, np.ndarray) else _TYPES[value.dtype.name]) for value in values]
    arguments = ", ".join(f"*({kind} *)arguments[{i}]" for i, kind in enumerate(types))
    return (f"void {function}({', '.join(types)});\n"
            f"void bench_repeat(void **arguments, int repeats)\n"
            f"{{\n    for (int i = 0; i < repeats; i++)\n        {function}({arguments});\n}}\n")
