"""The runtime API: copy a picture into a texture, halve it on the device by a graph, and time that with events."""

import ctypes

import numpy as np
from cuda.bindings import nvrtc
from cuda.bindings import runtime as rt

SOURCE = rb"""
extern "C" __global__ void shrink(cudaTextureObject_t picture, float* out, int width, int height) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < width && y < height)  // linear filtering at the corner of four texels is their mean
        out[y * width + x] = tex2D<float>(picture, 2 * x + 1.0f, 2 * y + 1.0f);
}
"""


def checked(answer: tuple) -> object:
    status, *values = answer
    if int(status) != 0:
        raise SystemExit(f"{rt.cudaGetErrorName(status)[1].decode() if isinstance(status, rt.cudaError_t) else status}")
    return values[0] if len(values) == 1 else values


def compiled(name: bytes) -> object:
    """The kernel `name` of SOURCE."""
    program = checked(nvrtc.nvrtcCreateProgram(SOURCE, b"shrink.cu", 0, [], []))
    prop = checked(rt.cudaGetDeviceProperties(0))
    options = [f"--gpu-architecture=sm_{prop.major}{prop.minor}".encode()]
    checked(nvrtc.nvrtcCompileProgram(program, len(options), options))
    code = bytearray(checked(nvrtc.nvrtcGetCUBINSize(program)))
    checked(nvrtc.nvrtcGetCUBIN(program, code))
    library = checked(rt.cudaLibraryLoadData(bytes(code), [], [], 0, [], [], 0))
    return checked(rt.cudaLibraryGetKernel(library, name))


def texture_of(picture: np.ndarray) -> object:
    """A texture object that reads a copy of the picture with linear filtering."""
    height, width = picture.shape
    kind = rt.cudaChannelFormatKind.cudaChannelFormatKindFloat
    array = checked(rt.cudaMallocArray(checked(rt.cudaCreateChannelDesc(32, 0, 0, 0, kind)), width, height, 0))
    checked(rt.cudaMemcpy2DToArray(array, 0, 0, picture.ctypes.data, picture.strides[0], picture.strides[0], height,
                                   rt.cudaMemcpyKind.cudaMemcpyHostToDevice))
    resource, texture = rt.cudaResourceDesc(), rt.cudaTextureDesc()
    resource.resType = rt.cudaResourceType.cudaResourceTypeArray
    resource.res.array.array = array
    texture.filterMode = rt.cudaTextureFilterMode.cudaFilterModeLinear
    texture.addressMode = [rt.cudaTextureAddressMode.cudaAddressModeClamp] * 3
    return checked(rt.cudaCreateTextureObject(resource, texture, None))


def main() -> None:
    name = checked(rt.cudaGetDeviceProperties(0)).name.decode()
    print(f"device: {name}, runtime {checked(rt.cudaRuntimeGetVersion())}")
    picture = np.random.default_rng(1).random((512, 512), np.float32)
    small = np.empty((256, 256), np.float32)
    out = checked(rt.cudaMalloc(small.nbytes))

    graph = checked(rt.cudaGraphCreate(0))
    node = rt.cudaKernelNodeParams()
    node.func = int(compiled(b"shrink"))
    node.gridDim.x = node.gridDim.y = node.blockDim.x = node.blockDim.y = 16
    node.gridDim.z = node.blockDim.z = 1
    types = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int, ctypes.c_int
    node.kernelParams = (int(texture_of(picture)), out, 256, 256), types
    kernel = checked(rt.cudaGraphAddKernelNode(graph, [], 0, node))
    checked(rt.cudaGraphAddMemcpyNode1D(graph, [kernel], 1, small.ctypes.data, out, small.nbytes,
                                        rt.cudaMemcpyKind.cudaMemcpyDeviceToHost))
    launched = checked(rt.cudaGraphInstantiate(graph, 0))

    stream, begin, end = (checked(make()) for make in (rt.cudaStreamCreate, rt.cudaEventCreate, rt.cudaEventCreate))
    checked(rt.cudaEventRecord(begin, stream))
    for _ in range(10):
        checked(rt.cudaGraphLaunch(launched, stream))
    checked(rt.cudaEventRecord(end, stream))
    checked(rt.cudaStreamSynchronize(stream))
    print(f"ten launches took {checked(rt.cudaEventElapsedTime(begin, end)):.2f} ms")

    means = picture.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    print(f"largest difference from NumPy below 0.005: {bool(np.abs(means - small).max() < 0.005)}")
    status, = rt.cudaMemcpy(small.ctypes.data, out, 1 << 40, rt.cudaMemcpyKind.cudaMemcpyDeviceToHost)
    print(f"a copy of too much: {status.name}, last error {rt.cudaGetLastError()[0].name}")


if __name__ == "__main__":
    main()
