"""SHA-256 of many messages, against hashlib."""

import hashlib
import math

import numpy as np
from kernel_case import Launch, rng


def primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % one for one in found):
            found.append(number)
        number += 1
    return found


def root_bits(number: int, degree: int) -> int:
    """The first 32 bits of the root's fraction, by integer search: floats do not have enough digits."""
    scaled = number << 32 * degree
    root = round(math.exp(math.log(scaled) / degree))
    while root**degree > scaled:
        root -= 1
    while (root + 1) ** degree <= scaled:
        root += 1
    return root % 2**32


def launches():
    constants = np.array([root_bits(number, 3) for number in primes(64)], np.uint32)
    start = np.array([root_bits(number, 2) for number in primes(8)], np.uint32)
    for grid, block, size in ((1, 1, 0), (1, 33, 3), (2, 20, 55), (2, 20, 56), (1, 7, 64), (3, 11, 200)):
        messages = rng(size).integers(0, 256, (grid * block, size)).astype(np.uint8)
        digests = np.array([list(hashlib.sha256(message.tobytes()).digest()) for message in messages], np.uint8)
        yield Launch("sha256", (grid,), (block,), [messages, np.int32(size), start, np.zeros_like(digests)],
                     {3: digests}, symbols={"primes": constants})
