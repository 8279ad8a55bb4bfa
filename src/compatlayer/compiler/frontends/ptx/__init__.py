"""PTX text to device IR: parsed, translated by the table that inline PTX uses, and optimised by clang.

https://docs.nvidia.com/cuda/parallel-thread-execution/
"""

from __future__ import annotations

from .... import digest
from ... import cache, scratch
from ...image import DeviceCode
from .fault import PtxFault, PtxVersionFault

__all__ = ["PtxFault", "PtxVersionFault", "compile_ptx"]
_KIND = "ptx-in"


def compile_ptx(data: bytes) -> DeviceCode:
    """The device code of PTX text, from the cache where it was made before. Raises PtxFault, which names the line."""
    import marshal

    from ... import identity

    data = data.split(b"\0", 1)[0]
    store = cache.store()
    key = digest.key(identity(), data)
    record = store.get(_KIND, key) if store else None
    if record is not None:
        ir, architecture = marshal.loads(record)
        return DeviceCode(ir=ir, architecture=architecture)
    code = _compile(data.decode("utf-8", "replace"))
    if store is not None:
        store.put(_KIND, key, marshal.dumps((code.ir, code.architecture)))
    return code


def _compile(text: str) -> DeviceCode:
    from ...ir.printer import print_module
    from .. import hidden_variables
    from .lower import Translation
    from .module_text import parse

    parsed = parse(text)
    module = Translation(parsed).run()
    ir = print_module(module)
    with scratch.folder() as folder:
        status, better, messages = hidden_variables.optimise(ir, "sm_90a", "+ptx90", folder)
    if status != 0 or not better:
        raise PtxFault(0, f"the compiler refuses what was made of it: {messages.strip()[:300]}")
    return DeviceCode(ir=better, architecture="compute_" + parsed.architecture.partition("_")[2])
