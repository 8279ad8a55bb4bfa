"""AMD code objects of device IR: clang's AMDGPU back end and lld, both of the ziglang package. Nobody ran one yet.

Device IR and AMDGPU number address spaces alike (1 global, 3 shared, 4 constant, 5 local), so little changes: names of
the few intrinsics that have a counterpart, the kernels' convention, and where local variables live. What has none is
refused by name: warp operations (AMD's lanes do not wait for each other as CUDA's may), inline PTX, printf, the heap,
structures as parameters, math functions that are not LLVM's own.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

from ...errors import CompilerError
from .. import toolchain
from ..image import DeviceCode
from . import device_code
from .cpu import Loaded

_TRIPLE = "amdgcn-amd-amdhsa"
_ARCHITECTURE = re.compile(r"gfx[0-9]{2,3}[0-9a-f]+")
_INTRINSIC = re.compile(r"@llvm\.nvvm\.([\w.]+)")
_ALLOCA = re.compile(r"^(\s*)(%[^ ]+) = alloca (.*)$", re.MULTILINE)
_DECLARED = re.compile(r"^declare .*?@([\w.$\"]+)\(", re.MULTILINE)
_KNOWN = {f"read.ptx.sreg.{register}.{axis}" for register in ("tid", "ctaid", "ntid", "nctaid") for axis in "xyz"}
_BARRIERS = {"barrier0", "barrier.cta.sync.aligned.all"}
_FENCES = {"membar.cta": "workgroup", "membar.gl": "agent", "membar.sys": ""}


def of(architecture: str) -> SimpleNamespace:
    """The target for one architecture, as gfx942."""
    if not _ARCHITECTURE.fullmatch(architecture):
        raise CompilerError(f"{architecture} is no architecture of AMD's devices")

    def lower_module(code: DeviceCode) -> Loaded:
        loaded = device_code.lower_module(code)
        return loaded._replace(shared_text=convert(code.ir))

    def assemble(text: str, workdir: Path) -> bytes:
        made, library = workdir / "kernels.o", workdir / "kernels.hsaco"
        _run(["clang", "-cc1", "-triple", _TRIPLE, "-target-cpu", architecture, "-O3", "-w", "-x", "ir", "-",
              "-emit-obj", "-ffp-contract=on", "-o", str(made)], text)
        _run(["ld.lld", "-shared", "-Bsymbolic", "--no-undefined", str(made), "-o", str(library)])
        return library.read_bytes()

    return SimpleNamespace(lower_module=lower_module, assemble=assemble)


def convert(ir: str) -> str:
    """Device IR for AMDGPU. Raises CompilerError naming what has no counterpart."""
    if re.search(r"\bcall .*\basm\b", ir):
        raise CompilerError("inline PTX assembly has no counterpart on AMD devices")
    if " byval(" in ir:
        raise CompilerError("structures as parameters are not made for AMD devices yet")
    used = set(_INTRINSIC.findall(ir))
    foreign = sorted(used - _KNOWN - _BARRIERS - set(_FENCES))
    if foreign:
        raise CompilerError(f"llvm.nvvm.{foreign[0]} has no counterpart on AMD devices yet")
    if re.search(r"@llvm\.nvvm\.barrier\.cta\.sync\.aligned\.all\(i32 (?!0\))", _calls(ir)):
        raise CompilerError("barriers with a number other than 0 have no counterpart on AMD devices")
    missing = [name for name in _DECLARED.findall(ir) if not name.startswith("llvm.")]
    if missing:
        raise CompilerError(f"{missing[0]} is not there for AMD devices")
    text = re.sub(r"^target (triple|datalayout) = .*$|^.*@llvm\.lifetime\..*$|^declare .*@llvm\.nvvm\..*$", "", ir,
                  flags=re.MULTILINE)
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text).replace("ptx_kernel", "amdgpu_kernel")
    text = text.replace('syncscope("device")', 'syncscope("agent")').replace('syncscope("block")',
                                                                            'syncscope("workgroup")')
    text = _INTRINSIC.sub(lambda found: f"@cpl.{found[1]}", text)
    text = _ALLOCA.sub(_local, text)
    return f'target triple = "{_TRIPLE}"\n{text}\n' + "\n".join(_prelude(used))


def _calls(ir: str) -> str:
    return "\n".join(line for line in ir.splitlines() if " call " in line)


def _local(found: re.Match[str]) -> str:
    """A local variable in its own address space, seen through a generic pointer."""
    indent, name, rest = found.groups()
    raw = f'%"cpl.local.{name[1:].strip(chr(34))}"'
    return (f"{indent}{raw} = alloca {rest}, addrspace(5)\n"
            f"{indent}{name} = addrspacecast ptr addrspace(5) {raw} to ptr")


def _prelude(used: set[str]) -> list[str]:
    """Definitions of what `used` names. Sizes are in the dispatch packet (HSA runtime specification, 2.5.1)."""
    lines = [_FENCE.format(name=name, scope=f'syncscope("{scope}") ' if scope else "")
             for name, scope in _FENCES.items() if name in used]
    lines += [_BARRIER.format(name=name, argument="i32 %which" if name != "barrier0" else "")
              for name in sorted(_BARRIERS & used)]
    for axis, letter in enumerate("xyz"):
        for register, template in _REGISTERS.items():
            if f"read.ptx.sreg.{register}.{letter}" in used:
                lines.append(template.format(letter=letter, size=4 + 2 * axis, grid=12 + 4 * axis))
        if any(f"read.ptx.sreg.{register}.{letter}" in used for register in ("ntid", "nctaid")):
            lines.append(_SIZE.format(letter=letter, size=4 + 2 * axis))
    return [*lines, *_DECLARATIONS, ""]


_FENCE = "define internal void @cpl.{name}() alwaysinline {{\n  fence {scope}seq_cst\n  ret void\n}}"
_BARRIER = """define internal void @cpl.{name}({argument}) alwaysinline convergent {{
  fence syncscope("workgroup") release
  call void @llvm.amdgcn.s.barrier()
  fence syncscope("workgroup") acquire
  ret void
}}"""
_REGISTERS = {
    "tid": """define internal i32 @cpl.read.ptx.sreg.tid.{letter}() alwaysinline {{
  %v = call i32 @llvm.amdgcn.workitem.id.{letter}()
  ret i32 %v
}}""",
    "ctaid": """define internal i32 @cpl.read.ptx.sreg.ctaid.{letter}() alwaysinline {{
  %v = call i32 @llvm.amdgcn.workgroup.id.{letter}()
  ret i32 %v
}}""",
    "ntid": """define internal i32 @cpl.read.ptx.sreg.ntid.{letter}() alwaysinline {{
  %v = call i32 @cpl.size.{letter}()
  ret i32 %v
}}""",
    "nctaid": """define internal i32 @cpl.read.ptx.sreg.nctaid.{letter}() alwaysinline {{
  %packet = call ptr addrspace(4) @llvm.amdgcn.dispatch.ptr()
  %place = getelementptr i8, ptr addrspace(4) %packet, i64 {grid}
  %all = load i32, ptr addrspace(4) %place, align 4
  %size = call i32 @cpl.size.{letter}()
  %v = udiv i32 %all, %size
  ret i32 %v
}}""",
}
_SIZE = """define internal i32 @cpl.size.{letter}() alwaysinline {{
  %packet = call ptr addrspace(4) @llvm.amdgcn.dispatch.ptr()
  %place = getelementptr i8, ptr addrspace(4) %packet, i64 {size}
  %short = load i16, ptr addrspace(4) %place, align 2
  %v = zext i16 %short to i32
  ret i32 %v
}}"""
_DECLARATIONS = [f"declare i32 @llvm.amdgcn.{each}.id.{letter}()" for each in ("workitem", "workgroup")
                 for letter in "xyz"] + ["declare ptr addrspace(4) @llvm.amdgcn.dispatch.ptr()",
                                         "declare void @llvm.amdgcn.s.barrier()"]


def _run(arguments: list[str], text: str = "") -> None:
    status, _, errors = toolchain.run(arguments, text.encode("utf-8", "surrogateescape"))
    if status != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        raise CompilerError(f"{arguments[0]} for AMD devices: {lines[0] if lines else f'ended with status {status}'}")
