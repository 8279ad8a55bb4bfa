"""The command trtexec, as people and scripts call it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from trt_models import WEIGHTS, dense

LINE = re.compile(r"\[I\] (Latency|Enqueue Time|H2D Latency|GPU Compute Time|D2H Latency): min = (\S+) ms, "
                  r"max = (\S+) ms, mean = (\S+) ms, "
                  r"median = (\S+) ms, percentile\(90%\) = (\S+) ms, percentile\(99%\) = (\S+) ms")
FAST = ("--duration=0", "--warmUp=0")


def trtexec(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a script gets that calls it under `compatlayer run`."""
    return subprocess.run([sys.executable, "-m", "compatlayer", "run", "--", "trtexec", *words], capture_output=True,
                          text=True, timeout=100, env=os.environ | {"COMPATLAYER_DEVICES": "cpu"} | more)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An engine of 10.x for one to eight rows, made by the command."""
    folder = tmp_path_factory.mktemp("trtexec")
    (folder / "dense.onnx").write_bytes(dense("n"))
    done = trtexec(f"--onnx={folder}/dense.onnx", f"--saveEngine={folder}/dense.engine", "--minShapes=x:1x8",
                   "--optShapes=x:4x8", "--maxShapes=x:8x8", "--skipInference", "--fp16", "--memPoolSize=workspace:64")
    assert done.returncode == 0 and "&&&& PASSED TensorRT.trtexec [TensorRT v100300]" in done.stdout, done.stderr
    return folder / "dense.engine"


def test_what_it_prints_and_writes(engine: Path) -> None:
    x = np.random.default_rng(4).standard_normal((3, 8)).astype(np.float32)
    x.tofile(engine.parent / "x.bin")
    files = {name: engine.parent / f"{name}.json" for name in ("times", "output", "profile", "layers")}
    done = trtexec(f"--loadEngine={engine}", "--shapes=x:3x8", f"--loadInputs=x:{engine.parent}/x.bin", *FAST,
                   "--iterations=20", "--avgRuns=5", "--percentile=90,99", f"--exportTimes={files['times']}",
                   f"--exportOutput={files['output']}", f"--exportProfile={files['profile']}", "--dumpProfile",
                   f"--exportLayerInfo={files['layers']}", "--dumpOutput")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert float(re.search(r"\[I\] Throughput: (\S+) qps", done.stdout)[1]) > 0
    rows = {found[0]: [float(number) for number in found[1:]] for found in LINE.findall(done.stdout)}
    assert len(rows) == 5
    for least, most, mean, median, nearly, last in rows.values():
        assert least <= median <= nearly <= last <= most and least <= mean <= most
    assert len(re.findall(r"Average on 5 runs - GPU latency: \S+ ms - Host latency: \S+ ms \(enqueue \S+ ms\)",
                          done.stdout)) == 4
    times = json.loads(files["times"].read_text())
    assert len(times) == 20
    for row in times:
        assert row["latencyMs"] == pytest.approx(row["h2dMs"] + row["computeMs"] + row["d2hMs"])
    assert max(row["latencyMs"] for row in times) == pytest.approx(rows["Latency"][1], rel=1e-4)
    output, = json.loads(files["output"].read_text())
    assert output["name"] == "z" and output["dimensions"] == "3x8"
    assert np.allclose(np.reshape(output["values"], (3, 8)), np.maximum(x @ WEIGHTS, 0), atol=0.05)
    count, *layers = json.loads(files["profile"].read_text())
    assert count == {"count": 10} and sum(layer["percentage"] for layer in layers) == pytest.approx(100)
    assert {"product", "relu"} <= {layer["name"] for layer in layers}
    assert json.loads(files["layers"].read_text())["Layers"]


def test_a_graph_computes_the_same(engine: Path) -> None:
    values = []
    for words in (("--useCudaGraph",), ("--noDataTransfers",)):
        path = engine.parent / "output.json"
        done = trtexec(f"--loadEngine={engine}", "--shapes=x:2x8", *FAST, f"--exportOutput={path}", *words)
        assert done.returncode == 0, done.stderr
        values.append(json.loads(path.read_text()))
    assert values[0] == values[1] and any(values[0][0]["values"])


def test_random_calibration_and_open_sizes(engine: Path) -> None:
    done = trtexec(f"--onnx={engine.parent}/dense.onnx", "--int8", *FAST, COMPATLAYER_TENSORRT="8")
    assert done.returncode == 0 and "PASSED TensorRT.trtexec [TensorRT v8602]" in done.stdout, done.stderr
    assert "Automatically overriding shape to: 1x8" in done.stderr


def test_what_it_refuses(engine: Path) -> None:
    model = f"--onnx={engine.parent}/dense.onnx"
    cases = [
        (["--foo=1", model], "Unknown option: --foo=1"),
        (["--useDLACore=0", model], "option --useDLACore is not supported: there is no DLA core"),
        (["--fp16=1", model], "option --fp16 takes no value"),
        (["--onnx"], "option --onnx needs a value"),
        (["--fp16"], "one of --onnx=FILE and --loadEngine=FILE is needed"),
        ([model, "--shapes=x"], "--shapes=x: 'x' is not a name and a shape"),
        ([model, "--iterations=many"], "--iterations=many: a whole number is needed"),
    ]
    from compatlayer.trtexec import options

    for words, text in cases:
        with pytest.raises(options.UsageError) as caught:
            options.parse(words)
        assert text in str(caught.value)
    done = trtexec(f"--loadEngine={engine}", "--shapes=x:9x8")
    assert done.returncode == 1 and "Valid range for profile 0: [1,8]..[8,8]" in done.stderr
    assert "[E] the input x cannot have the shape 9x8" in done.stderr and "&&&& FAILED" in done.stdout
    done = trtexec(f"--loadEngine={engine}", COMPATLAYER_TENSORRT="8")
    assert done.returncode == 1 and "expecting library version 8.6.2 got 10.3.0, please rebuild" in done.stderr
    damaged = engine.parent / "damaged.engine"
    damaged.write_bytes(engine.read_bytes()[:-40])
    assert trtexec(f"--loadEngine={damaged}").returncode == 1
    done = trtexec(f"--onnx={engine.parent}/missing.onnx")
    assert done.returncode == 1 and "could not open the model" in done.stderr


def test_it_is_a_subcommand_too() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "trtexec", "--help"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and "--saveEngine=FILE" in done.stdout
