"""Mistakes planted in the engine must show in generated kernels; else the kernels prove nothing.

Each mistake is tried on small groups of seeds until one notices; FIRST says where one is known to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from generated.grammar import write_kernel
from generated.planted import HANGS, PLANTED

GROUP, LAST = 6, 72
FIRST = {"any_votes_like_all": 6, "signed_minimum_of_a_warp_is_unsigned": 12, "atomic_increment_forgets_its_bound": 24,
         "matches_look_at_the_low_bits": 30}

NOTICED = 10
TRIAL = f"""
import sys, compatlayer, pytest
from generated.grammar import write_kernel
from generated.planted import PLANTED, begin
from generated.trial import differences
with pytest.MonkeyPatch.context() as patch:
    if sys.argv[1]:
        begin(patch, sys.argv[1])
        PLANTED[sys.argv[1]](patch)
    found = differences(compatlayer.Device(0), [write_kernel(int(seed)) for seed in sys.argv[2:]], 4)
    sys.exit({NOTICED} if next(found, None) else 0)
"""


def trial(name: str, seeds: Iterable[int], limit_s: float = 100) -> int | None:
    """The exit status of a process that runs kernels with a mistake planted, or none (""); None when it does not end.

    A process of its own: a mistake may well ruin the context, and other tests have theirs."""
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *sys.path]), "COMPATLAYER_ENGINE": "naive"}
    command = [sys.executable, "-c", TRIAL, name, *map(str, seeds)]
    try:
        return subprocess.run(command, env=environment, timeout=limit_s, capture_output=True, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(set(PLANTED) - HANGS))
def test_a_planted_mistake_is_found(name: str) -> None:
    start = FIRST.get(name, 0)
    for first in [*range(start, LAST, GROUP), *range(0, start, GROUP)]:
        status = trial(name, range(first, first + GROUP))
        if status == NOTICED:
            return
        assert status == 0
    pytest.fail(f"no generated kernel of seeds 0 to {LAST - 1} notices")


def source(seed: int) -> str:
    from generated.text import kernel_text

    return kernel_text(write_kernel(seed))


@pytest.mark.timeout(300)
def test_spinning_threads_hang_without_yields_and_end_with_them() -> None:
    spinning = [seed for seed in range(LAST) if " *at < live" in source(seed) or "*at != turn" in source(seed)][:3]
    assert trial("", spinning) == 0
    for name in sorted(HANGS):
        assert trial(name, spinning, 10) != 0, name
