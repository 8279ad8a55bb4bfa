"""OnnxParser: ONNX models become networks; what cannot is told with the node and the reason."""

from __future__ import annotations

import os
from typing import Any

from compatlayer.frontends.tensorrt.data_type import DataType, from_onnx
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import ErrorCode
from compatlayer.frontends.tensorrt.layer import ParsedLayer
from compatlayer.frontends.tensorrt.log import Severity
from compatlayer.frontends.tensorrt.network import INetworkDefinition
from compatlayer.frontends.tensorrt.parsed_model import (
    Unsupported,
    check_node,
    convert_integers,
    enters,
    error_code,
    known_operator,
    load,
    missing_importers,
)
from compatlayer.frontends.tensorrt.tensor import ITensor


class ParserError:
    """One reason why a model was refused."""

    def __init__(self, code: Enumerator, desc: str, node: int = -1, name: str = "", operator: str = "") -> None:
        self._code, self._desc, self._node, self._name, self._operator = code, desc, node, name, operator

    def code(self) -> Enumerator:
        return self._code

    def desc(self) -> str:
        return self._desc

    def file(self) -> str:
        return "ModelImporter.cpp"

    def line(self) -> int:
        return 0

    def func(self) -> str:
        return "parse"

    def node(self) -> int:
        return self._node

    def node_name(self) -> str:
        return self._name

    def node_operator(self) -> str:
        return self._operator

    def local_function_stack(self) -> list[str]:
        return []

    def local_function_stack_size(self) -> int:
        return 0

    def __str__(self) -> str:
        where = f"In node {self._node} with name: {self._name} and operator: {self._operator} "
        return f"{where if self._node >= 0 else ''}({self.func()}): {self._code.name}: {self._desc}"

    __repr__ = __str__


class OnnxParser:
    """Parses ONNX models into `network`."""

    def __init__(self, network: INetworkDefinition, logger: Any) -> None:
        if not isinstance(network, INetworkDefinition):
            raise TypeError(f"OnnxParser: the first argument has to be an INetworkDefinition, not "
                            f"{type(network).__name__}; make it with builder.create_network()")
        self.network = network
        self.logger = logger
        self.flags = 0
        self._errors: list[ParserError] = []
        self._subgraphs: list[tuple[list[int], bool]] = []

    def __enter__(self) -> OnnxParser:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    # Flags

    def set_flag(self, flag: Enumerator) -> None:
        self.flags |= 1 << int(flag)

    def clear_flag(self, flag: Enumerator) -> None:
        self.flags &= ~(1 << int(flag))

    def get_flag(self, flag: Enumerator) -> bool:
        return bool(self.flags >> int(flag) & 1)

    # Errors

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> ParserError:
        if not 0 <= index < len(self._errors):
            raise IndexError(f"error {index} is not one of the {len(self._errors)} that there are")
        return self._errors[index]

    def clear_errors(self) -> None:
        self._errors.clear()

    def _fail(self, error: ParserError) -> bool:
        self._errors.append(error)
        self.logger.log(Severity.ERROR, str(error))
        return False

    # Parsing

    def parse(self, model: Any, path: str | None = None) -> bool:
        """Parse a serialised ModelProto. `path` is where its external weights lie. False: see the errors."""
        if hasattr(model, "SerializeToString"):
            raise TypeError("parse(): incompatible function arguments: a buffer is wanted, not a ModelProto; pass "
                            "model.SerializeToString()")
        return self._parse(bytes(model), os.path.dirname(path) if path else "")

    def parse_from_file(self, model: str) -> bool:
        """Parse a file, external weights beside it. False: see the errors."""
        path = str(model)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            return self._fail(ParserError(ErrorCode["MODEL_DESERIALIZE_FAILED"],
                                          f"Failed to open file: {path} ({error.strerror})"))
        return self._parse(data, os.path.dirname(os.path.abspath(path)))

    def parse_with_weight_descriptors(self, model: Any) -> bool:
        return self.parse(model)

    def _parse(self, data: bytes, folder: str) -> bool:
        try:
            model = load(data, folder)
        except Unsupported as error:
            return self._fail(ParserError(error.code, str(error)))
        if self.network._layers or self.network._inputs:
            return self._fail(ParserError(ErrorCode["UNSUPPORTED_GRAPH"], "Assertion failed: the network already has "
                              "layers; parse into a network of its own"))
        faults = self._faults(model)
        for fault in faults:
            self._fail(fault)
        if faults:
            return False
        self._fill(model)
        return True

    def _faults(self, model: Any) -> list[ParserError]:
        from compatlayer.frontends.tensorrt.plugin_registry import has_creator

        found = []
        for place, node in enumerate(model.graph.node):
            try:
                check_node(node, model)
                unknown = missing_importers(node, model)
                if unknown and not all(has_creator(other) for other in unknown):
                    raise Unsupported("UNSUPPORTED_NODE", "Assertion failed: creator && \"Plugin not found, are the "
                                      f"plugin name, version, and namespace correct?\" ("
                                      f"{unknown[0].domain or 'ai.onnx'}::{unknown[0].op_type}); "
                                      "register a plugin creator of that name")
            except Unsupported as error:
                found.append(ParserError(error.code, str(error), place, node.name, node.op_type))
        for info in [*model.graph.input, *model.graph.output]:
            kind = info.type.tensor_type.elem_type
            if kind and not enters(kind):
                found.append(ParserError(error_code("UNSUPPORTED_NODE_DATATYPE"), f"Unsupported ONNX data type "
                                         f"{kind} of {info.name}; cast it in the model"))
            elif not info.type.HasField("tensor_type"):
                found.append(ParserError(ErrorCode["UNSUPPORTED_GRAPH"], f"{info.name} is no tensor; sequences and "
                                         "optional values cannot enter or leave a network"))
        return found

    def _fill(self, model: Any) -> None:
        network = self.network
        model = convert_integers(model)
        network.name = model.graph.name or network.name
        network.opsets = {each.domain: each.version for each in model.opset_import}
        network.functions = list(model.functions)
        network.ir_version = model.ir_version
        network.initializers = {each.name: each for each in model.graph.initializer}
        values: dict[str, ITensor] = {}
        for info in model.graph.input:
            if info.name not in network.initializers:
                values[info.name] = self._input(info)
        for name, weights in network.initializers.items():
            values[name] = network.new_tensor(name, from_onnx(weights.data_type))
        for node in model.graph.node:
            inputs = [values[name] if name in values else None if not name else values.setdefault(
                name, network.new_tensor(name)) for name in node.input]
            outputs = [network.new_tensor(name) for name in node.output]
            values.update({tensor.value: tensor for tensor in outputs if tensor.value})
            self._layer(node, inputs, outputs)
        for info in model.graph.output:
            tensor = values.get(info.name) or network.new_tensor(info.name)
            network.mark_output(tensor)
        network.changed()

    def _layer(self, node: Any, inputs: list[ITensor | None], outputs: list[ITensor]) -> None:
        from compatlayer.frontends.tensorrt.plugin_registry import creator_for

        unknown = not known_operator(node.domain, node.op_type) and not any(
            (each.domain, each.name) == (node.domain, node.op_type) for each in self.network.functions)
        creator = creator_for(node) if unknown else None
        if creator is None:
            self.network.add(ParsedLayer(self.network, node, inputs, outputs))
            return
        from compatlayer.frontends.tensorrt.plugin_layer import from_node

        self.network.add(from_node(self.network, creator, node, inputs, outputs))

    def _input(self, info: Any) -> ITensor:
        kind = info.type.tensor_type
        shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim]
        dtype = from_onnx(kind.elem_type) or DataType.FLOAT
        tensor = self.network.add_input(info.name, dtype, shape)
        assert tensor is not None
        tensor._dimension_names = {place: dim.dim_param for place, dim in enumerate(kind.shape.dim) if dim.dim_param}
        if kind.elem_type == 11:  # float64 enters as float32
            tensor._double = True  # type: ignore[attr-defined]
        return tensor

    # Questions

    def supports_operator(self, op_name: str) -> bool:
        return known_operator("", op_name)

    def supports_model(self, model: Any, path: str | None = None) -> tuple[bool, list[Any]] | bool:
        """Whether a model can be parsed; in the 8 profile with the node lists and whether each is supported."""
        fine = self.supports_model_v2(model, path)
        return (fine, [(nodes, good) for nodes, good in self._subgraphs])

    def supports_model_v2(self, model: Any, path: str | None = None) -> bool:
        self._subgraphs = []
        try:
            proto = load(bytes(model), os.path.dirname(path) if path else "")
        except Unsupported as error:
            return self._fail(ParserError(error.code, str(error)))
        faults = self._faults(proto)
        for fault in faults:
            self._fail(fault)
        bad = {fault._node for fault in faults}
        run: list[int] = []
        for place in range(len(proto.graph.node)):
            if place in bad:
                if run:
                    self._subgraphs.append((run, True))
                run = []  # nodes without an importer are in no subgraph
            else:
                run.append(place)
        if run:
            self._subgraphs.append((run, True))
        return not bad

    @property
    def num_subgraphs(self) -> int:
        return len(self._subgraphs)

    def is_subgraph_supported(self, index: int) -> bool:
        return self._subgraphs[index][1]

    def get_subgraph_nodes(self, index: int) -> list[int]:
        return self._subgraphs[index][0]

    def get_used_vc_plugin_libraries(self) -> list[str]:
        return []

    def get_layer_output_tensor(self, name: str, i: int) -> ITensor | None:
        for layer in self.network._layers:
            if layer.name == name:
                return layer.get_output(i)
        return None


for _kind in (OnnxParser, ParserError):
    _kind.__module__ = "tensorrt"
