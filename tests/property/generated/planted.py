"""Deliberate mistakes in the compiler's passes, to see that generated kernels find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from compatlayer import compiler
from compatlayer.compiler.ir.build import REMOVED, Emitter, rewrite
from compatlayer.compiler.ir.instructions import AtomicUpdate, Call, Cast, Instruction, Simple
from compatlayer.compiler.ir.types import size_bytes
from compatlayer.compiler.ir.values import Module, Value
from compatlayer.compiler.passes import (
    division,
    entries,
    intrinsics,
    pipeline,
    registers,
    rounding,
    shared,
    synchronise,
)
from compatlayer.compiler.passes.lowering import Lowering, constant

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTED: dict[str, Plant] = {}


def planted(plant: Plant) -> Plant:
    PLANTED[plant.__name__] = plant
    return plant


def begin(patch: pytest.MonkeyPatch, name: str) -> None:
    """Keeps what is built apart from right code in the cache."""
    state = compiler.machine()
    patch.setattr(compiler, "machine", lambda: f"{state}\nplanted {name}")


def _passes(patch: pytest.MonkeyPatch, change: Callable[[str, Any], Any]) -> None:
    patch.setattr(pipeline, "NAIVE", tuple((name, change(name, run)) for name, run in pipeline.NAIVE))


def _without(patch: pytest.MonkeyPatch, left_out: str) -> None:
    _passes(patch, lambda name, run: (lambda module: module) if name == left_out else run)


def _after(patch: pytest.MonkeyPatch, place: str, handle: Callable[[Instruction, Emitter], object]) -> None:
    """Runs `handle` over every instruction after the pass `place`."""
    def spoiled(run: Callable[[Module], Module]) -> Callable[[Module], Module]:
        def both(module: Module) -> Module:
            module = run(module)
            for function in module.defined():
                rewrite(module, function, handle)
            return module
        return both
    _passes(patch, lambda name, run: spoiled(run) if name == place else run)


def _runtime_argument(patch: pytest.MonkeyPatch, function: str, index: int,
                      change: Callable[[Emitter, Value], Value]) -> None:
    """Changes one argument of the calls of a runtime function."""
    original = Lowering.runtime

    def runtime(self: Lowering, emit: Emitter, name: str, *arguments: Value) -> Call:
        given = list(arguments)
        if name == function:
            given[index] = change(emit, given[index])
        return original(self, emit, name, *given)

    patch.setattr(Lowering, "runtime", runtime)


@planted
def division_is_not_lowered(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "division")


@planted
def shifts_are_not_lowered(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "shifts")


@planted
def conversions_do_not_saturate(patch: pytest.MonkeyPatch) -> None:
    for word, opcode in (("llvm.fptosi.sat", "fptosi"), ("llvm.fptoui.sat", "fptoui")):
        patch.setitem(intrinsics._TABLE, word, lambda it, call, emit, opcode=opcode: emit.put(
            Cast(opcode, call.type, [call.arguments[0]])))
    patch.setattr(division, "to_integer", lambda *arguments: None)  # it would make them saturate again


@planted
def minimum_keeps_the_nan(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.minnum", rounding._same("minimum"))


@planted
def maximum_mixes_up_the_zeros(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.maxnum", rounding._same("minnum"))


@planted
def products_and_sums_are_fused(patch: pytest.MonkeyPatch) -> None:
    def handle(instruction: Instruction, emit: Emitter) -> object:
        if isinstance(instruction, Simple) and instruction.opcode in ("fmul", "fadd", "fsub"):
            instruction.flags = (*instruction.flags, "contract")
        return None
    _after(patch, "division", handle)


@planted
def a_barrier_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.nvvm.barrier.cta.sync.aligned.all", lambda it, call, emit: REMOVED)


@planted
def a_barrier_that_asks_for_all_is_content_with_one(patch: pytest.MonkeyPatch) -> None:
    for form in ("", ".aligned"):
        name = f"llvm.nvvm.barrier.cta.red.and{form}.all"
        patch.setitem(intrinsics._TABLE, name, synchronise._barrier_reduce(2))
    patch.setitem(intrinsics._TABLE, "llvm.nvvm.barrier0.and", synchronise._barrier_reduce(2))


@planted
def shuffles_forget_their_segments(patch: pytest.MonkeyPatch) -> None:
    _runtime_argument(patch, "cpl_shuffle", 4, lambda emit, value: emit.binary("and", value, constant(31)))


@planted
def shuffles_clamp_one_too_low(patch: pytest.MonkeyPatch) -> None:
    _runtime_argument(patch, "cpl_shuffle", 4, lambda emit, value: emit.binary("xor", value, constant(1)))


@planted
def shuffle_up_goes_down(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.nvvm.shfl.sync.up.i32", synchronise._shuffle(1, False))


@planted
def any_votes_like_all(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.nvvm.vote.any.sync", synchronise._vote(0))


@planted
def signed_minimum_of_a_warp_is_unsigned(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(intrinsics._TABLE, "llvm.nvvm.redux.sync.min", synchronise._redux(1))


@planted
def matches_look_at_the_low_bits(patch: pytest.MonkeyPatch) -> None:
    _runtime_argument(patch, "cpl_match_all", 1, lambda emit, value: emit.binary("and", value, constant(1, value.type)))
    _runtime_argument(patch, "cpl_match_any", 1,
                      lambda emit, value: emit.binary("and", value, constant(1, value.type)))  # type: ignore[arg-type]


@planted
def shared_variables_overlap(patch: pytest.MonkeyPatch) -> None:
    original = shared.Layout._place

    def place(self: shared.Layout, variables: list[Any], end: int) -> int:
        result = original(self, variables, end)
        arrays = [each for each in variables if size_bytes(each.value_type) > 64]
        for variable in arrays[1:]:
            self.offsets[variable] = self.offsets[arrays[0]]
        return result

    patch.setattr(shared.Layout, "_place", place)


@planted
def structs_by_value_are_not_copied(patch: pytest.MonkeyPatch) -> None:
    original = entries._load

    def load(module: Module, emit: Emitter, argument: Any, address: Value) -> Value:
        if entries.attribute_type(module, argument, "byval") is None:
            return original(module, emit, argument, address)
        argument.attributes = tuple(each for each in argument.attributes if not each.startswith("byval("))
        return address

    patch.setattr(entries, "_load", load)


@planted
def thread_y_and_z_are_swapped(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(registers._FIELDS, "tid.y", "thread.z")
    patch.setitem(registers._FIELDS, "tid.z", "thread.y")


@planted
def block_z_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(registers._FIELDS, "ctaid.z", "block.y")


@planted
def atomic_increment_forgets_its_bound(patch: pytest.MonkeyPatch) -> None:
    _atomic(patch, "uinc_wrap", "add")


@planted
def atomic_minimum_is_unsigned(patch: pytest.MonkeyPatch) -> None:
    _atomic(patch, "min", "umin")


def _atomic(patch: pytest.MonkeyPatch, operation: str, other: str) -> None:
    def handle(instruction: Instruction, emit: Emitter) -> object:
        if isinstance(instruction, AtomicUpdate) and instruction.operation == operation and \
                instruction.type.text[0] == "i":
            instruction.operation = other
        return None
    _after(patch, "atomics", handle)


@planted
def a_spinning_thread_does_not_yield(patch: pytest.MonkeyPatch) -> None:
    """Hangs."""
    _without(patch, "progress")


HANGS = frozenset(("a_spinning_thread_does_not_yield",))
