"""Special registers of PTX.

https://docs.nvidia.com/cuda/parallel-thread-execution/#special-registers
"""

from __future__ import annotations

import re

from ..ir.types import I32, I64
from ..ir.values import Value
from .ptx_code import Code, refuse

_PREFIX = "nvvm.read.ptx.sreg."
_KNOWN = re.compile(
    r"(?:n?tid|n?ctaid|clusterid|nclusterid|cluster_ctaid|cluster_nctaid)\.[xyzw]|laneid|warpid|nwarpid|smid|nsmid"
    r"|gridid|lanemask_(?:eq|le|lt|ge|gt)|clock|clock64|clock_hi|globaltimer|globaltimer_lo|globaltimer_hi"
    r"|dynamic_smem_size|total_smem_size|aggr_smem_size|cluster_ctarank|cluster_nctarank|is_explicit_cluster")
_WIDE = ("clock64", "globaltimer")


def special(code: Code, name: str) -> Value:
    """The value of `%name`."""
    if name == "WARP_SZ":
        return code.word(32)
    if _KNOWN.fullmatch(name) is None:
        refuse(f"the register '%{name}' is not known")
    if name == "is_explicit_cluster":
        return code.word(0)
    wide = {"clock_hi": "clock64", "globaltimer_lo": "globaltimer", "globaltimer_hi": "globaltimer"}.get(name, name)
    spelled = wide.replace("lanemask_", "lanemask.").replace("cluster_", "cluster.")
    type_ = I64 if wide in _WIDE else I32
    value = code.call(_PREFIX + spelled, type_)
    if name.endswith("_hi"):
        value = code.emit.binary("lshr", value, code.word(32, I64))
    return code.fit(value, I32) if name != wide else value
