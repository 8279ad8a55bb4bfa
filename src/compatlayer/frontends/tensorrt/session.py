"""The onnxruntime session that computes an engine, or a part of it."""

from __future__ import annotations

import os
from typing import Any

from compatlayer.frontends.tensorrt.log import INTERNAL, Refusal

_EARLIER = (25, 23, 21, 19)  # versions of ONNX's operators


def require_runtime() -> Any:
    """The onnxruntime module; ImportError says how to get it."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ImportError(f"compatlayer's tensorrt needs {error.name}; run `pip install compatlayer[jetson]`") from None
    assert onnx
    return onnxruntime


def make(model: bytes, threads: int = 0, optimised: bool = True) -> Any:
    """An InferenceSession; Refusal with the reason when onnxruntime cannot have the model."""
    runtime = require_runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or int(os.environ.get("COMPATLAYER_WORKERS") or 0)
    if not optimised:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Refusal(INTERNAL, f"Could not find any implementation for the network: {one_line(error)}") from None


def make_older(model: Any) -> tuple[Any, Any]:
    """(session, model) of a model whose operators onnxruntime only has in earlier versions; Refusal with the reason.

    onnx converts the operators, which keeps their meaning, or says that it cannot.
    """
    from onnx import version_converter

    try:
        return make(model.SerializeToString()), model
    except Refusal as error:
        reason = error
    own = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 0)
    for version in _EARLIER if "NOT_IMPLEMENTED" in str(reason) else ():
        if version < own:
            try:
                older = version_converter.convert_version(model, version)
                return make(older.SerializeToString()), older
            except (Refusal, RuntimeError):
                continue
    raise reason


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500]
