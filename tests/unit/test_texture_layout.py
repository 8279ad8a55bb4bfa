"""Python, PTX and device C++ agree with include/compatlayer/texture.h on how an object lies in memory."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from test_passes_contract import complaints

from compatlayer.compiler.passes.ptx_texture import _FIELDS
from compatlayer.core.texture_descriptor import FORMAT, LEVEL, Descriptor, Level, Sampling, Texels

MEMBERS = {"texel_bytes": "texel_bytes", "width": "axis[0].size", "height": "axis[1].size", "depth": "axis[2].size",
           "pitch_bytes": "pitch_bytes", "slice_bytes": "slice_bytes", "array_size": "layers",
           "num_mipmap_levels": "levels"}
SURFACE = {"base": "base", "texel_bytes": "texel_bytes", "width": "axis[0].size", "height": "axis[1].size",
           "depth": "axis[2].size", "pitch_bytes": "pitch_bytes", "slice_bytes": "slice_bytes", "layers": "layers"}


@pytest.fixture(scope="module")
def header(root: Path) -> Path:
    return root / "include" / "compatlayer" / "texture.h"


def test_what_python_packs_is_as_long_as_the_structs(header: Path) -> None:
    assert not complaints(header, f'_Static_assert(sizeof(cpl_texture) == {FORMAT.size}, "size");'
                                  f'_Static_assert(sizeof(cpl_texture_level) == {LEVEL.size}, "level");')


def test_every_field_is_packed_where_it_lies(header: Path) -> None:
    made = Descriptor(Texels(2, 3, 16, 4, True), (Level(5, 6, 7, 8, 9, 10), Level(11, 12, 13, 14, 15, 16)), 17, True,
                      Sampling((0, 3, 2), True, True, (18, 19, 20, 21), True, 22.0, 23.0, 24.0, True)).pack(1000)
    fields = {"base": ("Q", 5), "linear": ("I", 1), "decode": ("I", 2), "texel_bytes": ("I", 3), "is_signed": ("I", 1),
              "channel_bits": ("I", 16), "limit": ("f", 32767.0), "offset": ("f", 0.5), "folds": ("I", 1),
              "has_border": ("I", 1), "axis[0].scale": ("f", 6.0), "axis[0].above": ("i", 0), "axis[0].below": ("i", 5),
              "axis[1].size": ("i", 7), "axis[1].mode": ("I", 3), "axis[2].size": ("i", 8), "axis[2].above": ("i", 7),
              "pitch_bytes": ("I", 9), "slice_bytes": ("Q", 10), "layers": ("i", 17), "channels": ("I", 4),
              "border[3]": ("I", 21), "levels": ("I", 2), "level_linear": ("I", 1), "level_bias": ("f", 22.0),
              "level_most": ("f", 24.0), "seamless": ("I", 1), "is_cube": ("I", 1), "normalised": ("I", 1),
              "level": ("Q", 1000 + FORMAT.size)}
    for name, (kind, value) in fields.items():
        # The compiler says where: exactly the offsets that hold the value may be the field's.
        words = {at: struct.unpack_from(f"={kind}", made, at)[0] for at in range(0, FORMAT.size, 4)}
        holding = [at for at, word in words.items() if word == value]
        places = " || ".join(f"offsetof(cpl_texture, {name}) == {at}" for at in holding) or "0"
        assert not complaints(header, f'_Static_assert({places}, "{name}");'), name
    assert struct.unpack_from("=Q3iIQ", made, FORMAT.size + LEVEL.size) == (11, 12, 13, 14, 15, 16)


def test_ptx_reads_the_same_fields(header: Path) -> None:
    assert MEMBERS.keys() == _FIELDS.keys()
    assert not complaints(header, "".join(
        f'_Static_assert(offsetof(cpl_texture, {MEMBERS[name]}) == {offset}, "{name}");'
        for name, offset in _FIELDS.items()))


def test_device_code_reads_the_same_fields(header: Path, root: Path) -> None:
    text = (root / "include" / "device" / "compatlayer" / "surface.h").read_text()
    body = re.search(r"struct cpl_surface \{.*?\};", text, re.DOTALL)
    assert body is not None
    assert not complaints(header, body[0] + "".join(
        f'_Static_assert(offsetof(struct cpl_surface, {name}) == offsetof(cpl_texture, {member}), "{name}");'
        for name, member in SURFACE.items()))
