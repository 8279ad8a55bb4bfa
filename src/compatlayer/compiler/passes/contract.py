"""What compiled kernels may ask of the native runtime: the fields and functions of include/compatlayer/kernel.h."""

from __future__ import annotations

from ...errors import CompilerError
from ..ir.build import Emitter
from ..ir.debug import Place, Places
from ..ir.instructions import Instruction
from ..ir.reader import read_into
from ..ir.types import I8, I32, PTR, Type
from ..ir.values import AggregateConstant, Function, GlobalVariable, Literal, Module, Value, number

# Byte offsets in cpl_thread; tests/unit compares them with the header as the C compiler lays it out.
FIELDS: dict[str, int] = {
    "thread.x": 0, "thread.y": 4, "thread.z": 8, "lane": 12,
    "block.x": 16, "block.y": 20, "block.z": 24, "warp": 28,
    "block_size.x": 32, "block_size.y": 36, "block_size.z": 40, "warps": 44,
    "grid_size.x": 48, "grid_size.y": 52, "grid_size.z": 56, "worker": 60,
    "shared": 64, "dynamic_shared": 72, "dynamic_shared_bytes": 80, "shared_bytes": 84,
    "first": 88, "end": 92, "blocks": 96, "cooperative": 100,
}  # fmt: skip
THREAD_BYTES = 104
THREAD_ATTRIBUTES = ("noundef", "nonnull", "align 8", f"dereferenceable({THREAD_BYTES})")

_SIGNATURES: dict[str, str] = {
    "cpl_barrier": "void (ptr, i32, i32, ptr)",
    "cpl_barrier_arrive": "void (ptr, i32, i32, ptr)",
    "cpl_barrier_reduce": "i32 (ptr, i32, i32, i32, i32, ptr)",
    "cpl_shuffle": "i32 (ptr, i32, i32, i32, i32, i32, ptr, ptr)",
    "cpl_shuffle_wide": "i64 (ptr, i32, i32, i64, i32, i32, ptr, ptr)",  # made by canonical/shuffles.py
    "cpl_vote": "i32 (ptr, i32, i32, i32, ptr)",
    "cpl_match_any": "i32 (ptr, i32, i64, ptr)",
    "cpl_match_all": "i32 (ptr, i32, i64, ptr, ptr)",
    "cpl_redux": "i32 (ptr, i32, i32, i32, ptr)",
    "cpl_warp_sync": "void (ptr, i32, ptr)",
    "cpl_active_mask": "i32 (ptr, ptr)",
    "cpl_gang_barrier": "void (ptr, i32, i32, i32, ptr)",
    "cpl_gang_barrier_arrive": "void (ptr, i32, i32, i32, ptr)",
    "cpl_gang_barrier_reduce": "i32 (ptr, i32, i32, i32, i32, i32, ptr)",
    "cpl_gang_barriers_meet": "void (ptr, ptr, ptr) cold",
    "cpl_gang_divergent": "void (ptr, i32, i32, i32, ptr) noreturn cold",
    "cpl_lane": "ptr (ptr, i32)",
    "cpl_yield": "void (ptr)",
    "cpl_exit": "void (ptr) noreturn",
    "cpl_trap": "void (ptr, ptr) noreturn cold",
    "cpl_assert_fail": "void (ptr, ptr, ptr, i32, ptr) noreturn cold",
    "cpl_vprintf": "i32 (ptr, ptr, ptr)",
    "cpl_malloc": "ptr (ptr, i64)",
    "cpl_free": "void (ptr, ptr)",
    "cpl_graph_set": "void (ptr, i64, i32)",
    "cpl_device_buffer": "ptr (ptr, i64)",
    "cpl_device_launch": "i32 (ptr, ptr, ptr, i32, i32, i32, i32, i32, i32, i32, i64)",
    "cpl_device_copy": "i32 (ptr, i64, i64, i64, i64)",
    "cpl_device_fill": "i32 (ptr, i64, i32, i64, i64)",
    "cpl_device_order": "i64 (ptr, i32, i64)",
    "cpl_is_local": "i32 (ptr, ptr)",
    "cpl_clock": "i64 (ptr)",
    "cpl_global_timer": "i64 (ptr)",
    "cpl_nanosleep": "void (ptr, i32)",
}
CONSTANT_NODE = "!{}"


def runtime(module: Module, name: str) -> Function:
    """The declaration of the runtime function `name`."""
    if name not in module.symbols:
        result, _, rest = _SIGNATURES[name].partition(" (")
        parameters, _, attributes = rest.partition(")")
        read_into(module, f"declare {result} @{name}({parameters}) nounwind{attributes}")
    found = module.symbols[name]
    assert isinstance(found, Function)
    return found


def thread(function: Function) -> Value:
    """The hidden first parameter."""
    first = function.arguments[0] if function.arguments else None
    if first is None or first.name != "cpl.thread":
        raise CompilerError(f"function '{function.name}' has no thread parameter yet; run the thread pass first")
    return first


def empty_node(module: Module) -> str:
    """The number of a metadata node `!{}`."""
    for key, text in module.metadata.items():
        if text == CONSTANT_NODE:
            return key
    key = f"!{max((int(each[1:]) for each in module.metadata), default=-1) + 1}"
    module.metadata[key] = CONSTANT_NODE
    return key


def rolled_loop(module: Module) -> tuple[str, str]:
    """The attachment of a back edge whose loop is not to be unrolled."""
    free = max((int(each[1:]) for each in module.metadata), default=-1) + 1
    module.metadata[f"!{free}"] = '!{!"llvm.loop.unroll.disable"}'
    module.metadata[f"!{free + 1}"] = f"distinct !{{!{free + 1}, !{free}}}"
    return "llvm.loop", f"!{free + 1}"


class Contract:
    """Emits field loads and sites for one module; keeps each site once."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.places = Places(module)
        self._constant = empty_node(module)
        self._sites: dict[Place, GlobalVariable] = {}
        self._strings: dict[str, GlobalVariable] = {}

    def field(self, emit: Emitter, function: Function, name: str) -> Instruction:
        """Loads a field of the thread. No field changes while a kernel runs, which the optimiser may know."""
        type_: Type = PTR if name in ("shared", "dynamic_shared") else I32
        address = emit.offset(thread(function), FIELDS[name])
        load = emit.load(type_, address, 8 if type_ is PTR else 4)
        load.metadata += (("invariant.load", self._constant),)
        return load

    def site(self, instruction: Instruction, function: Function) -> Value:
        """The constant struct cpl_site for an instruction's place in the source."""
        place = self.places.of(instruction, function)
        found = self._sites.get(place)
        if found is None:
            parts = (self._string(place.file), self._string(place.function), number(I32, place.line),
                     number(I32, place.column))
            type_ = self.module.types.struct([each.type for each in parts])
            found = self._private(f"cpl.site.{len(self._sites)}", type_, AggregateConstant(type_, ("{ ", " }"), parts))
            self._sites[place] = found
        return found

    def _string(self, text: str) -> Value:
        found = self._strings.get(text)
        if found is None:
            data = text.encode("utf-8", "surrogateescape")
            type_ = self.module.types.array(len(data) + 1, I8)
            spelled = "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data)
            found = self._private(f"cpl.text.{len(self._strings)}", type_, Literal(type_, f'c"{spelled}\\00"'))
            self._strings[text] = found
        return found

    def _private(self, name: str, type_: Type, initializer: Value) -> GlobalVariable:
        while name in self.module.symbols:  # of an earlier pass
            name += "."
        made = GlobalVariable(name, ("private", "unnamed_addr"), 0, True, type_, initializer, ())
        self.module.add(made)
        return made
