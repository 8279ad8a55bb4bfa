"""Memory operations of inline PTX: loads, stores, atomics, address conversions, hints."""

from __future__ import annotations

from ..ir.instructions import AtomicUpdate, CompareExchange, MemoryAccess
from ..ir.types import DOUBLE, FLOAT, I1, I64, PTR, VOID, FloatType, IntType, Type, size_bytes
from ..ir.values import Value
from .memory import in_shared
from .ptx_statements import Operation, Statements, bits

_FLOATS: dict[str, Type] = {"f32": FLOAT, "f64": DOUBLE}
_SPACES = frozenset(("global", "shared", "local", "const", "param"))
_SCOPES = frozenset(("cta", "gpu", "sys", "cluster"))
_CACHES = frozenset(("ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "L1::no_allocate", "L1::evict_last",
                     "L1::evict_first", "L2::128B", "L2::256B", "L2::64B", "L2::cache_hint"))
_ORDERS = {"weak": "", "volatile": "volatile", "relaxed": "monotonic", "acquire": "acquire", "release": "release",
           "acq_rel": "acq_rel", "mmio": "volatile"}
_VECTORS = {"v2": 2, "v4": 4}


class _Form:
    """What the words after `ld`, `st` and `atom` say; `known` is False when one of them is not understood."""

    def __init__(self, words: list[str]) -> None:
        self.type = _FLOATS.get(words[-1]) or bits(words)
        self.order = ""
        self.count = 1
        self.shared = "shared" in words
        self.rest: list[str] = []
        for word in words[1:-1]:
            if word in _ORDERS:
                self.order = _ORDERS[word]
            elif word in _VECTORS:
                self.count = _VECTORS[word]
            elif word.partition("::")[0] not in _SPACES and word not in _SCOPES and word not in _CACHES:
                self.rest.append(word)
        self.known = self.type is not None and self.type is not I1 and not self.rest and "param" not in words


def _address(at: Statements, form: _Form, operand: str) -> Value | None:
    """A 32-bit or 64-bit shared address is an offset in the block's shared memory."""
    return at.address(operand, shared=form.shared)


def _parts(operand: str) -> list[str]:
    return [each.strip() for each in operand[1:-1].split(",")] if operand[0] == "{" else [operand]


def _access(at: Statements, form: _Form, opcode: str, values: list[Value], type_: Type) -> MemoryAccess:
    flags: tuple[str, ...] = ()
    ordering = ""
    if form.order == "volatile":
        flags = ("volatile",)
    elif form.order:
        flags, ordering = ("atomic",), form.order
    access = MemoryAccess(opcode, type_, values, flags, size_bytes(form.type or type_), ordering)
    at.emit.put(access)
    return access


def _load(at: Statements, words: list[str], operands: list[str]) -> bool:
    """ld{.order}{.scope}{.space}{.cache}{.vector}.type d, [a]"""
    form = _Form(words)
    address = _address(at, form, operands[1]) if len(operands) == 2 else None
    if not form.known or form.type is None or address is None or len(_parts(operands[0])) != form.count:
        return False
    for index, name in enumerate(_parts(operands[0])):
        at.values[name] = _access(at, form, "load", [at.emit.offset(address, index * size_bytes(form.type))], form.type)
    return True


def _store(at: Statements, words: list[str], operands: list[str]) -> bool:
    """st{.order}{.scope}{.space}{.cache}{.vector}.type [a], b"""
    form = _Form(words)
    address = _address(at, form, operands[0]) if len(operands) == 2 else None
    if not form.known or form.type is None or address is None:
        return False
    values = at.reads(_parts(operands[1]), form.type)
    if values is None or len(values) != form.count:
        return False
    for index, value in enumerate(values):
        place = at.emit.offset(address, index * size_bytes(form.type))
        _access(at, form, "store", [value, place], VOID)
    return True


_UPDATES = {"add": ("add", "fadd"), "exch": ("xchg", "xchg"), "and": ("and", ""), "or": ("or", ""),
            "xor": ("xor", ""), "inc": ("uinc_wrap", ""), "dec": ("udec_wrap", "")}


def _update(at: Statements, words: list[str], operands: list[str]) -> bool:
    """atom{.order}{.scope}{.space}.op.type d, [a], b{, c} and red, which has no d."""
    if words[0] == "red":
        operands = ["", *operands]
    form = _Form(words)
    if form.type is None or len(form.rest) != 1 or len(operands) < 3:
        return False
    address, values = _address(at, form, operands[1]), at.reads(operands[2:], form.type)
    if address is None or values is None:
        return False
    order = form.order if form.order not in ("", "volatile") else "monotonic"
    result = _exchanged(at, address, values, order) if form.rest == ["cas"] and len(values) == 2 else \
        _updated(at, form, words, address, values, order)
    if result is None:
        return False
    if operands[0] not in ("", "_"):
        at.values[operands[0]] = result
    return True


def _exchanged(at: Statements, address: Value, values: list[Value], order: str) -> Value:
    failure = {"release": "monotonic", "acq_rel": "acquire"}.get(order, order)
    pair = CompareExchange(at.it.module.types.struct((values[0].type, I1)), [address, *values], (), "", order, failure,
                           size_bytes(values[0].type))
    return at.emit.extract(at.emit.put(pair), 0, values[0].type)


def _updated(at: Statements, form: _Form, words: list[str], address: Value, values: list[Value],
             order: str) -> Value | None:
    (word,) = form.rest
    type_ = values[0].type
    if word in ("min", "max") and isinstance(type_, IntType):
        operation = ("" if words[-1][0] == "s" else "u") + word
    else:
        operation = _UPDATES.get(word, ("", ""))[isinstance(type_, FloatType)]
    if not operation or len(values) != 1:
        return None
    return at.emit.put(AtomicUpdate(type_, operation, [address, values[0]], (), "", order, size_bytes(type_)))


def _convert_address(at: Statements, words: list[str], operands: list[str]) -> bool:
    """cvta{.to}.space.u64 d, a: only shared addresses differ from generic ones."""
    space = next((word for word in words if word in _SPACES), "")
    value = at.read(operands[1], I64) if len(operands) == 2 and words[-1] == "u64" else None
    if value is None or not space:
        return False
    if space == "shared":
        base = at.emit.cast("ptrtoint", at.it.field(at.emit, "shared"), I64)
        value = at.emit.binary("sub" if "to" in words else "add", value, base)
    at.values[operands[0]] = value
    return True


def _is_shared(at: Statements, words: list[str], operands: list[str]) -> bool:
    value = at.read(operands[1], PTR) if len(operands) == 2 and words[1:] in (["shared"], ["shared::cta"]) else None
    if value is not None:
        at.values[operands[0]] = in_shared(at.it, at.emit, value)
    return value is not None


def _hint(at: Statements, words: list[str], operands: list[str]) -> bool:
    return True


TABLE: dict[str, Operation] = {
    "ld": _load, "ldu": _load, "st": _store, "atom": _update, "red": _update, "cvta": _convert_address,
    "isspacep": _is_shared, "prefetch": _hint, "prefetchu": _hint, "discard": _hint, "applypriority": _hint,
}  # fmt: skip
