"""What plugins are told at their creation, and what they save: named fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import PluginFieldType

_NUMPY: dict[str, Any] = {
    "FLOAT16": np.float16, "FLOAT32": np.float32, "FLOAT64": np.float64, "INT8": np.int8, "INT16": np.int16,
    "INT32": np.int32, "INT64": np.int64, "CHAR": np.int8, "DIMS": np.int32, "UNKNOWN": np.int8,
}  # fmt: skip


class PluginField:
    """A field by name: `data` is a NumPy array of the type's counterpart, `size` its elements."""

    def __init__(self, name: str = "", data: Any = None, type: Enumerator = PluginFieldType["UNKNOWN"]) -> None:
        self.name = name
        self.type = type
        self.data = data
        self.size = int(self.data.size) if data is not None else 0

    @property
    def data(self) -> Any:
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if isinstance(data, str):
            data = data.encode()
        dtype = _NUMPY.get(self.type.name, np.int8)
        if isinstance(data, (bytes, bytearray, memoryview)):
            self._data: Any = np.frombuffer(bytes(data), dtype)
        else:
            self._data = None if data is None else np.asarray(data, dtype)

    def saved(self) -> dict[str, Any]:
        """A form for JSON."""
        array = np.ascontiguousarray(self._data) if self._data is not None else np.zeros(0, np.int8)
        return {"name": self.name, "type": self.type.name, "shape": list(array.shape), "data": array.tobytes().hex()}

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> PluginField:
        kind = PluginFieldType[saved["type"]]
        array = np.frombuffer(bytes.fromhex(saved["data"]), _NUMPY.get(kind.name, np.int8))
        return cls(saved["name"], array.reshape(saved["shape"]), kind)


class PluginFieldCollection(list):  # type: ignore[type-arg]
    """A list of fields."""


class PluginFieldCollection_(PluginFieldCollection):
    """The form that a creator is given."""


def from_attributes(names: Any, attributes: dict[str, Any]) -> PluginFieldCollection:
    """The fields that a creator names, with the values of an ONNX node's attributes; absent ones are left out."""
    found = PluginFieldCollection_()
    for field in names or ():
        if field.name in attributes:
            value = attributes[field.name]
            if hasattr(value, "raw_data"):  # a TensorProto
                from onnx import numpy_helper

                value = numpy_helper.to_array(value)
            found.append(PluginField(field.name, value, field.type))
    return found


ALL = (PluginField, PluginFieldCollection, PluginFieldCollection_)
for _kind in ALL:
    _kind.__module__ = "tensorrt"
