"""Debug metadata: instructions carry the line that .loc names, or their own line in the PTX text."""

from __future__ import annotations

import re

from ...ir.values import Module, quote

_LOCATION = re.compile(r"(\d+)\s+(\d+)(?:\s+(\d+))?")
PTX = "ptx"  # the file of PTX text that has no lines of a source


class Places:
    """Makes the metadata of one module."""

    def __init__(self, module: Module, files: dict[int, str]) -> None:
        self.module, self.files = module, files
        self.made: dict[tuple[str, ...], str] = {}
        unit = self.node(f'distinct !DICompileUnit(language: DW_LANG_C, file: {self.file(0)}, producer: "ptx", '
                         "isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)")
        module.named_metadata["!llvm.dbg.cu"] = f"!{{{unit}}}"
        flags = [self.node('!{i32 2, !"Debug Info Version", i32 3}'), self.node('!{i32 7, !"Dwarf Version", i32 4}')]
        module.named_metadata["!llvm.module.flags"] = f"!{{{', '.join(flags)}}}"
        self.unit = unit
        self.type = self.node("!DISubroutineType(types: null)")

    def node(self, text: str) -> str:
        found = self.made.get((text,))
        if found is None:
            found = self.made[(text,)] = f"!{len(self.module.metadata)}"
            self.module.metadata[found] = text
        return found

    def file(self, number: int) -> str:
        name = quote(self.files.get(number, PTX)).strip('"')
        return self.node(f'!DIFile(filename: "{name}", directory: ".")')

    def function(self, name: str, line: int, number: int) -> str:
        """The node of a function whose lines are in the file `number`; 0 is the PTX text."""
        file = self.file(number)
        shown = quote(name).strip('"')
        return self.node(f'distinct !DISubprogram(name: "{shown}", scope: {file}, file: {file}, line: {line}, type: '
                         f"{self.type}, scopeLine: {line}, spFlags: DISPFlagDefinition | DISPFlagOptimized, "
                         f"unit: {self.unit})")

    def at(self, function: str, number: int, line: int, column: int) -> str:
        """A place in a function; another file than the function's is a scope of its own."""
        file = self.file(number)
        scope = function
        if f"file: {file}," not in self.module.metadata[function]:
            scope = self.node(f"!DILexicalBlockFile(scope: {function}, file: {file}, discriminator: 0)")
        return self.node(f"!DILocation(line: {line}, column: {column}, scope: {scope})")


def location(text: str) -> tuple[int, int, int] | None:
    """File, line and column of what follows .loc."""
    match = _LOCATION.match(text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
