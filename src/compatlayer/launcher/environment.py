"""What children of an activated process find in their environment.

ACTIVE makes a child Python take the same way (see docs/adr/0004-reaching-child-processes.md); the rest serves
children that are not Python, and packages that look for a toolkit folder or keep compiled kernels on disk.
"""

from __future__ import annotations

import os

from compatlayer.launcher import libraries, site_files, toolkit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

ACTIVE = "COMPATLAYER_ACTIVE"
REPORT = "COMPATLAYER_REPORT"
DEVICES = "COMPATLAYER_DEVICES"

CHILDREN = os.path.join(libraries.PACKAGE, "launcher", "children")

# Kernels that these packages compiled for us and for a real device must not meet in one folder.
# Numba keeps them beside the source; imports.py marks ours.
_CACHES = {"PYCUDA_CACHE_DIR": "pycuda", "CUPY_CACHE_DIR": "cupy"}
_OURS = "compatlayer"

# The folders that this package makes in its cache folder: the packages' own caches, the toolkit folder, and the
# compiler's.
CACHE_CONTENTS = ("packages", toolkit.FOLDER, "v1")


def wanted(environ: MutableMapping[str, str]) -> bool | None:
    """What ACTIVE asks for: True, False ("0" or empty), or None when it is not set."""
    value = environ.get(ACTIVE)
    return None if value is None else value not in ("", "0")


def apply(environ: MutableMapping[str, str]) -> None:
    """Add what children need to `environ`; applying it twice changes nothing."""
    environ[ACTIVE] = "1"
    _prepend(environ, "LD_LIBRARY_PATH", libraries.FOLDER)
    if not site_files.is_installed():
        _prepend(environ, "PYTHONPATH", CHILDREN)
    home = toolkit_folder(environ)
    if home is not None:
        environ["CUDA_HOME"] = environ["CUDA_PATH"] = home
        _prepend(environ, "PATH", os.path.join(home, "bin"))
    driver = libraries.soname_path("libcuda.so.")
    if driver is not None:
        environ["NUMBA_CUDA_DRIVER"] = driver
    for name, folder in _CACHES.items():
        chosen = environ.get(name)
        if chosen is None:
            chosen = os.path.join(cache_folder(environ), "packages", folder)
        elif os.path.basename(chosen) != _OURS and not chosen.startswith(cache_folder(environ)):
            chosen = os.path.join(chosen, _OURS)
        # PyCUDA makes its folder only where it chose it itself
        if name != "PYCUDA_CACHE_DIR" or (not _is_off(environ) and _is_there(chosen)):
            environ[name] = chosen


def _is_there(folder: str) -> bool:
    """Whether a folder is there, or could be made."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def toolkit_folder(environ: MutableMapping[str, str] = os.environ) -> str | None:
    """The toolkit folder; without a place to make it the folder whose `include` holds our headers, if any."""
    try:
        if not _is_off(environ):
            return toolkit.root(cache_folder(environ))
    except toolkit.ToolkitError:
        pass
    found = toolkit.headers()
    return os.path.dirname(found) if found else None


def _is_off(environ: MutableMapping[str, str]) -> bool:
    """Whether nothing may be kept on disk."""
    return environ.get("COMPATLAYER_CACHE") == "0"


def cache_folder(environ: MutableMapping[str, str]) -> str:
    """The folder of this package's cache: COMPATLAYER_CACHE_DIR, or `compatlayer` in the user's cache folder."""
    chosen = environ.get("COMPATLAYER_CACHE_DIR")
    if chosen:
        return os.path.abspath(chosen)
    base = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "compatlayer")


def _prepend(environ: MutableMapping[str, str], name: str, folder: str) -> None:
    parts = [part for part in environ.get(name, "").split(os.pathsep) if part and part != folder]
    environ[name] = os.pathsep.join([folder, *parts])
