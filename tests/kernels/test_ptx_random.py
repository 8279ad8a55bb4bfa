"""Random PTX instructions: each is translated to IR that LLVM takes, or refused by its text and its line.

Nothing else may happen to a program's inline PTX: no exception of another kind, no code that the compiler fails on.
COMPATLAYER_PTX_INSTRUCTIONS=5000 tries that many instead, COMPATLAYER_PTX_SEED=7 starts elsewhere.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from ptx_float_rows import convert_rows, float_rows
from ptx_integer_rows import integer_rows, word_rows

from compatlayer.compiler import compile_cuda
from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.passes.ptx_table import TABLE
from compatlayer.compiler.targets import cpu
from compatlayer.errors import CompilerError

COUNT = int(os.environ.get("COMPATLAYER_PTX_INSTRUCTIONS", "600"))
SEED = int(os.environ.get("COMPATLAYER_PTX_SEED", "1"))
COMPILED = 12  # of those that are translated
UNKNOWN = ("wgmma", "tcgen05", "setmaxnreg", "frobnicate", "brkpt", "istypep", "getctarank", "multimem", "alloca")
TYPES = ("u8", "s8", "b8", "u16", "s16", "b16", "u32", "s32", "b32", "u64", "s64", "b64", "f16", "bf16", "f16x2",
         "bf16x2", "f32", "f64", "tf32", "pred", "e4m3x2", "b128", "u16x2")
WORDS = {
    "rounding": ("rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi", "rna"),
    "arithmetic": ("ftz", "sat", "satfinite", "cc", "wide", "lo", "hi", "approx", "full", "NaN", "xorsign", "abs",
                   "relu", "clamp", "wrap", "l", "r", "shiftamt"),
    "comparison": ("eq", "ne", "lt", "le", "gt", "ge", "ltu", "num", "nan", "lo", "hs", "and", "or", "xor"),
    "memory": ("global", "shared", "local", "const", "relaxed", "acquire", "release", "acq_rel", "volatile", "weak",
               "gpu", "cta", "sys", "ca", "cg", "cs", "cv", "wb", "wt", "nc", "v2", "v4", "L1::no_allocate",
               "L2::128B", "add", "min", "max", "exch", "cas", "inc", "dec", "and", "or", "xor", "noftz"),
    "warp": ("sync", "aligned", "up", "down", "bfly", "idx", "all", "any", "ballot", "uni", "add", "min", "max",
             "m8n8", "x1", "x2", "trans", "m16n8k16", "m16n8k8", "row", "col", "warp", "arrive", "red", "popc"),
    "moves": ("to", "global", "shared", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16", "async", "commit_group", "wait_all",
              "wait_group", "proxy", "sc", "level"),
}
LETTERS = {"r": ("unsigned", "r"), "h": ("unsigned short", "h"), "l": ("unsigned long long", "l"), "f": ("float", "f"),
           "d": ("double", "d")}
PLACE = "lop3.b32 %0, %5, %5, %5, 0x5B"  # where each goes, as the IR has it with $ for %


def kernel() -> str:
    """Registers %0 to %4 are written and %5 to %9 read, of each letter one; %10 is an address."""
    lines = [f"{kind} *{letter}" for letter, (kind, _) in LETTERS.items()]
    outputs = ", ".join(f'"+{spelled}"({letter}[0])' for letter, (_, spelled) in LETTERS.items())
    inputs = ", ".join(f'"{spelled}"({letter}[1])' for letter, (_, spelled) in LETTERS.items())
    return (f'extern "C" __global__ void k({", ".join(lines)}) {{\n'
            f'    asm volatile("{{.reg .pred q, s; setp.ne.u32 q, %5, 0; {PLACE};}}" : {outputs} : {inputs}, "l"(l)'
            ' : "memory");\n}\n')


def known() -> list[str]:
    """Instructions of the table's rows, with this kernel's registers."""
    found = []
    for row in (*integer_rows(), *word_rows(), *float_rows(), *convert_rows()):
        if row.text.count(";") == 1 and "{" not in row.text:
            places = [list(LETTERS).index(letter) + (5 if index else 0) for index, letter in enumerate(row.letters)]
            found.append(re.sub(r"%(\d)", lambda at, places=places: f"%{places[int(at[1])]}", row.text.rstrip("; ")))
    return found


class Instructions:
    """Random instructions: a third is in the table's rows, a third nearly so, a third is anything."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = sorted(TABLE)
        self.known = known()

    def next(self) -> str:
        choose = self.random.random()
        if choose < 1 / 3:
            return self.anything()
        name, _, operands = self.random.choice(self.known).partition(" ")
        words, places = name.split("."), operands.split(", ")
        for _ in range(0 if choose < 2 / 3 else self.random.choice((1, 1, 2))):
            at = self.random.randrange(1, len(words) + 1)
            word = self.random.choice((*self.random.choice(list(WORDS.values())), *TYPES))
            match self.random.randrange(5):
                case 0:
                    words.insert(at, word)
                case 1:
                    words[at:at + 1] = [word]
                case 2:
                    del words[at:at + 1]
                case 3:
                    places[self.random.randrange(len(places))] = self.operand(words[-1:], first=False)
                case _:
                    places = places[:-1] or ["1"]
        return f"{self.random.choice(('', '@q '))}{'.'.join(words)} {', '.join(places)}"

    def anything(self) -> str:
        choose = self.random
        name = choose.choice(self.names) if choose.random() < 0.95 else choose.choice(UNKNOWN)
        kinds = [choose.choice(list(WORDS)) for _ in range(2)]
        words = [choose.choice(WORDS[choose.choice(kinds)]) for _ in range(choose.choice((0, 0, 1, 1, 2, 3)))]
        types = [choose.choice(TYPES) for _ in range(choose.choice((1, 1, 1, 1, 2, 0)))]
        guard = choose.choice(("", "", "", "@q ", "@!q "))
        count = choose.choice((1, 2, 2, 3, 3, 4, 5))
        operands = ", ".join(self.operand(types, first=index == 0) for index in range(count))
        return f"{guard}{'.'.join([name, *words, *types])} {operands}"

    def operand(self, types: list[str], first: bool) -> str:
        choose = self.random
        kind = choose.random()
        if kind < 0.12:
            return choose.choice(("[%10]", "[%10+4]", "[%7]"))
        if kind < 0.2:
            return "{" + ", ".join(choose.choice(("%0", "%5")) for _ in range(choose.choice((2, 4)))) + "}"
        if kind < 0.3 and not first:
            return choose.choice(("0", "1", "-1", "7", "0x80000000", "0f3F800000", "0d3FF0000000000000", "2.5", "32"))
        if kind < 0.36:
            return choose.choice(("q", "s", "s|q", "%laneid", "%tid.x", "nothing", "!q"))
        bits = re.sub(r"\D", "", (types or ["u32"])[-1])
        letter = {"8": "h", "16": "h", "32": "r", "64": "l"}.get(bits, "r")
        if types and types[-1] in ("f32", "f64", "tf32"):
            letter = {"f32": "f", "f64": "d", "tf32": "r"}[types[-1]]
        if choose.random() < 0.1:
            letter = choose.choice(list(LETTERS))
        number = list(LETTERS).index(letter)
        return f"%{number if first else number + 5}"


def outcome(code: DeviceCode, text: str) -> tuple[str, str]:
    """"" and the IR, or the refusal and nothing."""
    place = PLACE.replace("%", "$")
    assert place in code.ir
    ir = code.ir.replace(place, re.sub(r"%(?=\d)", "$", text))
    try:
        return "", cpu.lower(code._replace(ir=ir))[0]
    except CompilerError as error:
        return str(error), ""


@pytest.mark.timeout(300)
def test_an_instruction_is_translated_or_refused_by_name_and_line(tmp_path: Path) -> None:
    code = compile_cuda(kernel(), "snippet.cu", ["-arch=sm_86"])
    made = Instructions(SEED)
    seen: Counter[str] = Counter()
    accepted: list[tuple[str, str]] = []
    for _ in range(COUNT):
        text = made.next()
        refusal, ir = outcome(code, text)
        name = text.removeprefix("@q ").removeprefix("@!q ").split()[0]
        if refusal:
            assert re.match(r"snippet\.cu:2:\d+: inline PTX", refusal) and name in refusal, (text, refusal)
            seen["refused"] += 1
        else:
            seen["translated"] += 1
            accepted.append((text, ir))
    assert seen["refused"] > COUNT // 5 and seen["translated"] > COUNT // 5, seen
    for number, (text, ir) in enumerate(accepted[:: len(accepted) // COMPILED]):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert cpu.assemble(ir, folder), text
