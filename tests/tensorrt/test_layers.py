"""Every kind of layer that the API adds, against NumPy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trt_device import Device
from trt_models import Log, engine_from, run

trt = pytest.importorskip("tensorrt")
R = np.random.default_rng(7)
F32, I32 = np.float32, np.int32
X = R.standard_normal((2, 3, 5, 6)).astype(F32)
Y = R.standard_normal((2, 3, 5, 6)).astype(F32)
M = R.standard_normal((4, 5)).astype(F32)


class Net:
    """A network with inputs made from arrays."""

    def __init__(self, *arrays: np.ndarray) -> None:
        self.log = Log()
        self.builder = trt.Builder(self.log)
        self.n = self.builder.create_network(1)
        self.feed = {f"in{place}": array for place, array in enumerate(arrays)}
        kinds = {np.dtype(F32): trt.float32, np.dtype(I32): trt.int32, np.dtype(np.int64): trt.int64,
                 np.dtype(np.bool_): trt.bool, np.dtype(np.int8): trt.int8}
        self.t = [self.n.add_input(name, kinds[array.dtype], array.shape) for name, array in self.feed.items()]

    def const(self, values: Any, dtype: Any = F32) -> Any:
        array = np.asarray(values, dtype)
        return self.n.add_constant(array.shape, trt.Weights(np.ascontiguousarray(array))).get_output(0)

    def run(self, gpu: Device, *tensors: Any) -> list[np.ndarray]:
        for place, tensor in enumerate(tensors):
            tensor.name = f"out{place}"
            self.n.mark_output(tensor)
        engine = engine_from(self.builder, self.n, self.builder.create_builder_config(), self.log)
        out = run(gpu, engine, self.feed)
        return [out[f"out{place}"] for place in range(len(tensors))]


def check(gpu: Device, net: Net, layer: Any, expected: Any, atol: float = 1e-4) -> np.ndarray:
    tensor = layer.get_output(0)
    shape = tuple(tensor.shape)
    (found,) = net.run(gpu, tensor)
    expected = np.asarray(expected)
    assert found.shape == expected.shape and all(size in (-1, real) for size, real in zip(shape, found.shape,
                                                                                         strict=True))
    assert np.allclose(found, expected, atol=atol), np.abs(found.astype(float) - expected).max()
    return found


def erf(x: np.ndarray) -> np.ndarray:
    from math import erf as exact

    return np.vectorize(exact)(x)


A, B = 0.3, 0.7
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "RELU": lambda x: np.maximum(x, 0), "SIGMOID": lambda x: 1 / (1 + np.exp(-x)), "TANH": np.tanh,
    "LEAKY_RELU": lambda x: np.where(x > 0, x, A * x), "ELU": lambda x: np.where(x > 0, x, A * np.expm1(x)),
    "SELU": lambda x: B * np.where(x > 0, x, A * np.expm1(x)), "SOFTSIGN": lambda x: x / (1 + np.abs(x)),
    "SOFTPLUS": lambda x: A * np.log1p(np.exp(B * x)), "CLIP": lambda x: np.clip(x, A, B),
    "HARD_SIGMOID": lambda x: np.clip(A * x + B, 0, 1), "SCALED_TANH": lambda x: A * np.tanh(B * x),
    "THRESHOLDED_RELU": lambda x: np.where(x > A, x, 0), "GELU_ERF": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
    "GELU_TANH": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}  # fmt: skip


def test_every_activation_is_here() -> None:
    assert set(ACTIVATIONS) == set(trt.ActivationType.__members__)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(gpu: Device, name: str) -> None:
    net = Net(X)
    layer = net.n.add_activation(net.t[0], trt.ActivationType[name])
    layer.alpha, layer.beta = A, B
    check(gpu, net, layer, ACTIVATIONS[name](X.astype(float)))


P = np.abs(X) + 0.1
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "SUM": np.add, "PROD": np.multiply, "MAX": np.maximum, "MIN": np.minimum, "SUB": np.subtract, "DIV": np.divide,
    "POW": lambda a, b: np.abs(a) ** b, "FLOOR_DIV": np.floor_divide, "EQUAL": np.equal, "GREATER": np.greater,
    "LESS": np.less, "AND": np.logical_and, "OR": np.logical_or, "XOR": np.logical_xor,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_elementwise(gpu: Device, name: str) -> None:
    logical = name in ("AND", "OR", "XOR")
    a, b = (X > 0, Y > 0) if logical else (P, Y) if name == "POW" else (X, Y[:, :, :1])
    net = Net(a, b)
    check(gpu, net, net.n.add_elementwise(*net.t, trt.ElementWiseOperation[name]), BINARY[name](a, b), 1e-3)
    if name == "FLOOR_DIV":
        whole = (R.integers(-9, 9, (4, 5)).astype(I32), R.choice([-3, -2, 2, 5], (4, 5)).astype(I32))
        net = Net(*whole)
        check(gpu, net, net.n.add_elementwise(*net.t, trt.ElementWiseOperation[name]), whole[0] // whole[1])


UNARY: dict[str, Callable[[Any], Any]] = {
    "EXP": np.exp, "LOG": np.log, "SQRT": np.sqrt, "RECIP": lambda x: 1 / x, "ABS": np.abs, "NEG": np.negative,
    "SIN": np.sin, "COS": np.cos, "TAN": np.tan, "SINH": np.sinh, "COSH": np.cosh, "ASIN": np.arcsin,
    "ACOS": np.arccos, "ATAN": np.arctan, "ASINH": np.arcsinh, "ACOSH": lambda x: np.arccosh(x + 1),
    "ATANH": np.arctanh, "CEIL": np.ceil, "FLOOR": np.floor, "ERF": erf, "SIGN": np.sign, "ROUND": np.rint,
    "ISINF": np.isinf, "ISNAN": np.isnan, "NOT": np.logical_not,
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_unary(gpu: Device, name: str) -> None:
    x = R.uniform(0.05, 0.95, (3, 4)).astype(F32)
    if name in ("CEIL", "FLOOR", "ROUND", "SIGN"):
        x = x * 8 - 4
    if name == "NOT":
        x = x > 0.5
    if name == "ISNAN":
        x[0, 0] = np.nan
    net = Net(x + 1 if name == "ACOSH" else x)
    check(gpu, net, net.n.add_unary(net.t[0], trt.UnaryOperation[name]), UNARY[name](x), 1e-3)


@pytest.mark.parametrize("name, function", [("SUM", np.sum), ("PROD", np.prod), ("MAX", np.max), ("MIN", np.min),
                                            ("AVG", np.mean)])
@pytest.mark.parametrize("keep", [True, False])
def test_reduce(gpu: Device, name: str, function: Any, keep: bool) -> None:
    net = Net(X)
    layer = net.n.add_reduce(net.t[0], trt.ReduceOperation[name], (1 << 1) | (1 << 3), keep)
    check(gpu, net, layer, function(X, axis=(1, 3), keepdims=keep))


def conv(x: np.ndarray, w: np.ndarray, stride: int, pad: int, dilation: int, groups: int) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    k, h = dilation * (w.shape[2] - 1) + 1, [0, 0]
    h = [(size - k) // stride + 1 for size in x.shape[2:]]
    out = np.zeros((x.shape[0], w.shape[0], *h))
    per = w.shape[0] // groups
    for o in range(w.shape[0]):
        part = x[:, o // per * w.shape[1]:(o // per + 1) * w.shape[1]]
        for i in range(h[0]):
            for j in range(h[1]):
                at = part[:, :, i * stride:i * stride + k:dilation, j * stride:j * stride + k:dilation]
                out[:, o, i, j] = (at * w[o]).sum((1, 2, 3))
    return out


@pytest.mark.parametrize("stride, pad, dilation, groups", [(1, 1, 1, 1), (2, 0, 1, 1), (1, 2, 2, 1), (1, 1, 1, 3)])
def test_convolution(gpu: Device, stride: int, pad: int, dilation: int, groups: int) -> None:
    w = R.standard_normal((6, 3 // groups, 3, 3)).astype(F32)
    bias = R.standard_normal(6).astype(F32)
    net = Net(X)
    layer = net.n.add_convolution_nd(net.t[0], 6, (3, 3), trt.Weights(w), trt.Weights(bias))
    layer.stride_nd, layer.padding_nd, layer.dilation_nd = (stride,) * 2, (pad,) * 2, (dilation,) * 2
    layer.num_groups = groups
    check(gpu, net, layer, conv(X, w, stride, pad, dilation, groups) + bias[None, :, None, None])


def test_deconvolution_is_the_transpose_of_convolution(gpu: Device) -> None:
    w = R.standard_normal((3, 4, 3, 3)).astype(F32)
    net = Net(X)
    layer = net.n.add_deconvolution_nd(net.t[0], 4, (3, 3), w)
    layer.stride_nd, layer.padding_nd = (2, 2), (1, 1)
    out = layer.get_output(0)
    expected = np.zeros((2, 4, 2 * 5 + 1, 2 * 6 + 1))
    for i in range(5):
        for j in range(6):
            expected[:, :, 2 * i:2 * i + 3, 2 * j:2 * j + 3] += np.einsum("nc,cokl->nokl", X[:, :, i, j], w)
    assert tuple(out.shape) == (2, 4, 9, 11)
    check(gpu, net, layer, expected[:, :, 1:-1, 1:-1])


@pytest.mark.parametrize("name", ["MAX", "AVERAGE", "MAX_AVERAGE_BLEND"])
def test_pooling(gpu: Device, name: str) -> None:
    net = Net(X)
    layer = net.n.add_pooling_nd(net.t[0], trt.PoolingType[name], (2, 2))
    layer.stride_nd, layer.blend_factor = (2, 2), 0.25
    blocks = X[:, :, :4].reshape(2, 3, 2, 2, 3, 2)
    largest, mean = blocks.max((3, 5)), blocks.mean((3, 5))
    check(gpu, net, layer, {"MAX": largest, "AVERAGE": mean}.get(name, 0.25 * mean + 0.75 * largest))


def test_lrn(gpu: Device) -> None:
    net = Net(X)
    padded = np.pad(X**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    total = sum(padded[:, place:place + 3] for place in range(3))
    check(gpu, net, net.n.add_lrn(net.t[0], 3, 0.3, 0.6, 2.0), X / (2.0 + 0.3 / 3 * total) ** 0.6)


@pytest.mark.parametrize("mode, shape", [("UNIFORM", ()), ("CHANNEL", (3, 1, 1)), ("ELEMENTWISE", (3, 5, 6))])
def test_scale(gpu: Device, mode: str, shape: Any) -> None:
    shift, scale, power = (R.uniform(0.5, 1.5, shape).astype(F32) for _ in range(3))
    net = Net(P)
    layer = net.n.add_scale(net.t[0], trt.ScaleMode[mode], *(trt.Weights(np.atleast_1d(each)) for each in
                                                              (shift, scale, power)))
    check(gpu, net, layer, (P * scale + shift) ** power)


def test_scale_along_another_axis(gpu: Device) -> None:
    factor = R.uniform(0.5, 1.5, 5).astype(F32)
    net = Net(P)
    layer = net.n.add_scale_nd(net.t[0], trt.ScaleMode.CHANNEL, trt.Weights(), trt.Weights(factor), trt.Weights(), 2)
    check(gpu, net, layer, P * factor[:, None])


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def test_softmax(gpu: Device) -> None:
    net = Net(X)
    layer = net.n.add_softmax(net.t[0])
    assert layer.axes == 1 << 1
    layer.axes = 1 << 2
    check(gpu, net, layer, softmax(X, 2))


def test_ragged_softmax(gpu: Device) -> None:
    x, bounds = R.standard_normal((2, 3, 5)).astype(F32), np.array([[[1], [5], [3]], [[2], [4], [5]]], I32)
    net = Net(x, bounds)
    there = np.arange(5) < bounds
    check(gpu, net, net.n.add_ragged_softmax(*net.t), softmax(np.where(there, x, -1e30), 2) * there)


def test_parametric_relu_padding_and_normalization(gpu: Device) -> None:
    slope = R.standard_normal((1, 3, 1, 1)).astype(F32)
    net = Net(X, slope)
    check(gpu, net, net.n.add_parametric_relu(*net.t), np.where(X > 0, X, X * slope))
    net = Net(X)
    padded = np.pad(X, ((0, 0), (0, 0), (1, 2), (0, 0)))
    check(gpu, net, net.n.add_padding_nd(net.t[0], (1, -1), (2, 0)), padded[..., 1:])
    scale, bias = (R.standard_normal((1, 3, 1, 1)).astype(F32) for _ in range(2))
    net = Net(X, scale, bias)
    layer = net.n.add_normalization(*net.t, (1 << 2) | (1 << 3))
    layer.epsilon = 1e-3
    mean, variance = X.mean((2, 3), keepdims=True), X.var((2, 3), keepdims=True)
    check(gpu, net, layer, (X - mean) / np.sqrt(variance + 1e-3) * scale + bias)
    four = R.standard_normal((2, 4, 3)).astype(F32)
    net = Net(four, np.ones((1, 4, 1), F32), np.zeros((1, 4, 1), F32))
    layer = net.n.add_normalization(*net.t, 1 << 2)
    layer.num_groups = 2
    grouped = four.reshape(2, 2, 6)
    normal = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
    check(gpu, net, layer, normal.reshape(2, 4, 3))


def test_topk(gpu: Device) -> None:
    net = Net(X)
    layer = net.n.add_topk(net.t[0], trt.TopKOperation.MAX, 2, 1 << 3)
    values, places = net.run(gpu, layer.get_output(0), layer.get_output(1))
    assert np.array_equal(places, np.argsort(-X, 3)[..., :2]) and places.dtype == I32
    assert np.array_equal(values, -np.sort(-X, 3)[..., :2])


@pytest.mark.parametrize("ops", ["NONE NONE", "TRANSPOSE NONE", "NONE TRANSPOSE", "NONE VECTOR", "VECTOR NONE",
                                 "VECTOR VECTOR"])
def test_matrix_multiply(gpu: Device, ops: str) -> None:
    first, second = (trt.MatrixOperation[op] for op in ops.split())
    a = {"NONE": M, "TRANSPOSE": M.T.copy(), "VECTOR": M[0].copy()}[first.name]
    right = R.standard_normal((5, 3)).astype(F32)
    b = {"NONE": right, "TRANSPOSE": right.T.copy(), "VECTOR": right[:, 0].copy()}[second.name]
    net = Net(a, b)
    layer = net.n.add_matrix_multiply(net.t[0], first, net.t[1], second)
    left = M[0] if first.name == "VECTOR" else M
    check(gpu, net, layer, left @ (right[:, 0] if second.name == "VECTOR" else right))


def test_einsum_cumulative_cast_identity_select(gpu: Device) -> None:
    net = Net(M, M)
    check(gpu, net, net.n.add_einsum(net.t, "ij,kj->ik"), M @ M.T)
    for exclusive in (False, True):
        net = Net(M)
        layer = net.n.add_cumulative(net.t[0], net.const(1, I32), trt.CumulativeOperation.SUM, exclusive, True)
        total = np.cumsum(M[:, ::-1], 1)[:, ::-1]
        check(gpu, net, layer, total - M if exclusive else total)
    net = Net(M)
    assert check(gpu, net, net.n.add_cast(net.t[0], trt.int32), M.astype(I32)).dtype == I32
    net = Net(M)
    layer = net.n.add_identity(net.t[0])
    layer.set_output_type(0, trt.float16)
    assert check(gpu, net, layer, M, 1e-2).dtype == np.float16
    net = Net(M > 0, M)
    check(gpu, net, net.n.add_select(*net.t, net.const([[7]])), np.where(M > 0, M, 7))


def test_quantize_and_dequantize(gpu: Device) -> None:
    net = Net(M)
    scale = np.array([0.1, 0.2, 0.05, 0.3, 0.1], F32)
    layer = net.n.add_quantize(net.t[0], net.const(scale))
    layer.axis = 1
    back = net.n.add_dequantize(layer.get_output(0), net.const(scale))
    back.axis = 1
    whole = np.clip(np.rint(M / scale), -128, 127)
    check(gpu, net, back, whole * scale)


def test_fill(gpu: Device) -> None:
    net = Net(M)
    layer = net.n.add_fill((5,), trt.FillOperation.LINSPACE)
    layer.alpha, layer.beta = 2.0, 0.5
    check(gpu, net, layer, 2 + 0.5 * np.arange(5))
    net = Net(M)
    layer = net.n.add_fill((2, 3), trt.FillOperation.LINSPACE, trt.int32)
    layer.set_input(1, net.const(1, I32))
    layer.set_input(2, net.const([10, 2], I32))
    check(gpu, net, layer, 1 + 10 * np.arange(2)[:, None] + 2 * np.arange(3))
    for name, low, high in (("RANDOM_UNIFORM", 3.0, 4.0), ("RANDOM_NORMAL", 3.0, 0.1)):
        net = Net(M)
        layer = net.n.add_fill((1000,), trt.FillOperation[name])
        layer.alpha, layer.beta = low, high
        (values,) = net.run(gpu, layer.get_output(0))
        assert abs(values.mean() - (3.5 if name == "RANDOM_UNIFORM" else 3.0)) < 0.1 and values.std() > 0.05


def test_shuffle(gpu: Device) -> None:
    net = Net(X)
    layer = net.n.add_shuffle(net.t[0])
    layer.first_transpose, layer.reshape_dims, layer.second_transpose = (0, 2, 3, 1), (0, -1, 9), (0, 2, 1)
    check(gpu, net, layer, X.transpose(0, 2, 3, 1).reshape(2, -1, 9).transpose(0, 2, 1))
    net = Net(M)
    layer = net.n.add_shuffle(net.t[0])
    layer.set_input(1, net.const([2, 10], I32))
    check(gpu, net, layer, M.reshape(2, 10))


@pytest.mark.parametrize("mode", ["STRICT_BOUNDS", "WRAP", "CLAMP", "FILL", "REFLECT"])
def test_slice(gpu: Device, mode: str) -> None:
    net = Net(M)
    strict = mode == "STRICT_BOUNDS"
    start, shape, stride = ((3, 0), (4, 3), (-1, 2)) if strict else ((-2, 1), (8, 9), (1, 1))
    layer = net.n.add_slice(net.t[0], start, shape, stride)
    layer.mode = trt.SampleMode[mode]
    if mode == "FILL":
        layer.set_input(4, net.const(9))
    expected = M[::-1, ::2] if strict else None
    if not strict:
        pad = {"WRAP": "wrap", "CLAMP": "edge", "FILL": "constant", "REFLECT": "reflect"}[mode]
        more = {"constant_values": 9} if mode == "FILL" else {}
        expected = np.pad(M, ((2, 2), (0, 5)), pad, **more)[:, 1:10]
    check(gpu, net, layer, expected)


def test_slice_by_tensors(gpu: Device) -> None:
    net = Net(M)
    layer = net.n.add_slice(net.t[0], (), (), ())
    for place, values in enumerate(([1, 1], [2, 2], [1, 2]), 1):
        layer.set_input(place, net.const(values, I32))
    check(gpu, net, layer, M[1:3, 1:5:2])


def test_concatenation_shape_squeeze_unsqueeze(gpu: Device) -> None:
    net = Net(X, Y)
    layer = net.n.add_concatenation(net.t)
    assert layer.axis == 1
    layer.axis = 3
    check(gpu, net, layer, np.concatenate([X, Y], 3))
    net = Net(X)
    assert check(gpu, net, net.n.add_shape(net.t[0]), X.shape).dtype == np.int64
    net = Net(M)
    wide = net.n.add_unsqueeze(net.t[0], net.const([0, 2], I32))
    assert tuple(wide.get_output(0).shape) == (1, 4, 1, 5)
    check(gpu, net, net.n.add_squeeze(wide.get_output(0), net.const([0], I32)), M[:, None])


def test_resize(gpu: Device) -> None:
    net = Net(X)
    layer = net.n.add_resize(net.t[0])
    layer.shape = (2, 3, 10, 12)
    check(gpu, net, layer, X.repeat(2, 2).repeat(2, 3))
    net = Net(X)
    layer = net.n.add_resize(net.t[0])
    layer.scales, layer.resize_mode = (1, 1, 1, 2), trt.InterpolationMode.LINEAR
    layer.coordinate_transformation = trt.ResizeCoordinateTransformation.ALIGN_CORNERS
    places = np.arange(12) * 5 / 11
    low = np.minimum(places.astype(int), 4)
    check(gpu, net, layer, X[..., low] * (1 - (places - low)) + X[..., low + 1] * (places - low))


def test_gather_and_scatter(gpu: Device) -> None:
    net = Net(M, np.array([[3, 0], [1, 1]], I32))
    check(gpu, net, net.n.add_gather(*net.t, 0), M[[[3, 0], [1, 1]]])
    net = Net(M, np.array([[3, 0], [1, 1]], I32))
    check(gpu, net, net.n.add_gather_v2(*net.t, trt.GatherMode.ND), M[[3, 1], [0, 1]])
    places = R.integers(0, 4, (2, 5)).astype(I32)
    net = Net(M, places)
    check(gpu, net, net.n.add_gather_v2(*net.t, trt.GatherMode.ELEMENT), np.take_along_axis(M, places.astype(int), 0))
    net = Net(M, np.array([[0, 4], [1, 1], [2, 2], [3, 0]], I32))
    layer = net.n.add_gather(*net.t, 1)
    layer.num_elementwise_dims = 1
    check(gpu, net, layer, np.take_along_axis(M, np.array([[0, 4], [1, 1], [2, 2], [3, 0]]), 1))
    expected = M.copy()
    np.put_along_axis(expected, np.array([[1, 0, 2, 3, 1]]), 9, 0)
    net = Net(M, np.array([[1, 0, 2, 3, 1]], I32), np.full((1, 5), 9, F32))
    check(gpu, net, net.n.add_scatter(*net.t, trt.ScatterMode.ELEMENT), expected)
    expected = M.copy()
    expected[[1, 3]] = [[8], [9]]
    net = Net(M, np.array([[1], [3]], I32), np.repeat([[8], [9]], 5, 1).astype(F32))
    check(gpu, net, net.n.add_scatter(*net.t, trt.ScatterMode.ND), expected)


def test_one_hot_non_zero_reverse_sequence(gpu: Device) -> None:
    net = Net(np.array([2, 0, 1], I32))
    layer = net.n.add_one_hot(net.t[0], net.const([0, 5]), net.const(4, I32), -1)
    check(gpu, net, layer, np.eye(4)[[2, 0, 1]] * 5)
    net = Net(M, np.array([2, 4, 1, 3, 4], I32))
    expected = M.copy()
    for column, length in enumerate([2, 4, 1, 3, 4]):
        expected[:length, column] = M[:length, column][::-1]
    check(gpu, net, net.n.add_reverse_sequence(*net.t), expected)
    net = Net(M)
    layer = net.n.add_non_zero(net.t[0])
    count = net.n.add_shape(layer.get_output(0))
    assert list(net.run(gpu, count.get_output(0))[0]) == [2, np.count_nonzero(M)]


def test_grid_sample(gpu: Device) -> None:
    ys, xs = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 6), indexing="ij")
    grid = np.broadcast_to(np.stack([xs, ys], -1), (2, 5, 6, 2)).astype(F32).copy()
    net = Net(X, grid)
    layer = net.n.add_grid_sample(*net.t)
    layer.align_corners = True
    check(gpu, net, layer, X)


def test_nms(gpu: Device) -> None:
    boxes = np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [5, 5, 6, 6]]], F32)
    scores = np.array([[[0.9], [0.8], [0.7]]], F32)
    net = Net(boxes, scores)
    layer = net.n.add_nms(*net.t, net.const(10, I32))
    layer.set_input(3, net.const(0.5))
    layer.set_input(4, net.const(0.1))
    chosen = net.n.add_shuffle(layer.get_output(0))
    chosen.reshape_dims = (2, 3)
    rows, count = net.run(gpu, chosen.get_output(0), layer.get_output(1))
    assert rows.tolist() == [[0, 0, 0], [0, 0, 2]] and count == 2


def test_an_assertion_ends_a_run(gpu: Device) -> None:
    for fine in (True, False):
        net = Net(M, np.array([fine]))
        net.n.add_assertion(net.t[1], "the flag must be set")
        layer = net.n.add_activation(net.t[0], trt.ActivationType.RELU)
        layer.get_output(0).name = "out"
        net.n.mark_output(layer.get_output(0))
        engine = engine_from(net.builder, net.n, net.builder.create_builder_config(), net.log)
        assert engine.num_io_tensors == 3
        buffers = [gpu.put(M), gpu.put(np.array([fine])), gpu.empty(M.nbytes)]
        assert engine.create_execution_context().execute_v2(buffers) is fine
        assert fine or "the flag must be set" in net.log.errors[-1]


@pytest.mark.parametrize("profile", ["8", "10"])
def test_each_documented_layer_is_tested(profile: str) -> None:
    folder = Path(__file__).parent
    methods = json.loads((folder / f"api_{profile}.json").read_text())["classes"]["INetworkDefinition"]
    tests = "".join(path.read_text() for path in folder.glob("*.py"))
    missing = {name for name in methods if name.startswith("add_") and f".{name}(" not in tests}
    assert missing == ({"add_rnn_v2"} if profile == "8" else set())  # docs/tensorrt-api.md has the reason


def test_wrong_arguments_are_refused() -> None:
    net = Net(M)
    with pytest.raises(TypeError, match="get_output"):
        net.n.add_unary(net.n.add_identity(net.t[0]), trt.UnaryOperation.EXP)
    assert net.n.add_constant((3,), np.zeros(4, F32)) is None and "4 values" in net.log.errors[-1]
    layer = net.n.add_matrix_multiply(net.t[0], trt.MatrixOperation.NONE, net.t[0], trt.MatrixOperation.NONE)
    net.n.mark_output(layer.get_output(0))
    assert net.builder.build_serialized_network(net.n, net.builder.create_builder_config()) is None and net.log.errors
