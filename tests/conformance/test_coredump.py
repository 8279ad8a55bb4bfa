"""Core dump attributes: none is ever written, and they say so."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest


@pytest.mark.parametrize("name", ["cuCoredumpGetAttribute", "cuCoredumpGetAttributeGlobal"])
def test_attributes_say_that_no_core_dump_is_written(context: Any, name: str) -> None:
    function = getattr(ctypes.CDLL("libcuda.so.1"), name)
    for attribute, wanted in ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1024), (6, 1024), (7, 4)):
        size, value = ctypes.c_size_t(0), ctypes.create_string_buffer(b"\xff" * 2000, 2000)
        assert function(attribute, None, ctypes.byref(size)) == 0 and size.value == wanted
        assert function(attribute, value, ctypes.byref(size)) == 0
        assert value.raw[:wanted] == bytes(wanted) and value.raw[wanted] == 0xFF
    assert function(8, None, ctypes.byref(size)) == 1
    assert function(7, value, ctypes.byref(ctypes.c_size_t(3))) == 1
    assert function(1, None, None) == 1


def test_the_attributes_of_a_context_need_one(api: Any, cu: Any) -> None:
    attribute = cu.CUcoredumpSettings.CU_COREDUMP_LIGHTWEIGHT
    assert api.status("cuCoredumpGetAttribute", attribute) == "INVALID_CONTEXT"
    assert api.cuCoredumpGetAttributeGlobal(attribute) is False
