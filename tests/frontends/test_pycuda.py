"""PyCUDA on top of us, where it is installed (docs/pycuda.md); its own tests are run by `make test-pycuda`."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(find_spec("pycuda") is None, reason="pycuda is not installed; docs/pycuda.md says how")

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = ROOT / "tests" / "examples" / "expected" / "pycuda"
CONTEXTS = """
import threading
import numpy as np
import pycuda.driver as drv
from pycuda.compiler import SourceModule
from pycuda.tools import make_default_context
drv.init()
results = {}
def work(number):
    context = make_default_context()
    try:
        kernel = SourceModule("__global__ void fill(int *p, int v) { p[threadIdx.x] = v; }").get_function("fill")
        out = np.zeros(64, np.int32)
        kernel(drv.Out(out), np.int32(number), block=(64, 1, 1))
        results[number] = out.tolist()
        del kernel
    finally:
        context.pop()
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
assert results == {number: [number] * 64 for number in range(4)}
"""
REFERENCE = """
import numpy as np
import pycuda.autoinit
import pycuda.driver as drv
from pycuda.compiler import SourceModule
module = SourceModule('''
texture<float, 2, cudaReadModeElementType> picture;
__global__ void copy(float *out, uint width) {
    out[threadIdx.y * width + threadIdx.x] = tex2D(picture, threadIdx.x, threadIdx.y); }''')
values = np.arange(12, dtype=np.float32).reshape(3, 4)
reference = module.get_texref("picture")
drv.matrix_to_texref(values, reference, order="C")
out = np.zeros_like(values)
module.get_function("copy")(drv.Out(out), np.uint32(4), block=(4, 3, 1), texrefs=[reference])
assert (out == values).all()
"""
BAD = """
import pycuda.autoinit
from pycuda.compiler import SourceModule
from pycuda.driver import CompileError
try:
    SourceModule("__global__ void k(int *p) { *p = missing; }")
except CompileError as error:
    assert "kernel.cu(2): error: " in error.stderr and "missing" in error.stderr, error.stderr
else:
    raise AssertionError
"""
SPARSE = """
import warnings
import numpy as np
import pycuda.autoinit
import pycuda.driver as drv
from pycuda import gpuarray
from scipy.sparse import diags
warnings.simplefilter("ignore")
from pycuda.sparse.cg import solve_pkt_with_cg
from pycuda.sparse.packeted import PacketedSpMV
matrix = diags([-1, 2.5, -1], [-1, 0, 1], shape=(500, 500), format="csr", dtype=np.float32)
product = PacketedSpMV(matrix, True, matrix.dtype)
right = np.random.default_rng(1).random(500, np.float32)
on_device = gpuarray.to_gpu(right)
got = product.unpermute(product(product.permute(on_device))).get()
assert np.allclose(got, matrix @ right, atol=1e-5)
# What pycuda.sparse allocates with by default has another third parameter since PyCUDA 2013.
allocate = lambda shape, dtype, stream: drv.pagelocked_empty(shape, dtype)
solution, iterations, _ = solve_pkt_with_cg(product, on_device, tol=1e-6, pagelocked_allocator=allocate)
assert 5 < iterations < 400 and np.abs(matrix @ solution.get() - right).max() < 1e-4
"""
# Functions of the program hold its names until Python's last collection, where the context ends.
STOPPED = """
import pycuda.autoinit
from pycuda.compiler import SourceModule
module = SourceModule("__global__ void k() {}")
kernel = module.get_function("k")
def holder(): return module, kernel
raise ValueError("the program's own")
"""


def run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", *words], capture_output=True, text=True,
                          timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("program", sorted(path.stem for path in (ROOT / "examples" / "pycuda").glob("*.py")))
def test_an_example_prints_what_is_expected(program: str) -> None:
    assert run(str(ROOT / "examples" / "pycuda" / f"{program}.py")) == (EXPECTED / f"{program}.txt").read_text()


@pytest.mark.parametrize("program", [CONTEXTS, REFERENCE, BAD], ids=["contexts", "texture reference", "compile error"])
def test_a_program_runs(program: str) -> None:
    run("-c", program)


@pytest.mark.skipif(find_spec("scipy") is None or find_spec("pymetis") is None, reason="needs scipy and pymetis")
def test_sparse_products_and_conjugate_gradients() -> None:
    run("-c", SPARSE)


def test_a_program_that_stops_with_an_error_ends_its_context_quietly(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(STOPPED)
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(tmp_path / "p.py")], capture_output=True,
                          text=True, timeout=110)
    assert done.returncode == 1 and "ValueError: the program's own" in done.stderr, done
    assert "clean-up" not in done.stderr and "compatlayer:" not in done.stderr, done
