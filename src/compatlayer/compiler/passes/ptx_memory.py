"""PTX instructions on memory: loads, stores, atomics, address conversions, asynchronous copies, hints.

https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.instructions import Alloca, AtomicUpdate, CompareExchange, MemoryAccess
from ..ir.types import I1, I8, I32, I64, PTR, VOID, FloatType, IntType, Type, integer, pointer, size_bytes
from ..ir.values import Value
from .ptx_code import CONST, GENERIC, GLOBAL, SHARED, Code, Operation, refuse
from .ptx_syntax import integer_of
from .ptx_types import PtxType, register_type, type_of

SPACES = {"global": GLOBAL, "shared": SHARED, "const": CONST, "local": GENERIC, "param": GENERIC}
_SCOPES = frozenset(("cta", "gpu", "sys", "cluster"))
_CACHES = frozenset(("ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "unified"))
_ORDERS = {"weak": "", "volatile": "volatile", "relaxed": "monotonic", "acquire": "acquire", "release": "release",
           "acq_rel": "acq_rel", "mmio": "volatile"}
_VECTORS = {"v2": 2, "v4": 4, "v8": 8}
_MOST_BITS, _REGISTER_BITS = 128, 64  # of one access that cannot be torn; of one that a processor makes of any kind


def space_of(words: Sequence[str]) -> int | None:
    """The address space among the words; None when there is none, `shared::cta` is shared."""
    for word in words:
        if word.partition("::")[0] in SPACES:
            return SPACES[word.partition("::")[0]]
    return None


class _Form:
    """What the words after `ld`, `st` and `atom` say."""

    def __init__(self, words: Sequence[str]) -> None:
        found = type_of(words[-1])
        self.order = ""
        self.count = 1
        self.space = GENERIC
        self.hint = False  # an operand with a cache policy follows
        self.rest: list[str] = []
        for word in words[1:-1]:
            head = word.partition("::")[0]
            if word in _ORDERS:
                self.order = _ORDERS[word]
            elif word in _VECTORS:
                self.count = _VECTORS[word]
            elif head in SPACES and word != "shared::cluster":
                self.space = SPACES[head]
            elif word.startswith(("L1::", "L2::")):
                self.hint = self.hint or word == "L2::cache_hint"
            elif word not in _SCOPES and word not in _CACHES:
                self.rest.append(word)
        if found is None or found.letter == "p":
            refuse()
        self.type: PtxType = found
        self.element: Type = register_type(found)

    def operands(self, operands: Sequence[str]) -> Sequence[str]:
        return operands[:-1] if self.hint else operands


def _access(form: _Form, opcode: str, values: list[Value], type_: Type) -> MemoryAccess:
    flags: tuple[str, ...] = ()
    ordering = ""
    if form.order == "volatile":
        flags = ("volatile",)
    elif form.order:
        flags, ordering = ("atomic",), form.order
    return MemoryAccess(opcode, type_, values, flags, size_bytes(form.element), ordering)


def _whole_bits(form: _Form) -> int:
    """The size of one access for all elements, where an order is asked for: look-back scans pass a state and its value
    so. 0 where each element has an access of its own."""
    bits = 8 * size_bytes(form.element) * form.count
    return bits if form.order and form.count > 1 and bits <= _MOST_BITS else 0


def _whole(form: _Form, opcode: str, values: list[Value], type_: Type, bits: int) -> MemoryAccess:
    made = _access(form, opcode, values, type_)
    made.align = bits // 8
    if bits > _REGISTER_BITS and not made.ordering:  # a volatile access may be split, an atomic one may not
        made.flags, made.ordering = ("atomic", "volatile"), "monotonic"
    return made


def _load_whole(code: Code, form: _Form, address: Value, bits: int) -> list[Value]:
    word_type = integer(bits)
    word = code.emit.put(_whole(form, "load", [address], word_type, bits))
    step = bits // form.count
    found: list[Value] = []
    for index in range(form.count):
        part = code.emit.binary("lshr", word, code.word(step * index, word_type)) if index else word
        part = code.emit.cast("trunc", part, integer(step))
        found.append(code.emit.cast("bitcast", part, form.element) if form.type.is_float else part)
    return found


def _store_whole(code: Code, form: _Form, address: Value, values: list[Value], bits: int) -> None:
    word_type, step = integer(bits), bits // form.count
    whole: Value | None = None
    for index, value in enumerate(values):
        part = code.emit.cast("bitcast", value, integer(step)) if form.type.is_float else value
        part = code.emit.cast("zext", part, word_type)
        if whole is None:
            whole = part
        else:
            whole = code.emit.binary("or", whole, code.emit.binary("shl", part, code.word(step * index, word_type)))
    assert whole is not None
    code.emit.put(_whole(form, "store", [whole, address], VOID, bits))


def _load(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """ld{.order}{.scope}{.space}{.cache}{.vector}.type d, [a]"""
    form = _Form(words)
    operands = form.operands(operands)
    if form.rest or len(operands) != 2 or form.order in ("release", "acq_rel"):
        refuse()
    names = code.vector(operands[0])
    if len(names) != form.count:
        refuse(f"it loads {form.count} values into {len(names)} registers")
    address = code.address(operands[1], form.space)
    loaded: list[Value] = []
    if bits := _whole_bits(form):
        loaded = _load_whole(code, form, address, bits)
    for index in range(0 if loaded else form.count):
        place = code.offset(address, index * size_bytes(form.element))
        loaded.append(code.emit.put(_access(form, "load", [place], form.element)))
    for name, value in zip(names, loaded, strict=True):
        code.write(name, value, form.type.signed)


def _store(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """st{.order}{.scope}{.space}{.cache}{.vector}.type [a], b"""
    form = _Form(words)
    operands = form.operands(operands)
    if form.rest or len(operands) != 2 or form.order in ("acquire", "acq_rel"):
        refuse()
    names = code.vector(operands[1])
    if len(names) != form.count:
        refuse(f"it stores {form.count} values of {len(names)} registers")
    address = code.address(operands[0], form.space)
    values = [code.read(each, form.element) for each in names]
    if bits := _whole_bits(form):
        _store_whole(code, form, address, values, bits)
        return
    for index, value in enumerate(values):
        place = code.offset(address, index * size_bytes(form.element))
        code.emit.put(_access(form, "store", [value, place], VOID))


_UPDATES = {"add": ("add", "fadd"), "exch": ("xchg", "xchg"), "and": ("and", ""), "or": ("or", ""),
            "xor": ("xor", ""), "inc": ("uinc_wrap", ""), "dec": ("udec_wrap", "")}


def _update(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """atom{.order}{.scope}{.space}.op.type d, [a], b{, c} and red, which has no d."""
    form = _Form([each for each in words if each != "noftz"])
    operands = form.operands(operands)
    if words[0] == "red":
        operands = ["_", *operands]
    if len(form.rest) != 1 or len(operands) not in (3, 4):
        refuse()
    targets, rows = code.vector(operands[0]), [code.vector(each) for each in operands[2:]]
    if any(len(row) != form.count for row in rows):
        refuse()
    address = code.address(operands[1], form.space)
    order = form.order if form.order not in ("", "volatile") else "monotonic"
    results = []
    for index in range(form.count):
        for part in range(form.type.lanes):
            place = code.offset(address, index * size_bytes(form.element) + part * form.type.bits // 8)
            values = [_element(code, row[index], form.type, part) for row in rows]
            results.append(_updated(code, form, words, place, values, order))
    if targets == ["_"]:
        return
    for index, target in enumerate(targets):
        lanes = results[index * form.type.lanes : (index + 1) * form.type.lanes]
        whole = code.fit(lanes[0], form.type.whole)
        for part, value in enumerate(lanes[1:], 1):
            wide = code.fit(code.fit(value, PtxType("b", form.type.bits).whole), form.type.whole)
            whole = code.emit.binary("or", whole, code.emit.binary(
                "shl", wide, code.word(part * form.type.bits, form.type.whole)))
        code.write(target, whole, form.type.signed)


def _element(code: Code, operand: str, type_: PtxType, part: int) -> Value:
    if type_.lanes == 1:
        return code.read(operand, type_.element)
    word = code.bits(operand, type_)
    shifted = code.emit.binary("lshr", word, code.word(part * type_.bits, type_.whole)) if part else word
    return code.fit(code.fit(shifted, PtxType("b", type_.bits).whole), type_.element)


def _updated(code: Code, form: _Form, words: Sequence[str], address: Value, values: list[Value], order: str) -> Value:
    (word,) = form.rest
    type_ = values[0].type
    size = size_bytes(type_)
    if word == "cas":
        if len(values) != 2 or not isinstance(type_, IntType):
            refuse()
        failure = {"release": "monotonic", "acq_rel": "acquire"}.get(order, order)
        pair = CompareExchange(code.module.types.struct((type_, I1)), [address, *values], (), "", order, failure, size)
        return code.emit.extract(code.emit.put(pair), 0, type_)
    if word in ("min", "max"):
        operation = ("f" if isinstance(type_, FloatType) else "" if words[-1][0] == "s" else "u") + word
    else:
        operation = _UPDATES.get(word, ("", ""))[isinstance(type_, FloatType)]
    if not operation or len(values) != 1:
        refuse()
    return code.emit.put(AtomicUpdate(type_, operation, [address, values[0]], (), "", order, size))


def _convert_address(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """cvta{.to}.space.u64 d, a: only shared addresses differ from generic ones."""
    space = space_of(words)
    if space is None or len(operands) != 2 or words[-1] not in ("u64", "u32"):
        refuse()
    if space != SHARED:
        name = code.register(operands[1])
        code.write(operands[0], code.registers.get(code.emit, name) if name is not None else
                   code.read(operands[1], I64))
        return
    there, here = (PTR, pointer(SHARED)) if "to" in words else (pointer(SHARED), PTR)
    address = code.emit.cast("inttoptr", code.read(operands[1], I64), there)
    code.write(operands[0], code.emit.cast("ptrtoint", code.emit.cast("addrspacecast", address, here), I64))


def _in_space(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """isspacep.space p, a"""
    space = words[1].partition("::")[0] if len(words) == 2 else ""
    if space not in ("global", "shared", "local", "const") or len(operands) != 2:
        refuse()
    code.write(operands[0], code.call(f"nvvm.isspacep.{space}", I1, code.read(operands[1], PTR)))


def _copy(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """cp.async.{ca,cg}.shared.global [d], [a], size{, given}{, policy} and the waits for it"""
    rest = [each for each in words[2:] if not each.startswith("L2::")]
    if words[1] != "async":
        refuse()
    if rest[:2] == ["mbarrier", "arrive"]:
        from .ptx_mbarrier import arrive_after_copies

        arrive_after_copies(code, words, operands)
        return
    if rest in (["commit_group"], ["wait_all"]):
        code.call(f"nvvm.cp.async.{rest[0].replace('_', '.')}", VOID)
        return
    if rest == ["wait_group"] and len(operands) == 1 and integer_of(operands[0].replace("$", "")) is not None:
        code.call("nvvm.cp.async.wait.group", VOID, code.read(operands[0], I32))
        return
    if "L2::cache_hint" in words:
        operands = operands[:-1]
    size = _constant(code, operands[2]) if len(operands) in (3, 4) else None
    if len(rest) != 3 or rest[0] not in ("ca", "cg") or rest[1] not in ("shared", "shared::cta", "shared::cluster") or \
            rest[2] != "global" or size not in ((4, 8, 16) if rest[0] == "ca" else (16,)):
        refuse()
    to, source = code.address(operands[0], SHARED), code.address(operands[1], GLOBAL)
    name = f"nvvm.cp.async.{rest[0]}.shared.global.{size}"
    if len(operands) == 3:
        code.call(name, VOID, to, source)
        return
    if code.width(operands[3]) == 1:  # a predicate: nothing is read where it holds
        given: Value = code.emit.select(code.predicate(operands[3]), code.word(0), code.word(size or 0))
    else:
        given = code.read(operands[3], I32)
    code.call(name + ".s", VOID, to, source, given)


def _constant(code: Code, operand: str) -> int | None:
    known = integer_of(operand)
    if known is None and code.register(operand) is not None:
        value = code.read(operand, I32)
        text = getattr(value, "text", "")
        known = int(text) if text.isdigit() else None
    return known


def _hint(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """prefetch and its kin: the address is checked and nothing done."""
    for operand in operands[:1]:
        code.address(operand, GENERIC)


def _policy(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """createpolicy: caches are the processor's own."""
    code.write(operands[0], code.word(0, I64))


def _alloca(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """alloca.type d, bytes{, align}"""
    align = integer_of(operands[2]) if len(operands) == 3 else 8
    if len(words) != 2 or words[1] not in ("u32", "u64") or len(operands) not in (2, 3) or not align:
        refuse()
    size = code.read(operands[1], I64)
    code.write(operands[0], code.emit.cast("ptrtoint", code.emit.put(Alloca(PTR, I8, size, align)), I64))


def _stack(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """stacksave.type d and stackrestore.type a"""
    if len(words) != 2 or len(operands) != 1:
        refuse()
    if words[0] == "stacksave":
        code.write(operands[0], code.call("stacksave.p0", PTR))
    else:
        code.call("stackrestore.p0", VOID, code.read(operands[0], PTR))


def _map(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """mapa: a cluster is one block, and its shared memory is its own."""
    if len(operands) != 3 or words[-1] not in ("u32", "u64"):
        refuse()
    code.write(operands[0], code.read(operands[1], I64 if words[-1] == "u64" else I32))


TABLE: dict[str, Operation] = {
    "ld": _load, "ldu": _load, "st": _store, "atom": _update, "red": _update, "cvta": _convert_address,
    "isspacep": _in_space, "prefetch": _hint, "prefetchu": _hint, "discard": _hint, "applypriority": _hint, "cp": _copy,
    "createpolicy": _policy, "mapa": _map, "alloca": _alloca, "stacksave": _stack, "stackrestore": _stack,
}  # fmt: skip
__all__ = ["SPACES", "TABLE", "space_of"]
