"""mbarrier: a barrier object in shared memory, a word that is opaque to programs ("Parallel Synchronization and
Communication Instructions: mbarrier" of the PTX ISA).

The word: arrivals to come in bits 0 to 19, those of a whole phase in bits 20 to 39, the phase's number above. A state
is the word as it was; its phase is over once the number has changed. Transactions belong to bulk copies, which this
device does not have."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.instructions import AtomicUpdate, MemoryAccess
from ..ir.types import I1, I32, I64, VOID
from ..ir.values import Value
from .ptx_code import GENERIC, Code, Operation, refuse
from .ptx_memory import space_of

_WHOLE, _PHASE = 20, 40  # where those parts begin
_MASK = (1 << _WHOLE) - 1
_IGNORED = frozenset(("cta", "cluster", "shared", "shared::cta", "acquire", "release", "relaxed"))


def _mbarrier(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """mbarrier.{init, inval, arrive, arrive_drop, test_wait, try_wait, pending_count}...b64"""
    rest = [each for each in words[1:-1] if each not in _IGNORED]
    if words[-1] != "b64":
        refuse()
    name, forms = rest[0], rest[1:]
    if name == "init" and not forms and len(operands) == 2:
        _init(code, words, operands)
    elif name == "inval" and not forms and len(operands) == 1:
        code.address(operands[0], _space(words))
    elif name in ("arrive", "arrive_drop") and forms in ([], ["noComplete"]) and len(operands) in (2, 3):
        _arrive(code, words, operands, name == "arrive_drop", not forms)
    elif name in ("test_wait", "try_wait") and forms in ([], ["parity"]) and \
            len(operands) in (3, 4 if name == "try_wait" else 3):
        _wait(code, words, operands, bool(forms))
    elif name == "pending_count" and not forms and len(operands) == 2:
        state = code.read(operands[1], I64)
        left = code.emit.binary("and", state, code.word(_MASK, I64))
        code.write(operands[0], code.emit.cast("trunc", left, I32))
    else:
        refuse()


def _space(words: Sequence[str]) -> int:
    found = space_of(words)
    return GENERIC if found is None else found


def _atomic(code: Code, operation: str, address: Value, value: Value, order: str) -> Value:
    return code.emit.put(AtomicUpdate(I64, operation, [address, value], (), "", order, 8))


def _init(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    address = code.address(operands[0], _space(words))
    count = code.emit.cast("zext", code.read(operands[1], I32), I64)
    both = code.emit.binary("or", count, code.emit.binary("shl", count, code.word(_WHOLE, I64)))
    code.emit.put(MemoryAccess("store", VOID, [both, address], ("atomic",), 8, "release"))


def arrived(code: Code, address: Value, count: Value, drops: bool, may_complete: bool) -> Value:
    """The word before `count` (i64) threads arrived. The last of a phase begins the next: nobody else is to come."""
    emit = code.emit
    by = emit.binary("or", count, emit.binary("shl", count, code.word(_WHOLE, I64))) if drops else count
    before = _atomic(code, "sub", address, by, "acq_rel")
    if may_complete:
        after = emit.binary("sub", before, by)
        last = emit.compare("eq", emit.binary("and", after, code.word(_MASK, I64)), code.word(0, I64))
        whole = emit.binary("and", emit.binary("lshr", after, code.word(_WHOLE, I64)), code.word(_MASK, I64))

        def begin() -> None:
            _atomic(code, "add", address, code.emit.binary("add", whole, code.word(1 << _PHASE, I64)), "acq_rel")

        code.guarded(last, begin)
    return before


def _arrive(code: Code, words: Sequence[str], operands: Sequence[str], drops: bool, may_complete: bool) -> None:
    count: Value = code.word(1, I64)
    if len(operands) == 3:
        count = code.emit.cast("zext", code.read(operands[2], I32), I64)
    before = arrived(code, code.address(operands[1], _space(words)), count, drops, may_complete)
    if operands[0] != "_":
        code.write(operands[0], before)


def _wait(code: Code, words: Sequence[str], operands: Sequence[str], parity: bool) -> None:
    """Whether the phase of a state, or the latest of a parity, is over. try_wait may answer at once, and does."""
    emit = code.emit
    address = code.address(operands[1], _space(words))
    now: Value = emit.put(MemoryAccess("load", I64, [address], ("atomic",), 8, "acquire"))
    phase = emit.binary("lshr", now, code.word(_PHASE, I64))
    if parity:
        odd = emit.cast("trunc", phase, I1)
        asked = emit.cast("trunc", code.read(operands[2], I32), I1)
        over = emit.binary("xor", odd, asked)
    else:
        state = code.read(operands[2], I64)
        over = emit.compare("ne", phase, emit.binary("lshr", state, code.word(_PHASE, I64)))
    code.write(operands[0], over)


def arrive_after_copies(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """cp.async.mbarrier.arrive{.noinc}{.shared}.b64 [a]: copies are done, so the thread arrives now. Without .noinc
    its arrival was added just before, which comes to nothing."""
    rest = [each for each in words[4:-1] if each not in _IGNORED]
    if rest not in ([], ["noinc"]) or len(operands) != 1:
        refuse()
    address = code.address(operands[0], _space(words))
    if rest:
        arrived(code, address, code.word(1, I64), False, True)


TABLE: dict[str, Operation] = {"mbarrier": _mbarrier}
