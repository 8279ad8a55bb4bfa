"""Hashes of content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from compatlayer import digest


def test_a_checksum_depends_on_every_byte_and_has_the_size_asked_for() -> None:
    assert digest.checksum(b"library") != digest.checksum(b"librarx")
    assert len(digest.checksum(b"")) == digest.CHECKSUM_BYTES
    assert len(digest.checksum(b"", 16)) == 16


def test_a_folders_state_changes_with_its_files_and_only_with_those_asked_for(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("1")
    state = digest.folder_state(tmp_path, ".py")
    (tmp_path / "inner" / "note.txt").write_text("not asked for")
    assert digest.folder_state(tmp_path, ".py") == state != digest.folder_state(tmp_path)
    os.utime(tmp_path / "inner" / "a.py", ns=(0, 0))
    touched = digest.folder_state(tmp_path, ".py")
    (tmp_path / "b.py").write_text("2")
    assert len({state, touched, digest.folder_state(tmp_path, ".py")}) == 3


def test_hashing_does_not_bring_openssl() -> None:
    code = ("import sys, compatlayer.compiler.cache\nfrom compatlayer.compiler import headers\nheaders.digest()\n"
            "print('_hashlib' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
