"""FP16, BF16 and INT8 have their effect: results differ from float32, within a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from trt_device import Device
from trt_models import WEIGHTS, Log, dense, engine_from, floats, model, parsed, run

trt = pytest.importorskip("tensorrt")
X = np.random.default_rng(4).standard_normal((4, 8)).astype(np.float32)
EXACT = np.maximum(X.astype(np.float64) @ WEIGHTS, 0)


def built(log: Log, *flags: Any, change: Any = None, calibrator: Any = None) -> Any:
    builder, network, config = parsed(dense(), log)
    for flag in flags:
        config.set_flag(flag)
    config.int8_calibrator = calibrator
    if change is not None:
        change(network)
    return builder, network, config


@pytest.mark.parametrize("flag, least, most", [("FP16", 1e-5, 2e-2), ("BF16", 1e-3, 1e-1)])
def test_a_narrow_type_rounds(gpu: Device, flag: str, least: float, most: float) -> None:
    log = Log()
    engine = engine_from(*built(log, trt.BuilderFlag[flag]), log)
    error = np.abs(run(gpu, engine, {"x": X})["z"] - EXACT).max()
    assert least < error < most


def test_a_layer_can_be_held_at_float32(gpu: Device) -> None:
    def hold(network: Any) -> None:
        for place in range(network.num_layers):
            network.get_layer(place).precision = trt.float32

    log = Log()
    flags = trt.BuilderFlag.FP16, trt.BuilderFlag.OBEY_PRECISION_CONSTRAINTS
    engine = engine_from(*built(log, *flags, change=hold), log)
    assert np.abs(run(gpu, engine, {"x": X})["z"] - EXACT).max() < 1e-5


class Calibrator(trt.IInt8EntropyCalibrator2):
    def __init__(self, gpu: Device, batches: list[np.ndarray], cache: bytes | None = None) -> None:
        trt.IInt8EntropyCalibrator2.__init__(self)
        self.gpu, self.batches, self.cache, self.given = gpu, list(batches), cache, 0

    def get_batch_size(self) -> int:
        return 4

    def get_batch(self, names: list[str]) -> Any:
        if self.given == len(self.batches):
            return None
        self.given += 1
        return [self.gpu.put(self.batches[self.given - 1])]

    def read_calibration_cache(self) -> bytes | None:
        return self.cache

    def write_calibration_cache(self, cache: Any) -> None:
        self.cache = bytes(cache)


def test_int8_calibrates_quantises_and_keeps_a_cache(gpu: Device) -> None:
    log = Log()
    calibrator = Calibrator(gpu, [X, X * 0.5, X[::-1]])
    engine = engine_from(*built(log, trt.BuilderFlag.INT8, calibrator=calibrator), log)
    first = run(gpu, engine, {"x": X})["z"]
    error = np.abs(first - EXACT).max()
    assert calibrator.given == 3 and 1e-3 < error < 0.3
    lines = calibrator.cache.decode().splitlines()
    assert lines[0].startswith("TRT-") and lines[0].endswith("EntropyCalibration2") and lines[1].startswith("x: ")
    again = Calibrator(gpu, [], calibrator.cache)
    assert np.array_equal(first, run(gpu, engine_from(*built(log, trt.BuilderFlag.INT8, calibrator=again), log),
                                     {"x": X})["z"])


def test_int8_without_ranges_is_refused(gpu: Device) -> None:
    log = Log()
    builder, network, config = built(log, trt.BuilderFlag.INT8)
    assert builder.build_serialized_network(network, config) is None
    assert "no scaling factors detected" in log.errors[-1] and "int8_calibrator" in log.errors[-1]
    builder, network, config = built(log, trt.BuilderFlag.INT8, calibrator=Calibrator(gpu, []))
    assert builder.build_serialized_network(network, config) is None and "no batch" in log.errors[-1]
    builder, network, config = built(log, trt.BuilderFlag.INT8, calibrator=Calibrator(gpu, [], b"rubbish"))
    assert builder.build_serialized_network(network, config) is None and "calibration cache" in log.errors[-1]


def test_dynamic_ranges_take_a_calibrators_place(gpu: Device) -> None:
    log = Log()

    def limit(network: Any) -> None:
        network.get_input(0).set_dynamic_range(-1.0, 1.0)

    engine = engine_from(*built(log, trt.BuilderFlag.INT8, change=limit), log)
    clipped = np.maximum(np.clip(X, -1, 1) @ WEIGHTS, 0)
    assert np.abs(run(gpu, engine, {"x": X})["z"] - clipped).max() < 0.2


def test_quantize_nodes_of_the_model_are_honoured(gpu: Device) -> None:
    log = Log()
    scale = {"s": np.array(0.5, np.float32), "o": np.array(0, np.int8)}
    data = model([helper.make_node("QuantizeLinear", ["x", "s", "o"], ["q"]),
                  helper.make_node("DequantizeLinear", ["q", "s", "o"], ["z"])],
                 [floats("x", [4, 8])], [floats("z", [4, 8])], scale)
    builder, network, config = parsed(data, log)
    config.set_flag(trt.BuilderFlag.INT8)
    out = run(gpu, engine_from(builder, network, config, log), {"x": X})["z"]
    assert np.array_equal(out, np.clip(np.rint(X / 0.5), -128, 127) * 0.5)


@pytest.mark.parametrize("algorithm", ["IInt8MinMaxCalibrator", "IInt8LegacyCalibrator", "IInt8EntropyCalibrator"])
def test_every_algorithm_finds_a_range(gpu: Device, algorithm: str) -> None:
    base = getattr(trt, algorithm)

    class Mine(base):
        given = 0
        cache = b""

        def get_batch(self, names: list[str]) -> Any:
            self.given += 1
            return [gpu.put(X)] if self.given < 3 else None

        def write_calibration_cache(self, cache: Any) -> None:
            self.cache = bytes(cache)

    log, mine = Log(), Mine()
    engine = engine_from(*built(log, trt.BuilderFlag.INT8, calibrator=mine), log)
    scale = np.frombuffer(bytes.fromhex(mine.cache.decode().split("x: ")[1].split()[0]), ">f4")[0]
    assert 0.5 * np.abs(X).max() / 127 < scale <= 1.001 * np.abs(X).max() / 127
    assert np.abs(run(gpu, engine, {"x": X})["z"] - EXACT).max() < 0.5
