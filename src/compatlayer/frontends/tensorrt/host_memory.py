"""IHostMemory: bytes that the API hands out, such as serialised engines."""

from __future__ import annotations

from compatlayer.frontends.tensorrt.data_type import DataType


class IHostMemory(bytes):
    """A buffer that can be written to a file, copied, or given to deserialize_cuda_engine."""

    def __enter__(self) -> IHostMemory:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    @property
    def nbytes(self) -> int:
        return len(self)

    @property
    def dtype(self) -> DataType:
        return DataType.INT8


IHostMemory.__module__ = "tensorrt"
