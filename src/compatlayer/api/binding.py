"""Writes the cffi binding: the types of every library, the native runtime, one extern "Python" per function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from compatlayer.api.header import Function, preprocess, read_macros
from compatlayer.api.library import Library

PREFIX = "cplpy_"
_RUNTIME_DEFINES = ("CPL_EXPORT=", "_Noreturn=")


def _python_functions(functions: Sequence[Function]) -> str:
    lines = ['extern "Python" {']
    for function in functions:
        signature = ", ".join(parameter.text for parameter in function.parameters) or "void"
        lines.append(f"    {function.result} {PREFIX}{function.name}({signature});")
    return "\n".join([*lines, "}", ""])


def write_declarations(
    compiler: Sequence[str], include: Path, read: Sequence[tuple[Library, str, Sequence[Function]]]
) -> str:
    """The cdef: each library's types and functions, integer macros, then the runtime."""
    parts = []
    for library, types, functions in read:
        parts.append(types)
        parts.append(_python_functions([f for f in functions if f.name not in library.in_c | library.looked_up]))
    parts.append('extern "Python" int cplpy_missing(int library, int index);\n')
    macros = read_macros([*include.glob("*.h"), *(include / "compatlayer" / "cuda").glob("*.h")])
    parts += [f"#define {name} ..." for name in dict.fromkeys(macros)]
    runtime = preprocess(compiler, include, ("compatlayer/runtime.h",), _RUNTIME_DEFINES)
    # Kernels call these; Python never does, and a function that does not return is none of cffi's business.
    parts.append(re.sub(r"^.*\bcpl_(exit|trap|assert_fail|gang_divergent)\([^;]*;$", "", runtime, flags=re.MULTILINE))
    return "\n".join(parts)


def write_source(libraries: Sequence[Library]) -> str:
    """The C that precedes cffi's own."""
    headers = "".join(f"#include <{header}>\n" for library in libraries for header in library.headers)
    return f"#define CPL_NO_NAME_MACROS\n{headers}#include <compatlayer/runtime.h>\n{_SAVED_ERROR}"


# Destructors of packages call us while an exception is on its way through them (a program object that dies because its
# compilation failed). Python code must not run with that exception set, and must not lose it. A thread that Python does
# not know has no exception; cffi itself then makes a thread state that lives as long as the thread, and with it the
# thread's current context, which a thread state of ours would take away at the end of the call.
_SAVED_ERROR = """
static void cpl_call_python(struct _cffi_externpy_s *target, char *arguments)
{
    if (PyGILState_GetThisThreadState() == NULL) {
        _cffi_call_python(target, arguments);
        return;
    }
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *kind = NULL, *value = NULL, *trace = NULL;
    int pending = PyErr_Occurred() != NULL;
    if (pending)
        PyErr_Fetch(&kind, &value, &trace);
    _cffi_call_python(target, arguments);
    if (pending)
        PyErr_Restore(kind, value, trace);
    PyGILState_Release(state);
}
#undef _cffi_call_python
#define _cffi_call_python cpl_call_python
"""
