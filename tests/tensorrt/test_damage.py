"""Bytes that were damaged on their way: an error that says what to do, and a process that goes on."""

from __future__ import annotations

import numpy as np
import pytest
from trt_models import Log, dense, engine_of, parsed

trt = pytest.importorskip("tensorrt")
RANDOM = np.random.default_rng(11)


def damaged(data: bytes) -> bytes:
    """Some bytes changed, some gone, or some put in."""
    changed = bytearray(data)
    for _ in range(RANDOM.integers(1, 4)):
        place = int(RANDOM.integers(0, len(changed)))
        match int(RANDOM.integers(0, 3)):
            case 0:
                changed[place] ^= 1 << int(RANDOM.integers(0, 8))
            case 1:
                del changed[place:place + int(RANDOM.integers(1, 9))]
            case _:
                changed[place:place] = RANDOM.bytes(int(RANDOM.integers(1, 9)))
    return bytes(changed)


def test_damaged_engines_are_refused_by_their_checksum() -> None:
    builder, network, config = parsed(dense(), Log())
    plan = bytes(builder.build_serialized_network(network, config))
    for _ in range(100):
        log = Log()
        data = damaged(plan)
        if data != plan:
            assert trt.Runtime(log).deserialize_cuda_engine(data) is None
            assert "build it again" in log.errors[-1] or "update it here" in log.errors[-1], log.errors


def test_damaged_models_are_refused_or_build() -> None:
    model = dense()
    refused = 0
    for _ in range(150):
        log = Log()
        builder = trt.Builder(log)
        network = builder.create_network(0)
        parser = trt.OnnxParser(network, log)
        if not parser.parse(damaged(model)):
            refused += 1
            assert parser.num_errors and parser.get_error(0).desc()
        elif builder.build_serialized_network(network, builder.create_builder_config()) is None:
            refused += 1
            assert log.errors and "Error Code" in log.errors[-1]
    assert refused > 20


@pytest.mark.parametrize("data", [b"", b"\0", b"cplTRTengine\0", b"ftrt" + bytes(2000)])
def test_what_is_no_engine_is_refused(data: bytes) -> None:
    log = Log()
    assert trt.Runtime(log).deserialize_cuda_engine(data) is None
    assert "magicTag" in log.errors[-1] and "build it again from its network or ONNX file" in log.errors[-1]


def test_shapes_that_no_tensor_has_are_refused() -> None:
    log = Log()
    engine = engine_of(dense("n"), log, [{"x": ((1, 8), (2, 8), (4, 8))}])
    context = engine.create_execution_context()
    for shape in ((5, 8), (2, 9), (2,), (0, 8), (2, 8, 1)):
        assert not context.set_input_shape("x", shape)
        assert "x" in log.errors[-1]
    assert not context.set_input_shape("w", (2, 8)) and "Valid" not in log.errors[-1]
    assert not context.execute_async_v3(0) and "not set" in log.errors[-1]
