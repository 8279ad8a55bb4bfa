"""Graph functions of the driver API: attributes of kernel nodes."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import launch as launches
from compatlayer.core.graph import Node
from compatlayer.core.work import KernelWork, NodeKind
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_set import node_of_kind
from compatlayer.frontends.driver.launch import Attributes
from compatlayer.frontends.driver.values import needed

COOPERATIVE, SYNC_DOMAIN_MAP, CARVEOUT = 2, 9, 14
# CU_KERNEL_NODE_ATTRIBUTE_*: access window, cooperative, cluster and its policy, priority, memory synchronisation
# domain and map, preferred cluster, device-updatable node, carve-out, link scheduling.
KNOWN = frozenset({1, COOPERATIVE, 4, 5, 8, SYNC_DOMAIN_MAP, 10, 11, 13, CARVEOUT, 16})
_BYTES = ffi.sizeof("CUlaunchAttributeValue")
_DEFAULTS = {SYNC_DOMAIN_MAP: b"\0\1", CARVEOUT: b"\xff\xff\xff\xff", 4: b"\1\0\0\0" * 3}


def _kernel(handle: Any) -> tuple[Node, KernelWork]:
    node = node_of_kind(handle, NodeKind.KERNEL)
    assert isinstance(node.work, KernelWork)
    return node, node.work


def _check(attribute: int) -> None:
    if attribute not in KNOWN:
        raise CudaError(Status.INVALID_VALUE, f"{attribute} is no attribute of kernel nodes")


@entry("cuGraphKernelNodeGetAttribute")
def get_attribute(hNode, attr, value_out):
    _, work = _kernel(hNode)
    kind = int(attr)
    _check(kind)
    value = work.settings.get(kind, _DEFAULTS.get(kind, b""))
    ffi.memmove(value_out, value.ljust(_BYTES, b"\0"), _BYTES)
    if kind == COOPERATIVE:
        value_out.cooperative = int(work.shape.cooperative)


@entry("cuGraphKernelNodeSetAttribute")
def set_attribute(hNode, attr, value):
    needed(value, "value")
    node, work = _kernel(hNode)
    _check(int(attr))
    asked = Attributes(ffi.NULL, 0)
    asked.take(int(attr), value[0])
    cooperative = asked.cooperative if int(attr) == COOPERATIVE else work.shape.cooperative
    _put(node, work, {**work.settings, **asked.settings}, cooperative)


@entry("cuGraphKernelNodeCopyAttributes")
def copy_attributes(dst, src):
    node, work = _kernel(dst)
    _, source = _kernel(src)
    _put(node, work, source.settings, source.shape.cooperative)


def _put(node: Node, work: KernelWork, settings: dict[int, bytes], cooperative: bool) -> None:
    if cooperative:
        shape = work.shape
        launches.check_cooperative(work.function, shape.grid, shape.block, shape.dynamic_shared_bytes)
    node.work = work.with_settings(settings, cooperative)
