"""Debug locations of instructions that move into another function: each says where it was called."""

from __future__ import annotations

import re

from ...ir.build import Metadata
from ...ir.instructions import Instruction
from ...ir.values import Module

_INLINED = re.compile(r"inlinedAt: (!\d+)")


class Locations:
    """Makes `!DILocation(..., inlinedAt: call)` nodes, each once."""

    def __init__(self, module: Module) -> None:
        self.metadata = module.metadata
        self._next = -1
        self._made: dict[tuple[str, str], str] = {}
        self._calls: dict[str, str] = {}

    def _add(self, text: str) -> str:
        if self._next < 0:
            self._next = max((int(each[1:]) for each in self.metadata), default=-1) + 1
        node = f"!{self._next}"
        self._next += 1
        self.metadata[node] = text
        return node

    def call_site(self, call: Instruction) -> str | None:
        """The node that a copy of the callee names as its caller; None when the call has no place.

        It is distinct, so that two calls of one line stay two."""
        node = call.attachment("dbg")
        text = self.metadata.get(node, "") if node is not None else ""
        if not text.removeprefix("distinct ").startswith("!DILocation("):
            return None
        return self._add(text if text.startswith("distinct ") else "distinct " + text)

    def moved(self, metadata: Metadata, site: str | None, call: Metadata = ()) -> Metadata:
        """The attachments of an instruction that was copied to `site`. One without a place gets that of `call`, where
        given: the math library has no lines of its own, and its time would be counted for whatever line comes before.
        """
        if not any(kind == "dbg" for kind, _ in metadata):
            return metadata + call
        if site is None:
            return tuple(each for each in metadata if each[0] != "dbg")
        return tuple((kind, self._at(node, site)) if kind == "dbg" else (kind, node) for kind, node in metadata)

    def _at(self, node: str, site: str) -> str:
        key = (node, site)
        found = self._made.get(key)
        if found is None:
            text = self.metadata.get(node, "")
            outer = _INLINED.search(text)
            if outer is not None:
                text = text[: outer.start(1)] + self._at(outer.group(1), site) + text[outer.end(1):]
            elif text.endswith(")"):
                text = f"{text[:-1]}, inlinedAt: {site})"
            found = self._made[key] = self._add(text)
        return found
