"""What the lanes of a gang are: how threads of a block map to them, for each class of block shapes.

The runtime picks the class of a launch (cpl_shape_class in include/compatlayer/runtime.h); code is made for one class.
"""

from __future__ import annotations

from typing import NamedTuple

TINY, ROW32, ROW16, ROW8, LINE, WHOLE, PART = range(7)
_NAMES = ("TINY (at most 4 threads)", "ROW32 (blockDim.x % 32 == 0)", "ROW16 (blockDim.x % 16 == 0)",
          "ROW8 (blockDim.x % 8 == 0)", "LINE (blockDim.y * blockDim.z == 1)", "WHOLE (threads % 32 == 0)",
          "PART (any)")
_ROW = {ROW32: 32, ROW16: 16, ROW8: 8}
WARP = 32


class Lanes(NamedTuple):
    """`width` consecutive threads of blocks of the class `shape`."""

    width: int
    shape: int

    @property
    def row(self) -> int:
        """What divides blockDim.x; 1 when nothing is known."""
        return _ROW.get(self.shape, 1)

    @property
    def in_row(self) -> bool:
        """Whether threadIdx.x counts up by one along the lanes, and y and z are the same for all."""
        return self.shape in _ROW or self.shape == LINE

    @property
    def full(self) -> bool:
        """Whether every gang has all its lanes."""
        return self.shape in _ROW or self.shape == WHOLE


def described(shape: int) -> str:
    """A class of block shapes in words, for dumps."""
    return f"blocks of class {_NAMES[shape]}"
