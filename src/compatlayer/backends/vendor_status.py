"""A vendor's statuses in our terms, told by what the library itself calls them (cudaErrorNotReady, MUSA_ERROR_...)."""

from __future__ import annotations

from enum import Enum

from compatlayer.backends import base
from compatlayer.backends.base import FaultKind
from compatlayer.backends.vendor_calls import Calls


class Meaning(Enum):
    """What a status means for the caller."""

    OK = 0
    NOT_READY = 1
    NO_MEMORY = 2
    INVALID = 3
    UNSUPPORTED = 4
    FAILED = 5


_MEANINGS = {
    "NOTREADY": Meaning.NOT_READY, "OUTOFMEMORY": Meaning.NO_MEMORY, "MEMORYALLOCATION": Meaning.NO_MEMORY,
    "INVALIDVALUE": Meaning.INVALID, "INVALIDDEVICEPOINTER": Meaning.INVALID, "INVALIDHANDLE": Meaning.INVALID,
    "INVALIDRESOURCEHANDLE": Meaning.INVALID, "NOTSUPPORTED": Meaning.UNSUPPORTED,
    "HOSTMEMORYALREADYREGISTERED": Meaning.INVALID,
}  # fmt: skip
# What ends all work of the device until it is reset.
_FAULTS = {
    "ILLEGALADDRESS": FaultKind.ADDRESS, "MISALIGNEDADDRESS": FaultKind.ADDRESS, "ASSERT": FaultKind.ASSERT,
    "LAUNCHFAILURE": FaultKind.TRAP, "LAUNCHFAILED": FaultKind.TRAP, "LAUNCHTIMEOUT": FaultKind.TIMEOUT,
    "ILLEGALINSTRUCTION": FaultKind.INSTRUCTION, "INVALIDPC": FaultKind.INSTRUCTION,
    "HARDWARESTACKERROR": FaultKind.STACK, "ECCUNCORRECTABLE": FaultKind.TRAP, "ECCNOTCORRECTABLE": FaultKind.TRAP,
    "DEVICELOST": FaultKind.TRAP, "DEVICEUNAVAILABLE": FaultKind.TRAP, "DEVICESUNAVAILABLE": FaultKind.TRAP,
    "NODEVICE": FaultKind.TRAP, "UNKNOWN": FaultKind.TRAP, "CONTEXTISDESTROYED": FaultKind.TRAP,
}  # fmt: skip


def _key(name: str) -> str:
    """ILLEGALADDRESS of CUDA_ERROR_ILLEGAL_ADDRESS or hipErrorIllegalAddress."""
    word = "".join(letter for letter in name if letter.isalnum()).upper()
    return word.rpartition("ERROR")[2] if not word.endswith("ERROR") else word[:-5].rpartition("ERROR")[2] + "ERROR"


class Statuses:
    """The statuses of one library; each is asked for once."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._names: dict[int, str] = {}

    def name(self, status: int) -> str:
        found = self._names.get(status)
        if found is None:
            found = self._names[status] = self._calls.text(status, "error_name") or self._calls.text(status)
        return found

    def meaning(self, status: int) -> Meaning:
        return Meaning.OK if status == 0 else _MEANINGS.get(_key(self.name(status)), Meaning.FAILED)

    def fault(self, status: int) -> FaultKind | None:
        """What kind of fault a status reports; None for what leaves the device usable."""
        return _FAULTS.get(_key(self.name(status)))

    def told(self, status: int, what: str) -> str:
        """One sentence with the vendor's code and words."""
        words = self._calls.text(status)
        name = self.name(status)
        rest = f" ({words})" if words and words != name else ""
        return f"{what}: {self._calls.row.title} answered {status} {name}{rest}"

    def error(self, status: int, what: str) -> base.BackendError:
        """The exception for a status that is no fault."""
        kind = {Meaning.NO_MEMORY: base.OutOfMemory, Meaning.INVALID: base.BadArgument,
                Meaning.UNSUPPORTED: base.Unsupported}.get(self.meaning(status), base.BackendError)
        return kind(self.told(status, what))
