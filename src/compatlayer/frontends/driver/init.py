"""cuInit. The version and the texts of error codes are answered in C."""

from __future__ import annotations

from compatlayer._native import lib
from compatlayer.api.entry import entry, set_initialized
from compatlayer.core.runtime import state
from compatlayer.core.stream import PerThreadRule

PerThreadRule.asks = lib.cpl_per_thread_default


@entry("cuInit", before_init=True)
def init(Flags):
    state.initialize(Flags)
    set_initialized(True)
