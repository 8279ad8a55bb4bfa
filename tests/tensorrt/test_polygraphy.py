"""Polygraphy, NVIDIA's tool for ONNX models and engines, on the module tensorrt: its commands and its Python API."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from trt_models import dense, floats, model

pytest.importorskip("polygraphy", reason="polygraphy is not installed: pip install polygraphy")

HALF_MAX = 65504.0
WAIT_S = 110


def polygraphy(*words: str, folder: Path) -> str:
    """What the command prints; it has to succeed."""
    done = run(*words, folder=folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    start = "import sys; from polygraphy.tools import main; sys.argv[0] = 'polygraphy'; sys.exit(main())"
    return subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", start, *words], capture_output=True,
                          text=True, timeout=WAIT_S, cwd=folder, env=os.environ | {"COMPATLAYER_DEVICES": "cpu"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("polygraphy")
    (folder / "dense.onnx").write_bytes(dense("n"))
    return folder


def test_run_compares_with_onnxruntime_and_sees_a_difference(folder: Path) -> None:
    shapes = ("--trt-min-shapes", "x:[1,8]", "--trt-opt-shapes", "x:[4,8]", "--trt-max-shapes", "x:[8,8]")
    said = polygraphy("run", "dense.onnx", "--trt", "--onnxrt", *shapes, "--save-inputs", "inputs.json",
                      "--save-outputs", "outputs.json", "--save-engine", "dense.engine", folder=folder)
    assert re.search(r"Accuracy Summary \| trt-runner\S* vs\. onnxrt-runner\S* .*Passed: 1/1 iterations", said), said
    wrong = run("run", "dense.onnx", "--trt", "--fp16", *shapes, "--load-inputs", "inputs.json", "--load-outputs",
                "outputs.json", "--atol", "1e-9", "--rtol", "1e-9", folder=folder)
    assert wrong.returncode == 1 and "Passed: 0/1 iterations" in wrong.stdout + wrong.stderr
    assert "z [dtype=float32, shape=(1, 8)]" in polygraphy("inspect", "data", "outputs.json", folder=folder)
    shown = polygraphy("inspect", "model", "dense.engine", "--show", "layers", folder=folder)
    assert "x [dtype=float32, shape=(-1, 8)]" in shown and "product" in shown
    assert re.search(r"min=\(1, 8\), opt=\(4, 8\), max=\(8, 8\)", shown)


def test_convert_calibrates_and_the_engine_runs(folder: Path) -> None:
    (folder / "static.onnx").write_bytes(dense(4))
    (folder / "loader.py").write_text("import numpy as np\ndef load_data():\n    for place in range(4):\n"
                                      "        yield {'x': np.full((4, 8), place / 4, np.float32)}\n")
    polygraphy("convert", "static.onnx", "--int8", "--data-loader-script", "loader.py", "--calibration-cache",
               "int8.cache", "-o", "int8.engine", folder=folder)
    cache = (folder / "int8.cache").read_text()
    assert cache.startswith("TRT-") and re.search(r"^x: [0-9a-f]{8}$", cache, re.MULTILINE)
    said = polygraphy("run", "int8.engine", "--trt", "--model-type=engine", folder=folder)
    assert "{z [dtype=float32, shape=(4, 8)]}" in said


def test_debug_precision_finds_the_layers_that_need_float32(folder: Path) -> None:
    """Halves hold up to 65504: a sum beyond that is lost in FP16."""
    nodes = [helper.make_node("MatMul", ["x", "flip"], ["a"], name="first"),
             helper.make_node("Add", ["a", "most"], ["b"], name="up"),
             helper.make_node("Sub", ["b", "most"], ["c"], name="down"),
             helper.make_node("MatMul", ["c", "flip"], ["y"], name="last")]
    weights = {"flip": np.eye(16, dtype=np.float32)[::-1].copy(), "most": np.full(1, HALF_MAX, np.float32)}
    (folder / "narrow.onnx").write_bytes(model(nodes, [floats("x", [16, 16])], [floats("y", [16, 16])], weights))
    polygraphy("run", "narrow.onnx", "--onnxrt", "--val-range", "x:[1,2]", "--save-inputs", "in.json", "--save-outputs",
               "golden.json", folder=folder)
    check = (sys.executable, "-c", "import sys; from polygraphy.tools import main; sys.exit(main())", "run",
             "polygraphy_debug.engine", "--trt", "--load-inputs", "in.json", "--load-outputs", "golden.json",
             "--check-error-stat", "median", "--atol", "0.1")
    said = polygraphy("debug", "precision", "narrow.onnx", "--fp16", "--mode", "bisect", "--check", *check,
                      folder=folder)
    found = re.search(r"try running the first (\d) layer\(s\) in higher precision", said)
    assert found and 2 <= int(found[1]) <= 3, said[-2000:]


API = """
import numpy as np
from polygraphy.backend.onnxrt import OnnxrtRunner, SessionFromOnnx
from polygraphy.backend.trt import (CreateConfig, EngineFromBytes, EngineFromNetwork, NetworkFromOnnxPath, Profile,
                                    SaveEngine, TrtRunner)
from polygraphy.comparator import Comparator, DataLoader
profiles = [Profile().add("x", (1, 8), (1, 8), (1, 8)), Profile().add("x", (2, 8), (4, 8), (8, 8))]
build = SaveEngine(EngineFromNetwork(NetworkFromOnnxPath("dense.onnx"), CreateConfig(profiles=profiles)), "api.engine")
engine = build()
with TrtRunner(engine, optimization_profile=1) as runner:
    x = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    first = runner.infer({"x": x})["z"].copy()
    runner.set_profile(0)
    assert np.allclose(runner.infer({"x": x[:1]})["z"], first[:1], atol=1e-5)
loaded = EngineFromBytes(open("api.engine", "rb").read())
results = Comparator.run([TrtRunner(loaded), OnnxrtRunner(SessionFromOnnx("dense.onnx"))],
                         data_loader=DataLoader(iterations=3, input_metadata=None))
assert bool(Comparator.compare_accuracy(results))
print("the same")
"""


def test_the_python_api_runs_engines_of_several_profiles(folder: Path) -> None:
    (folder / "program.py").write_text(API)
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "program.py"], capture_output=True, text=True,
                          timeout=WAIT_S, cwd=folder, env=os.environ | {"COMPATLAYER_DEVICES": "cpu"})
    assert done.returncode == 0 and done.stdout.endswith("the same\n"), done.stdout + done.stderr
