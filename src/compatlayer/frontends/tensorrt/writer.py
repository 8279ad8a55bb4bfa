"""Lowering of a network to an ONNX graph: layers give it nodes, constants and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.tensor import ITensor

OPSET = 21
IR_VERSION = 10
TRIPS = "__trips"  # an input of shape inference: its length is how often a loop runs


class Writer:
    """One graph that is being written; `parent` is set for the body of a loop or a branch."""

    def __init__(self, parent: Writer | None = None) -> None:
        self.parent = parent
        self.root: Writer = parent.root if parent is not None else self
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.aliases: dict[ITensor, str] = {}  # tensors that have another name in this body
        self.renaming = False  # layers are written again, and their values need other names
        self.checks: list[str] = []  # values of assertions
        self.owners: list[tuple[str, int, int]] = []  # layer name, first node, end
        self._count = 0
        self._integers: dict[str, Any] = {}  # small constants
        self._named: set[str] = set()  # of constants, which are all the outermost graph's

    def fresh(self, hint: str) -> str:
        """A value name that nothing else has."""
        root = self.root
        root._count += 1
        return f"{hint}__{root._count}"

    def value(self, tensor: ITensor) -> str:
        """The ONNX value that holds a tensor."""
        writer: Writer | None = self
        while writer is not None:
            if tensor in writer.aliases:
                return writer.aliases[tensor]
            writer = writer.parent
        return tensor.value

    def define(self, tensor: ITensor) -> str:
        """The name that a layer's output gets here."""
        if self.renaming:
            self.aliases[tensor] = self.fresh(tensor.value)
            return self.aliases[tensor]
        return tensor.value

    def op(self, kind: str, inputs: list[str], outputs: list[str] | str | None = None, domain: str = "",
           **attributes: Any) -> str:
        """Add a node; answers the name of its first output."""
        from onnx import helper

        if outputs is None:
            outputs = self.fresh(kind)
        if isinstance(outputs, str):
            outputs = [outputs]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=self.fresh(kind), domain=domain, **attributes))
        return outputs[0]

    def constant(self, array: Any, name: str = "") -> str:
        """Add an initializer; answers its name."""
        from onnx import numpy_helper

        name = name or self.fresh("constant")
        values = np.asarray(array)
        values = values if values.flags["C_CONTIGUOUS"] else values.copy()
        if name not in self.root._named:
            self.root._named.add(name)
            if values.dtype in (np.int32, np.int64) and values.size <= 64:
                self.root._integers[name] = values
            self.root.initializers.append(numpy_helper.from_array(values, name))
        return name

    def ints(self, *values: int) -> str:
        """A 1-D int64 constant."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, onnx_type: int, output: str | None = None) -> str:
        small = self.root._integers.get(value)
        if small is not None and onnx_type == 7 and output is None:  # shape inference does not look through a cast
            return self.constant(small.astype(np.int64))
        return self.op("Cast", [value], output, to=onnx_type)
