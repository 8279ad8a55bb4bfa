"""The preprocessor alone: a source with its includes and macros expanded, and the files that it read."""

from __future__ import annotations

import os
from typing import NamedTuple

from .. import headers as device_headers
from .. import scratch
from . import cuda_cpp, precompiled
from .cuda_cpp import CompileFailure, Source
from .diagnostics import format_log
from .nvrtc_options import Options


class Preprocessed(NamedTuple):
    """The text, the compiler's messages, and the user's files that were read (absolute paths)."""

    text: str
    log: str
    dependencies: tuple[str, ...]


def preprocess(source: Source, options: Options, markers: bool) -> Preprocessed:
    """Expand `source`, with line markers or without. What the base header declares is not in the text: every compile
    begins with it. Raises CompileFailure with the log, such as for a header that is not found."""
    with scratch.folder() as place:
        given, folder = os.path.join(place, "headers"), os.path.join(place, "cwd")
        os.mkdir(given)
        os.mkdir(folder)
        language = cuda_cpp.language_arguments(options)
        arguments = [*cuda_cpp.source_arguments(source, options, place, given), "-E", "-o", "-",
                     *([] if markers else ["-P"])]
        text = cuda_cpp.wrapped(source.text, source.name, options)
        base = precompiled.fitting(())
        status, output, messages = cuda_cpp.run_clang(language, arguments, text, folder, base)
        log = format_log(messages, source.name, source.expressions, {str(device_headers.folder()): "<compatlayer>"})
        if status != 0:
            raise CompileFailure(log)
        return Preprocessed(output, log, cuda_cpp.dependencies(os.path.join(place, "dependencies"), place))
