"""A pytest plugin, and the start of examples: lets a cuda-python checkout's programs run on the released wheels.

The checkout's helper packages are plain Python that the wheels leave out, so their folder is searched last; a name that
moved since the checkout is given its old place. Nothing of the checkout's own bindings is used.
"""

from __future__ import annotations

import os
import runpy
import sys

# The launcher points CUDA_PATH at its own headers; the suites look there for CCCL's.
toolkit = os.environ.get("COMPATLAYER_UPSTREAM_TOOLKIT")
if toolkit:
    os.environ["CUDA_PATH"] = os.environ["CUDA_HOME"] = toolkit

import cuda.bindings  # noqa: E402
import cuda.core._memory  # noqa: E402
from cuda.core._memory import _ipc  # noqa: E402

cuda.bindings.__path__.append(os.path.join(os.environ["COMPATLAYER_UPSTREAM"], "cuda_bindings", "cuda", "bindings"))
if not hasattr(cuda.core._memory, "IPCBufferDescriptor"):
    cuda.core._memory.IPCBufferDescriptor = _ipc.IPCBufferDescriptor

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")
