"""The error log: callbacks, iterators, dumps to files and memory."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LINE = r"\[\d\d:\d\d:\d\d\.\d\d\d\]\[\d+\]\[CUDA\]\[E\] .*\n"


def fail(api: Any) -> None:
    """An error with a text."""
    assert api.status("cuDeviceGetName", 16, 4711) == "INVALID_DEVICE"


def dump(api: Any, iterator: Any, size: int = 4096) -> tuple[str, Any]:
    buffer = b"\0" * size
    begin = None if iterator is None else api.CUlogIterator(int(iterator))  # the call changes it
    after, written = api.cuLogsDumpToMemory(begin, buffer, size, 0)
    return buffer[:written].decode(), after


def test_messages_since_an_iterator_are_dumped_and_it_advances(api: Any) -> None:
    iterator = api.cuLogsCurrent(0)
    assert dump(api, iterator)[0] == ""
    fail(api)
    text, after = dump(api, iterator)
    assert re.fullmatch(f"({LINE})+", text) and "4711" in text
    assert "Returning 101 from cuDeviceGetName" in text
    assert dump(api, after)[0] == ""
    fail(api)
    assert dump(api, after)[0].count("4711") == text.count("4711")


def test_a_small_buffer_holds_whole_messages_and_the_iterator_goes_on_behind_them(api: Any) -> None:
    iterator = api.cuLogsCurrent(0)
    fail(api)
    whole, _ = dump(api, iterator)
    first = whole.splitlines(keepends=True)[0]
    part, after = dump(api, iterator, len(first) + 1)
    assert part == first
    assert dump(api, after)[0] == whole.removeprefix(first)
    assert api.status("cuLogsDumpToMemory", iterator, b"\0" * 8, 8, 0) == "INVALID_VALUE"


def test_a_null_iterator_means_all_that_is_kept(api: Any) -> None:
    for _ in range(300):
        fail(api)
    text, _ = dump(api, None, 25600)
    assert text.startswith("[earlier messages are no longer kept]\n") and text.count("\n") > 100


def test_a_dump_is_appended_to_a_file(api: Any, tmp_path: Path) -> None:
    path, iterator = tmp_path / "log.txt", api.cuLogsCurrent(0)
    fail(api)
    after = api.cuLogsDumpToFile(iterator, str(path).encode(), 0)
    fail(api)
    api.cuLogsDumpToFile(after, str(path).encode(), 0)
    assert re.fullmatch(f"({LINE})+", path.read_text()) and path.read_text().count("Returning 101") == 2
    assert api.status("cuLogsDumpToFile", None, str(tmp_path / "no" / "folder").encode(), 0) == "INVALID_VALUE"


def test_flags_must_be_zero_and_pointers_not_null(api: Any) -> None:
    assert api.status("cuLogsCurrent", 1) == "INVALID_VALUE"
    assert api.status("cuLogsDumpToFile", None, b"/tmp/x", 1) == "INVALID_VALUE"
    assert api.status("cuLogsDumpToMemory", None, b"\0" * 64, 64, 1) == "INVALID_VALUE"
    library = ctypes.CDLL("libcuda.so.1")
    assert library.cuLogsCurrent(None, 0) == 1
    assert library.cuLogsDumpToMemory(None, None, ctypes.byref(ctypes.c_size_t(5)), 0) == 1
    assert library.cuLogsDumpToFile(None, None, 0) == 1
    assert library.cuLogsRegisterCallback(None, None, None) == 1


def test_a_callback_is_told_until_it_is_unregistered(api: Any, cu: Any) -> None:
    seen: list[tuple[int, int, str]] = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    function = kind(lambda data, level, message, length: seen.append((data, level, message[:length].decode())))
    address = ctypes.cast(function, ctypes.c_void_p).value
    handle = api.cuLogsRegisterCallback(cu.CUlogsCallback(address), 77)
    fail(api)
    assert seen and {row[:2] for row in seen} == {(77, 0)} and all(re.fullmatch(LINE, row[2]) for row in seen)
    api.cuLogsUnregisterCallback(handle)
    before = len(seen)
    fail(api)
    assert len(seen) == before
    assert api.status("cuLogsUnregisterCallback", handle) == "INVALID_VALUE"


PROGRAM = """
import compatlayer
compatlayer.install()
from cuda.bindings import driver as cu
cu.cuInit(0)
cu.cuDeviceGet(4711)
"""


def test_a_file_named_by_the_environment_gets_every_message(tmp_path: Path) -> None:
    path = tmp_path / "errors.log"
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60,
                   env=os.environ | {"CUDA_LOG_FILE": str(path)})
    assert re.fullmatch(f"({LINE})+", path.read_text()) and "4711" in path.read_text()
