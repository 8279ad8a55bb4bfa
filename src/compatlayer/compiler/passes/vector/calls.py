"""Calls: intrinsics on vectors, operations among lanes, the runtime, and one call per lane for the rest.

Why not widen all: only what has no effects and a vector form may run for lanes that are not there; everything else is
called for the active lanes, one at a time, in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.build import declare, mangled
from ...ir.instructions import Call
from ...ir.types import I32, VOID, StructType, Type
from ...ir.values import Function, InlineAssembly, Value
from ..contract import runtime
from ..tiles import tile
from ..unsupported import Unsupported
from . import tiles, warp
from .gang import Gang
from .intrinsics import WIDENS, base_of
from .waits import barrier, pause, through_pointer

Handler = Callable[[Gang, Call], None]


def emit(gang: Gang, call: Call) -> None:
    """Emits the call; the gang learns its value."""
    name = call.callee_name
    handler = _RUNTIME.get(name)
    if handler is not None:
        handler(gang, call)
    elif tile(name) is not None:
        tiles.emit(gang, call)
    elif gang.shapes.is_scalar(call) and call.type is not VOID:
        gang.define(call, _again(gang, call, [gang.scalar(each) for each in call.arguments]))
    elif base_of(name) is not None:
        gang.define(call, _widened(gang, call, name))
    elif call.type is VOID and not call.arguments and isinstance(call.callee, InlineAssembly):
        _again(gang, call, [])  # a fence of the compiler
    else:
        _by_lane(gang, call)


def _again(gang: Gang, call: Call, arguments: list[Value]) -> Call:
    """The same call with other arguments."""
    made = Call(call.function_type, call.callee, arguments, call.flags)
    made.argument_attributes = list(call.argument_attributes)
    made.attributes, made.result_attributes, made.convention = call.attributes, call.result_attributes, call.convention
    gang.emit.put(made)
    return made


def _widened(gang: Gang, call: Call, name: str) -> Value:
    base = base_of(name)
    assert base is not None
    spelled, fixed = WIDENS[base]
    arguments = [gang.scalar(each) if index in fixed else gang.vector(each)
                 for index, each in enumerate(call.arguments)]
    result = gang.vector_type(call.type)
    types: list[Type] = []
    for part in spelled:
        type_ = result if part == "r" else arguments[int(part)].type
        types.append(type_.fields[0] if isinstance(type_, StructType) else type_)
    full = ".".join([base, *map(mangled, types)])
    function = declare(gang.module, full, result, [each.type for each in arguments])
    return gang.emit.call(function, arguments, call.flags)


def _by_lane(gang: Gang, call: Call) -> None:
    """One call for each active lane: functions of the library, of the program, and through pointers."""
    callee = call.callee
    takes_thread = bool(call.arguments) and call.arguments[0] is gang.thread
    if takes_thread and isinstance(callee, Function) and not callee.blocks and callee.name not in _PER_LANE:
        raise Unsupported(f"a call of '{callee.name}'")

    if not isinstance(callee, InlineAssembly) and not (isinstance(callee, Function) and not callee.blocks):
        gang.calls = True
        gang.waits = gang.waits or through_pointer(call)

    def one(lane: Value) -> Value | None:
        arguments = [gang.lane_value(each, lane) for each in call.arguments]
        if takes_thread:
            arguments[0] = lane_thread(gang, lane)
        target = gang.lane_value(callee, lane)
        made = _again(gang, call, arguments)
        made.callee = target
        return made if call.type is not VOID else None

    found = gang.each_lane("call", one, None if call.type is VOID else call.type)
    if found is not None:
        gang.define(call, found)


def lane_thread(gang: Gang, lane: Value) -> Value:
    """The thread of one lane, for calls that take one."""
    index = gang.emit.binary("add", gang.first, lane)
    return gang.emit.call(runtime(gang.module, "cpl_lane"), [gang.thread, index])


def _ends(gang: Gang, call: Call) -> None:
    """cpl_trap and cpl_assert_fail: the first of the active lanes reports."""
    from ...ir.values import number

    lane = number(I32, 0) if gang.mask is None else gang.lowest(gang.bits(gang.mask))
    arguments = [gang.lane_value(each, lane) for each in call.arguments]
    arguments[0] = lane_thread(gang, lane)
    _again(gang, call, arguments)


def _once(gang: Gang, call: Call) -> None:
    """Clocks: one answer for the gang."""
    arguments = [gang.scalar(each) for each in call.arguments]
    made = _again(gang, call, arguments)
    if call.type is not VOID:
        gang.define(call, made)


_PER_LANE = frozenset(("cpl_vprintf", "cpl_malloc", "cpl_free", "cpl_graph_set", "cpl_is_local", "cpl_device_buffer",
                       "cpl_device_launch", "cpl_device_copy", "cpl_device_fill", "cpl_device_order"))
_RUNTIME: dict[str, Handler] = {
    "cpl_trap": _ends, "cpl_assert_fail": _ends, "cpl_clock": _once, "cpl_global_timer": _once,
    "cpl_barrier": barrier, "cpl_barrier_arrive": barrier, "cpl_barrier_reduce": barrier,
    "cpl_yield": pause, "cpl_nanosleep": pause, **warp.HANDLERS,
}  # fmt: skip
