"""Lowering of whole networks: each layer after what it needs, loops to ONNX's Loop, conditionals to If.

A layer belongs to the innermost loop or conditional that it depends on; what does not depend on one stays outside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.control_flow import (
    IIfConditional,
    IIfConditionalOutputLayer,
    ILoop,
    ILoopOutputLayer,
    IRecurrenceLayer,
    ITripLimitLayer,
)
from compatlayer.frontends.tensorrt.data_type import ONNX_BOOL, ONNX_INT64, to_onnx
from compatlayer.frontends.tensorrt.enums import LoopOutput, TripLimit
from compatlayer.frontends.tensorrt.layer import ILayer
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal
from compatlayer.frontends.tensorrt.writer import Writer


class Frame:
    """One graph that is being written, and the layers that belong in it."""

    def __init__(self, writer: Writer, members: set[ILayer] | None) -> None:
        self.writer = writer
        self.members = members  # None: all
        self.done: set[ILayer] = set()


class Emission:
    """The lowering of one network into `writer`."""

    def __init__(self, layers: list[ILayer], writer: Writer) -> None:
        self.layers = layers
        self.root = Frame(writer, None)
        self.producer = {tensor: layer for layer in layers for tensor in layer._outputs}
        self.consumers: dict[Any, list[ILayer]] = {}
        for layer in layers:
            for tensor in layer._inputs:
                self.consumers.setdefault(tensor, []).append(layer)
        self._members: dict[Any, set[ILayer]] = {}

    def run(self) -> None:
        inside: set[ILayer] = set()
        for layer in self.layers:
            construct = getattr(layer, "loop", None) or getattr(layer, "conditional", None)
            if construct is not None:
                inside |= self.members(construct)
        for layer in self.layers:
            if layer not in inside:
                self._layer(layer, [self.root])

    def members(self, construct: ILoop | IIfConditional) -> set[ILayer]:
        """Layers that depend on what goes around in a loop, or into a conditional."""
        found = self._members.get(construct)
        if found is None:
            found = set()
            waiting = construct.starts()
            while waiting:
                layer = waiting.pop()
                if layer in found or layer in construct.outputs:
                    continue
                found.add(layer)
                waiting += [user for tensor in layer._outputs for user in self.consumers.get(tensor, ())]
            self._members[construct] = found
        return found

    def _need(self, tensor: Any, frames: list[Frame]) -> None:
        layer = self.producer.get(tensor)
        if layer is not None:
            self._layer(layer, frames)

    def _layer(self, layer: ILayer, frames: list[Frame]) -> None:
        depth = max(place for place, frame in enumerate(frames) if frame.members is None or layer in frame.members)
        frames = frames[:depth + 1]
        frame = frames[-1]
        if layer in frame.done or any(tensor in frame.writer.aliases for tensor in layer._outputs):
            return
        frame.done.add(layer)
        if isinstance(layer, ILoopOutputLayer):
            frame.done.update(layer.loop.outputs)
            self._loop(layer.loop, frames)
        elif isinstance(layer, IIfConditionalOutputLayer):
            frame.done.update(layer.conditional.outputs)
            self._conditional(layer.conditional, frames)
        elif not isinstance(layer, ITripLimitLayer):
            for tensor in layer._inputs:
                self._need(tensor, frames)
            start = len(frame.writer.nodes)
            layer.emit(frame.writer)
            if frame is self.root:
                frame.writer.owners.append((layer.name, start, len(frame.writer.nodes)))

    # Conditionals

    def _conditional(self, conditional: IIfConditional, frames: list[Frame]) -> None:
        from onnx import helper

        writer = frames[-1].writer
        if conditional.condition is None:
            raise Refusal(MISUSE, f"the conditional {conditional.name} has no condition; call set_condition()")
        self._need(conditional.condition, frames)
        branches = []
        for place in (0, 1):
            body = Writer(writer)
            inner = [*frames, Frame(body, self.members(conditional))]
            outputs = []
            for layer in conditional.outputs:
                tensor = layer._inputs[place]
                assert tensor is not None
                self._need(tensor, inner)
                name = body.op("Identity", [body.value(tensor)])
                outputs.append(helper.make_tensor_value_info(name, to_onnx(tensor.dtype), None))
            branches.append(helper.make_graph(body.nodes, body.fresh("branch"), [], outputs, body.initializers))
        condition = writer.op("Reshape", [writer.value(conditional.condition), writer.constant(np.empty(0, np.int64))])
        writer.op("If", [condition], [layer.out(writer) for layer in conditional.outputs], then_branch=branches[0],
                  else_branch=branches[1])

    # Loops

    def _loop(self, loop: ILoop, frames: list[Frame]) -> None:
        from onnx import helper

        writer = frames[-1].writer
        members = self.members(loop)
        for layer in loop.starts():
            self._need(layer._inputs[0], frames)
        count, condition = self._limits(loop, frames)
        body = Writer(writer)
        inner = [*frames, Frame(body, members)]
        number, going = body.fresh("pass"), body.fresh("going")
        inputs = [helper.make_tensor_value_info(number, ONNX_INT64, []),
                  helper.make_tensor_value_info(going, ONNX_BOOL, [])]
        for layer in loop.recurrences:
            tensor = layer._outputs[0]
            body.aliases[tensor] = body.fresh(tensor.value)
            inputs.append(helper.make_tensor_value_info(body.aliases[tensor], to_onnx(tensor.dtype), None))
        self._iterate(loop, body, number)
        carried = [self._body_value(self._next(layer), inner) for layer in loop.recurrences]
        scanned = [layer for layer in loop.outputs if not self._is_final(layer)]
        scans = [self._body_value(layer._inputs[0], inner) for layer in scanned]
        again = body.op("Identity", [going]) if condition is None else self._condition(
            condition, loop, frames, inner, dict(zip(loop.recurrences, carried, strict=True)))
        outputs = [helper.make_tensor_value_info(again, ONNX_BOOL, None)]
        tensors: list[Any] = [layer._outputs[0] for layer in loop.recurrences] + [layer._inputs[0] for layer in scanned]
        for name, tensor in zip([*carried, *scans], tensors, strict=True):
            outputs.append(helper.make_tensor_value_info(name, to_onnx(tensor.dtype), None))
        graph = helper.make_graph(body.nodes, body.fresh("body"), inputs, outputs, body.initializers)
        first = "" if condition is None else self._condition(condition, loop, frames, None, {})
        finals = [writer.fresh("final") for _ in carried]
        stacks = [writer.fresh("stack") for _ in scans]
        initial = [writer.value(layer._inputs[0]) for layer in loop.recurrences]  # type: ignore[arg-type]
        writer.op("Loop", [count, first, *initial], finals + stacks, body=graph)
        self._leave(loop, writer, finals, dict(zip(scanned, stacks, strict=True)))

    def _limits(self, loop: ILoop, frames: list[Frame]) -> tuple[str, Any]:
        """The count's value, and the tensor of the condition."""
        writer = frames[-1].writer
        count, condition = "", None
        if not loop.limits:
            raise Refusal(MISUSE, f"the loop {loop.name} has no trip limit; call add_trip_limit()")
        for limit in loop.limits:
            tensor = limit._inputs[0]
            assert tensor is not None
            if limit.limit is TripLimit["COUNT"]:
                self._need(tensor, frames)
                count = writer.op("Reshape", [writer.cast(writer.value(tensor), ONNX_INT64),
                                              writer.constant(np.empty(0, np.int64))])
            else:
                condition = tensor
        return count, condition

    def _iterate(self, loop: ILoop, body: Writer, number: str) -> None:
        for layer in loop.iterators:
            source = layer._inputs[0]
            assert source is not None
            value, place = body.value(source), number
            if layer.reverse:
                length = body.op("Gather", [body.op("Shape", [value]), body.constant(np.int64(layer.axis))])
                place = body.op("Sub", [body.op("Sub", [length, body.constant(np.int64(1))]), number])
            body.aliases[layer._outputs[0]] = body.op("Gather", [value, place], axis=layer.axis)

    def _next(self, layer: ILayer) -> Any:
        if layer.num_inputs < 2:
            raise Refusal(MISUSE, f"{layer.name}: the recurrence has no next value; call set_input(1, tensor)")
        return layer._inputs[1]

    def _body_value(self, tensor: Any, inner: list[Frame]) -> str:
        self._need(tensor, inner)
        body = inner[-1].writer
        return body.op("Identity", [body.value(tensor)])

    def _condition(self, tensor: Any, loop: ILoop, frames: list[Frame], inner: list[Frame] | None,
                   following: dict[Any, str]) -> str:
        """The condition once more, computed from the first values, or in the body from the next ones."""
        home = (inner or frames)[-1].writer
        again = Writer(home)
        again.renaming = True
        for layer in loop.recurrences:
            first = layer._inputs[0]
            assert first is not None
            again.aliases[layer._outputs[0]] = following.get(layer) or home.value(first)
        if any(self._depends(tensor, layer) for layer in loop.iterators):
            raise Refusal(MISUSE, "a loop's WHILE condition that depends on an iterator is not implemented; use a "
                          "recurrence")
        self._need(tensor, [*frames, Frame(again, self.members(loop))])
        value = again.op("Reshape", [again.value(tensor), again.constant(np.empty(0, np.int64))])
        home.nodes += again.nodes
        home.initializers += again.initializers
        return value

    def _depends(self, tensor: Any, layer: ILayer) -> bool:
        producer = self.producer.get(tensor)
        if producer is None or producer is layer or isinstance(producer, IRecurrenceLayer):
            return producer is layer
        return any(self._depends(each, layer) for each in producer._inputs if each is not None)

    def _is_final(self, layer: ILoopOutputLayer) -> bool:
        source: Any = layer._inputs[0]
        return layer.output is LoopOutput["LAST_VALUE"] and self.producer.get(source) in set(layer.loop.recurrences)

    def _leave(self, loop: ILoop, writer: Writer, finals: list[str], stacks: dict[Any, str]) -> None:
        for layer in loop.outputs:
            source = layer._inputs[0]
            assert source is not None
            out = layer.out(writer)
            if layer not in stacks:
                place = loop.recurrences.index(self.producer[source])  # type: ignore[arg-type]
                writer.op("Identity", [finals[place]], out)
                continue
            value = stacks[layer]
            if layer.output is LoopOutput["LAST_VALUE"]:
                writer.op("Gather", [value, writer.constant(np.int64(-1))], out)
                continue
            if layer.output is LoopOutput["REVERSE"]:
                value = writer.op("Slice", [value, writer.ints(-1), writer.ints(-(1 << 62)), writer.ints(0),
                                            writer.ints(-1)])
            rank = len(source.shape) + 1
            order = [*range(1, layer.axis + 1), 0, *range(layer.axis + 1, rank)]
            writer.op("Transpose", [value], out, perm=order)
