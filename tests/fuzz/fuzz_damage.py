"""How images are damaged: any bytes of them, or their content behind a checksum that fits."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any


def flip_bits(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 1, 3, 20))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    size = min(rng.choice((1, 4, 8, 64, 500)), len(data) - start)
    data[start : start + size] = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size), b"A" * size))


def truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def drop(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 16, 300))]


def swap(rng: random.Random, data: bytearray) -> None:
    size = rng.choice((1, 8, 64))
    if len(data) <= 2 * size:
        return
    first, second = rng.randrange(len(data) - size), rng.randrange(len(data) - size)
    data[first : first + size], data[second : second + size] = data[second : second + size], data[first : first + size]


def repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.choice((1, 16, 300))]


def lie_in_header(rng: random.Random, data: bytearray) -> None:
    """Sizes, versions and kinds that the header of a binary image says."""
    odd = (
        0,
        1,
        63,
        64,
        65,
        len(data) - 1,
        len(data) + 1,
        2 * len(data),
        1 << 20,
        (1 << 31) - 1,
        1 << 31,
        1 << 32,
        (1 << 64) - 1,
    )
    offset, form = rng.choice(((8, "<I"), (12, "<I"), (16, "<Q"), (24, "<I"), (28, "<I")))
    value = rng.choice(odd) & (1 << 8 * struct.calcsize(form)) - 1
    if len(data) >= 64:
        struct.pack_into(form, data, offset, value)


DAMAGES: tuple[Callable[[random.Random, bytearray], None], ...] = (
    flip_bits,
    overwrite,
    truncate,
    drop,
    swap,
    repeat,
    lie_in_header,
    lie_in_header,
)


def forged(rng: random.Random, image: bytes) -> bytes:
    """A cubin or LTO image with damaged content and a checksum that fits: what is behind it must bear that."""
    from compatlayer.compiler import container

    code, _ = container.unpack(image)
    record: Any = {"ir": code.ir, "architecture": code.architecture, "names": dict(code.lowered_names)}
    way = rng.randrange(8)
    if way == 0:
        key = rng.choice(list(record))
        record[key] = rng.choice((None, 1, "", [], {}, "x", "sm_", "sm_999", {"a": 1}, [record[key]], True, 1e308))
    elif way == 1:
        del record[rng.choice(list(record))]
    elif way == 2:
        record = rng.choice((None, [], 1, "text", [record], {"ir": {}}))
    else:
        record["ir"] = _damaged_text(rng, record["ir"])
    text = json.dumps(record).encode("utf-8", "surrogateescape")
    if way == 7:
        text = text[: rng.randrange(len(text))]
    payload = zlib.compress(text, 1)
    if rng.randrange(40) == 0:
        payload = payload[:-3]
    header = list(container._HEADER.unpack(image[: container._HEADER.size]))
    header[3], header[6] = container._HEADER.size + len(payload), container.checksum_of(payload)
    return container._HEADER.pack(*header) + payload


def _damaged_text(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        way = rng.randrange(6)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(at, rng.choice(lines))
        elif way == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = rng.choice(
                (
                    "i32",
                    "i1",
                    "ptr",
                    "%0",
                    "-1",
                    "0",
                    "undef",
                    "label",
                    "x",
                    "i99999999",
                    "[4294967296 x i64]",
                    "void",
                    "@k",
                    "!0",
                )
            )
            lines[at] = " ".join(words)
        elif way == 4:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] = "".join(rng.sample(lines[at], len(lines[at])))
        if not lines:
            lines = [""]
    return "\n".join(lines)
