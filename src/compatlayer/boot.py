"""Puts the handlers behind a library's functions; the C runtime calls `load` on the library's first call.

Importing this module is cheap. Import it early in a process where packages clean up with atexit: nothing here depends
on the order, but Python's own shutdown must find it loaded.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import RLock, get_ident

from compatlayer._native import ffi, lib

_FOLDERS = ("driver", "nvrtc")  # by CPL_LIBRARY_*
_READY, _BROKEN, _BUSY, _INTERRUPTED = range(4)  # as native/boot.c has them

_lock = RLock()  # a lock of Python's: who waits for it lets go of the GIL
_loading: dict[int, int] = {}  # library -> the thread that loads it
_loaded: dict[int, int] = {}  # library -> _READY or _BROKEN


def load(library: int) -> int:
    """Import every handler module of the library and open its slots. Never raises.

    Returns 0 when its functions work, 1 when they never will (the reason is on stderr), 2 when this very thread is
    loading it, 3 when Ctrl-C came: the next call tries again.
    """
    with _lock:
        if library in _loaded:
            return _loaded[library]
        if _loading.get(library) == get_ident():
            return _BUSY
        _loading[library] = get_ident()
        try:
            _import_handlers(_FOLDERS[library])
        except KeyboardInterrupt:
            again = ffi.gc(ffi.new("char *"), lib.cpl_python_interrupt)  # when this frame ends; see api/entry.py
            return _INTERRUPTED if again else _BROKEN
        except BaseException:
            _report(_FOLDERS[library])
            lib.cpl_slots_failed(library)
            _loaded[library] = _BROKEN
            return _BROKEN
        finally:
            del _loading[library]
        lib.cpl_slots_ready(library)
        _loaded[library] = _READY
        return _READY


def _import_handlers(folder: str) -> None:
    package = f"compatlayer.frontends.{folder}"
    home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frontends", folder)
    names = sorted(name[:-3] for name in os.listdir(home) if name.endswith(".py") and name != "__init__.py")
    for name in names:
        __import__(f"{package}.{name}")


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
