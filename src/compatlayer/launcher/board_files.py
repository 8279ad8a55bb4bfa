"""The files by which programs recognise a board, shown to this process's Python code where COMPATLAYER_PROFILE is set.

Nothing is written anywhere. Python's own functions that open, name or list files are replaced, and answer for these
paths and the folders that hold nothing else; everything else goes to the originals. C code sees the system as it is.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# Folders of ours where the machine has none: what they list is what we have.
_FOLDERS = ("/proc/device-tree", "/sys/firmware/devicetree/base", "/sys/firmware/devicetree", "/sys/module/tegra_fuse",
            "/sys/module/tegra_fuse/parameters", "/sys/devices/soc0")
_files: dict[str, bytes] = {}
_shown = False


def show(files: dict[str, bytes]) -> None:
    """Let `files` (absolute paths) appear; a second call only replaces them."""
    global _shown
    _files.clear()
    _files.update(files)
    if _shown:
        return
    _shown = True
    io.open = builtins.open = _Replacement(builtins.open, _opening(builtins.open), only_files=True)
    for name, ours in (("stat", _status), ("lstat", _status), ("access", _access), ("listdir", _names),
                       ("scandir", _Entries)):
        setattr(os, name, _Replacement(getattr(os, name), ours))
    os.open = _Replacement(os.open, _open_number, only_files=True)


def _place(path: object) -> str | None:
    """Which of our files or folders a path names, if any."""
    if isinstance(path, int) or path is None:
        return None
    try:
        text = os.fsdecode(os.fspath(path))  # type: ignore[call-overload]
    except (TypeError, ValueError, UnicodeError):
        return None
    if not text.startswith(("/etc/", "/proc/", "/sys/")):  # nearly every path there is
        if text.startswith("/") or not text:
            return None
        try:
            folder = os.getcwd()
        except OSError:
            return None
        if not folder.startswith(("/etc", "/proc", "/sys")):
            return None
        text = os.path.join(folder, text)
    text = os.path.normpath(text)
    return text if text in _files or text in _FOLDERS else None


class _Replacement:
    """A function in place of a builtin one; no Python function, because classes bind those as methods."""

    def __init__(self, original: Callable[..., Any], ours: Callable[..., Any], only_files: bool = False) -> None:
        self._original, self._ours, self._only_files = original, ours, only_files
        self.__name__, self.__doc__ = original.__name__, original.__doc__
        # shutil asks which functions take a file's number: these sets hold the functions themselves
        for group in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in group:
                group.add(self)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        path = args[0] if args else keywords.get("path", keywords.get("file", "."))
        place = _place(path)
        if place is None or (self._only_files and place not in _files):
            return self._original(*args, **keywords)
        return self._ours(place, *args, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def __reduce__(self) -> str:
        return self.__name__


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    def open(place: str, file: Any, mode: str = "r", *args: Any, **keywords: Any) -> Any:
        if set(mode) & set("wax+"):
            raise _denied(file)
        if len(args) < 6:
            keywords["opener"] = lambda path, flags: _number(place)
        return original(file, mode, *args, **keywords)

    return open


def _open_number(place: str, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if flags & (os.O_WRONLY | os.O_RDWR):
        raise _denied(path)
    return _number(place)


def _number(place: str) -> int:
    """The number of a new open file with the contents; it can be read again and again, as a file can."""
    number = os.memfd_create(os.path.basename(place))
    os.write(number, _files[place])
    os.lseek(number, 0, os.SEEK_SET)
    return number


def _denied(path: object) -> PermissionError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def _status(place: str, *arguments: Any, **keywords: Any) -> os.stat_result:
    contents = _files.get(place)
    mode = stat.S_IFDIR | 0o555 if contents is None else stat.S_IFREG | 0o444
    number = [*_files, *_FOLDERS].index(place) + 1
    return os.stat_result((mode, number, 0, 1, 0, 0, len(contents or b""), 0, 0, 0))


def _access(place: str, path: Any, mode: int = 0, **keywords: Any) -> bool:
    return not mode & (os.W_OK | (os.X_OK if place in _files else 0))


def _names(place: str, *arguments: Any, **keywords: Any) -> list[str]:
    """What one of our folders holds."""
    if place in _files:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), place)
    found = {path[len(place) + 1:].split("/")[0] for path in (*_files, *_FOLDERS) if path.startswith(f"{place}/")}
    return sorted(found)


class _Entries:
    """What os.scandir answers for one of our folders: an iterator that is a context manager too."""

    def __init__(self, place: str, *arguments: Any) -> None:
        self._entries = iter([_Entry(place, name) for name in _names(place)])

    def __iter__(self) -> Iterator[_Entry]:
        return self

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


class _Entry:
    """One file or folder of ours, as os.DirEntry shows them."""

    def __init__(self, folder: str, name: str) -> None:
        self.name, self.path = name, os.path.join(folder, name)

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return _status(self.path)

    def inode(self) -> int:
        return _status(self.path).st_ino

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self.path in _files

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self.path not in _files

    def is_symlink(self) -> bool:
        return False

    def is_junction(self) -> bool:
        return False
