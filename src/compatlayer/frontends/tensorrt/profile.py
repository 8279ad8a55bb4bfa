"""Which generation of the API this process has: 8 (bindings) or 10 (named tensors), never both."""

from __future__ import annotations

import os

from compatlayer.errors import SetupError

VARIABLE = "COMPATLAYER_TENSORRT"
VERSIONS = {8: "8.6.2", 10: "10.3.0"}


def _chosen() -> int:
    text = os.environ.get(VARIABLE, "") or "10"
    if text not in ("8", "10"):
        raise SetupError(f"{VARIABLE}={text} is not 8 (the API with bindings, 8.6) or 10 (the one with named tensors)")
    return int(text)


PROFILE = _chosen()
VERSION = VERSIONS[PROFILE]
