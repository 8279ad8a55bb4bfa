"""ITensor: a value of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enums import TensorLocation

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.network import INetworkDefinition


class ITensor:
    """A value of `network`. Its name may change; `value` is the name that the graph knows it by, for good."""

    def __init__(self, network: INetworkDefinition, name: str, *, dtype: DataType | None = None,
                 shape: Any = None) -> None:
        self._network = network
        self._name = name
        self.value = name
        self._dtype = dtype  # None: from shape inference
        self._wanted: DataType | None = None  # the type that the program set
        self._shape = None if shape is None else tuple(int(size) for size in shape)
        self._is_input = False
        self._is_output = False
        self._range: tuple[float, float] | None = None
        self._dimension_names: dict[int, str] = {}
        self.location = TensorLocation["DEVICE"]
        self.broadcast_across_batch = False
        self.allowed_formats = 1

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = str(name)

    @property
    def shape(self) -> Dims:
        found = self._shape if self._is_input and self._shape is not None else self._network.shape_of(self)
        if found is None:
            raise ValueError("__len__() should return >= 0")  # what a program meets for a tensor of unknown rank
        return Dims(found)

    @shape.setter
    def shape(self, shape: Any) -> None:
        if self._is_input:
            self._shape = tuple(int(size) for size in shape)
            self._network.changed()

    @property
    def dtype(self) -> DataType:
        if self._wanted is not None:
            return self._wanted
        return self._dtype if self._dtype is not None else self._network.dtype_of(self)

    @dtype.setter
    def dtype(self, dtype: DataType) -> None:
        self._wanted = dtype
        self._network.changed()

    @property
    def is_network_input(self) -> bool:
        return self._is_input

    @property
    def is_network_output(self) -> bool:
        return self._is_output

    @property
    def is_shape_tensor(self) -> bool:
        return self._network.is_shape_tensor(self)

    @property
    def is_execution_tensor(self) -> bool:
        return True

    @property
    def dynamic_range(self) -> tuple[float, float] | None:
        return self._range

    @dynamic_range.setter
    def dynamic_range(self, limits: tuple[float, float]) -> None:
        self.set_dynamic_range(*limits)

    def set_dynamic_range(self, min: float, max: float) -> bool:
        self._range = (float(min), float(max))
        return True

    def reset_dynamic_range(self) -> None:
        self._range = None

    def get_dimension_name(self, index: int) -> str | None:
        return self._dimension_names.get(index)

    def set_dimension_name(self, index: int, name: str) -> None:
        self._dimension_names[index] = name


ITensor.__module__ = "tensorrt"
