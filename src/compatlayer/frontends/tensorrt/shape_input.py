"""Which inputs of a model decide shapes by their values."""

from __future__ import annotations

from typing import Any

# operator -> places of the inputs that decide the shape of its output
_SHAPE_PLACES = {"Reshape": (1,), "Expand": (1,), "ConstantOfShape": (0,), "Tile": (1,), "Slice": (1, 2, 3, 4),
                 "Range": (0, 1, 2), "Resize": (2, 3), "Upsample": (1,), "Pad": (1,), "TopK": (1,), "OneHot": (1,),
                 "Split": (1,), "CenterCropPad": (1,), "AffineGrid": (1,), "MaxUnpool": (2,)}
_PASS_ON = {"Cast", "Identity", "Concat", "Squeeze", "Unsqueeze", "Gather", "Slice", "Add", "Sub", "Mul", "Div", "Min",
            "Max", "Reshape", "ReduceProd", "ReduceSum", "Where", "Neg", "Mod", "Abs", "Floor", "Ceil", "Equal",
            "Greater", "Less"}


def shape_inputs(model: Any) -> set[str]:
    """Names of the graph's inputs whose values reach the shape of another value."""
    wanted: set[str] = set()
    for node in reversed(model.graph.node):
        places = _SHAPE_PLACES.get(node.op_type, ())
        wanted.update(node.input[place] for place in places if place < len(node.input) and node.input[place])
        if node.op_type in _PASS_ON and any(name in wanted for name in node.output):
            wanted.update(name for place, name in enumerate(node.input) if place not in places and name)
    integer = {info.name for info in model.graph.input
               if info.type.tensor_type.elem_type in (6, 7) and len(info.type.tensor_type.shape.dim) <= 1}
    return wanted & integer
