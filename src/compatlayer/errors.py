"""CudaError carries a CUDA status through core; frontends turn it into the integer that C programs see."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """CUresult values (CUDA driver API, "Data types used by CUDA driver")."""

    SUCCESS = 0
    INVALID_VALUE = 1
    OUT_OF_MEMORY = 2
    NOT_INITIALIZED = 3
    DEINITIALIZED = 4
    PROFILER_DISABLED = 5
    STUB_LIBRARY = 34
    DEVICE_UNAVAILABLE = 46
    NO_DEVICE = 100
    INVALID_DEVICE = 101
    INVALID_IMAGE = 200
    INVALID_CONTEXT = 201
    MAP_FAILED = 205
    UNMAP_FAILED = 206
    ALREADY_MAPPED = 208
    NO_BINARY_FOR_GPU = 209
    ALREADY_ACQUIRED = 210
    NOT_MAPPED = 211
    UNSUPPORTED_LIMIT = 215
    CONTEXT_ALREADY_IN_USE = 216
    PEER_ACCESS_UNSUPPORTED = 217
    INVALID_PTX = 218
    JIT_COMPILER_NOT_FOUND = 221
    UNSUPPORTED_PTX_VERSION = 222
    UNSUPPORTED_EXEC_AFFINITY = 224
    INVALID_SOURCE = 300
    FILE_NOT_FOUND = 301
    SHARED_OBJECT_SYMBOL_NOT_FOUND = 302
    SHARED_OBJECT_INIT_FAILED = 303
    OPERATING_SYSTEM = 304
    INVALID_HANDLE = 400
    ILLEGAL_STATE = 401
    LOSSY_QUERY = 402
    NOT_FOUND = 500
    NOT_READY = 600
    ILLEGAL_ADDRESS = 700
    LAUNCH_OUT_OF_RESOURCES = 701
    LAUNCH_TIMEOUT = 702
    PEER_ACCESS_ALREADY_ENABLED = 704
    PEER_ACCESS_NOT_ENABLED = 705
    PRIMARY_CONTEXT_ACTIVE = 708
    CONTEXT_IS_DESTROYED = 709
    ASSERT = 710
    HOST_MEMORY_ALREADY_REGISTERED = 712
    HOST_MEMORY_NOT_REGISTERED = 713
    HARDWARE_STACK_ERROR = 714
    ILLEGAL_INSTRUCTION = 715
    MISALIGNED_ADDRESS = 716
    LAUNCH_FAILED = 719
    COOPERATIVE_LAUNCH_TOO_LARGE = 720
    NOT_PERMITTED = 800
    NOT_SUPPORTED = 801
    SYSTEM_NOT_READY = 802
    STREAM_CAPTURE_UNSUPPORTED = 900
    STREAM_CAPTURE_INVALIDATED = 901
    STREAM_CAPTURE_MERGE = 902
    STREAM_CAPTURE_UNMATCHED = 903
    STREAM_CAPTURE_UNJOINED = 904
    STREAM_CAPTURE_ISOLATION = 905
    STREAM_CAPTURE_IMPLICIT = 906
    CAPTURED_EVENT = 907
    STREAM_CAPTURE_WRONG_THREAD = 908
    GRAPH_EXEC_UPDATE_FAILURE = 910
    EXTERNAL_DEVICE = 911
    INVALID_RESOURCE_TYPE = 914
    INVALID_RESOURCE_CONFIGURATION = 915
    STREAM_DETACHED = 917
    UNKNOWN = 999


class ApiError(Exception):
    """A call of an emulated library failed; `status` is that library's own result code."""

    status: int
    text: str


class CudaError(ApiError):
    """A CUDA call failed. `status` is the CUresult; the text says what, which value and what to do."""

    status: Status

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(f"CUDA_ERROR_{status.name}: {text}")
        self.status = status
        self.text = text


class UnresolvedSymbol(CudaError):
    """Device code uses `symbol`, which nothing defines."""

    def __init__(self, symbol: str, text: str) -> None:
        super().__init__(Status.INVALID_IMAGE, text)
        self.symbol = symbol


class SetupError(Exception):
    """The machine or a variable is at fault, not the program: one sentence, told even to a program that only looks at
    the status of the call that it made fail."""


class CompilerError(Exception):
    """The compiler could not do its work for a reason outside the user's source: one sentence, what to do."""


class CompilerMissing(CompilerError, SetupError):
    """There is no compiler that could be started."""


class CompilerHindered(CompilerError, SetupError):
    """The compiler is there, and this machine keeps it from working: no room, no files left to open."""
