"""What NVVM IR says otherwise than LLVM: its warp intrinsics take the operation as a number, functions that threads
must call together are not marked, and what options say of arithmetic is not in the IR.

Why before optimising: the optimiser must know that these calls are `convergent`, and numbers that are known then choose
the operation.
"""

from __future__ import annotations

import re

from .nvvm_options import Options

_DECLARE = "declare {type} @{llvm}({parameters}) convergent\n"
_PAIR = "{i32, i1}"
_SHUFFLES = ("idx", "up", "down", "bfly")
_VOTES = ("all", "any", "uni", "ballot")
# Functions that begin so are the optimiser's to move.
_FREE = ("llvm.", "__nv_")
_NAME = r'@("(?:[^"\\]|\\.)*"|[\w.$-]+)\('
_HEAD = re.compile(rf"^(?:define|declare) [^@\n]*{_NAME}", re.MULTILINE)
_OURS = re.compile(r'@"?llvm\.nvvm\.(shfl\.sync\.i32|vote\.sync|match\.all\.sync\.i(?:32|64))"?(?=\()')
_OURS_DECLARED = re.compile(
    r'^declare [^@\n]*@"?llvm\.nvvm\.(?:shfl\.sync\.i32|vote\.sync|match\.all\.sync\.i(?:32|64))"?\(.*$', re.MULTILINE)
# Which lanes run is a question of the place where it is asked.
_NOINLINE = re.compile(r"^attributes (#\d+) = \{[^\n]*\bnoinline\b", re.MULTILINE)
_KERNEL = re.compile(r'@("(?:[^"\\]|\\.)*"|[\w.$-]+), !"kernel", i32 1\b')
_FUSES = re.compile(r"(?<= = )(fmul|fadd|fsub) (?!(?:[a-z]+ )*(?:fast|contract) )")
_FLUSHES = ' "denormal-fp-math-f32"="preserve-sign,preserve-sign"'
_FLAGS = re.compile(r"^!llvm\.module\.flags = !\{(.*)\}$", re.MULTILINE)
_ACTIVE = re.compile(r'\basm (?:sideeffect )?("activemask[^"]*", "[^"]*"\(\))')


def as_llvm(text: str, options: Options) -> str:
    """A module's text in LLVM's own terms; lines keep their numbers."""
    used = sorted({found[1] for found in _OURS.finditer(text)})
    if used:
        text = _OURS.sub(r"@cpl.nvvm.\1", _OURS_DECLARED.sub("", text))
    text = _ACTIVE.sub(r"asm sideeffect \1 convergent", text)
    if options.contract and options.optimise:
        text = _FUSES.sub(r"\1 contract ", text)
    text = _marked(text, f' convergent{_FLUSHES if options.flush_denormals else ""}')
    if options.flush_denormals:
        text = _flushing(text)
    return text + "".join(_definition(name, text) for name in used)


def warnings(text: str) -> str:
    """What libNVVM's log says of a module that it takes: kernels that must not be inlined."""
    if "noinline" not in text:
        return ""
    groups = {found[1] for found in _NOINLINE.finditer(text)}
    kernels = {found[1].strip('"') for found in _KERNEL.finditer(text)}
    lines = []
    for head in _HEAD.finditer(text):
        name = head[1].strip('"')
        tail = text[_closing(text, head.end()) :].partition("{")[0].split()
        if name in kernels and ("noinline" in tail or groups & set(tail)):
            lines.append(f"warning: overriding noinline attribute on kernel function '{name}'\n")
    return "".join(lines)


def _flushing(text: str) -> str:
    number = 1 + max((int(each) for each in re.findall(r"^!(\d+) = ", text, re.MULTILINE)), default=-1)
    flag = f'\n!{number} = !{{i32 4, !"nvvm-reflect-ftz", i32 1}}\n'
    if (flags := _FLAGS.search(text)) is None:
        return f"{text}{flag}!llvm.module.flags = !{{!{number}}}\n"
    listed = f"{flags[1]}, !{number}" if flags[1].strip() else f"!{number}"
    return f"{text[:flags.start()]}!llvm.module.flags = !{{{listed}}}{text[flags.end():]}{flag}"


def _marked(text: str, words: str) -> str:
    """Every function but those that the optimiser knows gets `words`; it drops `convergent` where it is not true."""
    made, done = [], 0
    for head in _HEAD.finditer(text):
        if head[1].strip('"').startswith(_FREE):
            continue
        end = _closing(text, head.end())
        made += [text[done:end], words]
        done = end
    return "".join([*made, text[done:]])


def _closing(text: str, at: int) -> int:
    """The place after the parenthesis that closes the one before `at`; names in quotes may hold any character."""
    depth = 1
    for token in re.compile(r'[()]|"(?:[^"\\]|\\.)*"').finditer(text, at):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return at


def _definition(name: str, text: str) -> str:
    """An inlined function of NVVM's name and parameters."""
    if name.startswith("match"):
        width = name.rpartition(".")[2]
        llvm = f"llvm.nvvm.{name}p"
        declared = _declared(text, _PAIR, llvm, f"i32, {width}")
        return (f"{declared}define internal {_PAIR} @cpl.nvvm.{name}(i32 %mask, {width} %value) alwaysinline "
                f"convergent {{\n  %r = call {_PAIR} @{llvm}(i32 %mask, {width} %value)\n  ret {_PAIR} %r\n}}\n")
    if name == "vote.sync":
        cases = [_vote(word) for word in _VOTES]
        return _switch(name, "i32 %mask, i32 %mode, i1 %value", cases, text)
    cases = [([(_PAIR, f"llvm.nvvm.shfl.sync.{word}.i32p", "i32, i32, i32, i32")],
              f"  %r# = call {_PAIR} @llvm.nvvm.shfl.sync.{word}.i32p(i32 %mask, i32 %value, i32 %b, i32 %c)\n"
              f"  ret {_PAIR} %r#\n") for word in _SHUFFLES]
    return _switch(name, "i32 %mask, i32 %mode, i32 %value, i32 %b, i32 %c", cases, text)


_Case = tuple[list[tuple[str, str, str]], str]  # what it declares, its code


def _vote(word: str) -> _Case:
    llvm = f"llvm.nvvm.vote.{word}.sync"
    if word == "ballot":
        return ([("i32", llvm, "i32, i1")],
                f"  %v# = call i32 @{llvm}(i32 %mask, i1 %value)\n"
                f"  %r# = insertvalue {_PAIR} zeroinitializer, i32 %v#, 0\n  ret {_PAIR} %r#\n")
    return ([("i1", llvm, "i32, i1")],
            f"  %v# = call i1 @{llvm}(i32 %mask, i1 %value)\n"
            f"  %r# = insertvalue {_PAIR} zeroinitializer, i1 %v#, 1\n  ret {_PAIR} %r#\n")


def _switch(name: str, parameters: str, cases: list[_Case], text: str) -> str:
    declared = "".join(_declared(text, *each) for wanted, _ in cases for each in wanted)
    targets = " ".join(f"i32 {number}, label %m{number}" for number in range(len(cases)))
    blocks = "".join(f"m{number}:\n{code.replace('#', str(number))}" for number, (_, code) in enumerate(cases))
    return (f"{declared}define internal {_PAIR} @cpl.nvvm.{name}({parameters}) alwaysinline convergent {{\n"
            f"  switch i32 %mode, label %other [ {targets} ]\n{blocks}other:\n  unreachable\n}}\n")


def _declared(text: str, type_: str, llvm: str, parameters: str) -> str:
    if re.search(rf'@"?{re.escape(llvm)}"?\(', text):
        return ""
    return _DECLARE.format(type=type_, llvm=llvm, parameters=parameters)
