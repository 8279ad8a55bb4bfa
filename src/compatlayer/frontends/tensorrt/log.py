"""ILogger, Logger, and the way in which every error of the API is told."""

from __future__ import annotations

import sys
import time
from typing import Any

from compatlayer.frontends.tensorrt.enumerator import Enumerator


class Severity(Enumerator):
    """How bad a message is."""

    INTERNAL_ERROR = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    VERBOSE = 4


Severity.__qualname__ = Severity.__name__ = "Severity"
Severity.__module__ = "tensorrt"


class ILogger:
    """What programs derive from to receive messages: `log(severity, msg)`."""

    Severity = Severity
    INTERNAL_ERROR = Severity.INTERNAL_ERROR
    ERROR = Severity.ERROR
    WARNING = Severity.WARNING
    INFO = Severity.INFO
    VERBOSE = Severity.VERBOSE

    def __init__(self) -> None:
        pass

    def log(self, severity: Enumerator, msg: str) -> None:
        raise NotImplementedError('Tried to call pure virtual function "ILogger::log"')


class Logger(ILogger):
    """Prints messages of `min_severity` and worse to standard error. A context manager, too."""

    def __init__(self, min_severity: Enumerator = Severity.WARNING) -> None:
        super().__init__()
        self.min_severity = min_severity

    def __enter__(self) -> Logger:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def log(self, severity: Enumerator, msg: str) -> None:
        if int(severity) <= int(self.min_severity):
            letter = {0: "F", 1: "E", 2: "W", 3: "I", 4: "V"}[int(severity)]
            print(f"[{time.strftime('%m/%d/%Y-%H:%M:%S')}] [TRT] [{letter}] {msg}", file=sys.stderr, flush=True)


for _kind in (ILogger, Logger):
    _kind.__module__ = "tensorrt"

# The codes of messages: "Error Code 3: API Usage Error (...)".
INTERNAL, API_USAGE, SERIALIZATION, MISUSE = 2, 3, 1, 4
_KINDS = {SERIALIZATION: "Serialization", INTERNAL: "Internal Error", API_USAGE: "API Usage Error",
          MISUSE: "Internal Error", 9: "Internal Error", 10: "Internal Error"}


class Refusal(Exception):
    """Something that the API refuses: it is told to the logger, and the call answers None or False."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def tell_error(logger: Any, where: str, code: int, text: str, recorder: Any = None) -> None:
    """Log an error in the words of the API, and give it to the error recorder where there is one."""
    message = f"{where}: Error Code {code}: {_KINDS.get(code, 'Internal Error')} ({text})"
    logger.log(Severity.ERROR, message)
    if recorder is not None:
        from compatlayer.frontends.tensorrt.enums import ErrorCodeTRT

        recorder.report_error(ErrorCodeTRT(3 if code == API_USAGE else 2), message)
