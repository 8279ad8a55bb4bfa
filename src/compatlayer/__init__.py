"""compatlayer: Python programs written for NVIDIA CUDA run unchanged on other devices.

Importing this package is cheap and starts nothing; every public name is loaded when it is first used.
See docs/python-api.md.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the name that type checkers know; importing typing would double the cost of this module
if TYPE_CHECKING:
    from compatlayer.errors import CudaError, Status
    from compatlayer.frontends.python import (
        Buffer,
        CompileError,
        Device,
        Event,
        Kernel,
        LaunchConfig,
        Program,
        Stream,
        devices,
        launch,
    )
    from compatlayer.launcher.activation import install

__version__ = "0.1.0"

_HOMES = {
    "install": "compatlayer.launcher.activation",
    "CudaError": "compatlayer.errors",
    "Status": "compatlayer.errors",
    "Buffer": "compatlayer.frontends.python",
    "CompileError": "compatlayer.frontends.python",
    "Device": "compatlayer.frontends.python",
    "Event": "compatlayer.frontends.python",
    "Kernel": "compatlayer.frontends.python",
    "LaunchConfig": "compatlayer.frontends.python",
    "Program": "compatlayer.frontends.python",
    "Stream": "compatlayer.frontends.python",
    "devices": "compatlayer.frontends.python",
    "launch": "compatlayer.frontends.python",
}

__all__ = [
    "Buffer",
    "CompileError",
    "CudaError",
    "Device",
    "Event",
    "Kernel",
    "LaunchConfig",
    "Program",
    "Status",
    "Stream",
    "__version__",
    "devices",
    "install",
    "launch",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'compatlayer' has no attribute {name!r}")
    value = getattr(__import__(home, fromlist=(name,)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
