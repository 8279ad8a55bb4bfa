"""Layers with weights or windows: activations, convolutions, pooling, normalisations."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.dims import Dims, DimsHW
from compatlayer.frontends.tensorrt.enums import LayerType, PaddingMode, PoolingType, ScaleMode, layer_kind
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.weights import array_of
from compatlayer.frontends.tensorrt.writer import Writer

_PLAIN = {"RELU": "Relu", "SIGMOID": "Sigmoid", "TANH": "Tanh", "SOFTSIGN": "Softsign"}
_WITH_ALPHA = {"LEAKY_RELU": "LeakyRelu", "ELU": "Elu", "THRESHOLDED_RELU": "ThresholdedRelu"}


def axes_of(mask: int) -> list[int]:
    """Axes from a mask of bits."""
    return [place for place in range(8) if mask >> place & 1]


class IActivationLayer(ILayer):
    """An activation by `type`, with `alpha` and `beta` where it has them."""

    kind = LayerType["ACTIVATION"]

    def __init__(self, network: Any, input: Any, type: Any) -> None:
        super().__init__(network, [input])
        self.function = type
        self.alpha = self.beta = 0.0

    @property
    def type(self) -> Any:
        return self.function

    @type.setter
    def type(self, function: Any) -> None:
        self.function = function

    def emit(self, writer: Writer) -> None:
        (x,) = self.names(writer)
        out, name = self.out(writer), self.function.name
        alpha, beta = float(self.alpha), float(self.beta)
        if name in _PLAIN:
            writer.op(_PLAIN[name], [x], out)
        elif name in _WITH_ALPHA:
            writer.op(_WITH_ALPHA[name], [x], out, alpha=alpha)
        elif name == "SELU":
            writer.op("Selu", [x], out, alpha=alpha, gamma=beta)
        elif name == "HARD_SIGMOID":
            writer.op("HardSigmoid", [x], out, alpha=alpha, beta=beta)
        elif name in ("GELU_ERF", "GELU_TANH"):
            writer.op("Gelu", [x], out, approximate="none" if name == "GELU_ERF" else "tanh")
        elif name == "CLIP":
            writer.op("Clip", [x, self.scalar(writer, alpha), self.scalar(writer, beta)], out)
        else:  # alpha * softplus(beta * x), alpha * tanh(beta * x)
            inner = writer.op("Mul", [x, self.scalar(writer, beta)])
            inner = writer.op("Softplus" if name == "SOFTPLUS" else "Tanh", [inner])
            writer.op("Mul", [inner, self.scalar(writer, alpha)], out)


class WindowedLayer(ILayer):
    """What convolutions and pooling share: a window, strides, and padding."""

    def __init__(self, network: Any, inputs: list[Any], window: Any) -> None:
        super().__init__(network, inputs)
        self._window = tuple(window)
        rank = len(self._window)
        self._stride: tuple[int, ...] = (1,) * rank
        self._dilation: tuple[int, ...] = (1,) * rank
        self._pre: tuple[int, ...] = (0,) * rank
        self._post: tuple[int, ...] = (0,) * rank
        self.padding_mode = PaddingMode["EXPLICIT_ROUND_DOWN"]

    stride_nd = property(lambda self: Dims(self._stride), lambda self, v: setattr(self, "_stride", tuple(v)))
    dilation_nd = property(lambda self: Dims(self._dilation), lambda self, v: setattr(self, "_dilation", tuple(v)))
    pre_padding = property(lambda self: Dims(self._pre), lambda self, v: setattr(self, "_pre", tuple(v)))
    post_padding = property(lambda self: Dims(self._post), lambda self, v: setattr(self, "_post", tuple(v)))
    stride = property(lambda self: DimsHW(self._stride), lambda self, v: setattr(self, "_stride", tuple(v)))
    dilation = property(lambda self: DimsHW(self._dilation), lambda self, v: setattr(self, "_dilation", tuple(v)))

    @property
    def padding_nd(self) -> Dims:
        return Dims(self._pre)

    @padding_nd.setter
    def padding_nd(self, padding: Any) -> None:
        self._pre = self._post = tuple(padding)

    padding = padding_nd

    def window(self) -> dict[str, Any]:
        """Attributes for ONNX."""
        rounds_up = self.padding_mode is PaddingMode["EXPLICIT_ROUND_UP"] and max(self._stride, default=1) > 1
        if self.padding_mode.name.startswith("CAFFE") or (rounds_up and not isinstance(self, IPoolingLayer)):
            raise Refusal(MISUSE, f"{self.name}: the padding mode {self.padding_mode.name} is not implemented for this "
                          "layer; give the padding itself with pre_padding and post_padding")
        found: dict[str, Any] = {"kernel_shape": self._window, "strides": self._stride}
        if self.padding_mode.name.startswith("SAME"):
            found["auto_pad"] = self.padding_mode.name
        else:
            found["pads"] = [*self._pre, *self._post]
        return found


class IConvolutionLayer(WindowedLayer):
    """A convolution; the kernel is KCRS, K output maps."""

    kind = LayerType["CONVOLUTION"]
    operator = "Conv"

    def __init__(self, network: Any, input: Any, num_output_maps: int, kernel_shape: Any, kernel: Any,
                 bias: Any = None) -> None:
        super().__init__(network, [input], kernel_shape)
        self.num_output_maps = num_output_maps
        self.num_groups = 1
        self.kernel = array_of(kernel)
        self.bias = array_of(bias)
        self._given = {"KERNEL": kernel, "BIAS": bias}

    kernel_size_nd = property(lambda self: Dims(self._window), lambda self, v: setattr(self, "_window", tuple(v)))
    kernel_size = property(lambda self: DimsHW(self._window), lambda self, v: setattr(self, "_window", tuple(v)))

    def weight_names(self) -> dict[str, str]:
        return {role: self._network.weights_name(self._given[role], f"{self.name} {role}")
                for role, array in (("KERNEL", self.kernel), ("BIAS", self.bias)) if array is not None}

    def kernel_shape(self) -> tuple[int, ...]:
        return (self.num_output_maps, -1, *self._window)

    def attributes(self) -> dict[str, Any]:
        return self.window() | {"dilations": self._dilation, "group": self.num_groups}

    def emit(self, writer: Writer) -> None:
        inputs, named = self.names(writer), self.weight_names()
        if len(inputs) < 2:
            if self.kernel is None:
                raise Refusal(MISUSE, f"{self.name}: kernel weights are empty, and no tensor was set as input 1")
            inputs.append(writer.constant(array_of(self.kernel).reshape(self.kernel_shape()), named["KERNEL"]))
        if len(inputs) < 3 and self.bias is not None:
            inputs.append(writer.constant(array_of(self.bias).reshape(-1), named["BIAS"]))
        writer.op(self.operator, inputs, self.out(writer), **self.attributes())


class IDeconvolutionLayer(IConvolutionLayer):
    """A transposed convolution; the kernel is CKRS."""

    kind = LayerType["DECONVOLUTION"]
    operator = "ConvTranspose"

    def kernel_shape(self) -> tuple[int, ...]:
        return (-1, self.num_output_maps // self.num_groups, *self._window)

    def attributes(self) -> dict[str, Any]:
        return super().attributes()


class IFullyConnectedLayer(ILayer):
    """A matrix product over the last three dimensions."""

    kind = layer_kind("FULLY_CONNECTED")

    def __init__(self, network: Any, input: Any, num_outputs: int, kernel: Any, bias: Any = None) -> None:
        super().__init__(network, [input])
        self.num_output_channels = num_outputs
        self.kernel, self.bias = array_of(kernel), array_of(bias)
        self._given = {"KERNEL": kernel, "BIAS": bias}

    weight_names = IConvolutionLayer.weight_names

    def emit(self, writer: Writer) -> None:
        (x,) = self.names(writer)
        named = self.weight_names()  # type: ignore[misc]
        kernel = writer.constant(array_of(self.kernel).reshape(self.num_output_channels, -1), named["KERNEL"])
        flat = writer.op("Flatten", [x], axis=1)
        inputs = [flat, kernel] + ([writer.constant(self.bias, named["BIAS"])] if self.bias is not None else [])
        product = writer.op("Gemm", inputs, transB=1)
        writer.op("Unsqueeze", [product, writer.ints(2, 3)], self.out(writer))


class IPoolingLayer(WindowedLayer):
    """Pooling by `type`; with MAX_AVERAGE_BLEND by `blend_factor` of the average."""

    kind = LayerType["POOLING"]

    def __init__(self, network: Any, input: Any, type: Any, window_size: Any) -> None:
        super().__init__(network, [input], window_size)
        self._stride = self._window
        self.function = type
        self.blend_factor = 0.0
        self.average_count_excludes_padding = True

    window_size_nd = property(lambda self: Dims(self._window), lambda self, v: setattr(self, "_window", tuple(v)))
    window_size = property(lambda self: DimsHW(self._window), lambda self, v: setattr(self, "_window", tuple(v)))

    @property
    def type(self) -> Any:
        return self.function

    @type.setter
    def type(self, function: Any) -> None:
        self.function = function

    def emit(self, writer: Writer) -> None:
        (x,) = self.names(writer)
        attributes = self.window() | {"ceil_mode": int(self.padding_mode is PaddingMode["EXPLICIT_ROUND_UP"])}
        include: dict[str, Any] = {"count_include_pad": int(not self.average_count_excludes_padding)}
        if self.function is PoolingType["MAX"]:
            writer.op("MaxPool", [x], self.out(writer), **attributes)
        elif self.function is PoolingType["AVERAGE"]:
            writer.op("AveragePool", [x], self.out(writer), **attributes, **include)
        else:
            largest = writer.op("MaxPool", [x], **attributes)
            mean = writer.op("AveragePool", [x], **attributes, **include)
            parts = [writer.op("Mul", [mean, self.scalar(writer, self.blend_factor)]),
                     writer.op("Mul", [largest, self.scalar(writer, 1 - self.blend_factor)])]
            writer.op("Add", parts, self.out(writer))


class ILRNLayer(ILayer):
    """Local response normalisation over channels."""

    kind = LayerType["LRN"]

    def __init__(self, network: Any, input: Any, window: int, alpha: float, beta: float, k: float) -> None:
        super().__init__(network, [input])
        self.window_size, self.alpha, self.beta, self.k = window, alpha, beta, k

    def emit(self, writer: Writer) -> None:
        writer.op("LRN", self.names(writer), self.out(writer), size=self.window_size, alpha=float(self.alpha),
                  beta=float(self.beta), bias=float(self.k))


class IScaleLayer(ILayer):
    """(x * scale + shift) ** power, uniform, by channel or by element."""

    kind = LayerType["SCALE"]

    def __init__(self, network: Any, input: Any, mode: Any, shift: Any = None, scale: Any = None, power: Any = None,
                 channel_axis: int = 1) -> None:
        super().__init__(network, [input])
        self.mode, self.channel_axis = mode, channel_axis
        self.shift, self.scale, self.power = array_of(shift), array_of(scale), array_of(power)
        self._given = {"SHIFT": shift, "SCALE": scale}

    def weight_names(self) -> dict[str, str]:
        return {role: self._network.weights_name(self._given[role], f"{self.name} {role}")
                for role, array in (("SHIFT", self.shift), ("SCALE", self.scale)) if array is not None}

    def emit(self, writer: Writer) -> None:
        (value,) = self.names(writer)
        named = self.weight_names()
        for operator, role, array in (("Mul", "SCALE", self.scale), ("Add", "SHIFT", self.shift),
                                      ("Pow", "POWER", self.power)):
            if array is not None and not (role == "POWER" and np.all(np.asarray(array) == 1)):
                factor = writer.constant(self._shaped(array_of(array)), named.get(role, ""))
                value = writer.op(operator, [value, factor])
        writer.op("Identity", [value], self.out(writer))

    def _shaped(self, array: Any) -> Any:
        assert self._inputs[0] is not None
        shape = self._inputs[0].shape
        if self.mode is ScaleMode["UNIFORM"]:
            return array.reshape(())
        if self.mode is ScaleMode["CHANNEL"]:
            return array.reshape([-1] + [1] * (len(shape) - self.channel_axis - 1))
        return array.reshape(shape[self.channel_axis:])


class ISoftMaxLayer(ILayer):
    """Softmax over the one axis whose bit `axes` has."""

    kind = LayerType["SOFTMAX"]

    def __init__(self, network: Any, input: Any) -> None:
        super().__init__(network, [input])
        self.axes = 1 << max(0, len(input.shape) - 3)

    def emit(self, writer: Writer) -> None:
        writer.op("Softmax", self.names(writer), self.out(writer), axis=axes_of(self.axes)[0])


class IRaggedSoftMaxLayer(ILayer):
    """Softmax over the first `bounds` elements of the last axis; zeros behind them."""

    kind = LayerType["RAGGED_SOFTMAX"]

    def emit(self, writer: Writer) -> None:
        x, bounds = self.names(writer)
        length = writer.op("Gather", [writer.op("Shape", [x]), writer.constant(np.int64(-1))])
        places = writer.op("Range", [writer.constant(np.int64(0)), length, writer.constant(np.int64(1))])
        there = writer.op("Less", [places, writer.cast(bounds, 7)])
        masked = writer.op("Where", [there, x, self.scalar(writer, -1e30)])
        writer.op("Where", [there, writer.op("Softmax", [masked], axis=-1), self.scalar(writer, 0)], self.out(writer))


class IParametricReLULayer(ILayer):
    """max(x, 0) + slope * min(x, 0)."""

    kind = LayerType["PARAMETRIC_RELU"]

    def emit(self, writer: Writer) -> None:
        writer.op("PRelu", self.names(writer), self.out(writer))


class IPaddingLayer(ILayer):
    """Zeros around the last two dimensions; negative numbers crop."""

    kind = LayerType["PADDING"]

    def __init__(self, network: Any, input: Any, pre_padding: Any, post_padding: Any) -> None:
        super().__init__(network, [input])
        self.pre_padding_nd, self.post_padding_nd = Dims(pre_padding), Dims(post_padding)

    pre_padding = property(lambda self: self.pre_padding_nd, lambda self, v: setattr(self, "pre_padding_nd", Dims(v)))
    post_padding = property(lambda self: self.post_padding_nd,
                            lambda self, v: setattr(self, "post_padding_nd", Dims(v)))

    def emit(self, writer: Writer) -> None:
        assert self._inputs[0] is not None
        front = [0] * (len(self._inputs[0].shape) - len(self.pre_padding_nd))
        pads = [*front, *self.pre_padding_nd, *front, *self.post_padding_nd]
        writer.op("Pad", [*self.names(writer), writer.ints(*pads)], self.out(writer))


class INormalizationLayer(ILayer):
    """(x - mean) / sqrt(variance + epsilon) * scale + bias over `axes`; over channels in `num_groups` groups."""

    kind = LayerType["NORMALIZATION"]

    def __init__(self, network: Any, input: Any, scale: Any, bias: Any, axes: int) -> None:
        super().__init__(network, [input, scale, bias])
        self.axes, self.epsilon, self.num_groups, self.compute_precision = axes, 1e-5, 1, None

    def emit(self, writer: Writer) -> None:
        x, scale, bias = self.names(writer)
        original, axes = writer.op("Shape", [x]), axes_of(self.axes)
        if self.num_groups != 1:
            x = writer.op("Reshape", [x, writer.ints(0, self.num_groups, -1)])
            axes = [2]
        places = writer.ints(*axes)
        centred = writer.op("Sub", [x, writer.op("ReduceMean", [x, places])])
        variance = writer.op("ReduceMean", [writer.op("Mul", [centred, centred]), places])
        deviation = writer.op("Sqrt", [writer.op("Add", [variance, self.scalar(writer, self.epsilon)])])
        normal = writer.op("Div", [centred, deviation])
        if self.num_groups != 1:
            normal = writer.op("Reshape", [normal, original])
        writer.op("Add", [writer.op("Mul", [normal, scale]), bias], self.out(writer))
