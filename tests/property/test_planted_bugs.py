"""Mistakes planted in the engine must show in generated kernels; else the kernels prove nothing.

Each mistake is tried on small groups of seeds until one notices; FIRST says where one is known to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from generated.grammar import write_kernel
from generated.planted import HANGS, PLANTED, begin
from generated.trial import differences

import compatlayer

GROUP, LAST = 6, 72
FIRST = {"any_votes_like_all": 6, "signed_minimum_of_a_warp_is_unsigned": 12, "atomic_increment_forgets_its_bound": 24,
         "matches_look_at_the_low_bits": 30}

SPIN = """
import sys, compatlayer, pytest
from generated.grammar import write_kernel
from generated.planted import PLANTED, begin
from generated.trial import differences
with pytest.MonkeyPatch.context() as patch:
    if sys.argv[1]:
        begin(patch, sys.argv[1])
        PLANTED[sys.argv[1]](patch)
    found = list(differences(compatlayer.Device(0), [write_kernel(int(seed)) for seed in sys.argv[2:]], 4))
sys.exit(bool(found))
"""


def notices(first: int) -> bool:
    device = compatlayer.Device(0)
    kernels = [write_kernel(seed) for seed in range(first, first + GROUP)]
    found = differences(device, kernels, 4)
    try:
        return next(found, None) is not None
    finally:
        found.close()
        device.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(set(PLANTED) - HANGS))
def test_a_planted_mistake_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(monkeypatch, name)
    PLANTED[name](monkeypatch)
    start = FIRST.get(name, 0)
    groups = [*range(start, LAST, GROUP), *range(0, start, GROUP)]
    assert any(notices(first) for first in groups), f"no generated kernel of seeds 0 to {LAST - 1} notices"


def spin(name: str, limit_s: float) -> int | None:
    """The exit status of kernels whose threads wait for each other by spinning; None when they do not end."""
    here = Path(__file__).parent
    spinning = [str(seed) for seed in range(LAST) if " *at < live" in source(seed) or "*at != turn" in source(seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *sys.path])}
    try:
        return subprocess.run([sys.executable, "-c", SPIN, name, *spinning[:3]], env=environment, timeout=limit_s,
                              capture_output=True, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


def source(seed: int) -> str:
    from generated.text import kernel_text

    return kernel_text(write_kernel(seed))


@pytest.mark.timeout(300)
def test_spinning_threads_hang_without_yields_and_end_with_them() -> None:
    assert spin("", 100) == 0
    for name in sorted(HANGS):
        assert spin(name, 10) != 0, name
