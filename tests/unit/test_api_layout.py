"""Types and values of cuda.h against the classes of the real cuda-bindings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from compatlayer._native import ffi, lib

# Sizes in bytes on 64-bit Linux, as the documented declarations give them.
SIZES = {
    "CUuuid": 16,
    "CUipcMemHandle": 64,
    "CUdevprop": 56,
    "CUDA_MEMCPY2D": 128,
    "CUDA_MEMCPY3D": 200,
    "CUDA_KERNEL_NODE_PARAMS": 72,
    "CUlaunchAttributeValue": 64,
    "CUlaunchAttribute": 72,
    "CUlaunchConfig": 56,
    "CUDA_RESOURCE_DESC": 144,
    "CUDA_TEXTURE_DESC": 104,
    "CUmemLocation": 8,
    "CUmemPoolProps": 88,
    "CUmemAllocationProp": 32,
    "CUgraphNodeParams": 256,
    "CUtensorMap": 128,
    "CUstreamBatchMemOpParams": 48,
    "nvrtcBundledHeadersInfo": 40,
}


def plain(name: str) -> str:
    """A name as both sides write it."""
    return re.sub(r"^(CUDA_|CU_|CU)", "", name).replace("_", "").lower()


def structs() -> dict[str, Any]:
    """Our structures and unions by plain name."""
    found: dict[str, Any] = {}
    for name in ffi.list_types()[0]:
        try:
            kind = ffi.typeof(name)
        except ffi.error:  # cffi cannot name a bare function type
            continue
        if kind.kind in ("struct", "union"):
            found.setdefault(plain(name), kind)
    for name in ffi.list_types()[1]:  # those without a typedef
        found.setdefault(plain(name.removesuffix("_st")), ffi.typeof(f"struct {name}"))
    return found


def offsets(kind: Any, base: int = 0) -> Iterator[tuple[str, int]]:
    """Fields by plain name, those of nameless members included."""
    for name, field in kind.fields:
        if name:
            yield plain(name), base + field.offset
        else:
            yield from offsets(field.type, base + field.offset)


@pytest.mark.parametrize(("name", "size_bytes"), SIZES.items())
def test_a_structure_has_its_documented_size(name: str, size_bytes: int) -> None:
    assert ffi.sizeof(name) == size_bytes


def test_every_structure_is_laid_out_as_in_cuda_bindings() -> None:
    theirs = pytest.importorskip("cuda.bindings._v2.driver")
    ours = structs()
    compared, wrong = 0, []
    for name in dir(theirs):
        kind = ours.get(plain(name.removesuffix("_dtype")))
        if not name.endswith("_dtype") or name.startswith("_") or kind is None:
            continue
        layout = getattr(theirs, name)
        places = dict(offsets(kind))
        compared += 1
        if ffi.sizeof(kind) != layout.itemsize:
            wrong.append((name, "size", ffi.sizeof(kind), layout.itemsize))
        for field in layout.names:
            if places.get(plain(field)) != layout.fields[field][1]:
                wrong.append((name, field, places.get(plain(field)), layout.fields[field][1]))
    assert wrong == []
    assert compared >= 95


def test_every_enumerator_has_the_value_of_cuda_bindings() -> None:
    driver = pytest.importorskip("cuda.bindings.driver")
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")
    compared, wrong = 0, []
    for module in (driver, nvrtc):
        for group in vars(module).values():
            for member in getattr(group, "__members__", ()):
                compared += 1
                if getattr(lib, member, None) != int(getattr(group, member)):
                    wrong.append(member)
    assert wrong == []
    assert compared > 1000


def test_every_integer_constant_has_the_value_of_cuda_bindings() -> None:
    driver = pytest.importorskip("cuda.bindings.driver")
    pointers = ("CU_STREAM_LEGACY", "CU_STREAM_PER_THREAD", "CU_LAUNCH_PARAM_")
    constants = {n: v for n, v in vars(driver).items() if type(v) is int and n.startswith("CU")}
    constants = {n: v for n, v in constants.items() if not n.startswith(pointers) or n.endswith("_AS_INT")}
    wrong = {}
    for name, value in constants.items():
        ours = getattr(lib, name, None)
        if ours != value and not name.startswith(("CU_KERNEL_NODE_ATTRIBUTE_", "CU_STREAM_ATTRIBUTE_")):
            wrong[name] = (ours, value)
    assert wrong == {}
    assert lib.CUDA_VERSION == 13050
