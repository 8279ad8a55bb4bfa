"""The first use of the API in a process: the same start as a first call through the C interface."""

from __future__ import annotations

from compatlayer.core.runtime import state


def begin() -> None:
    """Start the runtime and open the devices; a second call does nothing. Raises CudaError."""
    if not state.initialized:
        from compatlayer import boot  # noqa: F401  (arranges the runtime's end in this process)

        state.initialize(0)
