"""nvcc: what the command line asks for, carried out. Messages have nvcc's form, and so have exit statuses: 0, or 1."""

from __future__ import annotations

import os
import sys

import compatlayer
from compatlayer import errors
from compatlayer.nvcc import target
from compatlayer.nvcc.options import SUFFIXES, Command, Fatal, parse

VERSION = (13, 0, 0)
_WHOLE = "whole programs are not supported yet: this nvcc makes device code only, so give it --cubin, --ptx or --fatbin"
_REFUSED = {
    "compile": "-c makes an object file of host code", "device-c": "-dc makes an object file of host code",
    "device-w": "-dw makes an object file of host code", "device-link": "-dlink links object files of host code",
    "link": "-link links host code", "lib": "-lib makes a library of host code", "run": "-run runs host code",
    "cuda": "-cuda makes host code", "optix-ir": "OptiX is not there",
}
_HELP = """\
Usage  : nvcc [options] <inputfile>

--cubin, --ptx, --fatbin     compile device code to a file beside which a kernel is loaded (-o, -odir: where)
--preprocess (-E)            print the preprocessed source; with -Xcompiler -P without line markers
-M, -MM, -MD, -MMD           print or write the files that a source includes (-MF, -MT)
-arch, -code, -gencode       architectures; -arch=native is this device's
-I -isystem -D -U -include   as for any compiler
-rdc=true -G -g -lineinfo -use_fast_math -ftz -fmad -prec-div -prec-sqrt -maxrregcount -std -O -w -Xcompiler -Xptxas ...
--keep --verbose --dryrun --version --list-gpu-arch --list-gpu-code
Host code is not compiled yet. docs/nvcc.md of compatlayer has the whole list.
"""


def main(words: list[str], program: str) -> int:
    """Run one command line; `program` is the path of the command."""
    try:
        return _run(parse(words), words, program)
    except Fatal as fatal:
        sys.stderr.write(f"nvcc fatal   : {fatal}\n")
    except errors.CompilerError as error:
        sys.stderr.write(f"nvcc error   : {error}\n")
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        sys.stderr.write(f"nvcc fatal   : {error.filename}: {error.strerror}\n")
    except KeyboardInterrupt:
        return 130
    return 1


def _run(command: Command, words: list[str], program: str) -> int:
    if command.phase in ("version", "help", "list-gpu-arch", "list-gpu-code"):
        sys.stdout.write(_answer(command.phase))
        return 0
    if command.verbose or command.dry:
        home = os.path.dirname(os.path.dirname(os.path.abspath(program)))
        sys.stderr.write(f"#$ _NVVM_BRANCH_=nvvm\n#$ TOP={home}\n#$ CICC_PATH={home}/nvvm/bin\n")
    if not command.inputs:
        raise Fatal("No input files specified; use option --help for more information")
    for path in command.inputs:
        _check_input(path, command)
    if command.phase in _REFUSED:
        raise Fatal(f"{_REFUSED[command.phase]}; {_WHOLE}" if command.phase != "optix-ir" else
                    f"{_REFUSED[command.phase]}: option --optix-ir is not supported")
    if not command.phase:
        raise Fatal(_WHOLE)
    if command.output and len(command.inputs) > 1:
        raise Fatal("A single input file is required for a non-link phase when an outputfile is specified")
    if command.dry:
        sys.stderr.write(f"#$ nvcc {' '.join(words)}\n")
        return 0
    if command.phase in ("preprocess", "dependencies"):
        from compatlayer.nvcc import text

        return max([text.write(path, command) for path in command.inputs])
    from compatlayer.nvcc import code

    return max([code.write(path, command) for path in command.inputs])


def _check_input(path: str, command: Command) -> None:
    suffix = os.path.splitext(path)[1]
    if suffix not in (".cu", ".ptx", ".cup", ".gpu") and not command.treat_as_cuda:
        if suffix in (".c", ".cc", ".cpp", ".cxx", ".o", ".a", ".so"):
            raise Fatal(f"'{path}' is host code; {_WHOLE}")
        raise Fatal(f"Don't know what to do with '{path}'")
    if not os.path.isfile(path):
        raise Fatal(f"{path}: No such file or directory")


def _answer(phase: str) -> str:
    if phase == "version":
        return version()
    return _HELP if phase == "help" else target.listed(phase)


def version() -> str:
    """The text of --version. Its last line changes with everything that compiled code depends on, because programs
    keep what they compiled under this text."""
    from compatlayer import compiler

    major, minor, patch = VERSION
    try:
        build = compiler.identity()
    except errors.CompilerError:
        build = "without-compiler"
    return (f"nvcc: CUDA compiler driver of compatlayer {compatlayer.__version__}\n"
            f"Cuda compilation tools, release {major}.{minor}, V{major}.{minor}.{patch}\n"
            f"Build compatlayer_{compatlayer.__version__}.{build}\n")


def output_path(path: str, command: Command) -> str:
    """Where the result of compiling `path` goes."""
    if command.output:
        return command.output
    name = os.path.splitext(os.path.basename(path))[0] + SUFFIXES[command.phase]
    return os.path.join(command.output_folder, name)
