"""INT8 calibration: the calibrators that programs derive from, and the search for ranges."""

from __future__ import annotations

import ctypes
import struct
from math import prod
from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt import cuda_stream, session
from compatlayer.frontends.tensorrt.data_type import from_onnx, nptype, size_bytes
from compatlayer.frontends.tensorrt.enums import CalibrationAlgoType
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal, Severity
from compatlayer.frontends.tensorrt.profile import VERSION

_BINS = 2048
_LEVELS = 128


class IInt8Calibrator:
    """Gives batches of representative inputs, and keeps the cache of what came out."""

    _algorithm = "LEGACY_CALIBRATION"

    def __init__(self) -> None:
        pass

    def get_algorithm(self) -> Any:
        return CalibrationAlgoType[self._algorithm]

    def get_batch_size(self) -> int:
        return 1

    def get_batch(self, names: list[str]) -> list[int] | None:
        raise NotImplementedError('Tried to call pure virtual function "IInt8Calibrator::get_batch"')

    def read_calibration_cache(self) -> Any:
        return None

    def write_calibration_cache(self, cache: Any) -> None:
        return None


class IInt8LegacyCalibrator(IInt8Calibrator):
    """By quantile."""

    def get_quantile(self) -> float:
        return 0.9999

    def get_regression_cutoff(self) -> float:
        return 0.0


class IInt8EntropyCalibrator(IInt8Calibrator):
    """By the least loss of information."""

    _algorithm = "ENTROPY_CALIBRATION"


class IInt8EntropyCalibrator2(IInt8Calibrator):
    """By the least loss of information; the default choice."""

    _algorithm = "ENTROPY_CALIBRATION_2"


class IInt8MinMaxCalibrator(IInt8Calibrator):
    """By the largest value."""

    _algorithm = "MINMAX_CALIBRATION"


ALL = (IInt8Calibrator, IInt8LegacyCalibrator, IInt8EntropyCalibrator, IInt8EntropyCalibrator2, IInt8MinMaxCalibrator)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
_TITLES = {"LEGACY_CALIBRATION": "LegacyCalibration", "ENTROPY_CALIBRATION": "EntropyCalibration",
           "ENTROPY_CALIBRATION_2": "EntropyCalibration2", "MINMAX_CALIBRATION": "MinMaxCalibration"}


class Histogram:
    """How often each magnitude comes; the range doubles when a value is beyond it."""

    def __init__(self) -> None:
        self.counts = np.zeros(_BINS)
        self.top = 0.0
        self.largest = 0.0

    def add(self, values: Any) -> None:
        magnitudes = np.abs(values[np.isfinite(values)]).ravel()
        if not magnitudes.size:
            return
        largest = float(magnitudes.max())
        self.largest = max(self.largest, largest)
        if self.top == 0.0:
            self.top = largest or 0.0
            if not self.top:
                return
        while largest > self.top:
            self.counts = np.concatenate([self.counts.reshape(-1, 2).sum(1), np.zeros(_BINS // 2)])
            self.top *= 2
        self.counts += np.histogram(magnitudes, _BINS, (0.0, self.top))[0]

    def limit(self, algorithm: str, quantile: float) -> float:
        """The magnitude that becomes 127."""
        total = self.counts[1:].sum()
        if algorithm == "MINMAX_CALIBRATION" or not total:
            return self.largest
        if algorithm == "LEGACY_CALIBRATION":
            place = int(np.searchsorted(np.cumsum(self.counts), quantile * self.counts.sum()))
            return (min(place, _BINS - 1) + 1) * self.top / _BINS
        return self._least_divergence()

    def _least_divergence(self) -> float:
        best, chosen = np.inf, _BINS
        counts = self.counts.copy()
        counts[0] = counts[1]  # zeros are the same at any scale
        for end in range(_LEVELS, _BINS + 1, 16):
            clipped = counts[:end].copy()
            clipped[-1] += counts[end:].sum()
            divergence = _divergence(clipped, counts[:end])
            if divergence < best:
                best, chosen = divergence, end
        return min((chosen + 0.5) * self.top / _BINS, self.largest)


def _divergence(wanted: Any, counts: Any) -> float:
    """Kullback and Leibler's measure between a histogram and what 128 levels keep of it."""
    edges = np.linspace(0, len(counts), _LEVELS + 1).astype(int)
    level = np.repeat(np.arange(_LEVELS), np.diff(edges))
    filled = counts > 0
    sums = np.bincount(level, counts, _LEVELS)
    places = np.bincount(level, filled, _LEVELS)
    kept = np.where(filled, (sums / np.maximum(places, 1))[level], 0)
    p, q = wanted / max(wanted.sum(), 1), kept / max(kept.sum(), 1)
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / np.maximum(q[there], 1e-9))))


def run(model: Any, config: Any, wanted: list[str], logger: Any) -> dict[str, float]:
    """Scales by value name: from the calibrator's cache when it has one, else from its batches."""
    calibrator = config.int8_calibrator
    algorithm = calibrator.get_algorithm().name
    cache = calibrator.read_calibration_cache()
    if cache:
        return _from_cache(bytes(cache))
    histograms = _collect(model, config, calibrator, wanted)
    quantile = calibrator.get_quantile() if hasattr(calibrator, "get_quantile") else 0.9999
    scales = {name: histogram.limit(algorithm, quantile) / 127 for name, histogram in histograms.items()}
    number = "".join(part.rjust(2, "0") if place else part for place, part in enumerate(VERSION.split(".")))
    lines = [f"TRT-{number}-{_TITLES[algorithm]}"]
    lines += [f"{name}: {struct.pack('>f', scale).hex()}" for name, scale in scales.items()]
    calibrator.write_calibration_cache(memoryview(("\n".join(lines) + "\n").encode()))
    logger.log(Severity.INFO, f"Calibrated {len(scales)} tensors")
    return scales


def _from_cache(data: bytes) -> dict[str, float]:
    lines = data.decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].startswith("TRT-"):
        raise Refusal(MISUSE, "the calibration cache does not begin with TRT-; delete it and calibrate anew")
    scales = {}
    for line in lines[1:]:
        name, _, digits = line.rpartition(": ")
        try:
            scales[name] = float(struct.unpack(">f", bytes.fromhex(digits))[0])
        except (ValueError, struct.error):
            raise Refusal(MISUSE, f"the calibration cache has the line {line!r}, which is no name and scale; delete it "
                          "and calibrate anew") from None
    return scales


def _collect(model: Any, config: Any, calibrator: Any, wanted: list[str]) -> dict[str, Histogram]:
    import onnx
    from onnx import helper

    copy = onnx.load_model_from_string(model.SerializeToString())
    there = {info.name for info in copy.graph.output}
    inputs = [info for info in copy.graph.input]
    names = [info.name for info in inputs]
    inner = [name for name in wanted if name not in names]
    copy.graph.output.extend(helper.make_tensor_value_info(name, 1, None) for name in inner if name not in there)
    running = session.make(copy.SerializeToString(), optimised=False)
    histograms = {name: Histogram() for name in wanted}
    batches = 0
    while True:
        addresses = calibrator.get_batch(names)
        if not addresses:
            break
        cuda_stream.find(0).synchronize()
        feed = {info.name: _read(info, int(address), config) for info, address in zip(inputs, addresses, strict=False)}
        for name in names:
            if name in histograms:
                histograms[name].add(feed[name])
        for name, array in zip(inner, running.run(inner, feed), strict=True) if inner else ():
            histograms[name].add(array)
        batches += 1
    if not batches:
        raise Refusal(MISUSE, "Calibration failure occurred with no scaling factors detected. The int8 calibrator's "
                      "get_batch() gave no batch; give at least one, or a calibration cache")
    return histograms


def _read(info: Any, address: int, config: Any) -> Any:
    """One input of a batch, from device memory."""
    kind = info.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim]
    profile = config.get_calibration_profile() or (config.profiles[0] if config.profiles else None)
    if profile is not None and info.name in profile.shapes:
        shape = list(profile.shapes[info.name][1])
    if -1 in shape:
        raise Refusal(MISUSE, f"the input {info.name} has a dynamic shape; config.set_calibration_profile() says which "
                      "one the calibrator's batches have")
    dtype = from_onnx(kind.elem_type)
    assert dtype is not None
    cuda_stream.Place(cuda_stream.find(0), info.name, address, size_bytes(dtype, prod(shape)), "calibration input")
    raw = ctypes.string_at(address, size_bytes(dtype, prod(shape)))
    return np.frombuffer(raw, nptype(dtype)).reshape(shape)
