"""How plugins talk of shapes: expressions of dimensions, and descriptions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import TensorFormat
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal


class IDimensionExpr:
    """A dimension: a number, or unknown; `size_of` is the output that tells it after a run."""

    def __init__(self, value: int | None, size_of: int | None = None, most: int | None = None) -> None:
        self._value = value
        self._size_of = size_of
        self._most = most

    def is_constant(self) -> bool:
        return self._value is not None

    def get_constant_value(self) -> int:
        if self._value is None:
            raise ValueError("the dimension is not constant; ask is_constant() first")
        return self._value

    def is_size_tensor(self) -> bool:
        return self._size_of is not None


class DimsExprs(list):  # type: ignore[type-arg]
    """A shape of expressions; made with a rank, or from another one."""

    def __init__(self, dims: int | Iterable[IDimensionExpr] = ()) -> None:
        super().__init__([IDimensionExpr(0) for _ in range(dims)] if isinstance(dims, int) else dims)


def _divide_up(left: int, right: int) -> int:
    return -(-left // right)


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "SUM": int.__add__, "PROD": int.__mul__, "MAX": max, "MIN": min, "SUB": int.__sub__, "FLOOR_DIV": int.__floordiv__,
    "CEIL_DIV": _divide_up, "EQUAL": lambda left, right: int(left == right),
    "LESS": lambda left, right: int(left < right),
}  # fmt: skip


class IExprBuilder:
    """Makes expressions."""

    def constant(self, value: Any) -> IDimensionExpr:
        return IDimensionExpr(int(value))

    def operation(self, op: Enumerator, first: IDimensionExpr, second: IDimensionExpr) -> IDimensionExpr:
        values = (first._value, second._value)
        if values[0] is None or values[1] is None:
            return IDimensionExpr(None)
        if op.name.endswith("DIV") and values[1] == 0:
            raise Refusal(MISUSE, "a plugin divides a dimension by 0 in its output's shape")
        return IDimensionExpr(_OPERATIONS[op.name](values[0], values[1]))

    def declare_size_tensor(self, output_index: int, opt: IDimensionExpr, upper: IDimensionExpr) -> IDimensionExpr:
        return IDimensionExpr(None, int(output_index), upper._value)


class PluginTensorDesc:
    """Shape, type and format of a plugin's input or output."""

    def __init__(self) -> None:
        self.dims = Dims()
        self.type = DataType.FLOAT
        self.format = TensorFormat["LINEAR"]
        self.scale = 1.0


class DynamicPluginTensorDesc:
    """A description with the limits of its shape."""

    def __init__(self) -> None:
        self.desc = PluginTensorDesc()
        self.min = Dims()
        self.opt = Dims()
        self.max = Dims()


def described(shape: tuple[int, ...], dtype: DataType) -> PluginTensorDesc:
    made = PluginTensorDesc()
    made.dims, made.type = Dims(shape), dtype
    return made


def described_dynamic(shape: tuple[int, ...], dtype: DataType) -> DynamicPluginTensorDesc:
    made = DynamicPluginTensorDesc()
    made.desc = described(shape, dtype)
    known = Dims(max(size, 0) for size in shape)
    made.min = made.opt = made.max = known
    return made


def expressions(shape: tuple[int, ...]) -> DimsExprs:
    return DimsExprs([IDimensionExpr(None if size < 0 else size) for size in shape])


ALL = (IDimensionExpr, DimsExprs, IExprBuilder, PluginTensorDesc, DynamicPluginTensorDesc)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
