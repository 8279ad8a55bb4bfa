"""Our form of a serialised engine: a magic, a version, a JSON description, the ONNX model, and a checksum over all."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from compatlayer.frontends.tensorrt.log import SERIALIZATION, Refusal
from compatlayer.frontends.tensorrt.profile import PROFILE, VERSION, VERSIONS

MAGIC = b"cplTRTengine\0"
FORMAT = 1
_HEAD = struct.Struct("<13sHHQQ")  # magic, format, profile, bytes of JSON, bytes of the model
_SUM_BYTES = 32


def pack(description: dict[str, Any], model: bytes) -> bytes:
    """One engine as bytes."""
    text = json.dumps(description, sort_keys=True).encode()
    body = _HEAD.pack(MAGIC, FORMAT, PROFILE, len(text), len(model)) + text + model
    return body + hashlib.sha256(body).digest()


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The description and the model; Refusal says what is wrong and what to do."""
    if len(data) < _HEAD.size + _SUM_BYTES or data[:len(MAGIC)] != MAGIC:
        raise Refusal(SERIALIZATION, "Serialization assertion header.magicTag == rt::kMAGIC_TAG failed.Trying to load "
                      f"an engine that was not built here ({len(data)} bytes): engines hold code for one device, so "
                      "build it again from its network or ONNX file on this machine")
    _, form, profile, text_bytes, model_bytes = _HEAD.unpack_from(data)
    if form > FORMAT:
        raise Refusal(SERIALIZATION, f"Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed.Version "
                      f"tag does not match. Current Version: {FORMAT}, Serialized Engine Version: {form}: a newer "
                      "compatlayer wrote this engine; update it here, or build the engine again")
    if len(data) != _HEAD.size + text_bytes + model_bytes + _SUM_BYTES:
        raise Refusal(SERIALIZATION, f"Serialization assertion safeVersionRead == kSAFE_SERIALIZATION_VERSION failed."
                      f"The engine has {len(data)} bytes and should have "
                      f"{_HEAD.size + text_bytes + model_bytes + _SUM_BYTES}: damaged or cut short, build it again")
    if hashlib.sha256(data[:-_SUM_BYTES]).digest() != data[-_SUM_BYTES:]:
        raise Refusal(SERIALIZATION, "Serialization assertion checksum failed.The engine is damaged: its checksum "
                      "does not match; build it again")
    if profile != PROFILE:
        raise Refusal(SERIALIZATION, "The engine plan file is not compatible with this version of TensorRT, expecting "
                      f"library version {VERSION} got {VERSIONS.get(profile, profile)}, please rebuild; or choose the "
                      f"other API with COMPATLAYER_TENSORRT={profile}")
    start = _HEAD.size + text_bytes
    return json.loads(data[_HEAD.size:start]), data[start:start + model_bytes]
