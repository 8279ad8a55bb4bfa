"""NVIDIA's TensorRT samples and jkjung-avt/tensorrt_demos, unmodified, on models made here (README.md says how to get
them). docs/tensorrt.md has the whole table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime", reason="these programs need pip install compatlayer[jetson]")
Image = pytest.importorskip("PIL.Image", reason="these programs read pictures with Pillow")

PUBLIC = os.environ.get("COMPATLAYER_PUBLIC", "")
SAMPLES, DEMOS = Path(PUBLIC, "NVIDIA+TensorRT"), Path(PUBLIC, "jkjung-avt+tensorrt_demos")
APIS = SAMPLES / "tools" / "Polygraphy" / "examples" / "api"
pytestmark = pytest.mark.skipif(not PUBLIC or not SAMPLES.is_dir(), reason="COMPATLAYER_PUBLIC names no folder with "
                                "NVIDIA+TensorRT; tests/public/README.md says how to get it")
PICTURES = ("binoculars.jpeg", "reflex_camera.jpeg", "tabby_tiger_cat.jpg")
EXAMPLES = {"00_inference_with_tensorrt": ("build_and_run.py", "load_and_run.py"),
            "02_validating_on_a_dataset": ("example.py",), "03_interoperating_with_tensorrt": ("example.py",),
            "04_int8_calibration_in_tensorrt": ("example.py",), "05_using_tensorrt_network_api": ("example.py",),
            "06_immediate_eval_api": ("build_and_run.py", "load_and_run.py"),
            "07_tensorrt_and_dynamic_shapes": ("example.py",)}


def run(program: Path, *words: str, folder: Path, api: str = "10") -> str:
    """What a program prints; it has to end without an error."""
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(program), *words], capture_output=True,
                          text=True, timeout=110, cwd=folder, env=os.environ | {"COMPATLAYER_TENSORRT": api})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def save(path: Path, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any],
         weights: dict[str, Any]) -> None:
    made = [[onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in part.items()]
            for part in (inputs, outputs)]
    graph = onnx.helper.make_graph(nodes, "made", *made, [onnx.numpy_helper.from_array(array, name)
                                                          for name, array in weights.items()])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 7
    path.write_bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of ResNet50's interface, three pictures, and labels: the class that onnxruntime finds is called "a",
    which is in every picture's name, so that a sample recognises it when it finds that class."""
    import onnxruntime

    folder = tmp_path_factory.mktemp("data") / "resnet50"
    folder.mkdir()
    random, node = np.random.default_rng(0), onnx.helper.make_node
    weights = {"c": random.standard_normal((16, 3, 7, 7)).astype(np.float32) / 10,
               "f": random.standard_normal((1000, 16)).astype(np.float32)}
    nodes = [node("Conv", ["data", "c"], ["a"], strides=[4, 4]), node("Relu", ["a"], ["b"]),
             node("GlobalAveragePool", ["b"], ["p"]), node("Flatten", ["p"], ["q"]),
             node("Gemm", ["q", "f"], ["r"], transB=1), node("Softmax", ["r"], ["chances"])]
    save(folder / "ResNet50.onnx", nodes, {"data": [1, 3, 224, 224]}, {"chances": [1, 1000]}, weights)
    labels = [f"class {place}" for place in range(1000)]
    session = onnxruntime.InferenceSession(str(folder / "ResNet50.onnx"))
    for name in PICTURES:
        Image.fromarray(random.integers(0, 255, (300, 400, 3), np.uint8)).save(folder / name)
        pixels = np.asarray(Image.open(folder / name).resize((224, 224), Image.LANCZOS)).transpose(2, 0, 1)
        chances, = session.run(None, {"data": ((pixels.astype(np.float32) / 255 - 0.45) / 0.225)[None]})
        labels[chances.argmax()] = "a"
    (folder / "class_labels.txt").write_text("\n".join(labels))
    return folder.parent


@pytest.mark.parametrize("name", ["introductory_parser_samples/onnx_resnet50.py",
                                  "simple_progress_monitor/simple_progress_monitor.py"])
def test_a_sample_recognises_its_picture(name: str, data: Path, tmp_path: Path) -> None:
    assert "Correctly recognized" in run(SAMPLES / "samples" / "python" / name, "-d", str(data), folder=tmp_path)


def test_a_stripped_engine_that_was_refitted_answers_the_same(data: Path, tmp_path: Path) -> None:
    programs = SAMPLES / "samples" / "python" / "sample_weight_stripping"
    run(programs / "build_engines.py", "-d", str(data), folder=tmp_path)
    said = run(programs / "refit_engine_and_infer.py", "-d", str(data), folder=tmp_path)
    assert "Refitted stripped engine correctly recognized" in said
    assert float(said.split("The MSE of the final layer output is")[1]) < 1e-12


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_api_example_of_polygraphy_runs(name: str, tmp_path: Path) -> None:
    pytest.importorskip("polygraphy")
    shutil.copytree(APIS / name, tmp_path / name)
    for program in EXAMPLES[name]:
        run(tmp_path / name / program, folder=tmp_path / name)


def test_modnet_gives_the_mask_of_its_model(tmp_path: Path) -> None:
    """The script builds an engine of 8.6 with a fixed batch from a model with an open one."""
    if not DEMOS.is_dir():
        pytest.skip("COMPATLAYER_PUBLIC has no jkjung-avt+tensorrt_demos")
    node = onnx.helper.make_node
    save(tmp_path / "modnet.onnx", [node("Conv", ["input", "w"], ["a"]), node("Sigmoid", ["a"], ["output"])],
         {"input": ["n", 3, 480, 640]}, {"output": ["n", 1, 480, 640]}, {"w": np.full((1, 3, 1, 1), 20, np.float32)})
    said = run(DEMOS / "modnet" / "onnx_to_tensorrt.py", "modnet.onnx", "modnet.engine", folder=tmp_path, api="8")
    assert "Completed creating engine." in said and (tmp_path / "modnet.engine").stat().st_size > 300
