"""nvcuda::wmma of every shape and type, in both engines, bit for bit against sums in the documented order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from engines import ENGINES, engine_of
from hypothesis import given, settings
from hypothesis import strategies as st

from compatlayer import CompileError, Device, LaunchConfig, Program, launch

WIDE = ((16, 16, 16), (32, 8, 16), (8, 32, 16))
CASES = [(element, total, shape) for element, total in (
    ("half", "float"), ("half", "half"), ("__nv_bfloat16", "float"), ("signed char", "int"), ("unsigned char", "int"))
    for shape in WIDE] + [("precision::tf32", "float", (16, 16, 8)), ("double", "double", (8, 8, 4))]
STORED = {"half": np.float16, "float": np.float32, "int": np.int32, "double": np.float64, "signed char": np.int8,
          "unsigned char": np.uint8, "precision::tf32": np.float32, "__nv_bfloat16": np.uint16}
# D = A B + C from rows into rows, and once more from columns into columns.
SOURCE = """
using namespace nvcuda::wmma;
template <class LA, class LB>
__device__ void one(const S *a, const S *b, const C *c, C *d, int pa, int pb, int pc, layout_t layout, bool satf)
{
    fragment<matrix_a, M, N, K, T, LA> left;
    fragment<matrix_b, M, N, K, T, LB> right;
    fragment<accumulator, M, N, K, C> sum;
    load_matrix_sync(left, a, pa);
    load_matrix_sync(right, b, pb);
    load_matrix_sync(sum, c, pc, layout);
    if (satf) mma_sync(sum, left, right, sum, true);
    else mma_sync(sum, left, right, sum);
    store_matrix_sync(d, sum, pc, layout);
}
extern "C" __global__ void rows(const S *a, const S *b, const C *c, C *d, int pa, int pb, int pc, bool satf)
{
    one<row_major, row_major>(a, b, c, d, pa, pb, pc, mem_row_major, satf);
}
extern "C" __global__ void columns(const S *a, const S *b, const C *c, C *d, int pa, int pb, int pc, bool satf)
{
    one<col_major, col_major>(a, b, c, d, pa, pb, pc, mem_col_major, satf);
}
"""
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    made = Device(0)
    yield made
    made.close()


def numbers(rng: np.random.Generator, kind: str, shape: tuple[int, int], widely: bool) -> np.ndarray:
    """What the elements hold, as numbers that the type has."""
    if kind in ("signed char", "unsigned char"):
        info = np.iinfo(STORED[kind])
        return rng.integers(info.min, info.max, shape, endpoint=True).astype(np.int64)
    if kind == "double":  # sums of products of these are exact
        return rng.integers(-(1 << 20), 1 << 20, shape) / 1024.0
    digits = {"half": 10, "precision::tf32": 10, "__nv_bfloat16": 7}[kind]
    size = np.ldexp(rng.integers(1 << digits, 1 << digits + 1, shape), -digits + rng.integers(-3, 4, shape))
    return size * rng.choice([-1, 1] if widely else [0, 1], shape)


def stored(kind: str, values: np.ndarray) -> np.ndarray:
    if kind == "__nv_bfloat16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return values.astype(STORED[kind])


def product(a: np.ndarray, b: np.ndarray, c: np.ndarray, total: str) -> np.ndarray:
    """Products added with rising k, in float for halves; a float's sum is exact in double before it is rounded."""
    if total == "int":
        return (a @ b + c).astype(np.int32)
    type_ = np.float64 if total == "double" else np.float32
    found = c.astype(type_)
    for k in range(a.shape[1]):
        found = (found.astype(np.float64) + np.outer(a[:, k], b[k])).astype(type_)
    return found.astype(STORED[total])


def padded(matrix: np.ndarray, down: bool, more: int) -> tuple[np.ndarray, int]:
    """The matrix in memory with `more` elements behind each line, and its pitch."""
    lines = np.pad(matrix.T if down else matrix, ((0, 0), (0, more)))
    return np.ascontiguousarray(lines), lines.shape[1]


Run = Callable[..., np.ndarray]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}-{'x'.join(map(str, case[2]))}")
def case(request: pytest.FixtureRequest, device: Device, engine: str) -> Iterator[tuple[tuple, Run]]:
    element, total, (m, n, k) = request.param
    memory = {"precision::tf32": "float"}.get(element, element)
    head = (f"#include <mma.h>\n#define M {m}\n#define N {n}\n#define K {k}\n"
            f"#define T {element}\n#define S {memory}\n#define C {total}\n")
    program = Program(device, head + SOURCE)

    def run(down: bool, a: np.ndarray, b: np.ndarray, c: np.ndarray, more: int, satf: bool) -> np.ndarray:
        (a, pa), (b, pb), (c, pc) = (padded(each, down, more) for each in (a, b, c))
        buffers = [device.upload(each) for each in (a, b, c, np.zeros_like(c))]
        with engine_of(device, engine):
            launch(device.default_stream, LaunchConfig((1,), (32,)), program.kernel("columns" if down else "rows"),
                   *buffers, np.int32(pa), np.int32(pb), np.int32(pc), np.bool_(satf))
        device.default_stream.synchronize()
        found = buffers[3].copy_to().view(c.dtype).reshape(c.shape)
        for each in buffers:
            each.close()
        found = found[:, : pc - more]
        return found.T if down else found

    yield request.param, run
    program.close()


@settings(max_examples=6, deadline=None, database=None)
@given(seed=st.integers(0, 1 << 32), down=st.booleans(), more=st.sampled_from((0, 8, 24)), widely=st.booleans())
def test_products_are_summed_in_order(case: tuple[tuple, Run], seed: int, down: bool, more: int, widely: bool) -> None:
    (element, total, (m, n, k)), run = case
    rng = np.random.default_rng(seed)
    a, b = numbers(rng, element, (m, k), widely), numbers(rng, element, (k, n), widely)
    c = stored(total, rng.integers(-500, 500, (m, n)) / (1 if total == "int" else 8))
    found = run(down, stored(element, a), stored(element, b), c, more, False)
    np.testing.assert_array_equal(found, product(a, b, c, total))


def test_sums_that_leave_the_range_wrap_or_become_finite(case: tuple[tuple, Run]) -> None:
    (element, total, (m, n, k)), run = case
    a, b = np.ones((m, k), np.int64), np.ones((k, n), np.int64)
    c = np.zeros((m, n), STORED[total])
    if total == "int":
        c[0, :3] = 2**31 - 1, -(2**31), 2**31 - 3
        b[:, 1] = 0 if element == "unsigned char" else -1
        exact = a @ b + c.astype(np.int64)
        wanted = {False: exact.astype(np.int32), True: np.clip(exact, -(2**31), 2**31 - 1)}
    else:
        c[0, :4] = np.inf, -np.inf, np.nan, 1
        most = np.finfo(STORED[total]).max
        wanted = {False: k + c, True: np.where(np.isnan(c), 0, np.clip(k + c, -most, most))}
    for satf in (False, True)[: 1 if total == "double" else 2]:
        found = run(False, stored(element, a), stored(element, b), c, 0, satf)
        np.testing.assert_array_equal(found, wanted[satf].astype(c.dtype))


ELEMENTS = """#include <mma.h>
using namespace nvcuda::wmma;
extern "C" __global__ void k(const half *a, float *d, float by)
{
    __shared__ __align__(32) float room[4][16 * 16];
    int warp = threadIdx.x / 32;
    fragment<matrix_a, 16, 16, 16, half, row_major> left;
    fragment<matrix_b, 16, 16, 16, half, col_major> right;
    fragment<accumulator, 16, 16, 16, float> sum, other;
    load_matrix_sync(left, a, 16);
    load_matrix_sync(right, a, 16);
    fill_fragment(sum, 1.0f);
    fill_fragment(other, 2.0f);
    for (int i = 0; i < left.num_elements; i++) left.x[i] = __hadd(left.x[i], left.x[i]);
    mma_sync(sum, left, right, sum);
    for (int i = 0; i < sum.num_elements; i++) sum.x[i] = by * sum.x[i] + other.x[i];
    store_matrix_sync(room[warp], sum, 16, mem_row_major);
    __syncwarp();
    for (int i = threadIdx.x % 32; i < 256; i += 32) d[warp * 256 + i] = room[warp][i] + warp;
}
"""


def test_elements_are_there_to_work_on(device: Device, engine: str) -> None:
    a = (np.random.default_rng(5).integers(-32, 32, (16, 16)) / 8).astype(np.float16)
    d = device.upload(np.zeros((4, 16, 16), np.float32))
    program = Program(device, ELEMENTS)
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((1,), (128,)), program.kernel("k"), device.upload(a), d,
               np.float32(0.5))
    device.default_stream.synchronize()
    wide = a.astype(np.float32)
    wanted = (2 * wide @ wide.T + 1) * 0.5 + 2 + np.arange(4, dtype=np.float32)[:, None, None]
    np.testing.assert_array_equal(d.copy_to().view(np.float32).reshape(4, 16, 16), wanted)


def test_floats_are_rounded_to_tf32_with_ties_away_from_zero(device: Device, engine: str) -> None:
    rng = np.random.default_rng(6)
    ties = rng.integers(0, 1 << 19, 500, dtype=np.uint32) * np.uint32(8192) + np.uint32(4096)
    special = np.array([0x7f800000, 0xff800000, 0x7fc00000, 0, 0x80000000], np.uint32)
    x = np.concatenate([rng.integers(0, 1 << 32, 4000, dtype=np.uint32), ties, special])
    program = Program(device, """#include <mma.h>
extern "C" __global__ void k(float *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = nvcuda::wmma::__float_to_tf32(x[i]); }""")
    buffer = device.upload(x)
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((-(-len(x) // 64),), (64,)), program.kernel("k"), buffer,
               np.int32(len(x)))
    device.default_stream.synchronize()
    finite = x & 0x7f800000 != 0x7f800000
    wanted = np.where(finite, (x.astype(np.uint64) + 4096 & 0xffffe000).astype(np.uint32), x)
    np.testing.assert_array_equal(buffer.copy_to().view(np.uint32), wanted)


@pytest.mark.parametrize(("code", "message"), [
    ("fragment<matrix_a, 8, 8, 32, experimental::precision::s4, row_major> a; a.x[0] = 0;", "4 bits and of 1 bit"),
    ("fragment<matrix_a, 8, 8, 128, experimental::precision::b1, row_major> a; a.x[0] = 0;", "4 bits and of 1 bit"),
    ("fragment<matrix_a, 16, 16, 8, half, row_major> a; fill_fragment(a, 0);", "this shape is not there"),
    ("fragment<accumulator, 16, 16, 16, signed char> a; fill_fragment(a, 0);", "an accumulator holds"),
    ("fragment<matrix_a, 16, 16, 16, signed char, row_major> a; fragment<matrix_b, 16, 16, 16, signed char, row_major> "
     "b; fragment<accumulator, 16, 16, 16, float> c; mma_sync(c, a, b, c);", "do not fit"),
    ("int a, b, c, d; experimental::bmma_sync(d, a, b, c);", "single bits"),
])
def test_what_is_not_there_is_an_error_that_says_so(device: Device, code: str, message: str) -> None:
    source = f'#include <mma.h>\nusing namespace nvcuda::wmma;\nextern "C" __global__ void k() {{ {code} }}'
    with pytest.raises(CompileError, match=message):
        Program(device, source)
