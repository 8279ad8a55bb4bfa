"""Operations of inline PTX that involve other threads: warp operations, barriers, fences, ends."""

from __future__ import annotations

from ..ir.instructions import Fence
from ..ir.types import I1, I32, I64
from ..ir.values import NULL, Value
from . import flushing
from .lowering import as_bool, as_i32, constant
from .ptx_statements import Operation, Statements, bits
from .synchronise import emit_stack_word


def _activemask(at: Statements, words: list[str], operands: list[str]) -> bool:
    at.values[operands[0]] = at.it.runtime(at.emit, "cpl_active_mask", at.it.site(at.call))
    return True


def _nanosleep(at: Statements, words: list[str], operands: list[str]) -> bool:
    value = at.read(operands[0], I32)
    if value is not None:
        at.it.runtime(at.emit, "cpl_nanosleep", value)
    return value is not None


def _fence(at: Statements, words: list[str], operands: list[str]) -> bool:
    at.emit.put(Fence("seq_cst"))
    return True


def _barrier(at: Statements, words: list[str], operands: list[str]) -> bool:
    if words[1:2] == ["warp"]:
        mask = at.read(operands[0], I32)
        if mask is not None:
            at.it.runtime(at.emit, "cpl_warp_sync", mask, at.it.site(at.call))
        return mask is not None
    if ("sync" not in words and "arrive" not in words) or not operands:
        return False
    values = [at.read(each, I32) for each in operands]
    number, count = values[0], values[1] if len(values) > 1 else constant(0)
    if number is None or count is None:
        return False
    name = "cpl_barrier_arrive" if "arrive" in words else "cpl_barrier"
    at.it.runtime(at.emit, name, number, count, at.it.site(at.call))
    return True


def _end(name: str) -> Operation:
    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        flushing.end(at.it.module, at.emit)
        at.it.runtime(at.emit, name, *([at.it.site(at.call)] if name == "cpl_trap" else []))
        return True

    return lower


_SHUFFLES = {"up": 0, "down": 1, "bfly": 2, "idx": 3}
_VOTES = {"all": 0, "any": 1, "uni": 2, "ballot": 3}
_REDUCTIONS = {"add": 0, "min": 1, "max": 2, "and": 5, "or": 6, "xor": 7}


def _shuffle(at: Statements, words: list[str], operands: list[str]) -> bool:
    """shfl.sync.mode.b32 d|p, a, b, c, mask"""
    if len(words) != 4 or words[1] != "sync" or words[2] not in _SHUFFLES or len(operands) != 5:
        return False
    values = at.reads(operands[1:], I32)
    if values is None:
        return False
    value, b, c, mask = values
    target, _, flag = (each.strip() for each in operands[0].partition("|"))
    slot: Value = emit_stack_word(at.it, at.emit) if flag else NULL
    at.values[target] = at.it.runtime(at.emit, "cpl_shuffle", constant(_SHUFFLES[words[2]]), mask, value, b, c, slot,
                                      at.it.site(at.call))
    if flag:
        at.values[flag] = as_bool(at.emit, at.emit.load(I32, slot, 4))
    return True


def _vote(at: Statements, words: list[str], operands: list[str]) -> bool:
    """vote.sync.mode d, p, mask; the older spelling has mode and sync the other way round."""
    mode = next((word for word in words[1:3] if word in _VOTES), None)
    if mode is None or "sync" not in words or len(operands) != 3:
        return False
    inverted = operands[1].startswith("!")
    predicate, mask = at.read(operands[1].lstrip("!"), I1), at.read(operands[2], I32)
    if predicate is None or mask is None:
        return False
    word = as_i32(at.emit, predicate)
    if inverted:
        word = at.emit.binary("xor", word, constant(1))
    result = at.it.runtime(at.emit, "cpl_vote", constant(_VOTES[mode]), mask, word, at.it.site(at.call))
    at.values[operands[0]] = result if mode == "ballot" else as_bool(at.emit, result)
    return True


def _match(at: Statements, words: list[str], operands: list[str]) -> bool:
    """match.any.sync.b32 d, a, mask"""
    type_ = bits(words)
    if words[1:3] != ["any", "sync"] or type_ is None or len(operands) != 3:
        return False
    value, mask = at.read(operands[1], type_), at.read(operands[2], I32)
    if value is None or mask is None:
        return False
    wide = at.emit.cast("zext", value, I64)
    at.values[operands[0]] = at.it.runtime(at.emit, "cpl_match_any", mask, wide, at.it.site(at.call))
    return True


def _reduce(at: Statements, words: list[str], operands: list[str]) -> bool:
    """redux.sync.op.type d, a, mask"""
    if len(words) != 4 or words[1] != "sync" or words[2] not in _REDUCTIONS or len(operands) != 3:
        return False
    values = at.reads(operands[1:], I32)
    if values is None or words[3] not in ("u32", "s32", "b32"):
        return False
    operation = _REDUCTIONS[words[2]] + (2 if words[2] in ("min", "max") and words[3] == "s32" else 0)
    at.values[operands[0]] = at.it.runtime(at.emit, "cpl_redux", constant(operation), values[1], values[0],
                                           at.it.site(at.call))
    return True


TABLE: dict[str, Operation] = {
    "activemask": _activemask,
    "nanosleep": _nanosleep,
    "membar": _fence,
    "fence": _fence,
    "bar": _barrier,
    "barrier": _barrier,
    "exit": _end("cpl_exit"),
    "trap": _end("cpl_trap"),
    "brkpt": _end("cpl_trap"),
    "shfl": _shuffle,
    "vote": _vote,
    "match": _match,
    "redux": _reduce,
}
