"""Memory intrinsics: read-only loads, atomics, address-space tests, hints and asynchronous copies."""

from __future__ import annotations

from ...errors import CompilerError
from ..ir.build import REMOVED, Emitter
from ..ir.instructions import AtomicUpdate, Call, CompareExchange
from ..ir.types import I1, I8, I32, I64, PTR, VOID, FloatType, size_bytes
from ..ir.values import Literal, Value
from .lowering import Lower, Lowering, as_bool, constant

HANDLERS: dict[str, Lower] = {}
_N = "llvm.nvvm."


def _load(it: Lowering, call: Call, emit: Emitter) -> object:
    """ldg and ldu: pointer, alignment."""
    align = call.arguments[1]
    return emit.load(call.type, call.arguments[0], int(align.text) if isinstance(align, Literal) else 1)


def _nothing(it: Lowering, call: Call, emit: Emitter) -> object:
    if call.type is not VOID:
        raise CompilerError(f"'{call.callee_name}' has a result and cannot be left out")
    return REMOVED


def _same(it: Lowering, call: Call, emit: Emitter) -> object:
    return call.arguments[0]


for _word in ("ldg.global.i", "ldg.global.f", "ldg.global.p", "ldu.global.i", "ldu.global.f", "ldu.global.p"):
    HANDLERS[_N + _word] = _load
# Hints and grid-dependency marks: kernels of one stream run one after the other here, so a wait is already over.
for _word in ("prefetch", "prefetch.L1", "prefetch.L2", "prefetch.global.L1", "prefetch.global.L2", "prefetch.local.L1",
              "prefetch.local.L2", "prefetchu.L1", "prefetch.global.L2.evict.normal", "prefetch.global.L2.evict.last",
              "discard.L2", "discard.global.L2", "applypriority.L2.evict.normal", "prefetch.tensormap",
              "applypriority.global.L2.evict.normal", "griddepcontrol.wait", "griddepcontrol.launch.dependents"):
    HANDLERS[_N + _word] = _nothing
for _word in ("move.i16", "move.i32", "move.i64", "move.float", "move.double", "move.ptr",
              "internal.addrspace.wrap", "mapa"):
    HANDLERS[_N + _word] = _same


def in_shared(it: Lowering, emit: Emitter, address: Value) -> Value:
    """Whether a generic address lies in the block's shared memory."""
    base = emit.cast("ptrtoint", it.field(emit, "shared"), I64)
    distance = emit.binary("sub", emit.cast("ptrtoint", address, I64), base)
    return emit.compare("ult", distance, emit.cast("zext", it.field(emit, "shared_bytes"), I64))


def _is_shared(it: Lowering, call: Call, emit: Emitter) -> object:
    return in_shared(it, emit, call.arguments[0])


def _in_local(it: Lowering, emit: Emitter, address: Value) -> Value:
    return as_bool(emit, it.runtime(emit, "cpl_is_local", emit.cast("addrspacecast", address, PTR)))


def _is_local(it: Lowering, call: Call, emit: Emitter) -> object:
    return _in_local(it, emit, call.arguments[0])


def _is_global(it: Lowering, call: Call, emit: Emitter) -> object:
    """Everything a program can name that is neither shared nor on the stack; constant memory counts as global."""
    address = call.arguments[0]
    elsewhere = emit.binary("or", in_shared(it, emit, address), _in_local(it, emit, address))
    return emit.binary("xor", elsewhere, Literal(I1, "true"))


def _is_constant(it: Lowering, call: Call, emit: Emitter) -> object:
    """Whether the address lies in a __constant__ variable of this module."""
    address = emit.cast("ptrtoint", call.arguments[0], I64)
    found: Value = Literal(I1, "false")
    for variable in it.module.variables():
        if variable.space == 4:
            base = emit.cast("ptrtoint", variable, I64)
            inside = emit.compare("ult", emit.binary("sub", address, base),
                                  constant(size_bytes(variable.value_type), I64))
            found = emit.binary("or", found, inside)
    return found


HANDLERS |= {
    _N + "isspacep.shared": _is_shared, _N + "isspacep.shared.cluster": _is_shared, _N + "isspacep.global": _is_global,
    _N + "isspacep.local": _is_local, _N + "isspacep.const": _is_constant,
    _N + "getctarank": lambda it, call, emit: constant(0), _N + "is_explicit_cluster": lambda it, call, emit: Literal(
        I1, "false"),
}  # fmt: skip


# ---- atomics that clang leaves as intrinsics -----------------------------------------------------
_UPDATES = {"add": ("add", "fadd"), "inc": ("uinc_wrap", ""), "dec": ("udec_wrap", ""), "exch": ("xchg", "xchg"),
            "max": ("max", "fmax"), "min": ("min", "fmin"), "and": ("and", ""), "or": ("or", ""), "xor": ("xor", "")}


def _update(word: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        address, value = call.arguments
        operation = _UPDATES[word][isinstance(value.type, FloatType)]
        return emit.put(AtomicUpdate(value.type, operation, [address, value], (), "", "monotonic", 0))

    return lower


def _exchange(it: Lowering, call: Call, emit: Emitter) -> object:
    address, expected, desired = call.arguments
    type_ = it.module.types.struct((expected.type, I1))
    pair = emit.put(CompareExchange(type_, [address, expected, desired], (), "", "monotonic", "monotonic", 0))
    return emit.extract(pair, 0, expected.type)


def _exchange_wide(it: Lowering, call: Call, emit: Emitter) -> object:
    """Compare-and-swap of 16 bytes, which clang has no atomic builtin for; the address is a multiple of 16."""
    address, expected, desired = call.arguments
    type_ = it.module.types.struct((expected.type, I1))
    pair = emit.put(CompareExchange(type_, [address, expected, desired], (), "", "monotonic", "monotonic", 16))
    return emit.extract(pair, 0, expected.type)


HANDLERS["__compatlayer_cas_b128"] = _exchange_wide
for _word in _UPDATES:
    for _kind in "if":
        for _scope in ("cta", "sys", "gpu"):
            HANDLERS[f"{_N}atomic.{_word}.gen.{_kind}.{_scope}"] = _update(_word)
for _scope in ("cta", "sys", "gpu"):
    HANDLERS[f"{_N}atomic.cas.gen.i.{_scope}"] = _exchange
HANDLERS[_N + "atomic.load.inc.32"] = _update("inc")
HANDLERS[_N + "atomic.load.dec.32"] = _update("dec")
HANDLERS[_N + "atomic.load.add.f32"] = HANDLERS[_N + "atomic.load.add.f64"] = _update("add")


# ---- cp.async: done at once, so commit and wait have nothing left to do ---------------------------
def _copy(size: int) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        destination, source = (emit.cast("addrspacecast", each, PTR) for each in call.arguments[:2])
        given: Value = constant(size)
        if len(call.arguments) > 2:  # only this many bytes are read, the rest is zero
            given = emit.intrinsic("llvm.umin.i32", I32, [call.arguments[2], given])
            emit.intrinsic("llvm.memset.p0.i32", VOID, [destination, constant(0, I8), constant(size),
                                                        Literal(I1, "false")])
        emit.intrinsic("llvm.memcpy.p0.p0.i32", VOID, [destination, source, given, Literal(I1, "false")])
        return REMOVED

    return lower


for _size in (4, 8, 16):
    for _cache in ("ca", "cg"):
        for _tail in ("", ".s"):
            HANDLERS[f"{_N}cp.async.{_cache}.shared.global.{_size}{_tail}"] = _copy(_size)
for _word in ("commit.group", "wait.group", "wait.all"):
    HANDLERS[f"{_N}cp.async.{_word}"] = _nothing
