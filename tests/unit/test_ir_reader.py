"""What the reader refuses and how; names, numbers and places in the source."""

from __future__ import annotations

import pytest

from compatlayer.compiler.ir.debug import Places
from compatlayer.compiler.ir.flow import back_edges, immediate_dominators, loop_body, predecessors
from compatlayer.compiler.ir.instructions import Call, Instruction
from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.types import (
    DOUBLE,
    FLOAT,
    I1,
    I8,
    I16,
    I32,
    I64,
    I128,
    PTR,
    TypeTable,
    align_bytes,
    field_offsets,
    integer,
    size_bytes,
)
from compatlayer.compiler.ir.values import Function, Module
from compatlayer.compiler.ir.verifier import verify
from compatlayer.errors import CompilerError

BODY = "define void @f(ptr %p, i32 %n) {{\nentry:\n{}\n  ret void\n}}\n"


def function(module: Module, name: str = "f") -> Function:
    found = module.symbols[name]
    assert isinstance(found, Function)
    return found


@pytest.mark.parametrize(("line", "problem"), [
    ("  %x = frobnicate i32 %n, 3", "frobnicate"),
    ("  %x = add i32 %n, %missing", "missing"),
    ("  %x = add i32 %n, 3 surprise", "surprise"),
    ("  %x = add quux i32 %n, 3", "quux"),
    ("  %x = load i32, ptr @nowhere", "nowhere"),
    ("  %x = va_arg ptr %p, i32", "va_arg"),
    ("  call void @f(ptr %p, i32 %n) [ \"convergencectrl\"(token none) ]", "bundles"),
    ("  %x = add i64 %n, 3", "type"),
    ("  %x = add i32 %n, 3, !dbg", "not understood"),
    ("  %x = extractvalue i32 %n, 0", "not understood"),
    ("  indirectbr ptr %p, [label %entry]", "indirectbr"),
    ("  store ptr blockaddress(@f, %entry), ptr %p", "blockaddress"),
])  # fmt: skip
def test_a_line_that_is_not_understood_is_named(line: str, problem: str) -> None:
    with pytest.raises(CompilerError, match=problem) as caught:
        read(BODY.format(line))
    assert "line" in str(caught.value) or "function 'f'" in str(caught.value)


@pytest.mark.parametrize("text", ["uselistorder i32 0, { 1, 0 }", "define void @f() {\nentry:\n  ret void\n",
                                  "@x = dso_local ifunc void (), ptr @r", "garbage"])
def test_a_module_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(CompilerError):
        read(text)


def test_names_keep_their_characters_and_numbers_are_given_anew() -> None:
    text = ('@"a b\\22c" = global i32 0\ndefine void @"k.<1>"(i32 %0) {\n  %2 = add i32 %0, 1\n  br label %3\n\n3:\n'
            '  %"x y" = add i32 %2, 1\n  store i32 %"x y", ptr @"a b\\22c"\n  ret void\n}\n')
    module = read(text)
    assert {'a b"c', "k.<1>"} == set(module.symbols)
    printed = print_module(module)
    assert '@"a b\\22c" = global i32 0' in printed
    assert "3:" in printed and "%2 = add i32 %0, 1" in printed
    assert print_module(read(printed)) == printed


def test_values_may_be_used_above_their_definition() -> None:
    module = read("define i32 @f(i32 %n) {\nentry:\n  br label %loop\nloop:\n"
                  "  %a = phi i32 [ 0, %entry ], [ %b, %loop ]\n"
                  "  %b = add i32 %a, %n\n  %c = icmp slt i32 %b, 100\n  br i1 %c, label %loop, label %out\nout:\n"
                  "  ret i32 %b\n}\n")
    verify(module)
    phi, add = function(module).blocks[1].instructions[:2]
    assert phi.operands[1] is add


def test_loops_and_dominators_of_a_diamond_in_a_loop() -> None:
    module = read("define void @f(i1 %c) {\nentry:\n  br label %head\nhead:\n  br i1 %c, label %left, label %right\n"
                  "left:\n  br label %join\nright:\n  br label %join\njoin:\n  br i1 %c, label %head, label %out\n"
                  "out:\n  ret void\n}\n")
    found = function(module)
    by_name = {block.name: block for block in found.blocks}
    assert [(a.name, b.name) for a, b in back_edges(found)] == [("join", "head")]
    body = loop_body(by_name["join"], by_name["head"], predecessors(found))
    assert {block.name for block in body} == {"head", "left", "right", "join"}
    dominators = {block.name: above.name for block, above in immediate_dominators(found).items()}
    assert dominators == {"entry": "entry", "head": "entry", "left": "head", "right": "head", "join": "head",
                          "out": "join"}


def test_sizes_follow_the_data_layout() -> None:
    table = TypeTable()
    sizes = [(I1, 1, 1), (I8, 1, 1), (I16, 2, 2), (I32, 4, 4), (I64, 8, 8), (I128, 16, 16), (integer(24), 4, 4),
             (FLOAT, 4, 4), (DOUBLE, 8, 8), (PTR, 8, 8), (table.vector(3, FLOAT), 16, 16),
             (table.vector(2, I16), 4, 4), (table.array(5, I16), 10, 2),
             (table.struct((I8, DOUBLE, I8)), 24, 8), (table.struct((I8, DOUBLE), True), 9, 1)]
    for type_, size, align in sizes:
        assert (size_bytes(type_), align_bytes(type_)) == (size, align), type_.text
    assert field_offsets(table.struct((I8, I16, I8, I64))) == [0, 2, 4, 8, 16]


PLACES = """define void @f(ptr %p) !dbg !4 {{
entry:
  call void @g(), !dbg !{node}
  ret void
}}
declare void @g()
!1 = !DIFile(filename: "user.cu", directory: "")
!2 = !DIFile(filename: "/x/include/device/base/sync.h", directory: "")
!4 = distinct !DISubprogram(name: "kernel", scope: !1, file: !1, line: 1)
!5 = distinct !DISubprogram(name: "inner", scope: !1, file: !1, line: 9)
!6 = distinct !DISubprogram(name: "barrier", scope: !2, file: !2, line: 3)
!7 = !DILocation(line: 30, column: 2, scope: !4)
!8 = distinct !DILocation(line: 11, column: 5, scope: !12, inlinedAt: !7)
!9 = !DILocation(line: 3, column: 1, scope: !6, inlinedAt: !8)
!10 = distinct !DILocation(line: 40, column: 3, scope: !4)
!12 = !DILexicalBlock(scope: !5, file: !1, line: 10)
"""


@pytest.mark.parametrize(("node", "place"), [(7, "user.cu:30:2"), (8, "user.cu:11:5"), (9, "user.cu:11:5")])
def test_a_place_is_the_innermost_in_the_users_own_source(node: int, place: str) -> None:
    module = read(PLACES.format(node=node))
    call: Instruction = function(module).blocks[0].instructions[0]
    assert isinstance(call, Call)
    found = Places(module).of(call, function(module))
    assert str(found) == place
    assert found.function == ("kernel" if node == 7 else "inner")


def test_the_verifier_finds_what_does_not_fit() -> None:
    text = BODY.format("  %x = add i32 %n, 1\n  %y = mul i32 %x, 2\n  store i32 %y, ptr %p")
    for damage in ("type", "missing", "terminator"):
        module = read(text)
        instructions = function(module).blocks[0].instructions
        if damage == "type":
            instructions[1].operands[0] = function(module).arguments[0]
        elif damage == "missing":
            del instructions[0]
        else:
            instructions.pop()
        with pytest.raises(CompilerError, match="'f'"):
            verify(module)
