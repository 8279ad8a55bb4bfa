"""One import hook: small changes to a module right after the program imports it.

AFTER maps a module's full name to a function that is given the module. Nothing is imported by the hook itself.
"""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def _patch_ctypes_util(module: ModuleType) -> None:
    """Let ctypes.util.find_library("cuda") name our library; it would ask ldconfig, which does not know us."""
    original: Callable[[str], str | None] = module.find_library  # type: ignore[attr-defined]

    def find_library(name: str) -> str | None:
        path = libraries.soname_path(f"lib{name}.so.") if name != "compatlayer" else None
        return os.path.basename(path) if path is not None else original(name)

    find_library.__wrapped__ = original  # type: ignore[attr-defined]
    module.find_library = find_library  # type: ignore[attr-defined]


def _serve_runtime_calls(module: ModuleType) -> None:
    """Let cuda-core's few calls of the runtime API reach us."""
    from compatlayer.launcher import runtime_calls

    runtime_calls.serve(module)


AFTER: dict[str, Callable[[ModuleType], None]] = {
    "ctypes.util": _patch_ctypes_util,
    "cuda.bindings._internal.runtime": _serve_runtime_calls,
}


class _Finder:
    """A meta path finder that lets the others find a module of AFTER, and runs its function once it is loaded."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        function = AFTER.get(name)
        if function is None:
            return None
        for finder in sys.meta_path:
            if finder is _Finder or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    _run_after(spec.loader, function)
                return spec
        return None


def _run_after(loader: Loader, function: Callable[[ModuleType], None]) -> None:
    original = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        original(module)
        function(module)

    loader.exec_module = exec_module  # type: ignore[method-assign]


def hook() -> None:
    """Install the hook; a module that is loaded already is changed at once. A second call does nothing."""
    if _Finder in sys.meta_path:
        return
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
    for name, function in AFTER.items():
        module = sys.modules.get(name)
        if module is not None:
            function(module)
