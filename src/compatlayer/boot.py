"""Puts the handlers behind a library's functions; the C runtime calls `load` on a function's first call.

Importing this module is cheap. Import it early in a process where packages clean up with atexit: nothing here depends
on the order, but Python's own shutdown must find it loaded.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
from _thread import RLock, get_ident

from compatlayer._native import ffi, lib

# By CPL_LIBRARY_*; the runtime library is all C.
_FOLDERS = ("driver", "nvrtc", "nvvm", "nvjitlink", "curand", "nvml", "")
_READY, _BROKEN, _BUSY, _INTERRUPTED = range(4)  # as native/boot.c has them

_lock = RLock()  # a lock of Python's: who waits for it lets go of the GIL
_loading: dict[int, int] = {}  # library -> the thread that loads it
_loaded: dict[int, int] = {}  # library -> _READY or _BROKEN
_modules: dict[int, dict[int, str]] = {}  # library -> function's row -> module of its handler
_ENTRY = re.compile(r'^@entry\("(\w+)"', re.MULTILINE)


def load(library: int, index: int = -1) -> int:
    """Open the library's slots, and import the module that handles row `index` (-1: every module). Never raises.

    Handler modules are imported when one of their functions is called first: a program that uses a tenth of the API
    waits for a tenth of it. Returns 0 when the functions work, 1 when they never will (the reason is on stderr), 2 when
    this very thread is loading the library, 3 when Ctrl-C came: the next call tries again.
    """
    with _lock:
        if _loaded.get(library) == _BROKEN:
            return _BROKEN
        if _loading.get(library) == get_ident():
            return _BUSY
        if index >= 0 and not lib.cpl_slot_asleep(library, index):
            return _READY  # another thread was first
        _loading[library] = get_ident()
        try:
            _import_handlers(library, index)
        except KeyboardInterrupt:
            again = ffi.gc(ffi.new("char *"), lib.cpl_python_interrupt)  # when this frame ends; see api/entry.py
            return _INTERRUPTED if again else _BROKEN
        except BaseException:
            _report(_FOLDERS[library] or "the runtime library")
            lib.cpl_slots_failed(library)
            _loaded[library] = _BROKEN
            return _BROKEN
        finally:
            del _loading[library]
        if library not in _loaded:
            lib.cpl_slots_tell_missing(lib.cplpy_missing)
            lib.cpl_slots_ready(library)
            _loaded[library] = _READY
        return _READY


@ffi.def_extern(name="cplpy_missing", error=801)  # type: ignore[untyped-decorator]
def _missing(library: int, index: int) -> int:
    """What a function without a handler answers."""
    from compatlayer.frontends.missing import answer

    return answer(library, index)


def _import_handlers(library: int, index: int) -> None:
    """Import the module behind one row, or all of them when `index` is -1."""
    if library not in _modules:
        _promise(library)
    modules = _modules[library]
    wanted = sorted({*modules.values()}) if index < 0 else [modules[index]] if index in modules else []
    if not wanted:
        return
    from compatlayer.api.entry import holding

    with holding:
        for name in wanted:
            __import__(name)


def _promise(library: int) -> None:
    """Find the functions that have handlers, from the modules' own text: nothing else has to list them."""
    folder = _FOLDERS[library]
    if not folder or (library == 0 and _passed_through()):
        _modules[library] = {}
        return
    home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frontends", folder)
    modules: dict[int, str] = {}
    for file in os.listdir(home):
        if file.endswith(".py"):
            with open(os.path.join(home, file), encoding="utf-8") as source:
                names = _ENTRY.findall(source.read())
            for name in names:
                modules[lib.cpl_slot_find(library, name.encode())] = f"compatlayer.frontends.{folder}.{file[:-3]}"
    modules.pop(-1, None)  # a name that include/ lacks: entry says so when the module is imported
    for index in modules:
        lib.cpl_slot_promise(library, index)
    _modules[library] = modules


def _passed_through() -> bool:
    """With COMPATLAYER_DEVICES=nvidia: whether the driver's own functions were put in place."""
    if os.environ.get("COMPATLAYER_DEVICES") != "nvidia":
        return False
    from compatlayer.core import real_driver

    path = real_driver.path()
    if path is None:
        return False  # cuInit of ours says why
    from compatlayer.frontends import nvidia

    nvidia.fill(path)
    return True


def _report(folder: str) -> None:
    import traceback

    if sys.stderr is not None:
        print(f"compatlayer: the handlers of {folder} cannot be loaded; all its calls fail", file=sys.stderr)
        traceback.print_exc()


def _arrange_end() -> None:
    """Have the slots closed at the right moment of Python's shutdown, after every atexit function.

    Objects of the program that die with their modules still free their memory, as they do on the real driver. Python
    then clears the modules that are left, the youngest first: one of our own, made now, ends the service in time.
    With other threads about, one of them may hold a lock of ours for ever, so the end comes before any destructor:
    Python forgets sys.last_traceback first of all. Either way the destructor is C and needs no module any more.
    """
    end = ffi.gc(ffi.new("char *"), lib.cpl_python_gone)
    if len(sys._current_frames()) > 1:
        sys.last_traceback = (end, getattr(sys, "last_traceback", None))  # type: ignore[assignment]
        return
    module = type(sys)("compatlayer._end")
    vars(module)["end"] = end
    sys.modules[module.__name__] = module
    vars(sys)["_compatlayer_end"] = module  # or it would go with the first modules


atexit.register(_arrange_end)
