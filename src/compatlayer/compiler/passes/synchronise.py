"""Barriers, votes, shuffles and all else that involves other threads become calls of the native runtime.

Why calls: what a thread waits for is known only while it runs. The vector engine turns most of them into code again.
"""

from __future__ import annotations

from ..ir.build import REMOVED, Emitter
from ..ir.instructions import Call, Fence
from ..ir.types import FLOAT, I1, I32, I64
from ..ir.values import NULL, Literal, Value
from . import flushing
from .lowering import Lower, Lowering, as_bool, as_i32, constant

HANDLERS: dict[str, Lower] = {}
_N = "llvm.nvvm."


def _barrier(it: Lowering, call: Call, emit: Emitter) -> object:
    arguments = call.arguments
    number = arguments[0] if arguments else constant(0)
    count = arguments[1] if len(arguments) > 1 else constant(0)
    it.runtime(emit, "cpl_barrier", number, count, it.site(call))
    return REMOVED


def _arrive(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_barrier_arrive", *call.arguments, it.site(call))
    return REMOVED


def _barrier_reduce(operation: int) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        arguments = call.arguments
        count = arguments[1] if len(arguments) > 2 else constant(0)
        number = arguments[0] if len(arguments) > 1 else constant(0)
        predicate = as_i32(emit, as_bool(emit, arguments[-1]))
        result = it.runtime(emit, "cpl_barrier_reduce", number, count, constant(operation), predicate, it.site(call))
        return as_bool(emit, result) if call.type is I1 else result

    return lower


for _all in ("barrier.cta.sync.aligned.all", "barrier.cta.sync.aligned.count", "barrier.cta.sync.all",
             "barrier.cta.sync.count", "barrier0", "barrier.n", "barrier", "barrier.sync", "barrier.sync.cnt",
             "bar.sync"):
    HANDLERS[_N + _all] = _barrier
for _some in ("barrier.cta.arrive.aligned.count", "barrier.cta.arrive.count"):
    HANDLERS[_N + _some] = _arrive
for _operation, _word in enumerate(("popc", "and", "or")):
    HANDLERS[f"{_N}barrier0.{_word}"] = _barrier_reduce(_operation)
    for _form in (".aligned.all", ".aligned.count", ".all", ".count"):
        HANDLERS[f"{_N}barrier.cta.red.{_word}{_form}"] = _barrier_reduce(_operation)


# ---- one block is a cluster: arriving is free, waiting is the block's barrier -----------------
def _cluster_arrive(it: Lowering, call: Call, emit: Emitter) -> object:
    emit.put(Fence("seq_cst"))
    return REMOVED


def _cluster_wait(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_barrier", constant(0), constant(0), it.site(call))
    return REMOVED


for _form in ("", ".aligned"):
    HANDLERS[f"{_N}barrier.cluster.arrive{_form}"] = _cluster_arrive
    HANDLERS[f"{_N}barrier.cluster.arrive.relaxed{_form}"] = _cluster_arrive
    HANDLERS[f"{_N}barrier.cluster.wait{_form}"] = _cluster_wait


# ---- warps ------------------------------------------------------------------------------------
def _warp_sync(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_warp_sync", call.arguments[0], it.site(call))
    return REMOVED


def _shuffle(kind: int, with_predicate: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        mask, value, b, c = call.arguments
        is_float = value.type is FLOAT
        bits = emit.cast("bitcast", value, I32) if is_float else value
        flag: Value = emit_stack_word(it, emit) if with_predicate else NULL
        result: Value = it.runtime(emit, "cpl_shuffle", constant(kind), mask, bits, b, c, flag, it.site(call))
        if is_float:
            result = emit.cast("bitcast", result, FLOAT)
        return pair(emit, call, result, as_bool(emit, emit.load(I32, flag, 4))) if with_predicate else result

    return lower


def emit_stack_word(it: Lowering, emit: Emitter) -> Value:
    """A 4-byte stack slot in the function's first block (one made inside a loop would grow the stack)."""
    slot = Emitter(it.module).alloca(I32, 4)
    it.slots.append(slot)
    return slot


def pair(emit: Emitter, call: Call, first: Value, second: Value) -> Value:
    return emit.insert(emit.insert(Literal(call.type, "poison"), first, 0), second, 1)


for _kind, _word in enumerate(("up", "down", "bfly", "idx")):
    for _type in ("i32", "f32"):
        HANDLERS[f"{_N}shfl.sync.{_word}.{_type}"] = _shuffle(_kind, False)
        HANDLERS[f"{_N}shfl.sync.{_word}.{_type}p"] = _shuffle(_kind, True)


def _vote(kind: int) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        mask, predicate = call.arguments
        word = as_i32(emit, as_bool(emit, predicate))
        result = it.runtime(emit, "cpl_vote", constant(kind), mask, word, it.site(call))
        return as_bool(emit, result) if call.type is I1 else result

    return lower


for _kind, _word in enumerate(("all", "any", "uni", "ballot")):
    HANDLERS[f"{_N}vote.{_word}.sync"] = _vote(_kind)


def _match_any(it: Lowering, call: Call, emit: Emitter) -> object:
    mask, value = call.arguments
    return it.runtime(emit, "cpl_match_any", mask, emit.cast("zext", value, I64), it.site(call))


def _match_all(it: Lowering, call: Call, emit: Emitter) -> object:
    mask, value = call.arguments
    flag = emit_stack_word(it, emit)
    result = it.runtime(emit, "cpl_match_all", mask, emit.cast("zext", value, I64), flag, it.site(call))
    return pair(emit, call, result, as_bool(emit, emit.load(I32, flag, 4)))


for _type in ("i32", "i64"):
    HANDLERS[f"{_N}match.any.sync.{_type}"] = _match_any
    HANDLERS[f"{_N}match.all.sync.{_type}p"] = _match_all


def _redux(operation: int) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        value, mask = call.arguments  # the intrinsic has the mask last, the runtime first
        return it.runtime(emit, "cpl_redux", constant(operation), mask, value, it.site(call))

    return lower


for _operation, _word in enumerate(("add", "umin", "umax", "min", "max", "and", "or", "xor")):
    HANDLERS[f"{_N}redux.sync.{_word}"] = _redux(_operation)


def _active_mask(it: Lowering, call: Call, emit: Emitter) -> object:
    return it.runtime(emit, "cpl_active_mask", it.site(call))


def _elect(it: Lowering, call: Call, emit: Emitter) -> object:
    """The lowest lane of the mask leads."""
    mask = call.arguments[0]
    it.runtime(emit, "cpl_warp_sync", mask, it.site(call))
    leader = emit.intrinsic("llvm.cttz.i32", I32, [mask, Literal(I1, "false")])
    return pair(emit, call, leader, emit.compare("eq", leader, it.field(emit, "lane")))


HANDLERS[_N + "bar.warp.sync"] = _warp_sync
HANDLERS[_N + "activemask"] = _active_mask
HANDLERS[_N + "elect.sync"] = _elect


# ---- fences, sleep, ends, library calls ---------------------------------------------------------
def _fence(ordering: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        emit.put(Fence(ordering))
        return REMOVED

    return lower


for _word in ("membar.gl", "membar.sys", "fence.sc.cluster", "fence.proxy.alias", "fence.proxy.async",
              "fence.proxy.async.global", "fence.proxy.async.shared_cluster", "fence.proxy.async.shared_cta"):
    HANDLERS[_N + _word] = _fence("seq_cst")
HANDLERS[_N + "membar.cta"] = _fence("seq_cst")


def _sleep(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_nanosleep", call.arguments[0])
    return REMOVED


def _exit(it: Lowering, call: Call, emit: Emitter) -> object:
    flushing.end(it.module, emit)
    it.runtime(emit, "cpl_exit")
    return REMOVED


def _trap(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_trap", it.site(call))
    return REMOVED


def _print(it: Lowering, call: Call, emit: Emitter) -> object:
    return it.runtime(emit, "cpl_vprintf", *call.arguments)


def _malloc(it: Lowering, call: Call, emit: Emitter) -> object:
    return it.runtime(emit, "cpl_malloc", call.arguments[0])


def _free(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_free", call.arguments[0])
    return REMOVED


def _set_condition(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_graph_set", *call.arguments)
    return REMOVED


def _device(name: str) -> Lower:
    """Launches from kernels and what belongs to them, whose functions of the runtime have the same parameters."""
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        return it.runtime(emit, name, *call.arguments)

    return lower


for _word in ("buffer", "launch", "copy", "fill", "order"):
    HANDLERS["__compatlayer_device_" + _word] = _device("cpl_device_" + _word)


def _assert_fail(it: Lowering, call: Call, emit: Emitter) -> object:
    it.runtime(emit, "cpl_assert_fail", *call.arguments[:4])
    return REMOVED


def _clock(it: Lowering, call: Call, emit: Emitter) -> object:
    return it.runtime(emit, "cpl_clock")


HANDLERS |= {
    _N + "nanosleep": _sleep, _N + "exit": _exit, "llvm.trap": _trap, "llvm.debugtrap": _trap, "llvm.ubsantrap": _trap,
    "vprintf": _print, "malloc": _malloc, "free": _free, "__assertfail": _assert_fail,
    "cudaGraphSetConditional": _set_condition,
    "llvm.readcyclecounter": _clock, "llvm.readsteadycounter": _clock,
}  # fmt: skip
