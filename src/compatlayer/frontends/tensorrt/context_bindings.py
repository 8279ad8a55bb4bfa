"""The side of IExecutionContext that TensorRT 10 no longer has: shapes and addresses by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer.frontends.tensorrt.dims import Dims
from compatlayer.frontends.tensorrt.log import Severity

if TYPE_CHECKING:
    from compatlayer.frontends.tensorrt.engine import ICudaEngine


class ContextBindings:
    """Shapes and runs by binding numbers."""

    engine: ICudaEngine
    shape_inputs_by_name: dict[str, Any]

    def _name(self, binding: int) -> str:
        return self.engine.binding_tensor(binding).name

    def set_binding_shape(self, binding: int, shape: Any) -> bool:
        return self.set_input_shape(self._name(binding), shape)

    def get_binding_shape(self, binding: int) -> Dims:
        return self.get_tensor_shape(self._name(binding))

    def get_strides(self, binding: int) -> Dims:
        return self.get_tensor_strides(self._name(binding))

    def set_shape_input(self, binding: int, shape: Any) -> bool:
        return self.set_values(self._name(binding), [int(size) for size in shape])

    def get_shape(self, binding: int) -> list[int]:
        values = self.shape_values().get(self._name(binding))
        return [] if values is None else [int(value) for value in values.reshape(-1)]

    def execute_async_v2(self, bindings: Any, stream_handle: Any, input_consumed: Any = None) -> bool:
        """Run at its turn in the stream on a list of addresses, one for each binding."""
        if not self.take_addresses(bindings, "enqueueV2"):
            return False
        return self.enqueue(stream_handle, "enqueueV2", input_consumed)

    def execute(self, batch_size: int = 1, bindings: Any = ()) -> bool:
        """As execute_v2(), with a warning: every network has an explicit batch."""
        self._warn("execute", "executeV2")
        return self.execute_v2(bindings)

    def execute_async(self, batch_size: int = 1, bindings: Any = (), stream_handle: Any = 0,
                      input_consumed: Any = None) -> bool:
        """As execute_async_v2(), with a warning: every network has an explicit batch."""
        self._warn("enqueue", "enqueueV2")
        return self.execute_async_v2(bindings, stream_handle, input_consumed)

    def _warn(self, old: str, new: str) -> None:
        self.engine.logger.log(Severity.WARNING, f"The {old}() method is deprecated for networks with an explicit "
                               f"batch (EXPLICIT_BATCH); use {new}(). Its batch size changes no shape: call "
                               "set_binding_shape() for that")

    # What IExecutionContext has

    def set_input_shape(self, name: str, shape: Any) -> bool:
        raise NotImplementedError

    def get_tensor_shape(self, name: str) -> Dims:
        raise NotImplementedError

    def get_tensor_strides(self, name: str) -> Dims:
        raise NotImplementedError

    def set_values(self, name: str, values: list[int]) -> bool:
        raise NotImplementedError

    def shape_values(self) -> dict[str, Any]:
        raise NotImplementedError

    def execute_v2(self, bindings: Any) -> bool:
        raise NotImplementedError

    def take_addresses(self, bindings: Any, where: str) -> bool:
        raise NotImplementedError

    def enqueue(self, stream_handle: Any, where: str, consumed: Any = None) -> bool:
        raise NotImplementedError
