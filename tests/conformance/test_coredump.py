"""Core dump attributes: remembered, and no core dump can be asked for."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import pytest

ON_EXCEPTION, TRIGGER_HOST, LIGHTWEIGHT, USER_TRIGGER, FILE, PIPE, FLAGS = range(1, 8)
SIZES = {ON_EXCEPTION: 1, TRIGGER_HOST: 1, LIGHTWEIGHT: 1, USER_TRIGGER: 1, FILE: 1024, PIPE: 1024, FLAGS: 4}


def call(name: str, attribute: int, data: bytes | None, size: int) -> tuple[int, bytes, int]:
    """Status, what the buffer holds afterwards, and the size."""
    room = ctypes.c_size_t(size)
    buffer = None if data is None else ctypes.create_string_buffer(data, max(size, len(data)))
    status = getattr(ctypes.CDLL("libcuda.so.1"), name)(attribute, buffer, ctypes.byref(room))
    return status, buffer.raw if buffer is not None else b"", room.value


def read(attribute: int, everywhere: bool = False) -> bytes:
    name = "cuCoredumpGetAttributeGlobal" if everywhere else "cuCoredumpGetAttribute"
    status, data, _ = call(name, attribute, bytes(SIZES[attribute]), SIZES[attribute])
    assert status == 0
    return data.partition(b"\0")[0] if attribute in (FILE, PIPE) else data


@pytest.mark.parametrize("name", [f"cuCoredump{verb}Attribute{scope}" for verb in ("Get", "Set")
                                  for scope in ("", "Global")])
def test_a_null_value_asks_for_the_size(context: Any, name: str) -> None:
    for attribute, size in SIZES.items():
        if name == "cuCoredumpSetAttribute" and attribute in (USER_TRIGGER, PIPE):
            assert call(name, attribute, None, 0)[0] == 800
        else:
            assert call(name, attribute, None, 0) == (0, b"", size)
    assert call(name, 8, None, 0)[0] == 1
    assert call(name, FLAGS, bytes(4), 3)[0] == 1
    assert getattr(ctypes.CDLL("libcuda.so.1"), name)(1, None, None) == 1


def test_defaults_are_the_documented_ones(context: Any) -> None:
    assert read(ON_EXCEPTION) == read(LIGHTWEIGHT) == read(USER_TRIGGER) == b"\0" and read(TRIGGER_HOST) == b"\1"
    assert read(FILE).startswith(b"core.cuda.") and read(FILE).endswith(b".%d" % os.getpid())
    assert read(FLAGS) == bytes(4)


def test_what_is_set_is_remembered_for_the_context_or_for_all(context: Any) -> None:
    try:
        assert call("cuCoredumpSetAttributeGlobal", FILE, b"here", 5)[0] == 0
        assert (read(FILE), read(FILE, everywhere=True)) == (b"here", b"here")
        assert call("cuCoredumpSetAttribute", FILE, b"there", 6)[0] == 0
        assert (read(FILE), read(FILE, everywhere=True)) == (b"there", b"here")
        assert call("cuCoredumpSetAttributeGlobal", PIPE, b"pipe", 5)[0] == 0 and read(PIPE) == b"pipe"
        assert call("cuCoredumpSetAttributeGlobal", FLAGS, b"\1\0\0\0", 4)[0] == 0 and read(FLAGS) == b"\1\0\0\0"
        assert call("cuCoredumpSetAttributeGlobal", FILE, b"x" * 2000, 2000)[0] == 1
        assert read(FILE, everywhere=True) == b"here"
    finally:
        for name in ("cuCoredumpSetAttribute", "cuCoredumpSetAttributeGlobal"):
            call(name, FILE, b"core", 5)


@pytest.mark.parametrize("attribute", [ON_EXCEPTION, USER_TRIGGER])
def test_no_core_dump_can_be_asked_for(context: Any, attribute: int) -> None:
    assert call("cuCoredumpSetAttributeGlobal", attribute, b"\1", 1)[0] == 801
    assert call("cuCoredumpSetAttributeGlobal", attribute, b"\0", 1)[0] == 0
    assert read(attribute) == b"\0"


def test_the_attributes_of_a_context_need_one(api: Any, cu: Any) -> None:
    attribute = cu.CUcoredumpSettings.CU_COREDUMP_LIGHTWEIGHT
    assert api.status("cuCoredumpGetAttribute", attribute) == "INVALID_CONTEXT"
    assert api.status("cuCoredumpSetAttribute", attribute, True) == "INVALID_CONTEXT"
    assert api.cuCoredumpGetAttributeGlobal(attribute) is False
