"""A NaN that the compiler knows becomes the same integer as one that comes from memory, in both engines."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import Device, LaunchConfig, Program, launch

FUNCTIONS = [f"__{source}2{to}_{mode}" for source in ("float", "double") for to in ("int", "uint", "ll", "ull")
             for mode in ("rn", "rz", "ru", "rd")]


def nothing(function: str) -> int:
    """PTX's cvt of NaN: 0, or the top bit alone where either side has 64 bits."""
    if "ll" in function:
        return -(1 << 63)
    if function.startswith("__float"):
        return 0
    return 1 << 31 if "uint" in function else -(1 << 31)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_known_nan_converts_as_any_other(engine: str) -> None:
    lines = [f"out[{2 * at}] = {name}(__builtin_nan(\"\")); out[{2 * at + 1}] = {name}(*x);"
             for at, name in enumerate(FUNCTIONS)]
    source = f'extern "C" __global__ void k(const double *x, long long *out) {{ {" ".join(lines)} }}'
    with Device(0) as device, Program(device, source) as program:
        x, out = device.upload(np.array([np.nan])), device.upload(np.zeros(2 * len(FUNCTIONS), np.int64))
        with engine_of(device, engine):
            launch(device.default_stream, LaunchConfig((1,), (32,)), program.kernel("k"), x, out)
        device.default_stream.synchronize()
        known, read = out.copy_to().reshape(-1, 2).T
        x.close()
        out.close()
    wanted = [nothing(name) for name in FUNCTIONS]
    assert read.tolist() == wanted
    assert known.tolist() == wanted
