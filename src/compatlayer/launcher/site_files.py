"""The start-up files (.pth) that site.py runs in every Python start of an environment.

LAUNCH comes with the installed package and does nothing unless COMPATLAYER_ACTIVE is set. ENABLE is written by
`compatlayer enable` and activates every program of the environment.
"""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import libraries

LAUNCH = "compatlayer-launch.pth"
ENABLE = "compatlayer-enable.pth"

# One line, because site.py runs lines. The file may outlive the package (a forced uninstall): then it is silent.
_ENABLE_TEXT = (
    "import sys; exec('try:\\n    from compatlayer.launcher import start\\nexcept ModuleNotFoundError:\\n"
    "    pass\\nelse:\\n    start.enabled()')\n"
)


class SiteError(RuntimeError):
    """A start-up file cannot be written or removed; the text says what to do."""


def is_installed() -> bool:
    """Whether LAUNCH lies where this interpreter's site.py runs it."""
    return any(os.path.exists(os.path.join(folder, LAUNCH)) for folder in _site_folders())


def enable_path() -> str:
    """Where `compatlayer enable` writes in the running interpreter's environment."""
    import sysconfig

    return os.path.join(sysconfig.get_paths()["purelib"], ENABLE)


def in_environment() -> bool:
    """Whether the running interpreter belongs to a virtual environment."""
    return sys.prefix != sys.base_prefix


def enable(force: bool) -> str:
    """Write the start-up file and return its path. Raises SiteError outside a virtual environment unless forced."""
    _refuse_outside(force)
    path = enable_path()
    if not _importable_at_start():
        raise SiteError(
            f"compatlayer is not installed in {sys.prefix}, so a program started there could not import it; "
            "run `pip install` for it first"
        )
    try:
        if not os.path.exists(path) or _read(path) != _ENABLE_TEXT:
            with open(path, "w", encoding="utf-8") as file:
                file.write(_ENABLE_TEXT)
        _record(present=True)
    except OSError as error:
        raise SiteError(f"cannot write {path}: {error.strerror}; make the folder writable") from error
    return path


def disable(force: bool) -> str | None:
    """Remove the start-up file; returns its path, or None when there was none. Raises SiteError as enable() does."""
    path = enable_path()
    if not os.path.lexists(path):
        return None
    _refuse_outside(force)
    try:
        os.unlink(path)
        _record(present=False)
    except OSError as error:
        raise SiteError(f"cannot remove {path}: {error.strerror}; make the folder writable") from error
    return path


def _record(present: bool) -> None:
    """List the file of enable() in the package's RECORD, or not: `pip uninstall` removes what is listed there."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution("compatlayer").files or []
    except PackageNotFoundError:
        return
    for file in files:
        if file.name == "RECORD" and os.path.dirname(str(file.parent)) == "":
            with open(str(file.locate()), encoding="utf-8", newline="") as record:
                lines = record.readlines()
            kept = [line for line in lines if line.rstrip("\r\n") != f"{ENABLE},,"]
            with open(str(file.locate()), "w", encoding="utf-8", newline="") as record:
                record.writelines([*kept, f"{ENABLE},,\r\n"] if present else kept)


def _refuse_outside(force: bool) -> None:
    if not force and not in_environment():
        raise SiteError(
            f"{sys.prefix} is not a virtual environment and every Python program of this machine may use it; "
            "activate a virtual environment, or add --force"
        )


def _site_folders() -> list[str]:
    """The folders whose start-up files this interpreter runs."""
    site = sys.modules.get("site")
    if site is None:  # python -S: no start-up file runs at all
        return []
    # While a virtual environment's own start-up files run, site does not count it among its prefixes yet.
    folders: list[str] = [*site.getsitepackages([sys.prefix]), *site.getsitepackages()]
    if site.ENABLE_USER_SITE and site.USER_SITE:
        folders.append(site.USER_SITE)
    return folders


def _importable_at_start() -> bool:
    """Whether a fresh interpreter of this environment finds the package without PYTHONPATH."""
    root = os.path.dirname(libraries.PACKAGE)
    if root in _site_folders():
        return True
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        home = str(distribution("compatlayer").locate_file(""))
    except PackageNotFoundError:
        return False
    return os.path.abspath(home) in _site_folders()  # an editable installation


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
