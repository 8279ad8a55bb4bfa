"""A module named `tensorrt`, over onnxruntime: what TensorRT programs import where NVIDIA's library is absent.

`fill(module)` puts the API of the chosen generation into a module object. Follows the Python API reference of
TensorRT 8.6 and 10; what is missing raises AttributeError by its name, or the documented refusal.
"""

from __future__ import annotations

import sys
from types import ModuleType


def fill(module: ModuleType) -> None:
    """Make `module` the tensorrt module of this process. ImportError when onnxruntime or onnx is not installed."""
    from compatlayer.frontends.tensorrt.session import require_runtime

    require_runtime()
    from compatlayer.frontends.tensorrt import contents

    names = contents.names()
    vars(module).update(names)
    inner = ModuleType(f"{module.__name__}.tensorrt", module.__doc__)  # where NVIDIA's package has the same names too
    vars(inner).update(names)
    sys.modules[inner.__name__] = module.tensorrt = inner  # type: ignore[attr-defined]
