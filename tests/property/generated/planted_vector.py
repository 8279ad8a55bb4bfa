"""Deliberate mistakes in the vector engine, to see that generated kernels find them.

Each replaces a few words in the source of one of the engine's functions, wherever in its package that stands: when the
words are gone the mistake has to be planted anew, and says so.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import pytest

from compatlayer.compiler.ir.types import FLOAT
from compatlayer.compiler.ir.values import number
from compatlayer.compiler.passes import canonical, vector
from compatlayer.compiler.passes.canonical import lcssa
from compatlayer.compiler.passes.vector.lanes import Lanes
from compatlayer.compiler.targets import cpu

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTED: dict[str, Plant] = {}


def unoptimised(patch: pytest.MonkeyPatch) -> None:
    """Kernels compile in a fraction of the time: what is planted is in what the engine emits. Stacks get larger."""
    patch.setattr(cpu, "_CLANG", tuple("-O0" if each == "-O2" else each for each in cpu._CLANG))
    original = vector.run
    patch.setattr(vector, "run", lambda *arguments: original(*arguments)._replace(stack_bytes=4 << 20))


def _modules() -> Iterator[ModuleType]:
    for each in pkgutil.iter_modules(vector.__path__):
        yield import_module(f"{vector.__name__}.{each.name}")


def _functions(module: ModuleType) -> Iterator[tuple[Any, FunctionType]]:
    """The functions and methods of a module, with where they hang."""
    for each in list(vars(module).values()):
        if isinstance(each, FunctionType) and each.__module__ == module.__name__:
            yield module, each
        elif isinstance(each, type) and each.__module__ == module.__name__:
            yield from ((each, one) for one in vars(each).values()
                        if isinstance(one, FunctionType) and one.__module__ == module.__name__
                        and one.__code__.co_filename == module.__file__)


def _find(words: str) -> tuple[Any, FunctionType]:
    """The one function of the engine that has `words`."""
    found = [(owner, function) for module in _modules() for owner, function in _functions(module)
             if words in inspect.getsource(function)]
    assert len(found) == 1, f"{len(found)} functions of the vector engine have '{words}': plant the mistake anew"
    return found[0]


def _reword(patch: pytest.MonkeyPatch, *changes: tuple[str, str]) -> None:
    """Replaces words in the one function that has the first of them."""
    owner, original = _find(changes[0][0])
    source = textwrap.dedent(inspect.getsource(original))
    for old, new in changes:
        if old == new:  # only to find the function
            continue
        assert source.count(old) == 1, f"'{old}' stands {source.count(old)} times: plant the mistake anew"
        source = source.replace(old, new)
    module = sys.modules[original.__module__]
    scope: dict[str, Any] = {}
    code = compile("from __future__ import annotations\n" + source, f"planted in {original.__name__}", "exec")
    exec(code, vars(module) | {}, scope)
    for name, value in (("number", number), ("FLOAT", FLOAT)):  # what the new words use
        patch.setattr(module, name, value, raising=False)
    made = FunctionType(scope[original.__name__].__code__, vars(module), original.__name__, original.__defaults__)
    patch.setattr(owner, original.__name__, made)
    for other in _modules():  # who has imported it by name
        for name, value in list(vars(other).items()):
            if value is original:
                patch.setattr(other, name, made)
            elif isinstance(value, dict):
                for key, entry in list(value.items()):
                    if entry is original:
                        patch.setitem(value, key, made)


def _words(name: str, *changes: tuple[str, str]) -> None:
    PLANTED[name] = lambda patch: _reword(patch, *changes)


# ---- masks -------------------------------------------------------------------------------------
_words("accesses_of_some_lanes_are_of_all", ("return gang.all() if gang.mask is None else gang.mask",
                                             "return gang.all()"))
_words("where_paths_meet_the_last_one_wins", (
    "value = self.emit.select(self.all() if mask is None else mask, value, old)", "pass"))
_words("the_other_branch_keeps_the_condition", ("self.both(self.mask, self.invert(condition))",
                                                "self.both(self.mask, condition)"))
_words("lanes_that_return_stay_alive", ("self.emit.store(rest, self.live_slot)", "pass"))
_words("lanes_that_come_later_replace_those_that_wait", (
    'given = self.emit.binary("or", given, self.emit.load(self.mask_type, slot))', "pass"))
_words("a_combined_atomic_takes_in_inactive_lanes", ("neutral = _neutral(operation, value.type)",) * 2,
       ("if gang.mask is not None:", "if False:"))
_words("a_store_to_one_address_keeps_the_first_lane", (
    "gang.lane_value(value, _highest(gang))", "gang.lane_value(value, number(gang.first.type, 0))"))


def the_last_gang_of_a_block_is_taken_for_full(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lanes, "full", True)


# ---- control flow ------------------------------------------------------------------------------
_words("a_phi_takes_the_other_path_s_value", (
    "incoming = it.operands[it.blocks.index(block)]",
    "incoming = it.operands[it.blocks.index(block) - (len(it.blocks) == 2 and target not in self.loops.headers)]"))
_words("only_the_next_block_may_hold_waiting_lanes", ("later = waiting[index + 1:]",
                                                      "later = waiting[index + 1:index + 2]"))
_words("a_lane_left_over_forgets_where_it_left_the_loop", (
    "emit.store(value, emit.put(ElementPointer(PTR, type_, [self.arrays[phi][1], self.lane])))", "pass"))
_words("lanes_left_over_leave_to_the_next_lane_s_place", (
    'bit = emit.binary("shl", number(gang.bits_type, 1), wide)',
    'bit = emit.binary("shl", number(gang.bits_type, 2), wide)'))


def values_leave_loops_without_a_phi(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lcssa, "run", lambda function: None)
    patch.setattr(canonical, "check", lambda function: None)


# ---- shapes ------------------------------------------------------------------------------------
_words("a_widened_index_is_taken_not_to_wrap", ("assert isinstance(stride, int)\n        if self._span",) * 2,
       ("if self._span(value, stride):", "if True:"))
_words("a_sum_is_as_aligned_as_its_better_half", ("return min(self.of(operands[0]), self.of(operands[1]))",
                                                  "return max(self.of(operands[0]), self.of(operands[1]))"))
_words("a_guessed_address_is_not_tested", ("for each in self.conditions:", "for each in []:"))
_words("values_that_paths_bring_together_count_as_uniform", (
    "if any(block in self.pending.get(source, ())", "if False and any(block in self.pending.get(source, ())"))
_words("an_affine_value_has_no_step_in_a_lane", ("number(raw.type, shape)", "number(raw.type, 0)"))
_words("any_comparison_of_an_affine_value_is_alike_in_all_lanes", (
    "return bool(span) and self.alignment.of(it.operands[1]) >= span", "return True"))

# ---- memory, division --------------------------------------------------------------------------
_words("an_interleaved_array_forgets_the_lanes", ("return self.width if pointer in self._root else 1", "return 1"))
_words("arrays_of_two_element_sizes_are_interleaved", ("if len(accessed) != 1:", "if not accessed:"),
       ("accessed.pop()", "min(accessed)"))
_words("quotients_of_single_precision", (
    "gang.vector_type(DOUBLE), gang.vector_type(I32)", "gang.vector_type(FLOAT), gang.vector_type(I32)"))

# ---- meetings ----------------------------------------------------------------------------------
_words("a_barrier_counts_lanes_that_are_gone", ('"a barrier that some lanes of a warp may reach later than',) * 2,
       ("holds = gang.both(gang.mask,", "holds = gang.both(None,"),
       ("gang.bits(gang.mask)", "gang.bits(None)"))
_words("what_is_needed_behind_a_barrier_is_not_kept", ("emit.store(body.raw(value), self._array(value))", "pass"))
_words("who_lives_is_forgotten_at_a_barrier", (
    "emit.store(emit.load(body.mask_type, body.live_slot), self._live_array())", "pass"))
_words("a_vote_asks_lanes_that_are_elsewhere", (
    'holds = gang.both(gang.mask, emit.compare("ne", gang.vector(predicate)',
    'holds = gang.both(None, emit.compare("ne", gang.vector(predicate)'))
_words("a_reduction_takes_in_lanes_that_are_elsewhere", (
    'reduced(emit.binary("and", here, gang.scalar(member)))', "reduced(number(I32, -1))"))
_words("a_shuffle_down_of_constant_distance_is_one_off", (
    "source, inside = lane + b,", "source, inside = lane + b - 1,"))
_words("a_shuffle_up_of_varying_distance_is_one_off", (
    'source = emit.binary("sub", lanes, b)', 'source = emit.binary("sub", lanes, emit.binary("sub", b, word(1)))'))
_words("segments_of_a_shuffle_are_ignored", ("c >> 8 & 31", "0"))

for _plant in (the_last_gang_of_a_block_is_taken_for_full, values_leave_loops_without_a_phi):
    PLANTED[_plant.__name__] = _plant
