"""Direction vectors of Sobol' sequences, 20,000 dimensions, 32 or 64 bits; and what scrambles them.

S. Joe and F. Y. Kuo, "Constructing Sobol' sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30
(2008); S. Joe and F. Y. Kuo, ACM TOMS 29 (2003) for the recurrence. Their initial numbers are taken from SciPy where
it is installed: they came out of a search and cannot be computed again. The scrambling is ours: B. Owen's linear matrix
scrambling with fixed seeds, which keeps the equidistribution but gives other numbers than cuRAND's tables.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Words = np.ndarray[Any, np.dtype[Any]]

DIMENSIONS = 20_000
_SEED = 0x5EED_50B0


class NoDirectionNumbers(Exception):
    """The initial direction numbers are not there; the text says what to do."""


def vectors(bits: int) -> Words:
    """Plain direction vectors, shape (20000, bits): the j-th has its leading bit at position bits - 1 - j."""
    import numpy as np

    polynomials, initial = _direction_numbers()
    word = np.dtype(f"u{bits // 8}").type
    made = np.zeros((DIMENSIONS, bits), word)
    made[0] = [1 << (bits - 1 - place) for place in range(bits)]
    degrees = np.array([int(each).bit_length() - 1 for each in polynomials])
    for degree in range(1, int(degrees[1:].max()) + 1):
        rows = np.flatnonzero(degrees == degree)
        rows = rows[rows > 0]
        for place in range(bits):
            if place < degree:
                made[rows, place] = initial[rows, place].astype(word) << word(bits - 1 - place)
                continue
            last = made[rows, place - degree]
            value = last ^ (last >> word(degree))
            for step in range(1, degree):
                taken = (polynomials[rows] >> (degree - step)) & 1
                value ^= made[rows, place - step] * taken.astype(word)
            made[rows, place] = value
    return made


def scrambled(bits: int) -> Words:
    """The same, each dimension times a random lower triangular matrix of bits with ones on its diagonal."""
    import numpy as np

    plain = vectors(bits)
    word = plain.dtype.type
    random = np.random.Generator(np.random.Philox(_SEED + bits))
    made = np.zeros_like(plain)
    for row in range(bits):  # the bit of the result that is `row` places below the leading one
        place = bits - 1 - row
        above = random.integers(0, (1 << row) - 1, DIMENSIONS, np.uint64, endpoint=True).astype(word)
        mask = (above << word(place + 1 if row else 0)) | word(1 << place)
        made |= (_parity(plain & mask[:, None]) << word(place)).astype(word)
    return made


def constants(bits: int) -> Words:
    """A word for each dimension that a scrambled sequence starts with."""
    import numpy as np

    random = np.random.Generator(np.random.Philox(_SEED - bits))
    return random.integers(0, 2**bits, DIMENSIONS, np.dtype(f"u{bits // 8}").type, endpoint=False)


def _parity(values: Words) -> Words:
    import numpy as np

    count = getattr(np, "bitwise_count", None)  # NumPy 2
    if count is not None:
        parity: Words = (count(values) & 1).astype(values.dtype)
        return parity
    shift = values.dtype.itemsize * 4
    while shift:
        values = values ^ (values >> values.dtype.type(shift))
        shift //= 2
    folded: Words = values & values.dtype.type(1)
    return folded


def _direction_numbers() -> tuple[Words, Words]:
    """Polynomials as bits (the first dimension has none) and initial numbers, of 20,000 dimensions."""
    import numpy as np

    spec = find_spec("scipy")
    folder = os.path.dirname(spec.origin) if spec is not None and spec.origin else ""
    path = os.path.join(folder, "stats", "_sobol_direction_numbers.npz")
    try:
        with np.load(path) as data:
            polynomials, initial = data["poly"][:DIMENSIONS], data["vinit"][:DIMENSIONS]
    except (OSError, KeyError, ValueError):
        raise NoDirectionNumbers("the direction numbers of Joe and Kuo are taken from SciPy, which is not installed "
                                 "or does not have them; run pip install scipy, or use a pseudorandom generator such "
                                 "as XORWOW") from None
    if len(polynomials) < DIMENSIONS or initial.ndim != 2:
        raise NoDirectionNumbers(f"{path} does not hold {DIMENSIONS} dimensions; install another version of scipy")
    return polynomials.astype(np.uint64), initial.astype(np.uint64)
