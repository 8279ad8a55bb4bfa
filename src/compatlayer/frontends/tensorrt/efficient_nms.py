"""EfficientNMS_TRT, the plugin that detectors are exported with most: expanded to ONNX's own operators.

Follows the documented inputs, outputs and parameters. Entries beyond num_detections are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.data_type import ONNX_FLOAT, ONNX_HALF, ONNX_INT32
from compatlayer.frontends.tensorrt.shapes import infer

NAME = "EfficientNMS_TRT"
_NOTHING = np.float32(-3e38)  # the score of what is not there


class _Nodes:
    """The nodes that take the place of one."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.made: list[Any] = []

    def op(self, kind: str, inputs: list[str], outputs: list[str] | None = None, count: int = 1,
           **attributes: Any) -> str:
        """Answers the first output's name."""
        from onnx import helper

        outputs = outputs or [f"{self.prefix}__{len(self.made)}_{place}" for place in range(count)]
        self.made.append(helper.make_node(kind, inputs, outputs, name=f"{self.prefix}__{len(self.made)}", **attributes))
        return outputs[0]

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        from onnx import numpy_helper

        return self.op("Constant", [], value=numpy_helper.from_array(np.asarray(values, dtype)))


def expand(model: Any) -> None:
    """Replace such nodes; those with anchors, or with a creator of the program's, are left for the parser to judge."""
    from compatlayer.frontends.tensorrt.plugin_registry import has_creator

    graph = model.graph
    if not any(_ours(node) and not has_creator(node) for node in graph.node):
        return
    types = infer(model).types
    nodes: list[Any] = []
    for number, node in enumerate(list(graph.node)):
        if _ours(node) and not has_creator(node):
            halves = types.get(node.input[0]) == ONNX_HALF
            nodes += _expansion(node, node.name or f"{NAME}_{number}", ONNX_HALF if halves else ONNX_FLOAT)
        else:
            copy = type(node)()
            copy.CopyFrom(node)
            nodes.append(copy)
    del graph.node[:]
    graph.node.extend(nodes)


def _ours(node: Any) -> bool:
    return node.op_type == NAME and len(node.input) == 2 and len(node.output) == 4


def _expansion(node: Any, prefix: str, kind: int) -> list[Any]:
    from onnx import helper

    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    made = _Nodes(prefix)
    most = int(given.get("max_output_boxes", 100))
    boxes = made.op("Reshape", [made.op("Cast", [node.input[0]], to=ONNX_FLOAT), made.constant([0, -1, 4])])
    corners = _corners(made, boxes) if given.get("box_coding", 0) else boxes
    scores, classes = _scores(made, node.input[1], given)
    turned = made.op("Transpose", [scores], perm=[0, 2, 1])
    selected = made.op("NonMaxSuppression", [
        corners, turned, made.constant([most]), made.constant([given.get("iou_threshold", 0.5)], np.float32),
        made.constant([given.get("score_threshold", 0.25)], np.float32)])
    image, label = (made.op("Gather", [selected, made.constant(place)], axis=1) for place in (0, 1))
    where = made.op("Gather", [selected, made.constant([0, 2])], axis=1)
    if classes:
        label = made.op("GatherND", [classes, where])
    found = made.op("GatherND", [turned, selected])
    _ranked(made, node, kind, most, {
        "batch": made.op("Slice", [made.op("Shape", [boxes]), made.constant([0]), made.constant([1])]),
        "image": made.op("Concat", [image, made.constant([-1] * most)], axis=0),
        "score": made.op("Concat", [found, made.constant([_NOTHING] * most, np.float32)], axis=0),
        "label": made.op("Concat", [label, made.constant([0] * most)], axis=0),
        "box": made.op("Concat", [made.op("GatherND", [corners, where]),
                                  made.constant(np.zeros((most, 4)), np.float32)], axis=0)})
    return made.made


def _corners(made: _Nodes, boxes: str) -> str:
    """Corners of boxes that are given as centre and size."""
    centre, size = (made.op("Slice", [boxes, made.constant([place]), made.constant([place + 2]), made.constant([2])])
                    for place in (0, 2))
    half = made.op("Mul", [size, made.constant(0.5, np.float32)])
    return made.op("Concat", [made.op("Sub", [centre, half]), made.op("Add", [centre, half])], axis=2)


def _scores(made: _Nodes, name: str, given: dict[str, Any]) -> tuple[str, str]:
    """(scores by box and class, the class of each box where all classes compete)."""
    scores = made.op("Cast", [name], to=ONNX_FLOAT)
    if given.get("score_activation", 0):
        scores = made.op("Sigmoid", [scores])
    background = int(given.get("background_class", -1))
    if background >= 0:
        count = made.op("Gather", [made.op("Shape", [scores]), made.constant(2)])
        numbers = made.op("Range", [made.constant(0), count, made.constant(1)])
        scores = made.op("Where", [made.op("Equal", [numbers, made.constant(background)]),
                                   made.constant(_NOTHING, np.float32), scores])
    if not given.get("class_agnostic", 0):
        return scores, ""
    best = made.op("TopK", [scores, made.constant([1])], count=2, axis=2)
    return best, made.op("Reshape", [made.made[-1].output[1], made.constant([0, -1])])


def _ranked(made: _Nodes, node: Any, kind: int, most: int, found: dict[str, str]) -> None:
    """The four outputs: the best of each image, in order."""
    from onnx import numpy_helper

    # Shape inference finds no shape of what a TopK of unknown width gives; it knows that of what is scattered into.
    ones = made.op("ConstantOfShape", [made.op("Concat", [found["batch"], made.constant([most])], axis=0)],
                   value=numpy_helper.from_array(np.array([1])))
    rows = made.op("Slice", [made.op("CumSum", [ones, made.constant(0)], exclusive=1), made.constant([0]),
                             made.constant([1]), made.constant([1])])
    columns = made.op("CumSum", [ones, made.constant(1)], exclusive=1)
    own = made.op("Equal", [rows, made.op("Reshape", [found["image"], made.constant([1, -1])])])
    key = made.op("Where", [own, found["score"], made.constant(_NOTHING, np.float32)])
    first = made.op("TopK", [key, made.constant([most])], count=2, axis=1)
    order = made.op("ScatterElements", [columns, columns, made.made[-1].output[1]], axis=1)
    best = made.op("ScatterElements", [made.op("Cast", [columns], to=ONNX_FLOAT), columns, first], axis=1)
    valid = made.op("Greater", [best, made.constant(_NOTHING / 2, np.float32)])
    weight = made.op("Cast", [valid], to=ONNX_FLOAT)
    boxes = made.op("Mul", [made.op("Gather", [found["box"], order], axis=0),
                            made.op("Reshape", [weight, made.constant([0, 0, 1])])])
    labels = made.op("Cast", [made.op("Gather", [found["label"], order], axis=0)], to=ONNX_FLOAT)
    scores = made.op("Where", [valid, best, made.constant(0, np.float32)])
    number = made.op("MatMul", [weight, made.constant(np.ones((most, 1)), np.float32)])
    results = ((number, ONNX_INT32), (boxes, kind), (scores, kind), (made.op("Mul", [labels, weight]), ONNX_INT32))
    for place, (value, to) in enumerate(results):
        made.op("Cast", [value], [node.output[place]], to=to)
