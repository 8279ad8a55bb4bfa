"""The compile cache: a private folder of files named by the hash of what made them.

Every record carries the hash of its content, checked on load; a damaged one is dropped. Writing is atomic. A cache that
cannot be used costs one sentence on stderr, never an error.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from .. import digest

_LAYOUT = "v1"
_MAGIC = b"CPLCACH2"
_HEADER_BYTES = len(_MAGIC) + digest.CHECKSUM_BYTES
DEFAULT_MAX_BYTES = 1 << 30
_PRUNE_INTERVAL_S = 600.0
_TOUCH_INTERVAL_S = 3600.0


def default_folder() -> Path:
    """$COMPATLAYER_CACHE_DIR, else $XDG_CACHE_HOME/compatlayer, else ~/.cache/compatlayer."""
    chosen = os.environ.get("COMPATLAYER_CACHE_DIR")
    if chosen:
        return Path(os.path.abspath(chosen))  # the program may change its folder
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "compatlayer"


def _content(data: bytes) -> bytes | None:
    """A record without its head; None when it is damaged."""
    content = data[_HEADER_BYTES:]
    whole = data[: len(_MAGIC)] == _MAGIC and digest.checksum(content) == data[len(_MAGIC): _HEADER_BYTES]
    return content if whole else None


def is_damaged(path: Path) -> bool:
    """Whether the record in the file `path` was written whole and is not any more; one of another version may be."""
    try:
        data = path.read_bytes()
        other = data[: len(_MAGIC) - 1] == _MAGIC[:-1] and data[: len(_MAGIC)] != _MAGIC
        return not other and _content(data) is None
    except FileNotFoundError:
        return False  # pruned meanwhile
    except OSError:
        return True


class Store:
    """Content-addressed files under one folder of the user's own (mode 0700)."""

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.folder = folder / _LAYOUT
        self.max_bytes = max_bytes
        self._warned = False
        self._root = folder
        self.usable = self._prepare()
        self.writable = self.usable

    def _prepare(self) -> bool:
        try:
            for path in (self._root, self.folder):
                os.makedirs(path, mode=0o700, exist_ok=True)
                if os.stat(path).st_uid != os.geteuid():
                    self._warn(f"the compile cache {path} belongs to another user and is not used; "
                               "set COMPATLAYER_CACHE_DIR to a folder of your own")
                    return False
            if stat.S_IMODE(os.stat(self.folder).st_mode) & 0o077:
                os.chmod(self.folder, 0o700)
        except OSError as error:
            self._warn(f"the compile cache {self._root} cannot be used ({error.strerror}), so every process compiles "
                       "again; set COMPATLAYER_CACHE_DIR to a writable folder, or COMPATLAYER_CACHE=0 to say so")
            return False
        return True

    def _warn(self, sentence: str) -> None:
        if not self._warned:
            self._warned = True
            _tell(sentence)

    def path(self, kind: str, key: str) -> Path:
        """Where the record `key` of `kind` is or would be."""
        return self.folder / kind / key[:2] / key

    def get(self, kind: str, key: str) -> bytes | None:
        """The record's content, or None; a damaged record is removed."""
        if not self.usable:
            return None
        path = self.path(kind, key)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        content = _content(data)
        if content is None:
            self.drop(kind, key)
            return None
        self._touch(path)
        return content

    def put(self, kind: str, key: str, content: bytes) -> bool:
        """Store a record; False when the cache cannot be written."""
        return self._write(self.path(kind, key), _MAGIC + digest.checksum(content) + content)

    def get_file(self, kind: str, key: str, suffix: str, expected: str) -> Path | None:
        """A plain file beside a record (a library to dlopen), if its checksum is `expected`; else it is removed."""
        if not self.usable:
            return None
        path = self.path(kind, key + suffix)
        try:
            with open(path, "rb") as file:
                found = digest.checksum(file.read()).hex()
        except OSError:
            return None
        if found != expected:
            self.drop(kind, key + suffix)
            return None
        self._touch(path)
        return path

    def put_file(self, kind: str, key: str, suffix: str, content: bytes) -> Path | None:
        """Store a plain file; its path, or None when the cache cannot be written."""
        path = self.path(kind, key + suffix)
        return path if self._write(path, content) else None

    def drop(self, kind: str, key: str) -> None:
        """Forget a record."""
        with suppress(OSError):
            os.unlink(self.path(kind, key))

    def _write(self, path: Path, data: bytes) -> bool:
        if not self.writable:
            return False
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            os.makedirs(path.parent, mode=0o700, exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError as error:
            self.writable = False
            with suppress(OSError):
                os.unlink(temporary)
            self._warn(f"cannot write the compile cache {self._root} ({error.strerror}), so what is compiled now is "
                       "not kept; make it writable or set COMPATLAYER_CACHE_DIR to a folder that is")
            return False
        self._prune_if_due()
        return True

    @staticmethod
    def _touch(path: Path) -> None:
        # Use order for the size limit; once an hour is order enough and keeps a hit to reads.
        try:
            if time.time() - os.stat(path).st_mtime > _TOUCH_INTERVAL_S:
                os.utime(path)
        except OSError:
            pass

    def _prune_if_due(self) -> None:
        marker = self.folder / "pruned"
        try:
            if time.time() - os.stat(marker).st_mtime < _PRUNE_INTERVAL_S:
                return
        except OSError:
            pass
        try:
            with open(marker, "wb"):
                pass
            os.utime(marker)
        except OSError:
            return
        self.prune()

    def entries(self) -> list[tuple[float, int, str]]:
        """(last use, size in bytes, path) of every file."""
        found = []
        for base, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(base, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                if name != "pruned":
                    found.append((status.st_mtime, status.st_size, path))
        return found

    def prune(self) -> int:
        """Remove the longest unused files until the cache fits its limit; bytes removed."""
        entries = sorted(self.entries())
        excess = sum(size for _, size, _ in entries) - self.max_bytes
        removed = 0
        for _, size, path in entries:
            if removed >= excess:
                break
            try:
                os.unlink(path)
                removed += size
            except OSError:
                pass
        return removed

    def clear(self) -> int:
        """Remove every file; bytes removed."""
        limit, self.max_bytes = self.max_bytes, 0
        try:
            return self.prune()
        finally:
            self.max_bytes = limit


def _max_bytes() -> int:
    text = os.environ.get("COMPATLAYER_CACHE_MAX_BYTES", "")
    if not text:
        return DEFAULT_MAX_BYTES
    if text.isdecimal() and len(text) <= 20:
        return int(text)
    _tell(f"COMPATLAYER_CACHE_MAX_BYTES={text} is not a number of bytes, so the limit is {DEFAULT_MAX_BYTES}; write "
          "digits only, or leave it out")
    return DEFAULT_MAX_BYTES


def _wanted() -> bool:
    text = os.environ.get("COMPATLAYER_CACHE", "")
    if text not in ("", "0", "1"):
        _tell(f"COMPATLAYER_CACHE={text} means nothing, so compiled kernels are kept; 0 keeps none, 1 keeps them")
    return text != "0"


def _tell(sentence: str) -> None:
    if sys.stderr is not None:
        print(f"compatlayer: {sentence}", file=sys.stderr, flush=True)


@cache
def store() -> Store | None:
    """The process's cache; None when COMPATLAYER_CACHE=0 or the folder cannot be used."""
    if not _wanted():
        return None
    opened = Store(default_folder(), _max_bytes())
    return opened if opened.usable else None


@cache
def private_folder() -> Path:
    """A folder of this process alone, for what must be a file while the cache is off; removed at exit."""
    import atexit
    import shutil

    from . import scratch

    folder = scratch.make()
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # not a forked child
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)
