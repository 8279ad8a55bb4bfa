"""polygraphy.cuda, which calls the runtime library through ctypes."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("polygraphy", reason="polygraphy is not installed: pip install polygraphy")

PROGRAM = """
import numpy as np
from polygraphy import cuda
from polygraphy.exception import PolygraphyException
x = np.arange(20, dtype=np.float32).reshape(4, 5)
with cuda.DeviceArray(shape=(4, 5), dtype=np.float32) as array, cuda.Stream() as stream:
    array.copy_from(x)
    assert np.array_equal(array.numpy(), x)
    array.resize((2, 5))
    array.copy_from(-x[:2], stream=stream)
    back = np.zeros((2, 5), np.float32)
    array.copy_to(back, stream=stream)
    stream.synchronize()
    assert np.array_equal(back, -x[:2])
    assert np.array_equal(cuda.DeviceView(array.ptr, (5, 2), np.float32).numpy(), -x[:2].reshape(5, 2))
try:
    cuda.wrapper().malloc(1 << 50)
except PolygraphyException as error:
    assert "CUDA Error: 2" in str(error)
else:
    raise AssertionError
print("right")
"""


def test_arrays_views_and_streams() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", PROGRAM], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and done.stdout.endswith("right\n"), done  # it logs its errors there too
