"""The version, and the tables that programs hand to Sobol' generators in their kernels."""

from __future__ import annotations

from functools import cache
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import sobol
from compatlayer.frontends.curand.result import CurandError, CurandStatus

_VERSION = 10400
_SETS = {101: (32, False), 102: (32, True), 103: (64, False), 104: (64, True)}


@entry("curandGetVersion")
def version(version: Any) -> None:
    version[0] = _VERSION


@entry("curandGetDirectionVectors32")
def vectors_32(vectors: Any, set: int) -> None:
    vectors[0] = ffi.cast("curandDirectionVectors32_t *", _vectors(set, 32))


@entry("curandGetDirectionVectors64")
def vectors_64(vectors: Any, set: int) -> None:
    vectors[0] = ffi.cast("curandDirectionVectors64_t *", _vectors(set, 64))


@entry("curandGetScrambleConstants32")
def constants_32(constants: Any) -> None:
    constants[0] = ffi.cast("unsigned int *", _constants(32))


@entry("curandGetScrambleConstants64")
def constants_64(constants: Any) -> None:
    constants[0] = ffi.cast("unsigned long long *", _constants(64))


def _vectors(kind: int, bits: int) -> Any:
    found = _SETS.get(kind)
    if found is None or found[0] != bits:
        raise CurandError(CurandStatus.OUT_OF_RANGE, f"{kind} is no set of direction vectors of {bits} bits")
    return _kept(bits, found[1])


@cache
def _kept(bits: int, scrambled: bool) -> Any:
    """A table stays for the life of the process: programs hold pointers to it."""
    try:
        made = sobol.scrambled(bits) if scrambled else sobol.vectors(bits)
    except sobol.NoDirectionNumbers as error:
        raise CurandError(CurandStatus.INTERNAL_ERROR, str(error)) from None
    return ffi.from_buffer(made)


@cache
def _constants(bits: int) -> Any:
    return ffi.from_buffer(sobol.constants(bits))
