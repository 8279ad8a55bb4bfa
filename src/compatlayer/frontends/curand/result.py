"""cuRAND's result codes (cuRAND documentation, "curandStatus_t")."""

from __future__ import annotations

from enum import IntEnum

from compatlayer.errors import ApiError


class CurandStatus(IntEnum):
    """The curandStatus_t values that are answered here."""

    SUCCESS = 0
    OUT_OF_RANGE = 104
    INTERNAL_ERROR = 999


class CurandError(ApiError):
    """A cuRAND call failed; the text says what, which value and what to do."""

    status: CurandStatus

    def __init__(self, status: CurandStatus, text: str) -> None:
        super().__init__(f"CURAND_STATUS_{status.name}: {text}")
        self.status = status
        self.text = text
