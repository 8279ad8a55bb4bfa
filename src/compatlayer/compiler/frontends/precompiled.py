"""The base header, precompiled once for each set of language options and kept in the cache.

Parsing it costs about 50 ms a compile, loading it precompiled about 4 ms. The headers of 16-bit floating-point types
cost as much again each: a program that includes one gets it from a precompiled header that holds both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ... import digest
from .. import cache, headers, toolchain

_KIND = "pch"
# What a program includes -> the header of ours that has the base and that; the first that fits is taken.
LIBRARIES = "compatlayer/with_cccl.h"
_EXTENDED = ((LIBRARIES, re.compile(r'^\s*#\s*include\s*[<"](?:cuda/|cub/|thrust/|nv/target)', re.MULTILINE)),
             *((f"compatlayer/with_{word}.h",
                re.compile(rf'^\s*#\s*include\s*[<"]{header}\.h[>"]', re.MULTILINE))
               for word, header in (("fp8", "cuda_fp8"), ("bfloat16", "(?:cuda_bf16|mma)"), ("half", "cuda_fp16"))))
# Macros that change what those headers define.
_ALTERS = re.compile(r"CUDA_NO_(?:HALF|BFLOAT16)")


def plain_base_header() -> list[str]:
    """What to give clang so that the base header is seen first, parsed."""
    return ["-include", str(headers.folder() / headers.BASE)]


def fitting(texts: Iterable[str]) -> str:
    """The header to begin with for a program of these texts and options: the base, or one that has more."""
    found = list(texts)
    if not any(_ALTERS.search(text) for text in found):
        for header, includes in _EXTENDED:
            if any(includes.search(text) for text in found if "include" in text):
                return header
    return headers.BASE


def base_header(arguments: Sequence[str], header: str = headers.BASE) -> list[str]:
    """The same, precompiled for `arguments` where there is a cache to keep it; the first time it is made here.

    Making it beside the first compile instead of before it was measured and won nothing on two busy cores."""
    store = cache.store()
    if store is None:
        return plain_base_header()
    key = _key(arguments, header)
    expected = store.get(_KIND, key)
    path = store.get_file(_KIND, key, ".pch", expected.decode()) if expected else None
    if path is None:
        path = _build(store, key, arguments, header)
    return ["-include-pch", str(path)] if path else plain_base_header()


def _build(store: cache.Store, key: str, arguments: Sequence[str], header: str) -> Path | None:
    status, output, _ = toolchain.run([
        "clang", "-cc1", *arguments, "-w", "-emit-pch", str(headers.folder() / header), "-o", "-"])
    if status != 0 or not output:
        return None
    path = store.put_file(_KIND, key, ".pch", output)
    if path is not None:
        store.put(_KIND, key, digest.checksum(output).hex().encode())
    return path


def _key(arguments: Sequence[str], header: str) -> str:
    return digest.key(toolchain.identity(), headers.digest(), header, *arguments)
