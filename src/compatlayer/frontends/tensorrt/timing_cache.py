"""ITimingCache: what earlier builds took, by what they built."""

from __future__ import annotations

import json
from typing import Any

from compatlayer.frontends.tensorrt.host_memory import IHostMemory

_MAGIC = b"cplTRTtiming"


class ITimingCache:
    """Seconds that builds took, by digest of the model and its settings."""

    def __init__(self, data: bytes = b"") -> None:
        self.entries: dict[str, float] = {}
        if data:
            if not data.startswith(_MAGIC):
                raise ValueError("the timing cache was not made here; start with an empty one")
            self.entries = json.loads(data[len(_MAGIC):])

    def serialize(self) -> IHostMemory:
        return IHostMemory(_MAGIC + json.dumps(self.entries, sort_keys=True).encode())

    def combine(self, input_cache: ITimingCache, ignore_mismatch: bool) -> bool:
        self.entries.update(input_cache.entries)
        return True

    def reset(self) -> bool:
        self.entries.clear()
        return True

    def queryKeys(self) -> list[Any]:
        return sorted(self.entries)


ITimingCache.__module__ = "tensorrt"
