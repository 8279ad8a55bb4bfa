"""The bytes of a texture or surface object for device code: struct cpl_texture of include/compatlayer/texture.h."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

RAW, INTEGER, NORMALISED, HALF, SRGB, PACKED_10 = range(6)
WRAP, CLAMP, MIRROR, BORDER = range(4)
SLOW, QUICK, PAIRS = range(3)
FORMAT = struct.Struct("=Q6I2f2I fiiiI fiiiI fiiiI I Q i I 4I 2I 3f 3I Q")
LEVEL = struct.Struct("=Q3iIQ")
_QUICK_BYTES = 1 << 31  # inlined fetches have offsets of 31 bits
_NOWHERE = 8  # no process has memory there


@dataclass(frozen=True)
class Level:
    """One level's texels. Extents are texels, 1 where there is no such extent; depth counts no layers."""

    base: int
    width: int
    height: int
    depth: int
    pitch_bytes: int
    slice_bytes: int


@dataclass(frozen=True)
class Texels:
    """How a texel's bits become channels."""

    decode: int
    texel_bytes: int
    channel_bits: int
    channels: int
    signed: bool = False


@dataclass(frozen=True)
class Sampling:
    """How coordinates become texels."""

    modes: tuple[int, int, int] = (CLAMP, CLAMP, CLAMP)
    linear: bool = False
    normalised: bool = False
    border: tuple[int, int, int, int] = (0, 0, 0, 0)  # bits of the results
    level_linear: bool = False
    level_bias: float = 0.0
    level_least: float = 0.0
    level_most: float = 0.0
    seamless: bool = False


@dataclass(frozen=True)
class Descriptor:
    """All of an object. `layers` counts layers or faces."""

    texels: Texels
    levels: tuple[Level, ...]
    layers: int = 1
    cube: bool = False
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def quick(self) -> int:
        """How the inlined fetches serve it."""
        level = self.levels[0]
        size = level.slice_bytes * max(level.depth, 1)
        if len(self.levels) > 1 or self.cube or size >= _QUICK_BYTES or self.texels.decode in (SRGB, PACKED_10):
            return SLOW
        pairs = self.texels.decode == RAW and self.texels.texel_bytes == 4 and level.width > 1
        return PAIRS if pairs and self.sampling.modes[0] != WRAP else QUICK

    def pack(self, address: int) -> bytes:
        """The bytes for a descriptor at `address`, its levels behind it."""
        level, how, texels = self.levels[0], self.sampling, self.texels
        limit = float((1 << texels.channel_bits - 1) - 1 if texels.signed else (1 << texels.channel_bits) - 1)
        folds = any(mode in (WRAP, MIRROR) for mode in how.modes)
        axes: list[float] = []
        for size, mode in zip((level.width, level.height, level.depth), how.modes, strict=True):
            ends = (size - 1, 0) if mode == WRAP else (0, size - 1)
            axes += [float(size) if how.normalised else 1.0, size, *ends, mode]
        head = FORMAT.pack(
            level.base, self.quick, how.linear, texels.decode, texels.texel_bytes, texels.channel_bits, texels.signed,
            limit, 0.5 if how.linear else 0.0, folds, BORDER in how.modes, *axes, level.pitch_bytes,
            level.slice_bytes, self.layers, texels.channels, *how.border, len(self.levels), how.level_linear,
            how.level_bias, how.level_least, how.level_most, how.seamless, self.cube, how.normalised,
            address + FORMAT.size)
        return head + b"".join(LEVEL.pack(one.base, one.width, one.height, one.depth, one.pitch_bytes, one.slice_bytes)
                               for one in self.levels)


def dead() -> Descriptor:
    """What a destroyed object is to kernels: every access faults."""
    return Descriptor(Texels(RAW, 4, 32, 1), (Level(_NOWHERE, 1, 1, 1, 0, 0),))
