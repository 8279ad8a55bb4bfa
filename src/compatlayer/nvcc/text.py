"""-E and -M: what the preprocessor makes of a source, and which files it reads."""

from __future__ import annotations

import os
import sys

from compatlayer.nvcc import source, target
from compatlayer.nvcc.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from compatlayer.compiler.frontends.preprocessed import Preprocessed


def write(path: str, command: Command) -> int:
    """Print, or write to -o, what is asked for; the exit status."""
    from compatlayer.compiler.frontends.cuda_cpp import CompileFailure

    try:
        made = preprocess(path, command)
    except CompileFailure as failure:
        source.tell(failure.log)
        return 1
    source.tell(made.log)
    if command.phase == "dependencies":
        _give(rule(path, made.dependencies, command), command.rule_file or command.output)
    else:
        _give(made.text, command.output)
        if command.also_rule:
            write_rule(path, made.dependencies, command)
    return 0


def preprocess(path: str, command: Command) -> Preprocessed:
    """The preprocessed source. Raises CompileFailure."""
    from compatlayer.compiler.frontends import nvrtc_options, preprocessed
    from compatlayer.compiler.frontends.cuda_cpp import Source

    text = source.read(path)
    options = nvrtc_options.parse(source.words(command, target.architectures(command)[0]))._replace(nvcc=True)
    return preprocessed.preprocess(Source(text, path, {}, ()), options, command.markers)


def write_rule(path: str, dependencies: tuple[str, ...], command: Command) -> None:
    """The make rule of -MD, beside the output unless -MF says where."""
    name = os.path.splitext(os.path.basename(path))[0] + ".d"
    _give(rule(path, dependencies, command), command.rule_file or os.path.join(command.output_folder, name))


def rule(path: str, dependencies: tuple[str, ...], command: Command) -> str:
    """A make rule: the object file and what it depends on. Headers of ours are left out, as are the system's by -MM."""
    made = command.rule_target or os.path.splitext(os.path.basename(path))[0] + ".o"
    own = os.path.abspath(path)
    others = [each for each in dependencies if each != own]
    return " \\\n    ".join([f"{made} : {_escaped(path)}", *(_escaped(each) for each in others)]) + "\n"


def _escaped(path: str) -> str:
    return path.replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#")


def _give(text: str, path: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    if path and path != "-":
        with open(path, "wb") as file:
            file.write(data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
