"""The add_* methods of INetworkDefinition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt import layers_math as m
from compatlayer.frontends.tensorrt import layers_neural as n
from compatlayer.frontends.tensorrt import layers_shape as s
from compatlayer.frontends.tensorrt.control_flow import IIfConditional, ILoop
from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import Refusal, tell_error
from compatlayer.frontends.tensorrt.plugin_layer import IPluginV2Layer, IPluginV3Layer
from compatlayer.frontends.tensorrt.tensor import ITensor

if TYPE_CHECKING:
    from collections.abc import Sequence

LAYERS = (
    n.IActivationLayer, n.IConvolutionLayer, n.IDeconvolutionLayer, n.IFullyConnectedLayer, n.IPoolingLayer,
    n.ILRNLayer, n.IScaleLayer, n.ISoftMaxLayer, n.IRaggedSoftMaxLayer, n.IParametricReLULayer, n.IPaddingLayer,
    n.INormalizationLayer, m.IElementWiseLayer, m.IUnaryLayer, m.IReduceLayer, m.ITopKLayer, m.IMatrixMultiplyLayer,
    m.IEinsumLayer, m.ICumulativeLayer, m.IConstantLayer, m.ICastLayer, m.IIdentityLayer, m.IQuantizeLayer,
    m.IDequantizeLayer, m.ISelectLayer, m.IFillLayer, s.IShuffleLayer, s.ISliceLayer, s.IConcatenationLayer,
    s.IShapeLayer, s.ISqueezeLayer, s.IUnsqueezeLayer, s.IResizeLayer, s.IGatherLayer, s.IScatterLayer,
    s.IOneHotLayer, s.INonZeroLayer, s.IReverseSequenceLayer, s.IGridSampleLayer, s.INMSLayer, s.IAssertionLayer,
    IPluginV2Layer, IPluginV3Layer,
)  # fmt: skip
for _kind in LAYERS:
    _kind.__module__ = "tensorrt"


class AddLayers:
    """Each method adds one layer and answers it, or None: the logger has the reason."""

    logger: Any
    _weight_names: dict[int, tuple[Any, str]]

    def add(self, layer: ILayer) -> Any:
        raise NotImplementedError

    def _make(self, kind: Any, *arguments: Any, **options: Any) -> Any:
        tensors = [each for argument in arguments for each in (argument if isinstance(argument, list) else [argument])]
        place = next((place for place, each in enumerate(arguments[:1]) if each is None), None)
        if place is not None or any(isinstance(each, ILayer) for each in tensors):
            raise TypeError(f"incompatible function arguments: {kind.__name__} needs tensors, not None or a layer; "
                            "layer.get_output(0) is a tensor")
        try:
            return self.add(kind(self, *arguments, **options))
        except Refusal as error:
            tell_error(self.logger, f"INetworkDefinition::{kind.__name__}", error.code, str(error))
            return None

    def add_activation(self, input: ITensor, type: Any) -> Any:
        return self._make(n.IActivationLayer, input, type)

    def add_convolution_nd(self, input: ITensor, num_output_maps: int, kernel_shape: Any, kernel: Any,
                           bias: Any = None) -> Any:
        return self._make(n.IConvolutionLayer, input, num_output_maps, kernel_shape, kernel, bias)

    def add_convolution(self, input: ITensor, num_output_maps: int, kernel_shape: Any, kernel: Any,
                        bias: Any = None) -> Any:
        return self._make(n.IConvolutionLayer, input, num_output_maps, kernel_shape, kernel, bias)

    def add_deconvolution_nd(self, input: ITensor, num_output_maps: int, kernel_shape: Any, kernel: Any,
                             bias: Any = None) -> Any:
        return self._make(n.IDeconvolutionLayer, input, num_output_maps, kernel_shape, kernel, bias)

    add_deconvolution = add_deconvolution_nd

    def add_fully_connected(self, input: ITensor, num_outputs: int, kernel: Any, bias: Any = None) -> Any:
        return self._make(n.IFullyConnectedLayer, input, num_outputs, kernel, bias)

    def add_pooling_nd(self, input: ITensor, type: Any, window_size: Any) -> Any:
        return self._make(n.IPoolingLayer, input, type, window_size)

    add_pooling = add_pooling_nd

    def add_lrn(self, input: ITensor, window: int, alpha: float, beta: float, k: float) -> Any:
        return self._make(n.ILRNLayer, input, window, alpha, beta, k)

    def add_scale(self, input: ITensor, mode: Any, shift: Any = None, scale: Any = None, power: Any = None) -> Any:
        return self._make(n.IScaleLayer, input, mode, shift, scale, power)

    def add_scale_nd(self, input: ITensor, mode: Any, shift: Any = None, scale: Any = None, power: Any = None,
                     channel_axis: int = 1) -> Any:
        return self._make(n.IScaleLayer, input, mode, shift, scale, power, channel_axis)

    def add_softmax(self, input: ITensor) -> Any:
        return self._make(n.ISoftMaxLayer, input)

    def add_ragged_softmax(self, input: ITensor, bounds: ITensor) -> Any:
        return self._lists(n.IRaggedSoftMaxLayer, input, bounds)

    def add_parametric_relu(self, input: ITensor, slopes: ITensor) -> Any:
        return self._lists(n.IParametricReLULayer, input, slopes)

    def add_padding_nd(self, input: ITensor, pre_padding: Any, post_padding: Any) -> Any:
        return self._make(n.IPaddingLayer, input, pre_padding, post_padding)

    add_padding = add_padding_nd

    def add_normalization(self, input: ITensor, scale: ITensor, bias: ITensor, axesMask: int) -> Any:
        return self._make(n.INormalizationLayer, input, scale, bias, axesMask)

    def add_elementwise(self, input1: ITensor, input2: ITensor, op: Any) -> Any:
        return self._make(m.IElementWiseLayer, input1, input2, op)

    def add_unary(self, input: ITensor, op: Any) -> Any:
        return self._make(m.IUnaryLayer, input, op)

    def add_reduce(self, input: ITensor, op: Any, axes: int, keep_dims: bool) -> Any:
        return self._make(m.IReduceLayer, input, op, axes, keep_dims)

    def add_topk(self, input: ITensor, op: Any, k: int, axes: int) -> Any:
        return self._make(m.ITopKLayer, input, op, k, axes)

    def add_matrix_multiply(self, input0: ITensor, op0: Any, input1: ITensor, op1: Any) -> Any:
        return self._make(m.IMatrixMultiplyLayer, input0, op0, input1, op1)

    def add_einsum(self, inputs: Sequence[ITensor], equation: str) -> Any:
        return self._make(m.IEinsumLayer, list(inputs), equation)

    def add_cumulative(self, input: ITensor, axis: ITensor, op: Any, exclusive: bool, reverse: bool) -> Any:
        return self._make(m.ICumulativeLayer, input, axis, op, exclusive, reverse)

    def add_constant(self, shape: Any, weights: Any) -> Any:
        return self._make(m.IConstantLayer, shape, weights)

    def add_cast(self, input: ITensor, to_type: DataType) -> Any:
        return self._make(m.ICastLayer, input, to_type)

    def add_identity(self, input: ITensor) -> Any:
        return self._lists(m.IIdentityLayer, input)

    def add_quantize(self, input: ITensor, scale: ITensor, output_type: Any = None) -> Any:
        return self._make(m.IQuantizeLayer, input, scale, output_type)

    def add_dequantize(self, input: ITensor, scale: ITensor, output_type: Any = None) -> Any:
        return self._make(m.IDequantizeLayer, input, scale, output_type)

    def add_select(self, condition: ITensor, then_input: ITensor, else_input: ITensor) -> Any:
        return self._lists(m.ISelectLayer, condition, then_input, else_input)

    def add_fill(self, shape: Any, op: Any, output_type: DataType = DataType.FLOAT) -> Any:
        return self._make(m.IFillLayer, shape, op, output_type)

    def add_shuffle(self, input: ITensor) -> Any:
        return self._make(s.IShuffleLayer, input)

    def add_slice(self, input: ITensor, start: Any, shape: Any, stride: Any) -> Any:
        return self._make(s.ISliceLayer, input, start, shape, stride)

    def add_concatenation(self, inputs: Sequence[ITensor]) -> Any:
        return self._make(s.IConcatenationLayer, list(inputs))

    def add_shape(self, input: ITensor) -> Any:
        return self._lists(s.IShapeLayer, input)

    def add_squeeze(self, input: ITensor, axes: ITensor) -> Any:
        return self._lists(s.ISqueezeLayer, input, axes)

    def add_unsqueeze(self, input: ITensor, axes: ITensor) -> Any:
        return self._lists(s.IUnsqueezeLayer, input, axes)

    def add_resize(self, input: ITensor) -> Any:
        return self._make(s.IResizeLayer, input)

    def add_gather(self, input: ITensor, indices: ITensor, axis: int) -> Any:
        return self._make(s.IGatherLayer, input, indices, axis)

    def add_gather_v2(self, input: ITensor, indices: ITensor, mode: Any) -> Any:
        return self._make(s.IGatherLayer, input, indices, 0, mode)

    def add_scatter(self, data: ITensor, indices: ITensor, updates: ITensor, mode: Any) -> Any:
        return self._make(s.IScatterLayer, data, indices, updates, mode)

    def add_one_hot(self, indices: ITensor, values: ITensor, depth: ITensor, axis: int) -> Any:
        return self._make(s.IOneHotLayer, indices, values, depth, axis)

    def add_non_zero(self, input: ITensor) -> Any:
        return self._lists(s.INonZeroLayer, input)

    def add_reverse_sequence(self, input: ITensor, sequence_lens: ITensor) -> Any:
        return self._make(s.IReverseSequenceLayer, input, sequence_lens)

    def add_grid_sample(self, input: ITensor, grid: ITensor) -> Any:
        return self._make(s.IGridSampleLayer, input, grid)

    def add_nms(self, boxes: ITensor, scores: ITensor, max_output_boxes_per_class: ITensor) -> Any:
        return self._make(s.INMSLayer, boxes, scores, max_output_boxes_per_class)

    def add_assertion(self, condition: ITensor, message: str) -> Any:
        return self._make(s.IAssertionLayer, condition, message)

    def add_plugin_v2(self, inputs: Sequence[ITensor], plugin: Any) -> Any:
        return self._make(IPluginV2Layer, list(inputs), plugin)

    def add_plugin_v3(self, inputs: Sequence[ITensor], shape_inputs: Sequence[ITensor], plugin: Any) -> Any:
        return self._make(IPluginV3Layer, list(inputs), list(shape_inputs), plugin)

    def add_loop(self) -> ILoop:
        return ILoop(self)

    def add_if_conditional(self) -> IIfConditional:
        return IIfConditional(self)

    def set_weights_name(self, weights: Any, name: str) -> bool:
        """Name weights for refitting; call it with the object that the layer was given."""
        self._weight_names[id(weights)] = (weights, name)
        return True

    def weights_name(self, weights: Any, default: str) -> str:
        found = self._weight_names.get(id(weights))
        return found[1] if found is not None else default

    def _lists(self, kind: Any, *tensors: Any) -> Any:
        """A layer whose only arguments are its inputs."""
        if any(tensor is None or isinstance(tensor, ILayer) for tensor in tensors):
            raise TypeError(f"incompatible function arguments: {kind.__name__} needs tensors, not None or a layer; "
                            "layer.get_output(0) is a tensor")
        return self.add(kind(self, list(tensors)))
