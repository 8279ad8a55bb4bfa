"""Nodes of several copies, between CUDA_MEMCPY_BATCH_NODE_PARAMS and core's work."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.core import copy as copies
from compatlayer.core.context import Context
from compatlayer.core.graph import Node
from compatlayer.core.work import CopyBatchWork
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.copy_batch import DURING_CALL, batch
from compatlayer.frontends.driver.values import needed, pointer

_ATTRIBUTE_BYTES = ffi.sizeof("CUmemcpyAttributes")


def read_copies(params: Any, context: Context) -> CopyBatchWork:
    """Raises INVALID_VALUE for a copy whose source would have to be read before the call returns: nodes run later."""
    for name in ("attrs", "attrsIdxs"):
        needed(getattr(params, name), name)
    wanted = batch(params.dsts, params.srcs, params.sizes, params.count, params.attrs, params.attrsIdxs,
                   params.numAttrs)
    for index, copy in enumerate(wanted):
        if copy.order == DURING_CALL:
            raise CudaError(Status.INVALID_VALUE, f"copy {index} of a graph node asks that its source is read before "
                                                  "the call returns; ask for stream order or any")
        copies.check(context, copy.box, copy.destination, copy.source)
    starts = [params.attrsIdxs[kind] for kind in range(params.numAttrs)]
    attributes = [bytes(ffi.buffer(params.attrs + kind, _ATTRIBUTE_BYTES)) for kind in range(params.numAttrs)]
    given = [attributes[sum(start <= index for start in starts) - 1] for index in range(params.count)]
    return CopyBatchWork(context, [copy.box for copy in wanted], given)


def write_copies(params: Any, node: Node) -> None:
    """Attributes are given out copy by copy."""
    work = node.work
    assert isinstance(work, CopyBatchWork)
    count = work.steps
    if node.shown is None:
        attributes = ffi.new("CUmemcpyAttributes[]", count)
        ffi.memmove(attributes, b"".join(work.given), count * _ATTRIBUTE_BYTES)
        node.shown = (ffi.new("CUdeviceptr[]", [box.destination for box in work.boxes]),
                      ffi.new("CUdeviceptr[]", [box.source for box in work.boxes]),
                      ffi.new("size_t[]", [box.width_bytes for box in work.boxes]),
                      attributes, ffi.new("size_t[]", list(range(count))))
    params.dsts, params.srcs, params.sizes, params.attrs, params.attrsIdxs = node.shown  # type: ignore[misc]
    params.count = params.numAttrs = count
    params.ctx = pointer(work.context.handle)
