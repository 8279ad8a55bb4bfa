"""PTX instructions that involve other threads: warp operations, barriers, fences, ends.

https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.instructions import Fence
from ..ir.types import I1, I32, I64, VOID
from ..ir.values import Value
from .ptx_code import Code, Operation, refuse
from .ptx_types import type_of


def _active_mask(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if words[1:] != ("b32",) or len(operands) != 1:
        refuse()
    code.write(operands[0], code.call("nvvm.activemask", I32))


def _nanosleep(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if words[1:] != ("u32",) or len(operands) != 1:
        refuse()
    code.call("nvvm.nanosleep", VOID, code.read(operands[0], I32))


_FENCES = frozenset(("cta", "gpu", "sys", "gl", "cluster", "sc", "acq_rel", "acquire", "release", "sync_restrict",
                     "shared::cta", "shared::cluster", "global", "proxy", "alias", "async", "mbarrier_init"))


def _fence(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if set(words[1:]) - _FENCES or operands:
        refuse()
    code.emit.put(Fence("seq_cst"))


def _barrier(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """bar{.cta}.{sync,arrive,red}, barrier{.cta} with .aligned, bar.warp.sync, barrier.cluster"""
    rest = [each for each in words[1:] if each not in ("cta", "aligned")]
    if rest[:1] == ["cluster"]:
        _cluster_barrier(code, rest)
    elif rest == ["warp", "sync"] and len(operands) == 1:
        code.call("nvvm.bar.warp.sync", VOID, code.read(operands[0], I32))
    elif rest == ["sync"] and len(operands) in (1, 2):
        values = [code.read(each, I32) for each in operands]
        code.call(f"nvvm.barrier.cta.sync.aligned.{'all' if len(values) == 1 else 'count'}", VOID, *values)
    elif rest == ["arrive"] and len(operands) == 2:
        code.call("nvvm.barrier.cta.arrive.aligned.count", VOID, *(code.read(each, I32) for each in operands))
    elif rest[:1] == ["red"] and len(operands) in (3, 4):
        _barrier_reduce(code, rest, operands)
    else:
        refuse()


def _barrier_reduce(code: Code, rest: Sequence[str], operands: Sequence[str]) -> None:
    """bar.red.popc.u32 d, a{, b}, {!}c and bar.red.{and,or}.pred p, a{, b}, {!}c"""
    if rest[1:] not in (["popc", "u32"], ["and", "pred"], ["or", "pred"]):
        refuse()
    values = [code.read(each, I32) for each in operands[1:-1]]
    name = f"nvvm.barrier.cta.red.{rest[1]}.aligned.{'all' if len(values) == 1 else 'count'}"
    type_ = I32 if rest[1] == "popc" else I1
    code.write(operands[0], code.call(name, type_, *values, code.predicate(operands[-1])))


def _cluster_barrier(code: Code, rest: Sequence[str]) -> None:
    kept = [each for each in rest if each not in ("acquire", "release")]
    if kept not in (["cluster", "arrive"], ["cluster", "arrive", "relaxed"], ["cluster", "wait"]):
        refuse()
    code.call("nvvm.barrier." + ".".join(kept), VOID)


def _trap(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if len(words) != 1 or operands:
        refuse()
    code.call("trap" if words[0] == "trap" else "debugtrap", VOID)


def _exit(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if len(words) != 1 or operands:
        refuse()
    code.call("nvvm.exit", VOID)


_REDUCTIONS = {("add", "u32"): "add", ("add", "s32"): "add", ("min", "u32"): "umin", ("max", "u32"): "umax",
               ("min", "s32"): "min", ("max", "s32"): "max", ("and", "b32"): "and", ("or", "b32"): "or",
               ("xor", "b32"): "xor"}  # fmt: skip


def _shuffle(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """shfl.sync.mode.b32 d{|p}, a, b, c, mask; without .sync the mask is the threads that are here"""
    sync = "sync" in words
    rest = [each for each in words[1:] if each != "sync"]
    if len(rest) != 2 or rest[0] not in ("up", "down", "bfly", "idx") or rest[1] != "b32" or \
            len(operands) != 4 + sync:
        refuse()
    value, b, c = (code.read(each, I32) for each in operands[1:4])
    mask = code.read(operands[4], I32) if sync else code.call("nvvm.activemask", I32)
    target, _, flag = (each.strip() for each in operands[0].partition("|"))
    name = f"nvvm.shfl.sync.{rest[0]}.i32"
    if not flag:
        code.write(target, code.call(name, I32, mask, value, b, c))
        return
    pair = code.call(name + "p", code.module.types.struct((I32, I1)), mask, value, b, c)
    code.write(target, code.emit.extract(pair, 0, I32))
    code.write(flag, code.emit.extract(pair, 1, I1))


def _vote(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """vote.sync.mode d, {!}p, mask, the older spelling with mode before sync, and the one without a mask"""
    rest = [each for each in words[1:] if each != "sync"]
    sync = "sync" in words
    if len(rest) != 2 or rest not in (["all", "pred"], ["any", "pred"], ["uni", "pred"], ["ballot", "b32"]) or \
            len(operands) != 2 + sync:
        refuse()
    predicate = code.predicate(operands[1])
    mask = code.read(operands[2], I32) if sync else code.call("nvvm.activemask", I32)
    code.write(operands[0], code.call(f"nvvm.vote.{rest[0]}.sync", I32 if rest[0] == "ballot" else I1, mask, predicate))


def _match(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """match.{any,all}.sync.{b32,b64} d{|p}, a, mask"""
    type_ = type_of(words[-1])
    if len(words) != 4 or words[1] not in ("any", "all") or words[2] != "sync" or words[3] not in ("b32", "b64") or \
            type_ is None or len(operands) != 3:
        refuse()
    value, mask = code.read(operands[1], type_.whole), code.read(operands[2], I32)
    if words[1] == "any":
        code.write(operands[0], code.call(f"nvvm.match.any.sync.i{type_.bits}", I32, mask, value))
        return
    target, _, flag = (each.strip() for each in operands[0].partition("|"))
    pair = code.call(f"nvvm.match.all.sync.i{type_.bits}p", code.module.types.struct((I32, I1)), mask, value)
    code.write(target, code.emit.extract(pair, 0, I32))
    if flag:
        code.write(flag, code.emit.extract(pair, 1, I1))


def _reduce(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """redux.sync.op.type d, a, mask"""
    name = _REDUCTIONS.get((words[2], words[3])) if len(words) == 4 and words[1] == "sync" else None
    if name is None or len(operands) != 3:
        refuse()
    value, mask = code.read(operands[1], I32), code.read(operands[2], I32)
    code.write(operands[0], code.call(f"nvvm.redux.sync.{name}", I32, value, mask))


def _elect(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """elect.sync d|p, mask"""
    if words[1:] != ("sync",) or len(operands) != 2:
        refuse()
    pair = code.call("nvvm.elect.sync", code.module.types.struct((I32, I1)), code.read(operands[1], I32))
    target, _, flag = (each.strip() for each in operands[0].partition("|"))
    code.write(target, code.emit.extract(pair, 0, I32))
    code.write(flag, code.emit.extract(pair, 1, I1))


def _nothing(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """griddepcontrol, setmaxnreg, pmevent: kernels of a stream run one after the other, registers have no limit."""


def _lane(code: Code) -> Value:
    return code.call("nvvm.read.ptx.sreg.laneid", I32)


def gathered(code: Code, value: Value, lane: Value) -> Value:
    """The word that another lane of the whole warp has."""
    return code.call("nvvm.shfl.sync.idx.i32", I32, code.word(-1), value, lane, code.word(31))


TABLE: dict[str, Operation] = {
    "activemask": _active_mask, "nanosleep": _nanosleep, "membar": _fence, "fence": _fence, "bar": _barrier,
    "barrier": _barrier, "exit": _exit, "trap": _trap, "brkpt": _trap, "shfl": _shuffle, "vote": _vote,
    "match": _match, "redux": _reduce, "elect": _elect, "griddepcontrol": _nothing, "setmaxnreg": _nothing,
    "pmevent": _nothing,
}  # fmt: skip
__all__ = ["I64", "TABLE", "gathered"]
