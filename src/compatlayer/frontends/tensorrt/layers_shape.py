"""Layers that move values: reshape, slice, gather, scatter, resize, choose."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enums import (
    BoundingBoxFormat,
    GatherMode,
    InterpolationMode,
    LayerType,
    ResizeCoordinateTransformation,
    ResizeRoundMode,
    ResizeSelector,
    SampleMode,
    ScatterMode,
    layer_kind,
)
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.profile import PROFILE
from compatlayer.frontends.tensorrt.writer import Writer

_LOWEST = -(1 << 62)


class IShuffleLayer(ILayer):
    """Transpose, reshape, transpose. In `reshape_dims` 0 copies a dimension and -1 is worked out."""

    kind = LayerType["SHUFFLE"]

    def __init__(self, network: Any, input: Any) -> None:
        super().__init__(network, [input])
        self.first_transpose: Any = None
        self.second_transpose: Any = None
        self._reshape: Any = None
        self.zero_is_placeholder = True

    @property
    def reshape_dims(self) -> Dims:
        return Dims(self._reshape if self._reshape is not None else ())

    @reshape_dims.setter
    def reshape_dims(self, shape: Any) -> None:
        self._reshape = tuple(shape)
        del self._inputs[1:]
        self._network.changed()

    def emit(self, writer: Writer) -> None:
        names = self.names(writer)
        value = names[0]
        if self.first_transpose is not None:
            value = writer.op("Transpose", [value], perm=list(self.first_transpose))
        shape = ""
        if len(names) > 1:
            shape = writer.cast(names[1], 7)
        elif self._reshape is not None:
            shape = writer.ints(*self._reshape)
        if shape:
            value = writer.op("Reshape", [value, shape], allowzero=int(not self.zero_is_placeholder))
        if self.second_transpose is not None:
            value = writer.op("Transpose", [value], perm=list(self.second_transpose))
        writer.op("Identity", [value], self.out(writer))


class ISliceLayer(ILayer):
    """`shape` elements from `start` on by `stride`; `mode` says what is beyond the edge."""

    kind = LayerType["SLICE"]

    def __init__(self, network: Any, input: Any, start: Any, shape: Any, stride: Any) -> None:
        super().__init__(network, [input])
        self.start, self.shape, self.stride, self.axes = Dims(start), Dims(shape), Dims(stride), Dims()
        self.mode = SampleMode["STRICT_BOUNDS"]

    def emit(self, writer: Writer) -> None:
        names = self.names(writer) + [""] * 6
        axes = list(self.axes) or list(range(len(self.start) or len(self._rank())))
        if self.mode is SampleMode["STRICT_BOUNDS"]:
            self._strict(writer, names, axes)
            return
        if names[1] or names[2] or names[3]:
            raise Refusal(MISUSE, f"{self.name}: start, size and stride as tensors are implemented for "
                          "STRICT_BOUNDS only")
        value = names[0]
        outside = ""
        for place, axis in enumerate(axes):
            wanted = self.start[place] + self.stride[place] * np.arange(self.shape[place])
            length = writer.op("Gather", [writer.op("Shape", [names[0]]), writer.constant(np.int64(axis))])
            index = writer.constant(wanted.astype(np.int64))
            value = writer.op("Gather", [value, self._mapped(writer, index, length)], axis=axis)
            if self.mode is SampleMode["FILL"]:
                beyond = writer.op("Or", [writer.op("Less", [index, writer.constant(np.int64(0))]),
                                          writer.op("GreaterOrEqual", [index, length])])
                beyond = writer.op("Reshape", [beyond, writer.ints(-1, *[1] * (len(self._rank()) - axis - 1))])
                outside = writer.op("Or", [outside, beyond]) if outside else beyond
        if outside:
            value = writer.op("Where", [outside, names[4] or self.scalar(writer, 0), value])
        writer.op("Identity", [value], self.out(writer))

    def _rank(self) -> Any:
        assert self._inputs[0] is not None
        return self._inputs[0].shape

    def _strict(self, writer: Writer, names: list[str], axes: list[int]) -> None:
        start = writer.cast(names[1], 7) if names[1] else writer.ints(*self.start)
        size = writer.cast(names[2], 7) if names[2] else writer.ints(*self.shape)
        stride = writer.cast(names[3], 7) if names[3] else writer.ints(*self.stride)
        end = writer.op("Add", [start, writer.op("Mul", [size, stride])])
        # Below 0 a backward slice ends before the first element, where ONNX would count from the end.
        end = writer.op("Where", [writer.op("Less", [end, writer.ints(0)]), writer.ints(_LOWEST), end])
        where = writer.cast(names[5], 7) if names[5] else writer.ints(*axes)
        writer.op("Slice", [names[0], start, end, where, stride], self.out(writer))

    def _mapped(self, writer: Writer, index: str, length: str) -> str:
        """Places along an axis, brought into it as the mode says."""
        zero, one = writer.constant(np.int64(0)), writer.constant(np.int64(1))
        last = writer.op("Sub", [length, one])
        if self.mode is SampleMode["WRAP"]:
            return writer.op("Mod", [index, length])
        if self.mode is SampleMode["REFLECT"]:
            period = writer.op("Max", [writer.op("Mul", [last, writer.constant(np.int64(2))]), one])
            folded = writer.op("Mod", [index, period])
            return writer.op("Min", [folded, writer.op("Sub", [period, folded])])
        return writer.op("Min", [writer.op("Max", [index, zero]), last])


class IConcatenationLayer(ILayer):
    """Tensors side by side along `axis`."""

    kind = LayerType["CONCATENATION"]

    def __init__(self, network: Any, inputs: Any) -> None:
        super().__init__(network, list(inputs))
        self.axis = max(0, len(inputs[0].shape) - 3)

    def emit(self, writer: Writer) -> None:
        writer.op("Concat", self.names(writer), self.out(writer), axis=self.axis)


class IShapeLayer(ILayer):
    """The shape of a tensor as a tensor: INT64, in TensorRT 8 INT32."""

    kind = LayerType["SHAPE"]

    def emit(self, writer: Writer) -> None:
        if PROFILE == 8:
            writer.cast(writer.op("Shape", self.names(writer)), 6, self.out(writer))
        else:
            writer.op("Shape", self.names(writer), self.out(writer))


class ISqueezeLayer(ILayer):
    """Dimensions of size 1 away; `axes` is a tensor."""

    kind = layer_kind("SQUEEZE")
    operator = "Squeeze"

    def emit(self, writer: Writer) -> None:
        x, axes = self.names(writer)
        writer.op(self.operator, [x, writer.cast(axes, 7)], self.out(writer))


class IUnsqueezeLayer(ISqueezeLayer):
    """New dimensions of size 1."""

    kind = layer_kind("UNSQUEEZE")
    operator = "Unsqueeze"


class IResizeLayer(ILayer):
    """Another size, by `shape`, `scales` or input 1."""

    kind = LayerType["RESIZE"]

    def __init__(self, network: Any, input: Any) -> None:
        super().__init__(network, [input])
        self._shape: Any = None
        self.scales: Any = []
        self.resize_mode = InterpolationMode["NEAREST"]
        self.coordinate_transformation = ResizeCoordinateTransformation["ASYMMETRIC"]
        self.selector_for_single_pixel = ResizeSelector["FORMULA"]
        self.nearest_rounding = ResizeRoundMode["FLOOR"]
        self.cubic_coeff = -0.75
        self.exclude_outside = False

    shape = property(lambda self: Dims(self._shape or ()), lambda self, v: setattr(self, "_shape", tuple(v)))

    def emit(self, writer: Writer) -> None:
        names = self.names(writer)
        way = {"ALIGN_CORNERS": "align_corners", "ASYMMETRIC": "asymmetric",
               "HALF_PIXEL": "half_pixel"}[self.coordinate_transformation.name]
        if self.selector_for_single_pixel is ResizeSelector["UPPER"] and way == "half_pixel":
            way = "pytorch_half_pixel"
        mode = {"NEAREST": "nearest", "LINEAR": "linear", "CUBIC": "cubic"}[self.resize_mode.name]
        nearest = {"HALF_UP": "round_prefer_ceil", "HALF_DOWN": "round_prefer_floor", "FLOOR": "floor",
                   "CEIL": "ceil"}[self.nearest_rounding.name]
        inputs = [names[0], "", "", ""]
        if len(names) > 1:
            inputs[3] = writer.cast(names[1], 7)
        elif self._shape is not None:
            inputs[3] = writer.ints(*self._shape)
        else:
            inputs[2] = writer.constant(np.array(list(self.scales), np.float32))
            inputs.pop()
        writer.op("Resize", inputs, self.out(writer), mode=mode, coordinate_transformation_mode=way,
                  nearest_mode=nearest, cubic_coeff_a=float(self.cubic_coeff),
                  exclude_outside=int(self.exclude_outside))


class IGatherLayer(ILayer):
    """Slices, elements or sub-tensors by their places."""

    kind = LayerType["GATHER"]

    def __init__(self, network: Any, input: Any, indices: Any, axis: int = 0, mode: Any = None) -> None:
        super().__init__(network, [input, indices])
        self.axis, self.mode, self.num_elementwise_dims = axis, mode or GatherMode["DEFAULT"], 0

    def emit(self, writer: Writer) -> None:
        data, places = self.names(writer)
        out, shared = self.out(writer), self.num_elementwise_dims
        if self.mode is GatherMode["ELEMENT"]:
            writer.op("GatherElements", [data, places], out, axis=self.axis)
        elif self.mode is GatherMode["ND"]:
            writer.op("GatherND", [data, writer.cast(places, 7)], out, batch_dims=shared)
        elif not shared:
            writer.op("Gather", [data, places], out, axis=self.axis)
        elif self.axis == shared:
            places = writer.op("Unsqueeze", [writer.cast(places, 7), writer.ints(-1)])
            writer.op("GatherND", [data, places], out, batch_dims=shared)
        else:
            raise Refusal(MISUSE, f"{self.name}: with num_elementwise_dims={shared} the axis has to be {shared}")


class IScatterLayer(ILayer):
    """Values of one tensor put into another."""

    kind = LayerType["SCATTER"]

    def __init__(self, network: Any, data: Any, indices: Any, updates: Any, mode: Any) -> None:
        super().__init__(network, [data, indices, updates])
        self.mode, self.axis = mode, 0

    def emit(self, writer: Writer) -> None:
        data, places, updates = self.names(writer)
        if self.mode is ScatterMode["ELEMENT"]:
            writer.op("ScatterElements", [data, places, updates], self.out(writer), axis=self.axis)
        else:
            writer.op("ScatterND", [data, writer.cast(places, 7), updates], self.out(writer))


class IOneHotLayer(ILayer):
    """A new dimension that is on at one place."""

    kind = LayerType["ONE_HOT"]

    def __init__(self, network: Any, indices: Any, values: Any, depth: Any, axis: int) -> None:
        super().__init__(network, [indices, values, depth])
        self.axis = axis

    def emit(self, writer: Writer) -> None:
        indices, values, depth = self.names(writer)
        writer.op("OneHot", [indices, depth, values], self.out(writer), axis=self.axis)


class INonZeroLayer(ILayer):
    """Places of the elements that are not 0: rank x number, INT32."""

    kind = LayerType["NON_ZERO"]

    def emit(self, writer: Writer) -> None:
        writer.cast(writer.op("NonZero", self.names(writer)), 6, self.out(writer))


class IReverseSequenceLayer(ILayer):
    """The first elements of each sequence in reverse."""

    kind = LayerType["REVERSE_SEQUENCE"]

    def __init__(self, network: Any, input: Any, sequence_lens: Any) -> None:
        super().__init__(network, [input, sequence_lens])
        self.batch_axis, self.sequence_axis = 1, 0

    def emit(self, writer: Writer) -> None:
        x, lengths = self.names(writer)
        writer.op("ReverseSequence", [x, writer.cast(lengths, 7)], self.out(writer), batch_axis=self.batch_axis,
                  time_axis=self.sequence_axis)


class IGridSampleLayer(ILayer):
    """Values between pixels, at the places of a grid."""

    kind = LayerType["GRID_SAMPLE"]

    def __init__(self, network: Any, input: Any, grid: Any) -> None:
        super().__init__(network, [input, grid])
        self.interpolation_mode = InterpolationMode["LINEAR"]
        self.align_corners = False
        self.sample_mode = SampleMode["FILL"]

    def emit(self, writer: Writer) -> None:
        mode = {"NEAREST": "nearest", "LINEAR": "linear", "CUBIC": "cubic"}[self.interpolation_mode.name]
        padding = {"FILL": "zeros", "CLAMP": "border", "REFLECT": "reflection"}[self.sample_mode.name]
        writer.op("GridSample", self.names(writer), self.out(writer), mode=mode, padding_mode=padding,
                  align_corners=int(self.align_corners))


class INMSLayer(ILayer):
    """Non-maximum suppression: chosen (batch, class, box) as INT32, and how many."""

    kind = LayerType["NMS"]
    outputs_wanted = 2

    def __init__(self, network: Any, boxes: Any, scores: Any, max_output_boxes_per_class: Any) -> None:
        super().__init__(network, [boxes, scores, max_output_boxes_per_class])
        self.bounding_box_format = BoundingBoxFormat["CORNER_PAIRS"]
        self.topk_box_limit = 2000

    def emit(self, writer: Writer) -> None:
        names = self.names(writer) + ["", ""]
        boxes = names[0]
        if self._inputs[0] is not None and len(self._inputs[0].shape) == 4:
            boxes = writer.op("Squeeze", [boxes, writer.ints(2)])
        inputs = [boxes, writer.op("Transpose", [names[1]], perm=[0, 2, 1]), writer.cast(names[2], 7)]
        inputs += [name or writer.constant(np.float32(default)) for name, default in zip(names[3:5], (0, -1e30),
                                                                                         strict=True)]
        centre = int(self.bounding_box_format is BoundingBoxFormat["CENTER_SIZES"])
        chosen = writer.cast(writer.op("NonMaxSuppression", inputs, center_point_box=centre), 6, self.out(writer))
        count = writer.op("Gather", [writer.op("Shape", [chosen]), writer.constant(np.int64(0))])
        writer.cast(count, 6, self.out(writer, 1))


class IAssertionLayer(ILayer):
    """Ends a run with `message` where `condition` is false."""

    kind = LayerType["ASSERTION"]
    outputs_wanted = 0

    def __init__(self, network: Any, condition: Any, message: str) -> None:
        super().__init__(network, [condition])
        self.message = message

    def emit(self, writer: Writer) -> None:
        # A place that does not exist: onnxruntime ends the run, and names this node.
        false = writer.op("ReduceMax", [writer.cast(writer.op("Not", self.names(writer)), 7)], keepdims=0)
        name = writer.fresh("assertion")
        writer.op("Gather", [writer.ints(0), false], name)
        writer.nodes[-1].name = f"assertion failed: {self.message}"
        writer.root.checks.append(name)
