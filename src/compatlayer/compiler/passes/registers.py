"""Special registers become loads of the thread's fields: `llvm.nvvm.read.ptx.sreg.*`.

A cluster is one block: clusters are a launch attribute that this engine does not offer.
"""

from __future__ import annotations

from ..ir.build import Emitter, declare
from ..ir.instructions import Call
from ..ir.types import I32, I64
from ..ir.values import Value
from .lowering import Lower, Lowering, constant

PREFIX = "llvm.nvvm.read.ptx.sreg."
_FIELDS = {
    "tid.x": "thread.x", "tid.y": "thread.y", "tid.z": "thread.z",
    "ctaid.x": "block.x", "ctaid.y": "block.y", "ctaid.z": "block.z",
    "ntid.x": "block_size.x", "ntid.y": "block_size.y", "ntid.z": "block_size.z",
    "nctaid.x": "grid_size.x", "nctaid.y": "grid_size.y", "nctaid.z": "grid_size.z",
    "clusterid.x": "block.x", "clusterid.y": "block.y", "clusterid.z": "block.z",
    "nclusterid.x": "grid_size.x", "nclusterid.y": "grid_size.y", "nclusterid.z": "grid_size.z",
    "laneid": "lane", "warpid": "warp", "nwarpid": "warps", "smid": "worker",
    "dynamic_smem_size": "dynamic_shared_bytes", "total_smem_size": "shared_bytes", "aggr_smem_size": "shared_bytes",
}  # fmt: skip
_CONSTANTS = {
    "warpsize": 32, "tid.w": 0, "ctaid.w": 0, "ntid.w": 1, "nctaid.w": 1, "gridid": 0,
    **{f"cluster.ctaid.{axis}": 0 for axis in "xyzw"}, "cluster.ctarank": 0,
    **{f"cluster.nctaid.{axis}": 1 for axis in "xyzw"}, "cluster.nctarank": 1,
    "clusterid.w": 0, "nclusterid.w": 1,
}  # fmt: skip


def read_register(it: Lowering, emit: Emitter, name: str) -> Value | None:
    """The value of the special register `name` (PTX's spelling without %), None when it is not known."""
    if name in _FIELDS:
        return it.field(emit, _FIELDS[name])
    if name in _CONSTANTS:
        return constant(_CONSTANTS[name])
    if name == "nsmid":
        return emit.call(declare(it.module, "cpl_workers", I32, []), [])
    if name.startswith("lanemask"):
        return _lane_mask(it, emit, name[-2:])
    if name in ("clock64", "clock", "clock_hi"):
        ticks = it.runtime(emit, "cpl_clock")
        return _half(emit, ticks, name)
    if name in ("globaltimer", "globaltimer.lo", "globaltimer_lo", "globaltimer_hi"):
        return _half(emit, it.runtime(emit, "cpl_global_timer"), name)
    return None


def _half(emit: Emitter, value: Value, name: str) -> Value:
    if name in ("clock64", "globaltimer"):
        return value
    if name.endswith("hi"):
        value = emit.binary("lshr", value, constant(32, I64))
    return emit.cast("trunc", value, I32)


def _lane_mask(it: Lowering, emit: Emitter, kind: str) -> Value | None:
    bit = emit.binary("shl", constant(1), it.field(emit, "lane"))
    below = emit.binary("sub", bit, constant(1))
    if kind == "eq":
        return bit
    if kind == "lt":
        return below
    if kind == "le":
        return emit.binary("or", bit, below)
    ones = constant(-1)
    if kind == "ge":
        return emit.binary("xor", below, ones)
    if kind == "gt":
        return emit.binary("xor", emit.binary("or", bit, below), ones)
    return None


def lower(it: Lowering, call: Call, emit: Emitter) -> object:
    value = read_register(it, emit, call.callee_name.removeprefix(PREFIX))
    if value is not None and value.type is not call.type:
        value = emit.cast("zext" if call.type is I64 else "trunc", value, call.type)
    return value


HANDLERS: dict[str, Lower] = {}


def cooperative(it: Lowering, call: Call, emit: Emitter) -> Value:
    """cpl_grid_cooperative, which the groups' header asks for."""
    return it.field(emit, "cooperative")
