"""The toolkit folder: a CUDA_HOME with bin, include, lib64 and nvvm, made of links into this package.

It lies in the cache folder, because a wheel cannot hold links, and is made again whenever the package's files changed.
Its path stays the same for one installation and one Python, so that what was configured with it keeps working.
"""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "toolkit"  # in the cache folder
_FORMAT = "3"
_STAMP = ".made"


class ToolkitError(RuntimeError):
    """The folder cannot be made; the text says what to do."""


def root(cache: str) -> str:
    """The toolkit folder below the folder `cache`, made if it is missing or stale. Raises ToolkitError."""
    path = os.path.join(cache, FOLDER, _name())
    state = _state()
    if _read(os.path.join(path, _STAMP)) != state:
        try:
            _make(path, state)
        except OSError as error:
            raise ToolkitError(f"the toolkit folder {path} cannot be made: {error.strerror}; make the folder writable "
                               "or set COMPATLAYER_CACHE_DIR to one that is") from error
    return path


def headers() -> str | None:
    """The folder of our C headers: in the installed package, or at the root of a source checkout."""
    for folder in (libraries.PACKAGE, os.path.dirname(os.path.dirname(libraries.PACKAGE))):
        path = os.path.join(folder, "include")
        if os.path.exists(os.path.join(path, "cuda.h")):
            return path
    return None


def _name() -> str:
    """One installation and one Python; hashlib would cost each start of a program its import."""
    number = 0xCBF29CE484222325
    for byte in os.fsencode(f"{libraries.PACKAGE}\n{sys.executable}"):
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return f"{number:016x}"


def _state() -> str:
    """Changes when the package's files do."""
    found = headers() or ""
    folders = [libraries.FOLDER, os.path.join(libraries.PACKAGE, "nvcc"), os.path.dirname(found)]
    folders += [os.path.join(found, name) for name in ("", "device", "compatlayer", "device/compatlayer")]
    return "\n".join([_FORMAT, *(f"{folder} {_changed(folder)}" for folder in folders)])


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def _make(path: str, state: str) -> None:
    """Build the folder beside its place, then move it there: other processes see all of it or nothing."""
    import contextlib
    import shutil

    new = f"{path}.{os.getpid()}"
    shutil.rmtree(new, ignore_errors=True)
    for place, target in _links():
        os.makedirs(os.path.dirname(os.path.join(new, place)), exist_ok=True)
        os.symlink(target, os.path.join(new, place))
    _write(os.path.join(new, "bin", "nvcc"), _nvcc())
    _write(os.path.join(new, "bin", "nvidia-smi"), _command("smi"))
    _write(os.path.join(new, "bin", "trtexec"), _command("trtexec"))
    for name in ("nvcc", "nvidia-smi", "trtexec"):
        os.chmod(os.path.join(new, "bin", name), 0o755)
    _write(os.path.join(new, "lib64", "libcudadevrt.a"), _device_runtime())
    _write(os.path.join(new, "version.json"), _version())
    _write(os.path.join(new, _STAMP), state)
    old = f"{path}.old.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, old)
    try:
        os.rename(new, path)
    except OSError:
        if _read(os.path.join(path, _STAMP)) != state:  # else another process was first
            raise
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _links() -> Iterator[tuple[str, str]]:
    """Places in the folder, and the files and folders of the package that stand there."""
    include = headers()
    if include is not None:
        yield from _merged("include", [include, os.path.join(include, "device")])
        device = os.path.join(os.path.dirname(include), "nvvm", "libdevice")
        if os.path.isdir(device):
            yield "nvvm/libdevice", device
    for path in libraries.paths():
        name = os.path.basename(path)
        plain = name.partition(".so")[0] + ".so"
        home = "nvvm/lib64" if plain == "libnvvm.so" else "lib64"
        if name == os.path.basename(libraries.RUNTIME) or name != plain:
            yield f"{home}/{name}", path
        # What a linker finds is the newest version, so that what it makes asks for that soname, as with NVIDIA's files.
        if name != plain and path == libraries.soname_path(f"{plain}."):
            yield f"{home}/{plain}", path
    yield "nvvm/lib64/libcompatlayer.so", libraries.RUNTIME
    yield "lib", "lib64"


def _merged(place: str, folders: list[str]) -> Iterator[tuple[str, str]]:
    """One folder of several: a file of an earlier one hides a later one's of its name, subfolders are merged too."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            found.setdefault(name, []).append(os.path.join(folder, name))
    for name, paths in found.items():
        if len(paths) > 1 and os.path.isdir(paths[0]):
            yield from _merged(f"{place}/{name}", paths[::-1])  # what kernels include wins
        elif f"{place}/{name}" != "include/device":
            yield f"{place}/{name}", paths[0]


def _nvcc() -> str:
    """The command: this Python without its start-up files, which a compiler that is called often cannot wait for."""
    from importlib.util import find_spec

    spec = find_spec("ziglang")
    compiler = os.path.dirname(next(iter(spec.submodule_search_locations or ("",)))) if spec else ""
    words = [sys.executable, "-I", "-S", os.path.join(libraries.PACKAGE, "nvcc", "start.py"), compiler]
    return "#!/bin/sh\nexec " + " ".join(_quoted(word) for word in words) + ' "$0" "$@"\n'


def _command(folder: str) -> str:
    """The command of a folder of the package, by this Python as it is: it needs cffi."""
    words = [sys.executable, os.path.join(libraries.PACKAGE, folder, "start.py")]
    return "#!/bin/sh\nexec " + " ".join(_quoted(word) for word in words) + ' "$@"\n'


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _device_runtime() -> str:
    """An archive for linkers that are told to take the device runtime: it defines nothing, because what kernels need to
    launch kernels is part of every module here. The linker of libcuda knows it by these names."""
    text = "cudaLaunchDevice and cudaGetParameterBuffer are always there.\n"
    text += "\n" * (len(text) % 2)
    index = "\0\0\0\0"  # a linker wants one, of no symbols
    members = (("/", index), ("device.txt/", text))
    return "!<arch>\n" + "".join(f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(body):<10}`\n{body}"
                                 for name, body in members)


def _version() -> str:
    return '{\n  "cuda": {"name": "CUDA SDK", "version": "13.0.0"},\n' \
           '  "cuda_nvcc": {"name": "CUDA NVCC", "version": "13.0.0"}\n}\n'


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
