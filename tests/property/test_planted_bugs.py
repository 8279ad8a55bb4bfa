"""Mistakes planted in the engines must show in generated kernels; else the kernels prove nothing.

Each mistake is tried on small groups of seeds until one notices; FIRST says where one is known to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from generated import planted_vector
from generated.grammar import write_kernel
from generated.planted import HANGS, PLANTED

GROUP, LAST = 6, 72
FIRST = {"any_votes_like_all": 6, "signed_minimum_of_a_warp_is_unsigned": 330, "atomic_increment_forgets_its_bound": 77,
         "matches_look_at_the_low_bits": 30}
SPINNING = 200  # seeds in which to look for kernels whose threads wait for each other
FIRST_IN_VECTORS = {  # one kernel, as a rule
    "a_shuffle_up_of_varying_distance_is_one_off": 4, "values_that_paths_bring_together_count_as_uniform": 5,
    "lanes_that_come_later_replace_those_that_wait": 5, "a_reduction_takes_in_lanes_that_are_elsewhere": 6,
    "quotients_of_single_precision": 6, "a_vote_asks_lanes_that_are_elsewhere": 10,
    "a_combined_atomic_takes_in_inactive_lanes": 10, "a_widened_index_is_taken_not_to_wrap": 11,
    "a_guessed_address_is_not_tested": 11, "only_the_next_block_may_hold_waiting_lanes": 12,
    "a_lane_left_over_forgets_where_it_left_the_loop": 12, "lanes_left_over_leave_to_the_next_lane_s_place": 12,
    "segments_of_a_shuffle_are_ignored": 14, "an_interleaved_array_forgets_the_lanes": 14,
    "any_comparison_of_an_affine_value_is_alike_in_all_lanes": 16, "values_leave_loops_without_a_phi": 24,
    "lanes_that_return_stay_alive": 2, "an_affine_value_has_no_step_in_a_lane": 36,
    "a_shuffle_down_of_constant_distance_is_one_off": 36, "a_barrier_counts_lanes_that_are_gone": 62,
}

NOTICED = 10
TRIAL = f"""
import sys, compatlayer, pytest
from generated import planted, planted_vector
from generated.grammar import write_kernel
from generated.trial import differences
engine, name, *seeds = sys.argv[1:]
with pytest.MonkeyPatch.context() as patch:
    if name:
        planted.begin(patch, name)
        if engine == "vector":
            planted_vector.unoptimised(patch)
        (planted_vector.PLANTED if engine == "vector" else planted.PLANTED)[name](patch)
    kernels = [write_kernel(int(seed)) for seed in seeds]
    found = next(differences(compatlayer.Device(0), kernels, 5, [engine]), None)
    if found is not None:
        print(found)
    sys.exit({NOTICED} if found else 0)
"""


def trial(engine: str, name: str, seeds: Iterable[int], limit_s: float = 100) -> int | None:
    """The exit status of a process that runs kernels with a mistake planted, or none (""); None when it does not end.

    A process of its own: a mistake may well ruin the context, and other tests have theirs."""
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *sys.path])}
    command = [sys.executable, "-c", TRIAL, engine, name, *map(str, seeds)]
    try:
        done = subprocess.run(command, env=environment, timeout=limit_s, capture_output=True, check=False, text=True)
    except subprocess.TimeoutExpired:
        return None
    print(done.stdout[:2000], done.stderr[-2000:])
    return done.returncode


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(set(PLANTED) - HANGS))
def test_a_planted_mistake_is_found(name: str) -> None:
    start = FIRST.get(name, 0)
    for first in dict.fromkeys([start, *range(start, LAST, GROUP), *range(0, min(start, LAST), GROUP)]):
        status = trial("naive", name, range(first, first + GROUP))
        if status == NOTICED:
            return
        assert status == 0
    pytest.fail(f"no generated kernel of seeds 0 to {LAST - 1} notices")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(planted_vector.PLANTED))
def test_a_mistake_planted_in_the_vector_engine_is_found(name: str) -> None:
    known = FIRST_IN_VECTORS.get(name, 1)
    for seeds in ([known], *(range(first, first + GROUP) for first in range(0, LAST, GROUP))):
        status = trial("vector", name, seeds)
        if status == NOTICED:
            return
        assert status == 0
    pytest.fail(f"no generated kernel of seeds 0 to {LAST - 1} notices")


def test_without_a_mistake_those_kernels_are_right() -> None:
    assert trial("vector", "", range(GROUP)) == 0


def source(seed: int) -> str:
    from generated.text import kernel_text

    return kernel_text(write_kernel(seed))


@pytest.mark.timeout(300)
def test_spinning_threads_hang_without_yields_and_end_with_them() -> None:
    spinning = [seed for seed in range(SPINNING) if "*at < live" in source(seed) or "*at != turn" in source(seed)][:3]
    assert len(spinning) == 3
    assert trial("naive", "", spinning) == 0
    for name in sorted(HANGS):
        assert trial("naive", name, spinning, 10) != 0, name
