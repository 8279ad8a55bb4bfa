"""INetworkDefinition: tensors and layers, what is marked as output, and the ONNX model that it all lowers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt import log
from compatlayer.frontends.tensorrt.data_type import ONNX_INT64, DataType, from_onnx, is_floating, to_onnx
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import NetworkDefinitionCreationFlag
from compatlayer.frontends.tensorrt.layer import ILayer, ParsedLayer
from compatlayer.frontends.tensorrt.network_layers import AddLayers
from compatlayer.frontends.tensorrt.shapes import Inferred, Known, infer
from compatlayer.frontends.tensorrt.tensor import ITensor
from compatlayer.frontends.tensorrt.writer import IR_VERSION, OPSET, TRIPS, Writer

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.builder import Builder


class INetworkDefinition(AddLayers):
    """A network that layers are added to, or that a parser fills."""

    def __init__(self, builder: Builder, flags: int) -> None:
        self.builder = builder
        self.logger = builder.logger
        self.flags = flags
        self.name = "Unnamed Network 0"
        self.error_recorder: Any = None
        self._inputs: list[ITensor] = []
        self._outputs: list[ITensor] = []
        self._layers: list[ILayer] = []
        self._weight_names: dict[int, tuple[Any, str]] = {}
        self._debug: list[ITensor] = []
        self._unfused_debug = False
        self._refittable: set[str] = set()
        self.initializers: dict[str, Any] = {}  # a parsed model's, by name
        self.opsets: dict[str, int] = {"": OPSET}
        self.functions: list[Any] = []
        self.ir_version = IR_VERSION
        self._revision = 0
        self._inferred: tuple[int, Inferred] | None = None
        self.owners: list[tuple[str, int, int]] = []  # of the last lowering: layer, first node, end

    def __enter__(self) -> INetworkDefinition:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def get_flag(self, flag: Enumerator) -> bool:
        if flag is NetworkDefinitionCreationFlag["EXPLICIT_BATCH"]:
            return True
        return bool(self.flags >> int(flag) & 1)

    @property
    def strongly_typed(self) -> bool:
        flag = NetworkDefinitionCreationFlag.__members__.get("STRONGLY_TYPED")
        return flag is not None and bool(self.flags >> int(flag) & 1)

    @property
    def has_implicit_batch_dimension(self) -> bool:
        return False

    @property
    def has_explicit_precision(self) -> bool:
        return False

    # Tensors

    def add_input(self, name: str, dtype: DataType, shape: Any) -> ITensor | None:
        if any(tensor.name == name for tensor in self._inputs):
            log.tell_error(self.logger, "INetworkDefinition::addInput", log.API_USAGE,
                           f"Parameter check failed, condition: an input named {name} is there already; choose "
                           "another name", self.error_recorder)
            return None
        tensor = ITensor(self, name, dtype=dtype, shape=tuple(shape))
        tensor._is_input = True
        self._inputs.append(tensor)
        self.changed()
        return tensor

    def new_tensor(self, name: str, dtype: DataType | None = None) -> ITensor:
        return ITensor(self, name, dtype=dtype)

    def mark_output(self, tensor: ITensor) -> None:
        if tensor is None:
            raise TypeError("mark_output(): incompatible function arguments: tensor is None; an add_* call before "
                            "answered None, its error is in the log")
        if tensor not in self._outputs:
            self._outputs.append(tensor)
            tensor._is_output = True
            self.changed()

    def unmark_output(self, tensor: ITensor) -> None:
        if tensor in self._outputs:
            self._outputs.remove(tensor)
            tensor._is_output = False
            self.changed()

    def remove_tensor(self, tensor: ITensor) -> None:
        if tensor in self._inputs:
            self._inputs.remove(tensor)
        self.unmark_output(tensor)
        self.changed()

    def mark_output_for_shapes(self, tensor: ITensor) -> bool:
        self.mark_output(tensor)
        return True

    def unmark_output_for_shapes(self, tensor: ITensor) -> bool:
        self.unmark_output(tensor)
        return True

    def mark_debug(self, tensor: ITensor) -> bool:
        if tensor not in self._debug:
            self._debug.append(tensor)
        return True

    def unmark_debug(self, tensor: ITensor) -> bool:
        if tensor in self._debug:
            self._debug.remove(tensor)
        return True

    def is_debug_tensor(self, tensor: ITensor) -> bool:
        return tensor in self._debug

    def mark_weights_refittable(self, name: str) -> bool:
        """With BuilderFlag.REFIT_INDIVIDUAL only marked weights can be refitted."""
        self._refittable.add(name)
        return True

    def unmark_weights_refittable(self, name: str) -> bool:
        self._refittable.discard(name)
        return True

    def are_weights_marked_refittable(self, name: str) -> bool:
        return name in self._refittable

    def mark_unfused_tensors_as_debug_tensors(self) -> bool:
        self._unfused_debug = True
        return True

    def unmark_unfused_tensors_as_debug_tensors(self) -> bool:
        self._unfused_debug = False
        return True

    @property
    def num_inputs(self) -> int:
        return len(self._inputs)

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    @property
    def num_layers(self) -> int:
        return len(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __getitem__(self, place: int) -> ILayer:
        return self._layers[place]

    def get_input(self, index: int) -> ITensor | None:
        return self._inputs[index] if 0 <= index < len(self._inputs) else None

    def get_output(self, index: int) -> ITensor | None:
        return self._outputs[index] if 0 <= index < len(self._outputs) else None

    def get_layer(self, index: int) -> ILayer | None:
        return self._layers[index] if 0 <= index < len(self._layers) else None

    # Layers

    def unnamed(self, kind: Enumerator) -> str:
        words = "".join(word.capitalize() for word in kind.name.split("_"))
        return f"(Unnamed Layer* {len(self._layers)}) [{words}]"

    def add(self, layer: ILayer) -> Any:
        self._layers.append(layer)
        self.changed()
        return layer

    def changed(self) -> None:
        """Shapes have to be found anew."""
        self._revision += 1

    # Shapes and types

    def _inference(self) -> Inferred:
        if self._inferred is None or self._inferred[0] != self._revision:
            model = self.to_onnx(every=True)
            known: Known = {}
            for layer in self.plugin_layers():
                shapes = infer(model, None, known).shapes
                known |= {value: (kind, shape) for value, kind, shape in layer.output_infos(shapes)}
            self._inferred = (self._revision, infer(model, None, known))
        return self._inferred[1]

    def plugin_layers(self) -> list[Any]:
        """Layers that are plugins, in order."""
        return [layer for layer in self._layers if layer.kind.name.startswith("PLUGIN")]

    def shape_of(self, tensor: ITensor) -> tuple[int, ...] | None:
        return self._inference().shapes.get(tensor.value)

    def dtype_of(self, tensor: ITensor) -> DataType:
        number = self._inference().types.get(tensor.value)
        return (from_onnx(number) if number else None) or DataType.FLOAT

    def is_shape_tensor(self, tensor: ITensor) -> bool:
        if tensor.dtype not in (DataType.INT32, DataType.INT64) or len(tensor._shape or ()) > 1:
            return False
        from compatlayer.frontends.tensorrt.shape_input import shape_inputs

        return tensor.value in shape_inputs(self.to_onnx(every=True))

    # Lowering

    def to_onnx(self, every: bool = False) -> Any:
        """The network as an ONNX model; with `every` all values are outputs-to-be and none is required."""
        from onnx import helper

        writer = Writer()
        inputs = [self._write_input(writer, tensor) for tensor in self._inputs]
        self._write_layers(writer, every)
        if every:
            inputs.append(helper.make_tensor_value_info(TRIPS, ONNX_INT64, ["trips"]))
        self.owners = writer.owners
        outputs = [] if every else [self._write_output(writer, tensor) for tensor in self._outputs]
        outputs += [helper.make_tensor_value_info(name, ONNX_INT64, None) for name in writer.checks if not every]
        if every and self._layers:
            outputs = [helper.make_empty_tensor_value_info(tensor.value) for tensor in self._outputs]
        initializers = [*self.initializers.values(), *writer.initializers]
        graph = helper.make_graph(writer.nodes, self.name, inputs, outputs, initializers)
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        model = helper.make_model(graph, opset_imports=opsets, functions=self.functions, producer_name="tensorrt")
        model.ir_version = self.ir_version
        for layer in self.plugin_layers() if not every else ():
            for value, kind, shape in layer.output_infos(self._inference().shapes):
                dims = None if shape is None else [None if size < 0 else size for size in shape]
                graph = model.graph
                if not any(info.name == value for info in graph.output):
                    graph.value_info.append(helper.make_tensor_value_info(value, kind, dims))
        return model

    def _write_layers(self, writer: Writer, every: bool) -> None:
        from compatlayer.frontends.tensorrt.emission import Emission

        if every or all(isinstance(layer, ParsedLayer) for layer in self._layers):
            for layer in self._layers:
                start = len(writer.nodes)
                layer.emit(writer)
                writer.owners.append((layer.name, start, len(writer.nodes)))
        else:
            Emission(self._layers, writer).run()

    def _write_input(self, writer: Writer, tensor: ITensor) -> Any:
        from onnx import helper

        shape = [tensor._dimension_names.get(place) or f"{tensor.name}_{place}" if size < 0 else size
                 for place, size in enumerate(tensor._shape or ())]
        if tensor.name != tensor.value:
            writer.op("Identity", [tensor.name], [tensor.value])
        elif tensor._wanted is not None and tensor._dtype not in (None, tensor._wanted):
            # A parsed model's input whose type the program changed: the model goes on with its own.
            writer.cast(tensor.name, to_onnx(tensor._dtype), writer.fresh(tensor.name))  # type: ignore[arg-type]
            writer.aliases[tensor] = writer.nodes[-1].output[0]
        return helper.make_tensor_value_info(tensor.name, to_onnx(tensor.dtype), shape)

    def _write_output(self, writer: Writer, tensor: ITensor) -> Any:
        from onnx import helper

        value, name = writer.value(tensor), tensor.name
        own = self._inference().types.get(tensor.value) or (to_onnx(tensor._dtype) if tensor._dtype else 0)
        wanted = tensor._wanted if not tensor._is_input else None
        onnx_type = to_onnx(wanted) if wanted is not None else own
        exposed = from_onnx(onnx_type) if onnx_type else None
        if exposed is not None and to_onnx(exposed) != onnx_type:  # float64 leaves as float32
            onnx_type = to_onnx(exposed)
        if own and onnx_type != own:
            target = name if name != value else writer.fresh(name)
            writer.cast(value, onnx_type, target)
            name = self._hand_over(writer, tensor, target)
        elif name != value or tensor._is_input:
            if name == value:
                raise log.Refusal(log.MISUSE, f"Network input {name} is an output too; give it a name of its own by "
                                              "an identity layer")
            writer.op("Identity", [value], [name])
        if not onnx_type:
            return helper.make_empty_tensor_value_info(name)
        return helper.make_tensor_value_info(name, onnx_type, self._shape_text(tensor))

    def _hand_over(self, writer: Writer, tensor: ITensor, target: str) -> str:
        """The cast value takes the tensor's name, and the uncast one another."""
        if target == tensor.name:
            return target
        inner = writer.fresh(tensor.value)
        for node in writer.nodes:
            for names in (node.input, node.output):
                for place, name in enumerate(names):
                    if name == tensor.value:
                        names[place] = inner
        writer.nodes[-1].output[0] = tensor.name
        return tensor.name

    def _shape_text(self, tensor: ITensor) -> list[Any] | None:
        shape = self.shape_of(tensor)
        return None if shape is None else [None if size < 0 else size for size in shape]

    def float_layers(self) -> list[ILayer]:
        """Layers whose first output is of a floating type."""
        return [layer for layer in self._layers if layer._outputs and is_floating(layer._outputs[0].dtype)]


INetworkDefinition.__module__ = "tensorrt"
