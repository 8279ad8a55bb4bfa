"""libNVVM's result codes (libNVVM API documentation, "Error Handling")."""

from __future__ import annotations

from enum import IntEnum

from compatlayer.errors import ApiError


class NvvmResult(IntEnum):
    """nvvmResult values."""

    SUCCESS = 0
    ERROR_OUT_OF_MEMORY = 1
    ERROR_PROGRAM_CREATION_FAILURE = 2
    ERROR_IR_VERSION_MISMATCH = 3
    ERROR_INVALID_INPUT = 4
    ERROR_INVALID_PROGRAM = 5
    ERROR_INVALID_IR = 6
    ERROR_INVALID_OPTION = 7
    ERROR_NO_MODULE_IN_PROGRAM = 8
    ERROR_COMPILATION = 9
    ERROR_CANCELLED = 10


class NvvmError(ApiError):
    """A libNVVM call failed. `status` is the nvvmResult; the text says what, which value and what to do."""

    status: NvvmResult

    def __init__(self, status: NvvmResult, text: str) -> None:
        super().__init__(f"NVVM_{status.name}: {text}")
        self.status = status
        self.text = text
