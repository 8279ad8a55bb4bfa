"""Zero for every argument: each call of modules, libraries, functions, launches and links refuses, and none crashes."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import pytest

HEADERS = sorted((Path(__file__).resolve().parents[2] / "include").rglob("*.h"))
PATTERN = re.compile(r"\bcu(?:Module|Library|Kernel|Func|Param|LaunchK|LaunchC|LaunchG|Occup|Link)\w+(?=\()")
NAMES = sorted({name for path in HEADERS for name in PATTERN.findall(path.read_text())} | {"cuLaunch"})
REFUSALS = {1, 400, 801}  # INVALID_VALUE, INVALID_HANDLE, NOT_SUPPORTED


def test_the_list_of_calls_is_read_from_the_headers() -> None:
    assert len(NAMES) > 60


@pytest.mark.parametrize("name", NAMES)
def test_zero_for_every_argument_is_refused(api: Any, context: Any, name: str) -> None:
    function = getattr(ctypes.CDLL("libcuda.so.1"), name)
    assert function(*[ctypes.c_void_p(0)] * 12) in REFUSALS
