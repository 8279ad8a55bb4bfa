"""Loops and conditionals as the API builds them: boundary layers around layers of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import LayerType, LoopOutput
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.writer import TRIPS, Writer

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.tensor import ITensor

# `emit` of these layers is for shape inference, where a loop is one pass and a conditional its first branch;
# emission.py lowers them to ONNX's Loop and If.


class ILoopBoundaryLayer(ILayer):
    """A layer at the edge of `loop`."""

    loop: ILoop

    def __init__(self, loop: ILoop, inputs: list[Any]) -> None:
        super().__init__(loop.network, inputs)
        self.loop = loop

    def emit(self, writer: Writer) -> None:
        writer.op("Identity", self.names(writer)[:1], self.out(writer))


class IRecurrenceLayer(ILoopBoundaryLayer):
    """A value that goes from one pass to the next: input 0 is the first, input 1 the next."""

    kind = LayerType["RECURRENCE"]


class IIteratorLayer(ILoopBoundaryLayer):
    """In each pass the next slice of a tensor along `axis`."""

    kind = LayerType["ITERATOR"]

    def __init__(self, loop: ILoop, tensor: ITensor, axis: int, reverse: bool) -> None:
        super().__init__(loop, [tensor])
        self.axis, self.reverse = axis, reverse

    def emit(self, writer: Writer) -> None:
        writer.op("Gather", [self.names(writer)[0], writer.constant(np.int64(0))], self.out(writer), axis=self.axis)


class ITripLimitLayer(ILoopBoundaryLayer):
    """How long the loop runs: a count, or while a condition holds."""

    kind = LayerType["TRIP_LIMIT"]
    outputs_wanted = 0

    def __init__(self, loop: ILoop, tensor: ITensor, kind: Enumerator) -> None:
        super().__init__(loop, [tensor])
        self.limit = kind

    def emit(self, writer: Writer) -> None:
        return None


class ILoopOutputLayer(ILoopBoundaryLayer):
    """What leaves the loop: the last value, or the values of all passes along `axis`."""

    kind = LayerType["LOOP_OUTPUT"]

    def __init__(self, loop: ILoop, tensor: ITensor, kind: Enumerator, axis: int) -> None:
        super().__init__(loop, [tensor])
        self.output, self.axis = kind, axis

    def emit(self, writer: Writer) -> None:
        value = self.names(writer)[0]
        if self.output is LoopOutput["LAST_VALUE"]:
            writer.op("Identity", [value], self.out(writer))
        else:
            stacked = writer.op("Unsqueeze", [value, writer.ints(self.axis)])
            writer.op("Gather", [stacked, TRIPS], self.out(writer), axis=self.axis)




class ILoop:
    """A loop; made by INetworkDefinition.add_loop()."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.name = ""
        self.recurrences: list[IRecurrenceLayer] = []
        self.iterators: list[IIteratorLayer] = []
        self.limits: list[ITripLimitLayer] = []
        self.outputs: list[ILoopOutputLayer] = []

    def add_recurrence(self, initial_value: ITensor) -> IRecurrenceLayer:
        layer: IRecurrenceLayer = self.network.add(IRecurrenceLayer(self, [initial_value]))
        self.recurrences.append(layer)
        return layer

    def add_iterator(self, tensor: ITensor, axis: int = 0, reverse: bool = False) -> IIteratorLayer:
        layer: IIteratorLayer = self.network.add(IIteratorLayer(self, tensor, axis, reverse))
        self.iterators.append(layer)
        return layer

    def add_trip_limit(self, tensor: ITensor, kind: Enumerator) -> ITripLimitLayer:
        layer: ITripLimitLayer = self.network.add(ITripLimitLayer(self, tensor, kind))
        self.limits.append(layer)
        return layer

    def add_loop_output(self, tensor: ITensor, kind: Enumerator, axis: int = 0) -> ILoopOutputLayer:
        layer: ILoopOutputLayer = self.network.add(ILoopOutputLayer(self, tensor, kind, axis))
        self.outputs.append(layer)
        return layer

    def starts(self) -> list[ILayer]:
        return [*self.recurrences, *self.iterators]


class IIfConditionalBoundaryLayer(ILayer):
    """A layer at the edge of `conditional`."""

    conditional: IIfConditional

    def __init__(self, conditional: IIfConditional, inputs: list[Any]) -> None:
        super().__init__(conditional.network, inputs)
        self.conditional = conditional

    def emit(self, writer: Writer) -> None:
        writer.op("Identity", self.names(writer)[:1], self.out(writer))


class IConditionLayer(IIfConditionalBoundaryLayer):
    """What decides."""

    kind = LayerType["CONDITION"]
    outputs_wanted = 0

    def emit(self, writer: Writer) -> None:
        return None


class IIfConditionalInputLayer(IIfConditionalBoundaryLayer):
    """A value that goes into the branches."""

    kind = LayerType["CONDITIONAL_INPUT"]


class IIfConditionalOutputLayer(IIfConditionalBoundaryLayer):
    """Input 0 where the condition is true, else input 1."""

    kind = LayerType["CONDITIONAL_OUTPUT"]


class IIfConditional:
    """A conditional; made by INetworkDefinition.add_if_conditional()."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.name = ""
        self.condition: ITensor | None = None
        self.inputs: list[IIfConditionalInputLayer] = []
        self.outputs: list[IIfConditionalOutputLayer] = []

    def set_condition(self, condition: ITensor) -> IConditionLayer:
        self.condition = condition
        layer: IConditionLayer = self.network.add(IConditionLayer(self, [condition]))
        return layer

    def add_input(self, input: ITensor) -> IIfConditionalInputLayer:
        layer: IIfConditionalInputLayer = self.network.add(IIfConditionalInputLayer(self, [input]))
        self.inputs.append(layer)
        return layer

    def add_output(self, true_subgraph_output: ITensor, false_subgraph_output: ITensor) -> IIfConditionalOutputLayer:
        layer: IIfConditionalOutputLayer = self.network.add(
            IIfConditionalOutputLayer(self, [true_subgraph_output, false_subgraph_output]))
        self.outputs.append(layer)
        return layer

    def starts(self) -> list[ILayer]:
        return list(self.inputs)


CLASSES = (ILoop, ILoopBoundaryLayer, IRecurrenceLayer, IIteratorLayer, ITripLimitLayer, ILoopOutputLayer,
           IIfConditional, IIfConditionalBoundaryLayer, IConditionLayer, IIfConditionalInputLayer,
           IIfConditionalOutputLayer)
for _kind in CLASSES:
    _kind.__module__ = "tensorrt"
