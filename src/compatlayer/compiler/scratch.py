"""Folders for temporary files; a machine that has no room for them is told so in one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import CompilerHindered

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def make() -> str:
    """A new folder of this user's alone; removing it is the caller's. Raises CompilerHindered."""
    import tempfile

    try:
        return tempfile.mkdtemp(prefix="compatlayer-")
    except OSError as error:
        raise CompilerHindered(f"there is no folder for temporary files ({error.strerror}); make room in /tmp, or set "
                            "TMPDIR to a folder that can be written") from error


@contextmanager
def folder() -> Iterator[str]:
    """The same for a `with` statement, which removes it. Raises CompilerHindered, also when it fills up meanwhile."""
    import shutil

    path = make()
    try:
        yield path
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise CompilerHindered(f"cannot write temporary files in {path} ({error.strerror}); make room there, or set "
                            "TMPDIR to another folder") from error
    finally:
        shutil.rmtree(path, ignore_errors=True)
