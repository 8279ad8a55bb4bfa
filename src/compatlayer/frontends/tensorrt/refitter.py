"""Refitter: new weights for an engine that was built with the REFIT flag."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt import log
from compatlayer.frontends.tensorrt.data_type import from_onnx, nptype
from compatlayer.frontends.tensorrt.engine import ICudaEngine
from compatlayer.frontends.tensorrt.enumerator import Enumerator
from compatlayer.frontends.tensorrt.enums import TensorLocation, WeightsRole
from compatlayer.frontends.tensorrt.parsed_model import Unsupported, load


class Refitter:
    """Collects weights, by name or by layer and role; refit_cuda_engine() puts them into the engine."""

    def __init__(self, engine: ICudaEngine, logger: log.ILogger) -> None:
        self.engine = engine
        self.logger = logger
        self.error_recorder: Any = None
        self.max_threads = 1
        self.weights_validation = True
        self._new: dict[str, Any] = {}
        if not engine.refittable:
            log.tell_error(logger, "IRefitter::IRefitter", log.API_USAGE, "Parameter check failed, condition: "
                           "engine.isRefittable(). Build the engine with BuilderFlag.REFIT")
            raise RuntimeError("the engine cannot be refitted; build it with BuilderFlag.REFIT")
        program = engine.program
        self._there = {tensor.name: tensor for tensor in program.model.graph.initializer}
        self._rows: dict[str, list[str]] = {name: row for name, row in engine.description["weights"].items()
                                            if name in self._there}

    def __enter__(self) -> Refitter:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def set_named_weights(self, name: str, weights: Any, location: Any = TensorLocation["HOST"]) -> bool:
        """New values for the weights of that name; False when there are none, or their number differs."""
        tensor = self._there.get(name) if name in self._rows else None
        if tensor is None:
            return self._refuse("setNamedWeights", f"weights named {name} are not in the engine; get_all_weights() "
                                "lists those that are")
        array = np.asarray(weights.numpy() if hasattr(weights, "numpy") else weights)
        count = int(np.prod(tensor.dims, dtype=np.int64))
        if array.size != count:
            return self._refuse("setNamedWeights", f"Count mismatch of weights {name}: {array.size} values were given, "
                                f"and the engine has {count}")
        dtype = from_onnx(tensor.data_type)
        assert dtype is not None
        self._new[name] = np.ascontiguousarray(array.astype(nptype(dtype), copy=False)).reshape(tuple(tensor.dims))
        return True

    def set_weights(self, layer_name: str, role: Enumerator, weights: Any) -> bool:
        for name, (layer, kind) in self._rows.items():
            if layer == layer_name and kind == role.name:
                return self.set_named_weights(name, weights)
        return self._refuse("setWeights", f"the layer {layer_name} has no weights of the role {role.name}")

    def get_named_weights(self, weights_name: str) -> Any:
        from onnx import numpy_helper

        return self._new.get(weights_name, numpy_helper.to_array(self._there[weights_name]))

    def unset_named_weights(self, weights_name: str) -> bool:
        return self._new.pop(weights_name, None) is not None

    def get_weights_prototype(self, weights_name: str) -> Any:
        return self.get_named_weights(weights_name)

    def get_weights_location(self, weights_name: str) -> Enumerator:
        return TensorLocation["HOST"]

    def get_all(self) -> tuple[list[str], list[Enumerator]]:
        rows = list(self._rows.values())
        return [row[0] for row in rows], [WeightsRole[row[1]] for row in rows]

    def get_all_weights(self) -> list[str]:
        return list(self._rows)

    def get_missing(self) -> tuple[list[str], list[Enumerator]]:
        rows = [self._rows[name] for name in self.get_missing_weights()]
        return [row[0] for row in rows], [WeightsRole[row[1]] for row in rows]

    def get_missing_weights(self) -> list[str]:
        """Weights that have to be set before the engine can run: those that a stripped engine lacks."""
        return sorted(self.engine.program.missing - self._new.keys())

    def get_tensors_with_dynamic_range(self) -> list[str]:
        """None: the ranges of an engine are in its quantise nodes, and cannot be changed."""
        return []

    def get_dynamic_range(self, tensor_name: str) -> tuple[float, float]:
        raise NotImplementedError("an engine's dynamic ranges cannot be read back; keep them beside the network")

    def set_dynamic_range(self, tensor_name: str, range: Any) -> bool:
        return self._refuse("setDynamicRange", "dynamic ranges are fixed when an engine is built; build it again")

    def refit_cuda_engine(self) -> bool:
        """Put the new weights into the engine; contexts use them from their next run."""
        missing = self.get_missing_weights()
        if missing:
            return self._refuse("refitCudaEngine", f"{len(missing)} weights are missing, such as {missing[0]}; "
                                "get_missing_weights() lists them")
        try:
            self.engine.program.refit(self._new)
        except log.Refusal as error:
            return self._refuse("refitCudaEngine", str(error))
        self._new = {}
        return True

    def refit_cuda_engine_async(self, stream_handle: int) -> bool:
        return self.refit_cuda_engine()

    def _refuse(self, where: str, text: str) -> bool:
        log.tell_error(self.logger, f"IRefitter::{where}", log.API_USAGE, text, self.error_recorder)
        return False


class OnnxParserRefitter:
    """Refits an engine from an ONNX model: all weights of the same names."""

    def __init__(self, refitter: Refitter, logger: log.ILogger) -> None:
        self.refitter = refitter
        self.logger = logger
        self._errors: list[Any] = []

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> Any:
        return self._errors[index]

    def clear_errors(self) -> None:
        self._errors.clear()

    def refit_from_bytes(self, model: Any, path: str | None = None) -> bool:
        return self._refit(bytes(model), os.path.dirname(path) if path else "")

    def refit_from_file(self, model: str) -> bool:
        try:
            with open(model, "rb") as file:
                data = file.read()
        except OSError as error:
            return self._fail("MODEL_DESERIALIZE_FAILED", f"Failed to open file: {model} ({error.strerror})")
        return self._refit(data, os.path.dirname(os.path.abspath(model)))

    def _refit(self, data: bytes, folder: str) -> bool:
        from onnx import numpy_helper

        try:
            proto = load(data, folder)
        except Unsupported as error:
            return self._fail(error.code.name, str(error))
        wanted = set(self.refitter.get_all_weights())
        for tensor in proto.graph.initializer:
            if tensor.name not in wanted:
                continue
            if not self.refitter.set_named_weights(tensor.name, numpy_helper.to_array(tensor)):
                return self._fail("REFIT_FAILED", f"the weights {tensor.name} do not fit the engine's")
        return True

    def _fail(self, code: str, text: str) -> bool:
        from compatlayer.frontends.tensorrt.parsed_model import error_code
        from compatlayer.frontends.tensorrt.parser import ParserError

        self._errors.append(ParserError(error_code(code), text))
        self.logger.log(log.Severity.ERROR, text)
        return False


for _kind in (Refitter, OnnxParserRefitter):
    _kind.__module__ = "tensorrt"
