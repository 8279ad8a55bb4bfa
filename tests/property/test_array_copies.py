"""Random boxes between arrays, device memory and host memory, against NumPy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))
driver = pytest.importorskip("cuda.bindings.driver")

EXTENT = (13, 7, 5)  # width in elements, height, depth


def ok(answer: tuple[Any, ...]) -> Any:
    assert answer[0] == driver.CUresult.CUDA_SUCCESS, answer[0]
    return answer[1] if len(answer) == 2 else answer[1:]


@pytest.fixture(scope="module", autouse=True)
def context() -> Any:
    ok(driver.cuInit(0))
    made = ok(driver.cuDevicePrimaryCtxRetain(0))
    driver.cuCtxPushCurrent(made)
    yield made
    driver.cuCtxPopCurrent()
    driver.cuDevicePrimaryCtxRelease(0)


class Place:
    """An array, device memory or host memory with its model: a NumPy array of (depth, rows, row bytes)."""

    def __init__(self, kind: str, element_bytes: int, pad: int) -> None:
        from arrays import descriptor

        self.kind = kind
        width, height, depth = EXTENT
        self.row = width * element_bytes + (pad if kind != "array" else 0)
        self.model = np.zeros((depth, height, self.row), np.uint8)
        channels = {1: (1, 1), 2: (2, 1), 4: (1, 4), 8: (3, 2), 16: (32, 4)}[element_bytes]
        if kind == "array":
            made = descriptor(driver, *EXTENT, format=channels[0], channels=channels[1])
            self.what = ok(driver.cuArray3DCreate(made))
        elif kind == "device":
            self.what = ok(driver.cuMemAlloc(self.model.nbytes))
            ok(driver.cuMemsetD8(self.what, 0, self.model.nbytes))
        else:
            self.what = np.zeros_like(self.model)

    def end(self, at: tuple[int, int, int]) -> dict[str, Any]:
        return {"what": self.what, "pitch": 0 if self.kind == "array" else self.row, "rows": EXTENT[1], "at": at}

    def content(self) -> np.ndarray:
        from arrays import box

        depth, rows, width = self.model.shape
        back = np.empty(self.model.shape, np.uint8)
        whole = {"what": back, "pitch": width, "rows": rows}
        ok(driver.cuMemcpy3D(box(driver, (width, rows, depth), whole, self.end((0, 0, 0)))))
        return back

    def close(self) -> None:
        if self.kind == "array":
            ok(driver.cuArrayDestroy(self.what))
        elif self.kind == "device":
            ok(driver.cuMemFree(self.what))


kinds = st.sampled_from(["array", "device", "host"])
point = st.tuples(*(st.integers(0, most) for most in EXTENT))


@settings(max_examples=60, deadline=None)
@given(kinds, kinds, st.sampled_from([1, 2, 4, 8, 16]), st.integers(0, 9),
       st.lists(st.tuples(st.booleans(), point, point, point), min_size=1, max_size=8))
def test_boxes_arrive_where_numpy_puts_them(first: str, second: str, element_bytes: int, pad: int,
                                            copies: list[tuple[bool, Any, Any, Any]]) -> None:
    from arrays import box

    places = [Place(kind, element_bytes, pad) for kind in (first, second)]
    seed = np.random.default_rng(pad).integers(0, 256, places[0].model.shape, np.uint8)
    places[0].model[:] = seed
    whole = {"what": seed, "pitch": seed.shape[2], "rows": EXTENT[1]}
    ok(driver.cuMemcpy3D(box(driver, (seed.shape[2], EXTENT[1], EXTENT[2]), places[0].end((0, 0, 0)), whole)))
    try:
        for forth, to_at, from_at, extent in copies:
            source, destination = places if forth else reversed(places)
            to, origin, size = ((x * element_bytes, y, z) for x, y, z in (to_at, from_at, extent))
            params = box(driver, size, destination.end(to), source.end(origin))
            inside = all(size[axis] > 0 and start[axis] + size[axis] <= (EXTENT[0] * element_bytes, *EXTENT[1:])[axis]
                         for axis in range(3) for start in (to, origin))
            if not inside and ("array" not in (first, second) or 0 in size):
                continue  # how far linear memory goes on is not the box's business
            if not inside and not outside_an_array(source, origin, destination, to, size, element_bytes):
                continue
            assert (driver.cuMemcpy3D(params)[0] == driver.CUresult.CUDA_SUCCESS) == inside
            if inside:
                part = source.model[origin[2]:origin[2] + size[2], origin[1]:origin[1] + size[1],
                                    origin[0]:origin[0] + size[0]]
                destination.model[to[2]:to[2] + size[2], to[1]:to[1] + size[1], to[0]:to[0] + size[0]] = part
        for one in places:
            assert (one.content() == one.model).all()
    finally:
        for one in places:
            one.close()


def outside_an_array(source: Place, origin: Any, destination: Place, to: Any, size: Any, element_bytes: int) -> bool:
    """Whether a box leaves an array, which is always an error."""
    limits = (EXTENT[0] * element_bytes, *EXTENT[1:])
    return any(place.kind == "array" and any(at[axis] + size[axis] > limits[axis] for axis in range(3))
               for place, at in ((source, origin), (destination, to)))
