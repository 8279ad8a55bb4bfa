"""Deliberate mistakes in the vector engine, to see that generated kernels find them.

Each is one of the engine's functions with a few words of its source replaced: when that source changes, the mistake
has to be written anew, and says so.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from compatlayer.compiler.passes import canonical
from compatlayer.compiler.passes.canonical import latches, lcssa
from compatlayer.compiler.passes.vector import access, atomics, local, schedule, shapes, waits, warp, widen
from compatlayer.compiler.passes.vector.alignment import Alignment
from compatlayer.compiler.passes.vector.gang import Gang
from compatlayer.compiler.passes.vector.lanes import Lanes

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTED: dict[str, Plant] = {}


def _reworded(patch: pytest.MonkeyPatch, owner: Any, name: str, *changes: tuple[str, str]) -> None:
    """Replaces a function or method by one whose source has `changes`."""
    original = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(original))
    for old, new in changes:
        assert source.count(old) == 1, f"{name} no longer has '{old}': plant the mistake anew"
        source = source.replace(old, new)
    module = sys.modules[original.__module__]
    scope: dict[str, Any] = {}
    exec(compile("from __future__ import annotations\n" + source, f"planted in {name}", "exec"), vars(module) | {},
         scope)
    made = type(original)(scope[name].__code__, vars(module), name, scope[name].__defaults__)
    patch.setattr(owner, name, made)


def _words(name: str, owner: Any, function: str, *changes: tuple[str, str]) -> None:
    PLANTED[name] = lambda patch: _reworded(patch, owner, function, *changes)


# ---- masks -------------------------------------------------------------------------------------
_words("a_store_side_by_side_forgets_its_mask", access, "write", ("if gang.mask is None:", "if True:"))
_words("a_scattered_store_forgets_its_mask", access, "write",
       ("mask = gang.all() if gang.mask is None else gang.mask", "mask = gang.all()"))
_words("a_gather_forgets_its_mask", access, "gather",
       ("mask = gang.all() if gang.mask is None else gang.mask", "mask = gang.all()"))
_words("where_paths_meet_the_last_one_wins", Gang, "arrive",
       ("value = self.emit.select(self.all() if mask is None else mask, value, old)", "pass"))
_words("the_other_branch_keeps_the_condition", Gang, "_leave", ("self.invert(condition)", "condition"))
_words("lanes_that_return_stay_alive", Gang, "leave", ("self.emit.store(rest, self._live)", "pass"))
_words("lanes_that_come_later_replace_those_that_wait", Gang, "arrive", (
    'given = self.emit.binary("or", given, self.emit.load(self.mask_type, slot))', "pass"))
_words("a_block_keeps_its_mask", Gang, "_node", ("self.emit.store(self.none(), slot)", "pass"))
_words("a_call_is_made_for_lanes_that_are_elsewhere", Gang, "each_lane", (
    "bits = self.bits(self.mask)", "bits = self.bits(None)"))
_words("a_combined_atomic_takes_in_inactive_lanes", atomics, "_combined", ("if gang.mask is not None:", "if False:"))
_words("a_store_to_one_address_keeps_the_first_lane", access, "_store", ("_highest(gang)", "number(I32, 0)"))



def the_last_gang_of_a_block_is_taken_for_full(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lanes, "full", True)


# ---- control flow ------------------------------------------------------------------------------
_words("a_phi_takes_the_other_path_s_value", Gang, "_edge", (
    "it.operands[it.blocks.index(block)]",
    "it.operands[it.blocks.index(block) - (len(it.blocks) == 2 and target not in self.loops.headers)]"))
_words("a_latch_runs_as_soon_as_it_can", schedule._Ranks, "_rank", ("if node is latch and ready:", "if False:"))
_words("lanes_that_wait_are_forgotten_after_a_divergent_branch", schedule, "pending_sets", (
    "later = waiting[index + 1:]", "later = waiting[index + 1:index + 2]"))


def values_leave_loops_without_a_phi(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lcssa, "run", lambda function: None)
    patch.setattr(canonical, "check", lambda function: None)


def loops_keep_several_latches(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(latches, "run", lambda function: None)


# ---- shapes ------------------------------------------------------------------------------------
_words("a_widened_index_is_taken_not_to_wrap", shapes.Shapes, "extends", (
    "if self._span(value, stride):", "if True:"))
_words("a_sum_is_as_aligned_as_its_better_half", Alignment, "_of", (
    "return min(self.of(operands[0]), self.of(operands[1]))", "return max(self.of(operands[0]), self.of(operands[1]))"))
_words("a_guessed_address_is_not_tested", access.Guess, "holds", ("for each in self.conditions:", "for each in []:"))
_words("values_that_paths_bring_together_count_as_uniform", shapes.Shapes, "_mixed_phis", (
    "found.add(each)", "pass"))
_words("an_affine_value_has_no_step_in_a_lane", Gang, "lane_value", ("number(raw.type, shape)", "number(raw.type, 0)"))
_words("any_comparison_of_an_affine_value_is_alike_in_all_lanes", shapes.Shapes, "_decided_alike", (
    "return bool(span) and self.alignment.of(it.operands[1]) >= span", "return True"))


# ---- memory, division, registers ---------------------------------------------------------------
_words("an_interleaved_array_forgets_the_lanes", local.Locals, "scale", ("return self.width", "return 1"))
_words("arrays_of_two_element_sizes_are_interleaved", local.Locals, "_examine", (
    "if len(accessed) != 1:", "if not accessed:"))
_words("a_lane_that_is_elsewhere_divides", widen, "_divide", (
    "if gang.mask is not None and not isinstance(it.operands[1], Literal):", "if False:"))
_words("a_quotient_of_single_precision", widen, "_divide", (
    "gang.vector_type(DOUBLE)", "gang.vector_type(__import__('compatlayer.compiler.ir.types', fromlist=['x']).FLOAT)"))


# ---- meetings ----------------------------------------------------------------------------------
_words("a_barrier_counts_predicates_of_lanes_that_are_gone", waits, "barrier", (
    "holds = gang.both(gang.mask,", "holds = gang.both(None,"))
_words("a_vote_asks_lanes_that_are_elsewhere", warp, "_vote", ("gang.both(gang.mask,", "gang.both(None,"))
_words("a_reduction_takes_in_lanes_that_are_elsewhere", warp, "_redux", (
    'reduced(emit.binary("and", here, gang.scalar(member)))', "reduced(number(I32, -1))"))
_words("a_match_takes_in_lanes_that_are_elsewhere", warp, "_match_any", (
    "gang.both(gang.mask, equal)", "gang.both(None, equal)"), (
    'emit.binary("and", gang.bits(', '(lambda x, y: x)(gang.bits('))
_words("a_shuffle_down_of_constant_distance_is_one_off", warp, "_sources", (
    "source, inside = lane + b,", "source, inside = lane + b - 1,"))
_words("a_shuffle_up_of_varying_distance_is_one_off", warp, "_source_lanes", (
    'source = emit.binary("sub", lanes, b)', 'source = emit.binary("sub", lanes, emit.binary("sub", b, word(1)))'))
_words("segments_of_a_shuffle_are_ignored", warp, "_sources", ("c >> 8 & 31", "0"))

for _plant in (the_last_gang_of_a_block_is_taken_for_full, values_leave_loops_without_a_phi,
               loops_keep_several_latches):
    PLANTED[_plant.__name__] = _plant
