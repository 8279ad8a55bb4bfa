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
    """Let cuda.bindings.runtime call our runtime library; cuda-core needs a few of its functions."""
    from compatlayer.launcher import runtime_calls

    runtime_calls.serve(module)


def _mark_cached_kernels(module: ModuleType) -> None:
    """Let numba tell kernels that it compiled for us from those for a real device, which lie in the same folder."""
    codegen = module.JITCUDACodegen  # type: ignore[attr-defined]
    original: Callable[[object], tuple[object, ...]] = codegen.magic_tuple

    def magic_tuple(self: object) -> tuple[object, ...]:
        return (*original(self), "compatlayer")

    codegen.magic_tuple = magic_tuple


def _keep_first_parameters(module: ModuleType) -> None:
    """Let numba's own ctypes binding, which takes `_v2` of every function that has one, keep the parameters it knows.

    CUDA 13 gave two functions a `_v2` with a parameter more; numba 0.60 is older and would pass what a register holds.
    """
    driver = module.Driver  # type: ignore[attr-defined]
    original: Callable[[object, str], object] | None = getattr(driver, "_find_api", None)
    if original is None:
        return

    def _find_api(self: object, fname: str) -> object:
        if fname in ("cuCtxGetDevice", "cuCtxSynchronize"):
            return getattr(self.lib, fname)  # type: ignore[attr-defined]
        return original(self, fname)

    driver._find_api = _find_api


AFTER: dict[str, Callable[[ModuleType], None]] = {
    "ctypes.util": _patch_ctypes_util,
    "cuda.bindings._internal.runtime": _serve_runtime_calls,
    "cuda.bindings._bindings.cyruntime": _serve_runtime_calls,  # in version 12
    "numba.cuda.codegen": _mark_cached_kernels,
    "numba.cuda.cudadrv.driver": _keep_first_parameters,
}

# Modules of NVIDIA's that no documented C interface could serve, and what fills ours. NVIDIA's own is preferred where
# it is installed, unless the variable is set.
INSTEAD = {"tensorrt": "compatlayer.frontends.tensorrt"}
_ASKED = {"tensorrt": "COMPATLAYER_TENSORRT"}


class _Instead:
    """Finds our own module for a name that nothing else has, or that the user wants from us."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in INSTEAD:
            return None
        if not os.environ.get(_ASKED[name]):
            for finder in sys.meta_path:
                spec = None if finder is _Instead else finder.find_spec(name, path, target)
                if spec is not None and spec.origin is not None:  # a mere folder of that name is no package
                    return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, _Filler(), origin="compatlayer")  # type: ignore[arg-type]


class _Filler:
    """Loads a module of INSTEAD: what fills it comes from this package, and only when it is imported."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        return None

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        __import__(INSTEAD[module.__name__], fromlist=("fill",)).fill(module)


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
    sys.meta_path.insert(0, _Instead)  # type: ignore[arg-type]
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]
    for name, function in AFTER.items():
        module = sys.modules.get(name)
        if module is not None:
            function(module)
