"""Loops that read a run and jump far get prefetches for the next gang; nothing else does."""

from __future__ import annotations

import pytest
from device_code import device_code

from compatlayer.compiler.image import ROW32, VECTOR
from compatlayer.compiler.targets import cpu

KERNEL = """
extern "C" __global__ void k(float *out, const float *in, unsigned count, size_t n, size_t step) {
    __shared__ float tile[8192];
    %s
    size_t i = blockIdx.x * 512 * count + threadIdx.x;
    float sum = 0;
    for (unsigned s = 0; s < count; s++) {
        if (i >= n) break;
        sum += %s[i];
        i += %s;
    }
    out[threadIdx.x] = sum;
}"""
FILLED = "for (int j = threadIdx.x; j < 8192; j += 32) tile[j] = j; __syncthreads();"


@pytest.mark.parametrize(("filled", "what", "step", "wanted"), [
    ("", "in", "512", 2), ("", "in", "128", 2), ("", "in", "32", 0), ("", "in", "step", 0), (FILLED, "tile", "512", 0)])
def test_a_jump_that_is_a_number_is_prefetched_for_the_next_gang(filled: str, what: str, step: str,
                                                                  wanted: int) -> None:
    lowered = cpu.lower_variant(device_code(KERNEL % (filled, what, step)), "k", ROW32, VECTOR)
    assert not lowered.reason and lowered.width == 32
    calls = [line for line in lowered.text.splitlines() if "call void @llvm.prefetch" in line]
    assert len(calls) == wanted, calls
