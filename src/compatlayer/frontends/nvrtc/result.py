"""NVRTC's result codes and texts (NVRTC documentation, "Error Handling")."""

from __future__ import annotations

from enum import IntEnum

from compatlayer.errors import ApiError


class NvrtcResult(IntEnum):
    """nvrtcResult values."""

    SUCCESS = 0
    ERROR_OUT_OF_MEMORY = 1
    ERROR_PROGRAM_CREATION_FAILURE = 2
    ERROR_INVALID_INPUT = 3
    ERROR_INVALID_PROGRAM = 4
    ERROR_INVALID_OPTION = 5
    ERROR_COMPILATION = 6
    ERROR_BUILTIN_OPERATION_FAILURE = 7
    ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION = 8
    ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION = 9
    ERROR_NAME_EXPRESSION_NOT_VALID = 10
    ERROR_INTERNAL_ERROR = 11
    ERROR_TIME_FILE_WRITE_FAILED = 12
    ERROR_NO_PCH_CREATE_ATTEMPTED = 13
    ERROR_PCH_CREATE_HEAP_EXHAUSTED = 14
    ERROR_PCH_CREATE = 15
    ERROR_CANCELLED = 16
    ERROR_TIME_TRACE_FILE_WRITE_FAILED = 17
    ERROR_BUSY = 18


class NvrtcError(ApiError):
    """An NVRTC call failed. `status` is the nvrtcResult; the text says what, which value and what to do."""

    status: NvrtcResult

    def __init__(self, status: NvrtcResult, text: str) -> None:
        super().__init__(f"NVRTC_{status.name}: {text}")
        self.status = status
        self.text = text

