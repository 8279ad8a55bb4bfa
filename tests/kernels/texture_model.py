"""Texture fetches in NumPy, by the formulas of "Texture Fetching" in the CUDA C++ Programming Guide.

Arithmetic is in float32 in the order that the guide writes it, so results are compared bit for bit. What the guide
leaves open is as in compiler/library/texture.c: weights are rounded to 8 bits to nearest, NaN is below the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WRAP, CLAMP, MIRROR, BORDER = range(4)
F = np.float32


@dataclass(frozen=True)
class Model:
    """A level: texels (depth or layers, rows, columns, channels), as fetches answer them unfiltered."""

    texels: np.ndarray
    modes: tuple[int, int, int]
    linear: bool
    normalised: bool
    border: np.ndarray  # of the texels' type

    def sample(self, coordinates: list[np.ndarray], layer: np.ndarray | None = None) -> np.ndarray:
        """(fetches, channels) at the coordinates x, y, z of as many dimensions; layers are clamped."""
        count = coordinates[0].shape
        sizes = self.texels.shape[2::-1]
        axes = [self._axis(x, size, mode) for x, size, mode in zip(coordinates, sizes, self.modes, strict=False)]
        total = np.full((*count, self.texels.shape[3]), -0.0, F)
        for corner in range(1 << len(axes) if self.linear else 1):
            picks = [axis[1 if corner >> place & 1 else 0] for place, axis in enumerate(axes)]
            places = [pick[0] for pick in picks] + [np.zeros(count, int)] * (3 - len(axes))
            if layer is not None:
                places[2] = np.clip(layer, 0, self.texels.shape[0] - 1)
            found = self.texels[places[2], places[1], places[0]]
            shown = np.all([pick[1] for pick in picks], 0)
            found = np.where(shown[..., None], found, self.border)
            if not self.linear:
                return found
            weight = np.ones(count, F)
            for pick in reversed(picks):
                weight = weight * pick[2]
            total = total + weight[..., None] * found
        return total

    def _axis(self, x: np.ndarray, size: int, mode: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Two texels: where, whether inside, and with which weight."""
        x = x.astype(F)
        if mode in (WRAP, MIRROR) and not self.normalised:
            mode = CLAMP
        if mode in (WRAP, MIRROR):
            whole = np.floor(x)
            part = x - whole
            part = np.where(part >= 0, part, F(0))
            odd = np.mod(np.where(np.isfinite(whole), whole, 0), 2) == 1
            x = np.where(odd & (mode == MIRROR), F(1) - part, part)
        if self.normalised:
            x = x * F(size)
        if self.linear:
            x = x - F(0.5)
        x = np.where(x > -1, x, F(-1))
        x = np.where(x < size, x, F(size))
        whole = np.floor(x)
        weight = np.floor((x - whole) * F(256) + F(0.5)) / F(256)
        index = whole.astype(int)
        found = []
        for place, share in ((index, F(1) - weight), (index + 1, weight)):
            inside = (place >= 0) & (place < size)
            kept = place % size if mode == WRAP else np.clip(place, 0, size - 1)
            found.append((kept, inside | (mode != BORDER), share.astype(F)))
        return found


def read(raw: np.ndarray, as_float: bool) -> np.ndarray:
    """Texels as fetches answer them: normalised or widened to float, or as they are."""
    if raw.dtype == np.float16:
        return raw.astype(F)
    if raw.dtype.kind == "f" or not as_float or raw.dtype.itemsize == 4:
        return raw
    return np.maximum(raw.astype(F) / F(np.iinfo(raw.dtype).max), F(-1))
