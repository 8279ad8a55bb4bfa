"""The computation of an engine: its ONNX model, the session that runs it, and the shapes that come out."""

from __future__ import annotations

from typing import Any

import numpy as np

from compatlayer.frontends.tensorrt import container, precision, session, shapes
from compatlayer.frontends.tensorrt.log import MISUSE, Refusal

_KEPT_SHAPES = 256


class Program:
    """One engine's computation, shared by its execution contexts."""

    def __init__(self, description: dict[str, Any], model: bytes, logger: Any) -> None:
        self.description = description
        self.logger = logger
        self.refitted = False
        self._bytes = model
        self._model: Any = None
        self._depends: bool | None = None
        self._known: dict[Any, dict[str, tuple[int, ...]]] = {}
        self._debug: Any = None
        self._plain: Any = None
        self.missing = set(description.get("stripped", ()))
        self.plan: Any = None  # of an engine with plugins
        if description.get("plugins"):
            from compatlayer.frontends.tensorrt import plugin_steps

            self.plan = plugin_steps.split(self.model)
        elif not self.missing:
            self._plain = session.make(model)

    @property
    def model(self) -> Any:
        """The ModelProto; not to be changed but by refit()."""
        if self._model is None:
            import onnx

            self._model = onnx.load_model_from_string(self._bytes)
        return self._model

    @property
    def session(self) -> Any:
        if self._plain is None:
            raise Refusal(MISUSE, f"the engine was built without weights ({len(self.missing)} are missing); set them "
                          "with a Refitter before running it")
        return self._plain

    def debug_session(self) -> Any:
        """A session that also gives the debug tensors, not optimised so that they exist as the network has them."""
        if self._debug is None:
            import onnx
            from onnx import helper

            copy = onnx.load_model_from_string(self.model.SerializeToString())
            there = {info.name for info in copy.graph.output}
            inferred = shapes.infer(copy)
            for name in self.description["debug"]:
                if name not in there:
                    copy.graph.output.append(helper.make_tensor_value_info(name, inferred.types.get(name, 1), None))
            self._debug = session.make(copy.SerializeToString(), optimised=False)
        return self._debug

    def refit(self, arrays: dict[str, Any]) -> None:
        """New weights by name; contexts use them from their next run."""
        from onnx import numpy_helper

        for tensor in self.model.graph.initializer:
            if tensor.name in arrays:
                array = arrays[tensor.name]
                if self.description["rounded_to"] and array.dtype == np.float32:
                    array = precision.round_array(array, self.description["rounded_to"])
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        self.missing -= arrays.keys()
        self._bytes = self.model.SerializeToString()
        self._debug = None
        if self.plan is not None:
            from compatlayer.frontends.tensorrt import plugin_steps

            self.plan = plugin_steps.split(self.model)
        elif not self.missing:
            self._plain = session.make(self._bytes)
        self.refitted = True

    def serialized(self) -> bytes:
        return container.pack(self.description | {"stripped": sorted(self.missing)}, self._bytes)

    # Shapes

    def output_shapes(self, sizes: dict[str, tuple[int, ...]], values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        """Shapes of the outputs for shapes of all inputs and values of shape inputs; -1 where data decides."""
        key = (tuple(sorted(sizes.items())), tuple((name, each.tobytes()) for name, each in sorted(values.items())))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT_SHAPES:
                self._known.clear()
            found = self._known[key] = self._find(sizes, values)
        return found

    def _find(self, sizes: dict[str, tuple[int, ...]], values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        outputs = [(row["name"], tuple(row["shape"])) for row in self.description["tensors"] if not row["input"]]
        found = {name: shape for name, shape in outputs if -1 not in shape}
        if len(found) == len(outputs):
            return found
        model = self._with_values(values) if values else self.model
        inferred = self._infer(model, sizes)
        missing = False
        for name, shape in outputs:
            if name not in found:
                known = inferred.get(name)
                found[name] = shape if known is None else known
                missing = missing or known is None or -1 in known
        if missing and self.plan is None and not self._depends_on_data():
            found = self._probe(sizes, values, found)
        return found

    def value_shapes(self, sizes: dict[str, tuple[int, ...]], values: dict[str, Any]) -> dict[str, Any]:
        """Shapes of all values of an engine with plugins; None or -1 where they are not known."""
        return self._infer(self._with_values(values) if values else self.model, sizes)

    def _infer(self, model: Any, sizes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
        if self.plan is None:
            return shapes.infer(model, sizes).shapes
        from compatlayer.frontends.tensorrt import plugin_steps

        return plugin_steps.inferred(model, [step.use for step in self.plan.plugins], sizes).shapes

    def _with_values(self, values: dict[str, Any]) -> Any:
        import onnx
        from onnx import numpy_helper

        copy = onnx.load_model_from_string(self._bytes)
        for name, array in values.items():
            copy.graph.initializer.append(numpy_helper.from_array(array, name))
            for info in list(copy.graph.input):
                if info.name == name:
                    copy.graph.input.remove(info)
        return copy

    def _depends_on_data(self) -> bool:
        if self._depends is None:
            self._depends = shapes.depends_on_data(self.model)
        return self._depends

    def _probe(self, sizes: dict[str, tuple[int, ...]], values: dict[str, Any],
               found: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Run once on zeros: where no operator's shape depends on data, the result has the shapes."""
        kinds = {each.name: _NUMPY.get(each.type) for each in self.session.get_inputs()}
        if None in kinds.values():
            return found
        feed = {name: values[name] if name in values else np.zeros(shape, kinds[name])
                for name, shape in sizes.items()}
        names = list(found)
        try:
            results = self.session.run(names, feed)
        except Exception:  # zeros may be no input that the network can take; the shapes stay unknown
            return found
        return {name: tuple(result.shape) for name, result in zip(names, results, strict=True)}


_NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
          "tensor(int8)": np.int8, "tensor(uint8)": np.uint8, "tensor(int32)": np.int32, "tensor(int64)": np.int64,
          "tensor(bool)": np.bool_}
