"""EfficientNMS_TRT against NumPy: thresholds, codings, background, batches, padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from trt_device import Device
from trt_models import Log, engine_of, floats, model, run

trt = pytest.importorskip("tensorrt")
RANDOM = np.random.default_rng(5)
MOST = 12
PARAMETERS: dict[str, Any] = {"score_threshold": 0.4, "iou_threshold": 0.5, "max_output_boxes": MOST,
                              "background_class": -1, "score_activation": 0, "class_agnostic": 0, "box_coding": 0}


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    width, height = (min(a[place + 2], b[place + 2]) - max(a[place], b[place]) for place in (0, 1))
    both = max(width, 0) * max(height, 0)
    return float(both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both))


def right(boxes: np.ndarray, scores: np.ndarray, given: dict[str, Any]) -> list[tuple[np.ndarray, float, int]]:
    """The detections of one image, best first."""
    if given["box_coding"]:
        boxes = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], 1)
    if given["score_activation"]:
        scores = 1 / (1 + np.exp(-scores))
    found: list[tuple[np.ndarray, float, int]] = []
    for place in np.argsort(-scores, axis=None, kind="stable"):
        box, label = divmod(int(place), scores.shape[1])
        if label == given["background_class"] or scores[box, label] <= given["score_threshold"]:
            continue
        rivals = [other for other, _, kind in found if given["class_agnostic"] or kind == label]
        if all(overlap(boxes[box], other) <= given["iou_threshold"] for other in rivals):
            found.append((boxes[box], float(scores[box, label]), label))
    return found[:MOST]


def build(given: dict[str, Any], batch: Any, count: int, classes: int, profiles: Any = (), kind: int = 1) -> Any:
    node = helper.make_node("EfficientNMS_TRT", ["boxes", "scores"], ["n", "b", "s", "c"], name="nms", domain="",
                            plugin_version="1", **given)
    data = model([node], [floats("boxes", [batch, count, 4], kind), floats("scores", [batch, count, classes], kind)],
                 [floats("n", [batch, 1], TensorProto.INT32), floats("b", [batch, MOST, 4], kind),
                  floats("s", [batch, MOST], kind), floats("c", [batch, MOST], TensorProto.INT32)], opset=13)
    log = Log()
    engine = engine_of(data, log, profiles)
    engine.log = log
    return engine


def inputs(batch: int, count: int, classes: int, coding: int) -> dict[str, np.ndarray]:
    near, size = RANDOM.uniform(0, 1, (batch, count, 2)), RANDOM.uniform(0.1, 0.5, (batch, count, 2))
    boxes = np.concatenate([near, size if coding else near + size], 2)
    scores = RANDOM.uniform(0, 1, (batch, count, classes))
    return {"boxes": boxes.astype(np.float32), "scores": scores.astype(np.float32)}


def check(found: dict[str, np.ndarray], feed: dict[str, np.ndarray], given: dict[str, Any]) -> None:
    for image in range(len(feed["boxes"])):
        wanted = right(feed["boxes"][image], feed["scores"][image], given)
        number = len(wanted)
        assert found["n"][image, 0] == number
        boxes = np.array([box for box, _, _ in wanted]).reshape(-1, 4)
        assert np.allclose(found["b"][image, :number], boxes, atol=1e-5)
        assert np.allclose(found["s"][image, :number], [score for _, score, _ in wanted], atol=1e-5)
        assert found["c"][image, :number].tolist() == [label for _, _, label in wanted]
        assert not found["b"][image, number:].any() and not found["s"][image, number:].any()


@pytest.mark.parametrize("change", [
    {}, {"box_coding": 1}, {"score_activation": 1, "score_threshold": 0.6}, {"class_agnostic": 1},
    {"background_class": 0}, {"score_threshold": 0.98}, {"iou_threshold": 0.05, "class_agnostic": 1, "box_coding": 1},
])  # fmt: skip
def test_detections_are_numpys(gpu: Device, change: dict[str, Any]) -> None:
    given = PARAMETERS | change
    feed = inputs(3, 30, 4, given["box_coding"])
    check(run(gpu, build(given, 3, 30, 4), feed), feed, given)


def test_a_dynamic_batch_keeps_its_shapes(gpu: Device) -> None:
    engine = build(PARAMETERS, "n", 20, 3, [{"boxes": ((1, 20, 4),) + ((4, 20, 4),) * 2,
                                             "scores": ((1, 20, 3),) + ((4, 20, 3),) * 2}])
    context = engine.create_execution_context()
    for batch in (1, 4):
        feed = inputs(batch, 20, 3, 0)
        check(run(gpu, engine, feed, context), feed, PARAMETERS)


def test_half_precision_comes_back_as_it_went_in(gpu: Device) -> None:
    engine = build(PARAMETERS, 1, 16, 2, kind=TensorProto.FLOAT16)
    feed = {name: array.astype(np.float16) for name, array in inputs(1, 16, 2, 0).items()}
    found = run(gpu, engine, feed)
    assert found["b"].dtype == found["s"].dtype == np.float16
    wide = {name: array.astype(np.float32) for name, array in feed.items()}
    check(found, wide, PARAMETERS)
