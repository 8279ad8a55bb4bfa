"""Source places from debug metadata, resolved on demand from the nodes' text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .instructions import Instruction
from .values import Function, Module, quote, string_bytes

_FIELD = re.compile(r'(\w+): ("[^"]*"|[^,()]+)')


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the user's source; line 0 when nothing is known."""

    file: str
    function: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else "unknown source line"


def is_device_header(path: str) -> bool:
    """Whether `path` is one of the headers that kernels get from us rather than from the user."""
    path = path.replace("\\", "/")
    return "/include/device/" in path or path.startswith(("include/device/", "compatlayer/device/", "<compatlayer"))


class Places:
    """Looks up instructions' places in one module."""

    def __init__(self, module: Module) -> None:
        self.metadata = module.metadata
        self._fields: dict[str, dict[str, str]] = {}
        self._files: dict[str, str] = {}
        self._places: dict[str, Place] = {}

    def of(self, instruction: Instruction, function: Function) -> Place:
        """The innermost location in the user's own source: header code is named by the line that calls it."""
        node = instruction.attachment("dbg")
        if node is None:
            return Place("", function.name, 0, 0)
        found = self._places.get(node)
        if found is None:
            found = self._places[node] = self._find(node)
        return found

    def _find(self, node: str) -> Place:
        while True:
            location = self.fields(node)
            file = self._file(location.get("scope", ""))
            outer = location.get("inlinedAt")
            if outer is None or not is_device_header(file):
                break
            node = outer
        name = self._subprogram(location.get("scope", ""))
        return Place(file, name, int(location.get("line", "0")), int(location.get("column", "0")))

    def fields(self, node: str) -> dict[str, str]:
        found = self._fields.get(node)
        if found is None:
            found = self._fields[node] = dict(_FIELD.findall(self.metadata.get(node, "")))
        return found

    def _file(self, scope: str) -> str:
        found = self._files.get(scope)
        if found is None:
            text = self.fields(self.fields(scope).get("file", "")).get("filename", '""')
            found = self._files[scope] = string_bytes(text).decode("utf-8", "replace")
        return found

    def _subprogram(self, scope: str) -> str:
        while scope and "DISubprogram" not in self.metadata.get(scope, "DISubprogram"):
            scope = self.fields(scope).get("scope", "")
        return string_bytes(self.fields(scope).get("name", '""')).decode("utf-8", "replace")


def caller(module: Module, called: str, name: str) -> tuple[str, str]:
    """Debug nodes of a function that we make to call the one whose DISubprogram is the node `called`: its own
    DISubprogram, of the name `name` and at the same line, and a place in it."""
    fields = dict(_FIELD.findall(module.metadata[called]))
    kept = {key: fields[key] for key in ("scope", "file", "line", "type", "scopeLine", "unit") if key in fields}
    kept["scope"] = kept.get("file", "null")
    body = ", ".join(f"{key}: {text}" for key, text in kept.items())
    shown = quote(name).strip('"')
    number = max(int(each[1:]) for each in module.metadata) + 1
    made, place = f"!{number}", f"!{number + 1}"
    module.metadata[made] = (f'distinct !DISubprogram(name: "{shown}", {body}, flags: DIFlagArtificial, '
                             "spFlags: DISPFlagDefinition | DISPFlagOptimized)")
    module.metadata[place] = f"!DILocation(line: {kept.get('line', '0')}, column: 1, scope: {made})"
    return made, place
