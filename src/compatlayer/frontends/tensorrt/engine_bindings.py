"""The side of ICudaEngine that TensorRT 10 no longer has: inputs and outputs by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt.data_type import DataType
from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import TensorFormat
from compatlayer.frontends.tensorrt.profile import PROFILE

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.io_tensor import IoTensor


class Bindings:
    """Numbers of all inputs and outputs, once for each optimisation profile."""

    order: list[str]
    tensors: dict[str, IoTensor]
    description: dict[str, Any]

    @property
    def num_bindings(self) -> int:
        return len(self.order) * max(1, len(self.description["profiles"]))

    def __len__(self) -> int:
        return self.num_bindings

    def __getitem__(self, index: Any) -> Any:
        """The name by number; with bindings also the number by name."""
        if PROFILE == 10:
            return self.order[index]
        if isinstance(index, str):
            return self.get_binding_index(index)
        if not 0 <= index < self.num_bindings:
            raise IndexError(f"binding {index} is not one of {self.num_bindings}")
        return self.get_binding_name(index)

    def __iter__(self) -> Any:
        return iter([self.get_binding_name(place) for place in range(self.num_bindings)])

    def binding_tensor(self, binding: int | str) -> IoTensor:
        if isinstance(binding, str):
            return self.tensors[binding.split(" [profile ")[0]]
        return self.tensors[self.order[int(binding) % len(self.order)]]

    @property
    def max_batch_size(self) -> int:
        return 1

    @property
    def has_implicit_batch_dimension(self) -> bool:
        return False

    def get_binding_index(self, name: str) -> int:
        base, _, profile = name.partition(" [profile ")
        if base not in self.tensors:
            return -1
        return self.order.index(base) + len(self.order) * int(profile.rstrip("]") or 0)

    def get_binding_name(self, index: int) -> str:
        profile, place = divmod(index, len(self.order))
        return self.order[place] + (f" [profile {profile}]" if profile else "")

    def binding_is_input(self, binding: int | str) -> bool:
        return self.binding_tensor(binding).is_input

    def get_binding_shape(self, binding: int | str) -> Dims:
        return Dims(self.binding_tensor(binding).shape)

    def get_binding_dtype(self, binding: int | str) -> DataType:
        return self.binding_tensor(binding).dtype

    def get_binding_format(self, index: int) -> Enumerator:
        return TensorFormat["LINEAR"]

    def get_binding_format_desc(self, index: int) -> str:
        return f"Row major linear {self.binding_tensor(index).dtype.name} format (kLINEAR)"

    def get_binding_vectorized_dim(self, index: int) -> int:
        return -1

    def get_binding_components_per_element(self, index: int) -> int:
        return 1

    def get_binding_bytes_per_component(self, index: int) -> int:
        return self.binding_tensor(index).dtype.itemsize

    def is_shape_binding(self, binding: int) -> bool:
        return self.binding_tensor(binding).decides_shapes

    def is_execution_binding(self, binding: int) -> bool:
        return not self.binding_tensor(binding).decides_shapes

    def get_location(self, index: int | str) -> Any:
        from compatlayer.frontends.tensorrt.enums import TensorLocation

        return TensorLocation["HOST" if self.binding_tensor(index).decides_shapes else "DEVICE"]

    def get_profile_shape(self, profile_index: int, binding: int | str) -> list[Dims]:
        tensor = self.binding_tensor(binding)
        profiles = self.description["profiles"]
        shapes = profiles[profile_index]["shapes"] if profile_index < len(profiles) else {}
        return [Dims(shape) for shape in shapes.get(tensor.name, (tensor.shape,) * 3)]

    def get_profile_shape_input(self, profile_index: int, binding: int | str) -> list[list[int]]:
        profiles = self.description["profiles"]
        values = profiles[profile_index]["values"] if profile_index < len(profiles) else {}
        return [list(part) for part in values.get(self.binding_tensor(binding).name, ())]
