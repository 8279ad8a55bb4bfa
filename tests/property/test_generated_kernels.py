"""Generated kernels on the device, in the vector and the naive engine, against a model of CUDA in NumPy.

A failure prints the seed, the shape, the engine, the first word that differs and a source that was made as small as
time allowed. COMPATLAYER_GENERATED_KERNELS=100 runs that many instead, COMPATLAYER_GENERATED_SEED=50000 starts
somewhere else. `python -m generated 0 100` in this folder does the same without pytest; `make test-long` does it 5,000
times and can be stopped and taken up again.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from compatlayer._native import lib
from generated import campaign, exact, grammar, tree
from generated.__main__ import LEAST_IN_VECTORS
from generated.operations import OPERATIONS
from generated.shrink import shrink
from generated.text import kernel_text
from generated.trial import SHAPES, data_of, differences, shapes_of

import compatlayer
from compatlayer.compiler import image

USUAL = 60  # kernels of every test run
KERNELS = int(os.environ.get("COMPATLAYER_GENERATED_KERNELS", USUAL))
FIRST = int(os.environ.get("COMPATLAYER_GENERATED_SEED", "0"))
MODULE = 12  # kernels compiled together
SHAPES_EACH = 5

ran: Counter[str] = Counter()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(FIRST, FIRST + KERNELS, MODULE))
def test_generated_kernels_store_what_the_model_stores_in_both_engines(first: int) -> None:
    last = min(first + MODULE, FIRST + KERNELS)
    print(f"seeds {first} to {last - 1}")
    device = compatlayer.Device(0)
    try:
        kernels = [grammar.write_kernel(seed) for seed in range(first, last)]
        found = next(differences(device, kernels, SHAPES_EACH, ran=ran), None)
    finally:
        device.close()
    if found is not None:
        pytest.fail(str(shrink(found)))


def test_most_of_those_launches_ran_in_vectors() -> None:
    if not ran:
        pytest.skip("they did not run before this test")
    assert ran["vector"] >= LEAST_IN_VECTORS * ran.total(), ran


@pytest.mark.timeout(400)
def test_a_long_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    record = tmp_path / "record.txt"
    command = [sys.executable, "-m", "generated", "4", "2", "--module", "1", "--shapes", "1", "--engine", "naive",
               "--jobs", "1", "--record", str(record)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def go() -> str:
        return subprocess.run(command, cwd=Path(__file__).parent, env=environment, capture_output=True, text=True,
                              timeout=130).stdout

    assert "0 of them passed before" in (first := go()) and "2 kernels, 0 wrong" in first, first
    one, other = record.read_text().splitlines(keepends=True)
    assert one.split()[1:4] == ["4", "1", "0"]
    record.write_text(one + other.replace(" 5 1 0 ", " 5 1 1 ") + other.replace(other.split()[0], "another-compiler"))
    assert "1 of them passed before" in (second := go()) and "2 kernels, 0 wrong" in second, second
    assert "2 of them passed before" in go()


def test_a_module_that_ends_its_process_is_a_finding() -> None:
    outcome, printed = campaign.run_module(1, 2, ["--no-such-option"], os.environ)
    assert (outcome.first, outcome.wrong) == (1, 2) and "no-such-option" in printed


def parts(node: object) -> list[object]:
    """A node and all inside it."""
    found = [node]
    if dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            found += parts(getattr(node, field.name))
    elif isinstance(node, (list, tuple)):
        for each in node:
            found += parts(each)
    return found


def test_the_default_kernels_use_the_whole_grammar() -> None:
    kernels = [grammar.write_kernel(seed) for seed in range(USUAL)]
    nodes = [node for kernel in kernels for node in parts(kernel)]
    kinds = {type(node).__name__ for node in nodes}
    missing = {name for name, kind in vars(tree).items() if isinstance(kind, type) and dataclasses.is_dataclass(kind)
               and kind not in (tree.Expression, tree.Statement)} - kinds
    assert not missing
    used = Counter(node.operation for node in nodes if isinstance(node, tree.Apply))
    assert len(set(OPERATIONS) - set(used)) < len(OPERATIONS) / 20
    warp = {(type(node), node.kind) for node in nodes if isinstance(node, (tree.Shuffle, tree.WarpCompute))}
    assert len(warp) == 4 + 13
    jumps = {node.kind for node in nodes if isinstance(node, tree.Jump)}
    assert jumps == {"break", "continue", "goto", "return"}
    spaces = {node.space for node in nodes if isinstance(node, tree.Element)}
    assert spaces == {"input", "constant", "local", "shared", "own", "column", "near"}


def test_every_class_of_blocks_comes_up_and_kernels_that_have_code_for_it() -> None:
    kernels = [grammar.write_kernel(seed) for seed in range(USUAL)]
    assert sum(not each.warp for each in kernels) >= USUAL / 3  # only they have code for rows of 16 and 8
    found: Counter[int] = Counter()
    for kernel in kernels:
        for _, block in shapes_of(kernel.seed, SHAPES_EACH):
            found[lib.cpl_shape_class((*block, 1, 1)[:3], lib.CPL_KERNEL_WARP if kernel.warp else 0)] += 1
    assert set(found) == set(image.SHAPES) and min(found.values()) >= USUAL / 10, found
    everything = {shape for seed in range(USUAL) for shape in shapes_of(seed, SHAPES_EACH)}
    assert everything == {shape for group in SHAPES.values() for shape in group}


def test_a_seed_always_writes_the_same_kernel() -> None:
    first, again, other = (kernel_text(grammar.write_kernel(seed)) for seed in (5, 5, 6))
    assert first == again != other
    assert data_of(5).parameters == data_of(5).parameters


def of(*values: float, dtype: type = np.float32) -> np.ndarray:
    return np.array(values, dtype)


def test_the_model_rounds_a_fused_product_once() -> None:
    x = of(1 + 2**-12)
    assert exact.fused(x, x, of(-1))[0] == 2**-11 + 2**-24
    assert exact.fused(of(2.0**24), of(1.0), of(1 + 2**-23))[0] == 2.0**24 + 2  # twice rounded it is 2**24
    assert exact.fused(of(0.1, dtype=np.float64), of(10, dtype=np.float64), of(-1, dtype=np.float64))[0] == 2.0**-54
    assert np.signbit(exact.fused(of(-0.0), of(1.0), of(-0.0))[0])


def test_the_model_knows_the_edges_of_integers() -> None:
    low = np.array([-(2**31)], np.int32)
    assert exact.divide(low, np.array([-1], np.int32))[0] == -(2**31)
    assert exact.divide(low, np.array([0], np.int32))[0] == -1
    assert exact.divide(np.array([-7], np.int32), np.array([2], np.int32))[0] == -3
    assert exact.remainder(np.array([-7], np.int32), np.array([2], np.int32))[0] == -1
    assert exact.shift_left(np.array([1], np.uint32), np.array([32], np.uint32))[0] == 0
    assert exact.shift_right(low, np.array([99], np.uint32))[0] == -1
    assert exact.to_integer(of(np.nan, np.inf, -np.inf, 2.0**31, -1.5), np.int32).tolist() == [
        0, 2**31 - 1, -(2**31), 2**31 - 1, -1]
    assert exact.to_integer(of(2.0**64, -1, np.nan), np.uint64).tolist() == [2**64 - 1, 0, 2**63]
    wide = of(np.nan, dtype=np.float64)
    assert [int(exact.to_integer(wide, each)[0]) for each in (np.int32, np.uint16, np.int8)] == [-(2**31), 2**15, 0]
    assert exact.high_product(np.array([2**63], np.uint64), np.array([6], np.uint64))[0] == 3
    assert exact.reverse(np.array([1, 2**31], np.uint32)).tolist() == [2**31, 1]
    assert exact.first_set(np.array([0, 8], np.uint32)).tolist() == [0, 4]


def test_the_model_orders_zeros_and_prefers_numbers() -> None:
    assert np.signbit(exact.least(of(0.0), of(-0.0))[0]) and not np.signbit(exact.greatest(of(-0.0), of(0.0))[0])
    assert exact.least(of(np.nan), of(3.0))[0] == 3 == exact.greatest(of(3.0), of(np.nan))[0]
    assert exact.directed_sum("u")(of(1.0), of(2.0**-30))[0] == np.nextafter(np.float32(1), np.float32(2))
    assert exact.directed_sum("d")(of(1.0), of(2.0**-30))[0] == 1
