"""Images survive storage, and every way of being wrong is told apart."""

from __future__ import annotations

import base64
import struct

import pytest

from compatlayer.compiler.container import (
    ImageError,
    Kind,
    Reason,
    check_architecture,
    image_length,
    pack,
    pack_text,
    unpack,
)
from compatlayer.compiler.image import DeviceCode

CODE = DeviceCode(ir="define void @k() {\n  ret void ; \u00e9\n}\n", architecture="sm_86",
                  lowered_names={"f<int>": "_Z1fIiEvv"})
PTX = ".version 9.0\n.target sm_86\n.visible .entry k() { ret; }\n"


def _reader(data: bytes):
    return lambda offset, size: data[offset: offset + size]


def _reason(data: bytes) -> Reason:
    with pytest.raises(ImageError) as caught:
        unpack(data)
    return caught.value.reason


@pytest.mark.parametrize("kind", list(Kind))
def test_a_binary_image_holds_the_code_and_its_kind(kind: Kind) -> None:
    assert unpack(pack(CODE, kind)) == (CODE, kind)


def test_a_text_image_is_readable_ptx_ending_in_nul_that_holds_the_code() -> None:
    image = pack_text(CODE, PTX)
    assert image.endswith(b"\0") and image.count(b"\0") == 1
    assert image.startswith(PTX.encode())
    assert unpack(image) == (CODE, None)
    assert unpack(image[:-1]) == (CODE, None)


def test_the_length_is_known_from_a_bare_pointer() -> None:
    binary, text = pack(CODE), pack_text(CODE, PTX)
    assert image_length(_reader(binary + b"rubbish after it" * 9)) == len(binary)
    assert image_length(_reader(text + b"rubbish after it" * 9)) == len(text) - 1


def test_bytes_after_an_image_do_not_matter() -> None:
    assert unpack(pack(CODE) + b"\0" * 100)[0] == CODE


@pytest.mark.parametrize("position", [64, 70, -1])
def test_a_changed_byte_is_found(position: int) -> None:
    data = bytearray(pack(CODE))
    data[position] ^= 1
    assert _reason(bytes(data)) is Reason.DAMAGED


def test_a_changed_character_in_the_text_form_is_found() -> None:
    text = bytearray(pack_text(CODE, PTX))
    text[-20] = ord("A") if text[-20] != ord("A") else ord("B")
    assert _reason(bytes(text)) is Reason.DAMAGED


@pytest.mark.parametrize("length", [8, 40, 64, 100])
def test_a_shortened_image_is_truncated(length: int) -> None:
    assert _reason(pack(CODE)[:length]) is Reason.TRUNCATED


def test_a_shortened_text_image_is_refused() -> None:
    assert _reason(pack_text(CODE, PTX)[:-40]) in (Reason.TRUNCATED, Reason.DAMAGED)


def test_another_format_version_is_named() -> None:
    data = bytearray(pack(CODE))
    data[8:12] = struct.pack("<I", 99)
    with pytest.raises(ImageError, match="99") as caught:
        unpack(bytes(data))
    assert caught.value.reason is Reason.VERSION


def test_plain_ptx_is_told_apart_from_rubbish() -> None:
    assert _reason(PTX.encode()) is Reason.PLAIN_PTX
    assert _reason(b"this is not an image") is Reason.UNKNOWN
    assert _reason(b"\x01\x02\x03\x04 binary") is Reason.UNKNOWN
    assert _reason(b"") is Reason.UNKNOWN


@pytest.mark.parametrize("start", [struct.pack("<I", 0x466243B1), struct.pack("<I", 0xBA55ED50), b"\x7fELF\x02\x01"])
def test_images_of_nvidias_compilers_have_no_code_for_us(start: bytes) -> None:
    assert _reason(start + b"\0" * 100) is Reason.FOREIGN
    with pytest.raises(ImageError, match="holds no code for this device"):
        image_length(_reader(start + b"\0" * 100))


def test_a_length_that_cannot_be_is_refused() -> None:
    data = bytearray(pack(CODE))
    data[16:24] = struct.pack("<Q", 1 << 60)
    with pytest.raises(ImageError):
        image_length(_reader(bytes(data)))


def test_a_text_image_with_a_foreign_comment_is_damaged() -> None:
    encoded = base64.b64encode(b"not ours at all")
    assert _reason(PTX.encode() + b"// compatlayer-image: " + encoded + b"\n\0") is Reason.DAMAGED


@pytest.mark.parametrize(("architecture", "device", "fits"), [
    ("sm_86", 86, True), ("sm_80", 86, True), ("sm_87", 86, False), ("sm_75", 86, False), ("sm_90", 86, False),
    ("compute_75", 86, True), ("compute_86", 86, True), ("compute_90", 86, False), ("sm_90a", 90, True),
    ("sm_90a", 91, False)])
def test_architectures_follow_cudas_compatibility_rules(architecture: str, device: int, fits: bool) -> None:
    code = DeviceCode(ir="", architecture=architecture)
    if fits:
        check_architecture(code, device)
    else:
        with pytest.raises(ImageError, match=architecture) as caught:
            check_architecture(code, device)
        assert caught.value.reason is Reason.ARCHITECTURE
