"""A picture turned about its centre: a texture with linear filtering and a border, through cuda.core."""

import numpy as np
from cuda.core import Device, LaunchConfig, LegacyPinnedMemoryResource, Program, ProgramOptions, launch
from cuda.core.texture import OpaqueArrayOptions, ResourceDescriptor, TextureObjectOptions
from cuda.core.typing import AddressModeType, ArrayFormatType, FilterModeType, ReadModeType

SOURCE = r"""
extern "C" __global__ void turn(cudaTextureObject_t picture, float* out, int size, float sine, float cosine) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= size || y >= size) return;
    float u = x + 0.5f - 0.5f * size, v = y + 0.5f - 0.5f * size;
    out[y * size + x] = tex2D<float>(picture, cosine * u - sine * v + 0.5f * size, sine * u + cosine * v + 0.5f * size);
}
"""


def reference(picture: np.ndarray, sine: float, cosine: float) -> np.ndarray:
    """The same in NumPy, in double precision; outside is 0."""
    size = len(picture)
    padded = np.pad(picture.astype(np.float64), 1)
    centre = np.arange(size) + 0.5 - size / 2
    u = cosine * centre[None, :] - sine * centre[:, None] + size / 2 + 0.5
    v = sine * centre[None, :] + cosine * centre[:, None] + size / 2 + 0.5
    x, y = (np.clip(np.floor(each), 0, size).astype(int) for each in (u, v))
    a, b = np.clip(u - x, 0, 1), np.clip(v - y, 0, 1)
    inside = (u >= 0) & (u <= size + 1) & (v >= 0) & (v <= size + 1)
    upper = (1 - a) * padded[y, x] + a * padded[y, x + 1]
    lower = (1 - a) * padded[y + 1, x] + a * padded[y + 1, x + 1]
    return ((1 - b) * upper + b * lower) * inside


def main() -> None:
    device = Device()
    device.set_current()
    stream = device.create_stream()
    options = ProgramOptions(std="c++17", arch=f"sm_{device.arch}")
    kernel = Program(SOURCE, code_type="c++", options=options).compile("cubin").get_kernel("turn")

    size, angle = 256, np.radians(30)
    y, x = np.mgrid[:size, :size]
    picture = ((np.sin(x / 9) + np.cos(y / 7)) * 0.5).astype(np.float32)
    host = LegacyPinnedMemoryResource().allocate(picture.nbytes, stream=stream)
    turned = np.from_dlpack(host).view(np.float32).reshape(size, size)
    shape = OpaqueArrayOptions(shape=(size, size), format=ArrayFormatType.FLOAT32, num_channels=1)
    how = TextureObjectOptions(address_mode=AddressModeType.BORDER, filter_mode=FilterModeType.LINEAR,
                               read_mode=ReadModeType.ELEMENT_TYPE, normalized_coords=False)
    with device.create_opaque_array(shape) as array:
        array.copy_from(picture, stream=stream)
        resource = ResourceDescriptor.from_opaque_array(array)
        with device.create_texture_object(resource=resource, options=how) as texture:
            config = LaunchConfig(grid=(size // 32, size // 8), block=(32, 8))
            sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
            launch(stream, config, kernel, texture.handle, host, np.int32(size), sine, cosine)
            stream.sync()

    # A texture's weights have 8 bits of fraction.
    np.testing.assert_allclose(turned, reference(picture, np.sin(angle), np.cos(angle)), atol=1 / 128)
    print(f"{size}x{size} picture turned by 30 degrees: equal to NumPy within 1/128, {np.mean(turned == 0):.0%} border")
    del turned
    host.close(stream)
    stream.close()


if __name__ == "__main__":
    main()
