"""mbarrier in inline PTX: phases, states, parities, dropped arrivals, in both engines."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import Device, Program, launch

SOURCE = r"""
__device__ unsigned at(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }
__device__ unsigned long long arrive(void *b)
{
    unsigned long long state;
    asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(at(b)) : "memory");
    return state;
}
__device__ int over(void *b, unsigned long long state)
{
    int answer;
    asm volatile("{\n\t.reg .pred p;\n\tmbarrier.test_wait.shared.b64 p, [%1], %2;\n\tselp.s32 %0, 1, 0, p;\n\t}"
                 : "=r"(answer) : "r"(at(b)), "l"(state) : "memory");
    return answer;
}
__device__ int odd_over(void *b, int parity)
{
    int answer;
    asm volatile("{\n\t.reg .pred p;\n\tmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
                 "selp.s32 %0, 1, 0, p;\n\t}" : "=r"(answer) : "r"(at(b)), "r"(parity) : "memory");
    return answer;
}
extern "C" __global__ void alone(int *out)
{
    __shared__ unsigned long long barrier;
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" :: "r"(at(&barrier)), "r"(3) : "memory");
    out[0] = odd_over(&barrier, 1);
    out[1] = odd_over(&barrier, 0);
    unsigned long long first = arrive(&barrier), pending;
    asm volatile("mbarrier.pending_count.b64 %0, %1;" : "=r"(out[2]) : "l"(first));
    arrive(&barrier);
    out[3] = over(&barrier, first);
    asm volatile("mbarrier.arrive_drop.shared.b64 %0, [%1];" : "=l"(pending) : "r"(at(&barrier)) : "memory");
    out[4] = over(&barrier, first);
    out[5] = odd_over(&barrier, 0) + 10 * odd_over(&barrier, 1);
    unsigned long long second = arrive(&barrier);
    asm volatile("mbarrier.pending_count.b64 %0, %1;" : "=r"(out[6]) : "l"(second));
    asm volatile("mbarrier.arrive.noComplete.shared.b64 %0, [%1], 0;" : "=l"(pending) : "r"(at(&barrier)) : "memory");
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" :: "r"(at(&barrier)) : "memory");
    out[7] = over(&barrier, second);
    asm volatile("mbarrier.inval.shared.b64 [%0];" :: "r"(at(&barrier)) : "memory");
}
extern "C" __global__ void together(int *data, int rounds)
{
    __shared__ unsigned long long barrier;
    __shared__ int buffer[2][128];
    if (threadIdx.x == 0)
        asm volatile("mbarrier.init.shared.b64 [%0], %1;" :: "r"(at(&barrier)), "r"(blockDim.x) : "memory");
    __syncthreads();
    int value = data[threadIdx.x];
    for (int k = 0; k < rounds; k++) {
        buffer[k & 1][threadIdx.x] = value;
        unsigned long long state = arrive(&barrier);
        while (!over(&barrier, state)) { }
        value += 2 * buffer[k & 1][(threadIdx.x + 1) % blockDim.x];
    }
    data[threadIdx.x] = value;
}
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_mbarriers_count_arrivals_phase_by_phase(engine: str) -> None:
    device = Device(0)
    program = Program(device, SOURCE)
    out, data = device.upload(np.zeros(8, np.int32)), device.upload(np.arange(128, dtype=np.int32))
    with engine_of(device, engine):
        launch(device.default_stream, (1, 1), program.kernel("alone"), out)
        launch(device.default_stream, (1, 128), program.kernel("together"), data, np.int32(6))
    device.default_stream.synchronize()
    wanted = np.arange(128, dtype=np.int32)
    for _ in range(6):
        wanted = wanted + 2 * np.roll(wanted, -1)
    np.testing.assert_array_equal(out.copy_to().view(np.int32), [1, 0, 3, 0, 1, 1, 2, 1])
    np.testing.assert_array_equal(data.copy_to().view(np.int32), wanted)
    program.close()
    device.close()
