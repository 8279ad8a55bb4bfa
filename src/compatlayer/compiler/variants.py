"""Variants: a kernel's native code for one class of block shapes, compiled when it is first needed and kept on disk."""

from __future__ import annotations

import os
from importlib import import_module

from .. import digest
from . import assemble, cache, keep_library
from .image import NAIVE, TINY, KernelInfo, NativeImage, Variant

_KIND = "variant"
_ANY = -1  # the naive engine's code is the same for every class


def compile_variant(image: NativeImage, kernel: KernelInfo, shape_class: int, engine: str) -> Variant:
    """`kernel` of `image` for blocks of `shape_class`, by `engine` where that can run it; from the cache if there.

    May take a second, so hold no lock that a launch needs. Raises CompilerError for what this compiler cannot do."""
    if engine == NAIVE or shape_class == TINY:
        engine, shape_class = NAIVE, _ANY
    # A dump is of passes that run.
    found = None if os.environ.get("COMPATLAYER_DUMP") else _kept(image, kernel, shape_class, engine)
    if isinstance(found, str):
        return compile_variant(image, kernel, TINY, NAIVE)._replace(reason=found)
    if found is not None:
        return found
    lowered = import_module(f".targets.{image.target}", __package__).lower_variant(
        image.code, kernel.name, max(shape_class, TINY), engine, image.sharing)
    if lowered.reason:
        _keep_reason(image, kernel, shape_class, engine, lowered.reason)
        engine, shape_class = NAIVE, _ANY
        found = _kept(image, kernel, shape_class, engine)
        if isinstance(found, Variant):
            return found._replace(reason=lowered.reason)
    key = _key(image, kernel, shape_class, engine)
    path, checksum = keep_library(_KIND, key, assemble(image.target, lowered.text))
    facts = (kernel.entry, lowered.width, lowered.flags, lowered.stack_bytes, lowered.imports)
    if checksum is not None:
        _put(key, (checksum, *facts))
    return Variant(path, *facts, lowered.reason)


def _key(image: NativeImage, kernel: KernelInfo, shape_class: int, engine: str) -> str:
    return digest.key(image.key, kernel.name, engine, str(shape_class))


def _put(key: str, record: tuple[str | int | tuple[str, ...], ...]) -> None:
    import marshal

    store = cache.store()
    if store is not None:
        store.put(_KIND, key, marshal.dumps(record))


def _keep_reason(image: NativeImage, kernel: KernelInfo, shape_class: int, engine: str, reason: str) -> None:
    _put(_key(image, kernel, shape_class, engine), ("", reason))


def _kept(image: NativeImage, kernel: KernelInfo, shape_class: int, engine: str) -> Variant | str | None:
    """What the cache has: a variant, or why `engine` cannot run the kernel, or nothing."""
    import marshal

    store = cache.store()
    key = _key(image, kernel, shape_class, engine)
    record = store.get(_KIND, key) if store else None
    if store is None or record is None:
        return None
    checksum, *facts = marshal.loads(record)
    if not checksum:
        reason: str = facts[0]
        return reason
    entry, lanes, flags, stack_bytes, imports = facts
    path = store.get_file(_KIND, key, ".so", checksum)
    return None if path is None else Variant(path, entry, lanes, flags, stack_bytes, imports, "")
