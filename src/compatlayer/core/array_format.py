"""Formats of CUDA arrays: how many bytes an element has. Numbers are CUarray_format values."""

from __future__ import annotations

from compatlayer.errors import CudaError, Status

NV12 = 176
# Bytes of one channel; 1, 2 or 4 channels.
CHANNEL_BYTES = {1: 1, 2: 2, 3: 4, 8: 1, 9: 2, 10: 4, 16: 2, 32: 4}
# Formats that say how many channels they have: (channels, bytes of an element).
FIXED = {192: (1, 1), 193: (2, 2), 194: (4, 4), 195: (1, 2), 196: (2, 4), 197: (4, 8),  # UNORM_INT8X1 to INT16X4
         198: (1, 1), 199: (2, 2), 200: (4, 4), 201: (1, 2), 202: (2, 4), 203: (4, 8),  # SNORM the same
         80: (4, 4)}  # UNORM_INT_101010_2
# Formats of several planes: of each plane its part of the width and height, its format and its channels.
PLANES = {NV12: ((1, 1, 1, 1), (2, 2, 1, 2))}
PLANAR_CHANNELS = 3
_BLOCKS = range(145, 159)  # BC1 to BC7
_VIDEO = {159, *range(161, 170), *range(177, 182), *range(81, 95)}


def element_bytes(number: int, channels: int) -> int:
    """Bytes of one element; of a format with planes 0. INVALID_VALUE for what CUDA does not know."""
    if number in CHANNEL_BYTES:
        if channels not in (1, 2, 4):
            raise CudaError(Status.INVALID_VALUE, f"an element has 1, 2 or 4 channels, not {channels}")
        return CHANNEL_BYTES[number] * channels
    if number in FIXED:
        wanted, size_bytes = FIXED[number]
        if channels != wanted:
            raise CudaError(Status.INVALID_VALUE, f"array format {number} has {wanted} channels, not {channels}")
        return size_bytes
    if number in PLANES:
        if channels != PLANAR_CHANNELS:
            raise CudaError(Status.INVALID_VALUE, f"array format {number} has {PLANAR_CHANNELS} channels, not "
                                                  f"{channels}")
        return 0
    if number in _BLOCKS:
        raise CudaError(Status.NOT_SUPPORTED, f"array format {number}: block-compressed textures are not implemented; "
                                              "decompress to CU_AD_FORMAT_UNSIGNED_INT8 with 4 channels")
    if number in _VIDEO:
        raise CudaError(Status.NOT_SUPPORTED, f"array format {number} is for video engines and there is none; of the "
                                              "formats with planes NV12 is implemented")
    raise CudaError(Status.INVALID_VALUE, f"array format {number} is not known")
