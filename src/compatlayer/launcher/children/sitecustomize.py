"""Found through PYTHONPATH by children when the package's own start-up file is not installed (a source tree).

It takes itself out of the way, lets the user's sitecustomize run as it would have, then activates.
"""

import os
import sys


def _step_aside() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401  (the next one on the path)
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        # The import system looks for a module under this name when we return.
        sys.modules.setdefault("sitecustomize", ours)


def _activate() -> None:
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
    sys.path.insert(0, root)
    try:
        from compatlayer.launcher import start
    finally:
        sys.path.remove(root)
    start.child()


try:
    _step_aside()
finally:
    _activate()
