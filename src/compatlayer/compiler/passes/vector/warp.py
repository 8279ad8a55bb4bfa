"""Operations among the lanes of a warp: the gang is the warp, so they are code, not calls.

`member` is the mask a lane gives: the lanes it expects. PTX leaves a shuffle from a lane that takes no part undefined;
here, as in the naive engine, the caller keeps its own value.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.build import mangled
from ...ir.instructions import Call, Simple
from ...ir.types import I1, I32, Type
from ...ir.values import AggregateConstant, Literal, Value, number
from ..contract import runtime
from ..unsupported import Unsupported
from .body import Body
from .gang import Gang
from .lanes import WARP
from .permute import has_permute, permute, slide

_UP, _DOWN, _BUTTERFLY, _INDEX = range(4)
_ALL, _ANY, _UNI, _BALLOT = range(4)
_SHUFFLE, _VOTE, _MATCH, _REDUCTION, _SYNC = range(1, 6)


def _meet(gang: Gang, member: Value, operation: int, site: Value) -> None:
    """Refuses what can never come together: a mask without the caller, or with live lanes that are elsewhere."""
    if gang.width != WARP:
        raise Unsupported(f"a warp operation with {gang.width} lanes at a time")
    emit = gang.emit
    uniform = gang.shapes.of(member) == 0
    whole = isinstance(member, Literal) and member.text == "-1"
    together = gang.alone() or not gang.shapes.pending[gang.block] & gang.meeting
    if together and whole:
        return
    here = gang.bits(gang.mask)
    if uniform:
        mask = gang.scalar(member)
        outside = emit.binary("and", here, emit.binary("xor", mask, number(I32, -1)))
    else:
        own = gang.emit.binary("lshr", gang.vector(member), gang.iota(I32))
        has = emit.cast("trunc", own, gang.mask_type)
        outside = gang.bits(gang.both(gang.mask, gang.invert(has)))
        mask = _or_of_lanes(gang, gang.vector(member))
    if together:
        missing: Value = number(I32, 0)  # who is elsewhere only leaves
    else:
        _refuse_partners_elsewhere(gang)
        assert isinstance(gang, Body)
        missing = emit.binary("and", mask, gang.to_come())
    wrong = emit.compare("ne", emit.binary("or", outside, missing), number(I32, 0))
    bad, good = gang.new_block("apart"), gang.new_block("together")
    gang.branch(wrong, bad, good)
    gang.open(bad)
    gang.arm(lambda: _report(gang, operation, here, missing, outside, site))
    gang.open(good)


def _report(gang: Gang, operation: int, here: Value, missing: Value, outside: Value, site: Value) -> None:
    from ...ir.instructions import Terminator

    lanes = gang.emit.select(gang.emit.compare("ne", outside, number(I32, 0)), outside, here)
    gang.emit.call(runtime(gang.module, "cpl_gang_divergent"),
                   [gang.thread, number(I32, operation), lanes, missing, site])
    gang.emit.put(Terminator("unreachable", [], []))


def _refuse_partners_elsewhere(gang: Gang) -> None:
    """Lanes that wait elsewhere may come to another operation before all meet again: only stacks of their own, which
    the naive engine has, bring the two together."""
    pending = gang.shapes.pending[gang.block]
    rank = gang.order.rank
    last = max(pending, key=rank.__getitem__)
    for block in gang.order.blocks[min(rank[each] for each in pending):rank[last]]:
        if any(isinstance(it, Call) and (it.callee_name in HANDLERS or it.callee_name.startswith("cpl_barrier"))
               for it in block.instructions):
            raise Unsupported("operations of a warp on both sides of a divergent branch")


def _or_of_lanes(gang: Gang, vector: Value) -> Value:
    if gang.mask is not None:
        vector = gang.emit.select(gang.mask, vector, gang.vector(number(I32, 0)))
    return gang.emit.intrinsic(f"llvm.vector.reduce.or.{mangled(vector.type)}", I32, [vector])


# ---- shuffles ------------------------------------------------------------------------------------
def _shuffle(gang: Gang, call: Call) -> None:
    _, kind, member, value, b, c, flag, site = call.arguments
    _meet(gang, member, _SHUFFLE, site)
    emit = gang.emit
    kind_number = int(kind.text) if isinstance(kind, Literal) else -1
    lanes = gang.iota(I32)
    constant = all(isinstance(each, Literal) for each in (b, c))
    data = gang.vector(value)
    if constant:
        sources, insides = _sources(kind_number, _word(b), _word(c))
        moved: Value = emit.put(Simple("shufflevector", data.type, [
            data, gang.undefined(data.type), gang.per_lane(I32, sources)]))
        inside: Value = _bits_constant(gang, insides)
        source: Value = gang.per_lane(I32, sources)
    else:
        source, inside = _source_lanes(gang, kind_number, gang.vector(b), gang.vector(c), lanes)
        if kind_number in (_UP, _DOWN) and gang.shapes.of(b) == 0 and not has_permute(gang):
            distance = emit.binary("and", gang.scalar(b), number(I32, 31))
            if kind_number == _UP:
                distance = emit.binary("sub", number(I32, 0), distance)
            moved = emit.select(inside, slide(gang, data, distance), data)
        else:
            moved = permute(gang, data, source)
    there = _takes_part(gang, member, source)
    if there is not None:
        moved = emit.select(there, moved, data)
    gang.define(call, moved)
    if not (isinstance(flag, Literal) and flag.text == "null"):
        from .access import write

        write(gang, emit.cast("zext", inside, gang.vector_type(I32)), flag, I32, 4)


def _word(value: Value) -> int:
    assert isinstance(value, Literal)
    return int(value.text)


def _sources(kind: int, b: int, c: int) -> tuple[list[int], list[bool]]:
    """PTX's shfl.sync for constant operands: from which lane each takes, and whether that lies inside its segment."""
    b, clamp, segment = b & 31, c & 31, c >> 8 & 31
    sources, insides = [], []
    for lane in range(WARP):
        top = (lane & segment) | (clamp & ~segment)
        if kind == _UP:
            source, inside = lane - b, lane - b >= top
        elif kind == _DOWN:
            source, inside = lane + b, lane + b <= top
        elif kind == _BUTTERFLY:
            source, inside = lane ^ b, lane ^ b <= top
        else:
            source = (lane & segment) | (b & ~segment)
            inside = source <= top
        sources.append(source & 31 if inside else lane)
        insides.append(inside)
    return sources, insides


def _bits_constant(gang: Gang, bits: list[bool]) -> Value:
    return AggregateConstant(gang.mask_type, ("<", ">"), tuple(
        Literal(I1, "true" if each else "false") for each in bits))


def _source_lanes(gang: Gang, kind: int, b: Value, c: Value, lanes: Value) -> tuple[Value, Value]:
    emit = gang.emit

    def word(value: int) -> Value:
        return gang.vector(number(I32, value))

    b = emit.binary("and", b, word(31))
    clamp = emit.binary("and", c, word(31))
    segment = emit.binary("and", emit.binary("lshr", c, word(8)), word(31))
    rest = emit.binary("xor", segment, word(-1))
    low = emit.binary("and", lanes, segment)
    top = emit.binary("or", low, emit.binary("and", clamp, rest))
    if kind == _UP:
        source = emit.binary("sub", lanes, b)
    elif kind == _DOWN:
        source = emit.binary("add", lanes, b)
    elif kind == _BUTTERFLY:
        source = emit.binary("xor", lanes, b)
    else:
        source = emit.binary("or", low, emit.binary("and", b, rest))
    inside = emit.compare("sge" if kind == _UP else "sle", source, top)
    source = emit.select(inside, emit.binary("and", source, word(31)), lanes)
    return source, inside


def _takes_part(gang: Gang, member: Value, source: Value) -> Value | None:
    """Whether each lane's source is active and named by the lane's mask; None when all are."""
    emit = gang.emit
    if gang.mask is None and isinstance(member, Literal) and member.text == "-1":
        return None
    here = gang.bits(gang.mask)
    if gang.shapes.of(member) == 0:
        named = gang.broadcast(emit.binary("and", here, gang.scalar(member)))
    else:
        named = emit.binary("and", gang.broadcast(here), gang.vector(member))
    return emit.cast("trunc", emit.binary("lshr", named, source), gang.mask_type)


# ---- votes ---------------------------------------------------------------------------------------
def _vote(gang: Gang, call: Call) -> None:
    _, kind, member, predicate, site = call.arguments
    _meet(gang, member, _VOTE, site)
    emit = gang.emit
    holds = gang.both(gang.mask, emit.compare("ne", gang.vector(predicate), gang.vector(number(I32, 0))))
    ballot, here = gang.bits(holds), gang.bits(gang.mask)
    uniform = gang.shapes.of(member) == 0
    mask = gang.scalar(member) if uniform else gang.vector(member)
    if not uniform:
        ballot, here = gang.broadcast(ballot), gang.broadcast(here)
    yes, asked = emit.binary("and", ballot, mask), emit.binary("and", here, mask)
    none: Value = number(I32, 0) if uniform else gang.vector(number(I32, 0))
    kind_number = int(kind.text) if isinstance(kind, Literal) else -1
    if kind_number == _BALLOT:
        gang.define(call, yes)
        return
    if kind_number == _ANY:
        answer = emit.compare("ne", yes, none)
    else:
        answer = emit.compare("eq", yes, asked)
        if kind_number == _UNI:
            answer = emit.binary("or", answer, emit.compare("eq", yes, none))
    gang.define(call, emit.cast("zext", answer, call.type if uniform else gang.vector_type(call.type)))


# ---- matches and reductions: group after group -----------------------------------------------------
def _groups(gang: Gang, bits: Value, results: list[Type],
            body: Callable[[Value, list[Value]], tuple[Value, list[Value]]]) -> list[Value]:
    """A loop while lanes are left; `body(first lane, so far)` answers the lanes it has served, and the results."""
    from ...ir.instructions import Phi

    emit = gang.emit
    start, loop, end = gang.blocks[-1], gang.new_block("group"), gang.new_block("groups.end")
    gang.jump(loop)
    gang.open(loop)
    left = Phi(I32, [bits], [start])
    emit.put(left)
    so_far = [Phi(type_, [gang.undefined(type_)], [start]) for type_ in results]
    for phi in so_far:
        emit.put(phi)
    served, found = body(gang.lowest(left), list(so_far))
    rest = emit.binary("and", left, emit.binary("xor", served, number(I32, -1)))
    last = gang.blocks[-1]
    for phi, value in zip([left, *so_far], [rest, *found], strict=True):
        phi.operands.append(value)
        phi.blocks.append(last)
    gang.branch(emit.compare("ne", rest, number(I32, 0)), loop, end)
    gang.open(end)
    return found


def _match_any(gang: Gang, call: Call) -> None:
    _, member, value, site = call.arguments
    _meet(gang, member, _MATCH, site)
    emit = gang.emit
    data, members, here = gang.vector(value), gang.vector(member), gang.bits(gang.mask)
    words = gang.vector_type(I32)

    def group(lane: Value, so_far: list[Value]) -> tuple[Value, list[Value]]:
        equal = emit.compare("eq", data, gang.broadcast(gang.extract(data, lane)))
        same = emit.binary("and", gang.bits(gang.both(gang.mask, equal)), here)
        return same, [emit.select(gang.lanes_mask(same), gang.broadcast(same), so_far[0])]

    found = _groups(gang, here, [words], group)[0]
    gang.define(call, emit.binary("and", found, members))


def _match_all(gang: Gang, call: Call) -> None:
    _, member, value, flag, site = call.arguments
    _meet(gang, member, _MATCH, site)
    emit = gang.emit
    data, members, here = gang.vector(value), gang.vector(member), gang.bits(gang.mask)
    words = gang.vector_type(I32)

    def group(lane: Value, so_far: list[Value]) -> tuple[Value, list[Value]]:
        asked = emit.binary("and", gang.extract(members, lane), here)
        equal = gang.bits(gang.both(gang.mask, emit.compare("eq", data, gang.broadcast(gang.extract(data, lane)))))
        all_ = emit.compare("eq", emit.binary("and", equal, asked), asked)
        answer = emit.select(all_, asked, number(I32, 0))
        served = gang.lanes_mask(asked)
        flag_word = emit.cast("zext", all_, I32)
        return asked, [emit.select(served, gang.broadcast(answer), so_far[0]),
                       emit.select(served, gang.broadcast(flag_word), so_far[1])]

    result, flags = _groups(gang, here, [words, words], group)
    gang.define(call, result)
    if not (isinstance(flag, Literal) and flag.text == "null"):
        from .access import write

        write(gang, flags, flag, I32, 4)


_REDUCES = ("add", "umin", "umax", "smin", "smax", "and", "or", "xor")
_NEUTRAL = {"umin": -1, "smin": (1 << 31) - 1, "smax": -(1 << 31), "and": -1}


def _redux(gang: Gang, call: Call) -> None:
    _, operation, member, value, site = call.arguments
    _meet(gang, member, _REDUCTION, site)
    emit = gang.emit
    name = _REDUCES[int(operation.text) if isinstance(operation, Literal) else -1]
    data = gang.vector(value)
    neutral = gang.vector(number(I32, _NEUTRAL.get(name, 0)))

    def reduced(bits: Value) -> Value:
        chosen = emit.select(gang.lanes_mask(bits), data, neutral)
        return emit.intrinsic(f"llvm.vector.reduce.{name}.{mangled(chosen.type)}", I32, [chosen])

    here = gang.bits(gang.mask)
    if gang.shapes.of(member) == 0:
        gang.define(call, reduced(emit.binary("and", here, gang.scalar(member))))
        return
    members = gang.vector(member)

    def group(lane: Value, so_far: list[Value]) -> tuple[Value, list[Value]]:
        asked = emit.binary("and", gang.extract(members, lane), here)
        total = gang.broadcast(reduced(asked))
        return asked, [emit.select(gang.lanes_mask(asked), total, so_far[0])]

    gang.define(call, _groups(gang, here, [gang.vector_type(I32)], group)[0])


def _sync(gang: Gang, call: Call) -> None:
    _meet(gang, call.arguments[1], _SYNC, call.arguments[2])


def _active(gang: Gang, call: Call) -> None:
    if gang.width != WARP:
        raise Unsupported(f"a warp operation with {gang.width} lanes at a time")
    gang.define(call, gang.bits(gang.mask))


HANDLERS = {
    "cpl_shuffle": _shuffle, "cpl_shuffle_wide": _shuffle, "cpl_vote": _vote, "cpl_match_any": _match_any,
    "cpl_match_all": _match_all, "cpl_redux": _redux, "cpl_warp_sync": _sync, "cpl_active_mask": _active,
}  # fmt: skip
