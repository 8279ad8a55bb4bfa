"""The valid image that the fuzzers start from."""

from __future__ import annotations

from typing import Any

SOURCE = b"""
__device__ int counter = 5;
__constant__ float scale[3] = {1.0f, 2.0f, 3.0f};
extern "C" __global__ void empty() {}
extern "C" __global__ void add_one(unsigned *data, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        data[i] += 1;
}
"""


def compile_image(source: bytes = SOURCE, form: str = "CUBIN", *options: bytes) -> bytes:
    """CUBIN, PTX or LTOIR of a source, by the real nvrtc binding on our library."""
    from cuda.bindings import nvrtc

    def checked(answer: Any) -> Any:
        assert int(answer[0]) == 0, answer[0]
        return answer[1] if len(answer) > 1 else None

    program = checked(nvrtc.nvrtcCreateProgram(source, b"fuzz.cu", 0, None, None))
    checked(nvrtc.nvrtcCompileProgram(program, 1 + len(options), [b"-arch=sm_86", *options]))
    data = bytearray(checked(getattr(nvrtc, f"nvrtcGet{form}Size")(program)))
    checked(getattr(nvrtc, f"nvrtcGet{form}")(program, data))
    checked(nvrtc.nvrtcDestroyProgram(program))
    return bytes(data)
