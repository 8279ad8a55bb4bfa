"""The libdevice file: found where packages look, defines every documented function, computes what kernels compute."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from elementwise import HEAD, call, evaluate, together

from compatlayer.compiler import toolchain
from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.library import libdevice
from compatlayer.launcher import environment

_CC1 = ("clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", "sm_86", "-x", "ir", "-emit-llvm",
        "-Wno-override-module")  # fmt: skip
DOUBLES = np.array([0.0, -0.0, 0.3, -1.25, 2.5, 7.75, 1e5, -1e5, 1e18, 1e-310, np.inf, np.nan])


def path() -> Path:
    home = environment.toolkit_folder()
    assert home is not None
    return Path(home) / libdevice.PLACE


@cache
def disassembled() -> str:
    status, text, errors = toolchain.run([*_CC1, "-disable-llvm-passes", "-o", "-", str(path())])
    assert status == 0, errors.decode()
    return text.decode("ascii")


def linked(code: DeviceCode, level: str) -> DeviceCode:
    """`code` after clang put the file's definitions of what it calls into it, as other compilers would."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "k.ll"
        source.write_text(code.ir)
        status, text, errors = toolchain.run([*_CC1, level, "-mlink-builtin-bitcode", str(path()), "-o", "-",
                                              str(source)])
    assert status == 0, errors.decode()
    return DeviceCode(ir=text.decode("ascii"), architecture="sm_86")


def test_the_file_lies_below_cuda_home_and_is_bitcode() -> None:
    data = path().read_bytes()
    assert data[:4] == b"BC\xc0\xde" and libdevice.is_libdevice(data)


def test_other_modules_are_no_libdevice() -> None:
    module = HEAD + "define double @k(double %x) {\n  %r = call double @__nv_sin(double %x)\n  ret double %r\n}\n"
    bitcode = libdevice.assemble(module + "declare double @__nv_sin(double)\n")
    assert not libdevice.is_libdevice(bitcode)
    assert not libdevice.is_libdevice(b"") and not libdevice.is_libdevice(disassembled().encode())


def test_it_defines_every_documented_function_and_calls_nothing_unknown() -> None:
    defined = set(re.findall(r"^define [^@]*@(__nv_\w+)\(", disassembled(), re.MULTILINE))
    assert defined == libdevice.documented() and len(defined) == 343
    for name in re.findall(r"^declare [^@]*@([\w.]+)\(", disassembled(), re.MULTILINE):
        assert name.startswith(("llvm.", libdevice.RUNTIME)), name


def test_nothing_in_it_calls_itself() -> None:
    bodies = re.findall(r"^define [^@]*@(__nv_\w+)\(.*?\n(.*?)^}", disassembled(), re.MULTILINE | re.DOTALL)
    assert len(bodies) == 343
    assert not [name for name, body in bodies if "@__nv_" in body]


def test_code_that_was_linked_with_the_file_computes_the_same() -> None:
    names = ["sin", "tan", "exp", "lgamma", "j1", "cbrt", "drcp_ru", "dsqrt_rd", "erfcinv", "sinpi"]
    for level in ("-O0", "-O2"):
        for name in names:
            plain = call(f"__nv_{name}", ["double"], "double")
            with_file = linked(plain, level)
            assert f"declare double @__nv_{name}(" not in with_file.ir
            got, wanted = (evaluate(each, [DOUBLES], "double") for each in (with_file, plain))
            assert np.array_equal(got, wanted, equal_nan=True), (name, level)


def test_definitions_that_came_along_give_way_to_the_inlined_ones() -> None:
    wrong = (HEAD + "define internal double @__nv_sin(double %x) {\n  ret double 0.0\n}\n"
             "define double @__nv_mine(double %x) {\n  ret double 42.0\n}\n")
    both = together([call("__nv_sin", ["double"], "double"), call("__nv_mine", ["double"], "double")])
    text = "\n".join(line for line in both.ir.split("\n") if not line.startswith("declare double @__nv_"))
    code = DeviceCode(ir=text + wrong.replace(HEAD, ""), architecture="sm_86")
    sine = DeviceCode(ir=code.ir.replace("@k0(", "@k("), architecture="sm_86")
    mine = DeviceCode(ir=code.ir.replace("@k1(", "@k("), architecture="sm_86")
    assert np.allclose(evaluate_named(sine), np.sin(DOUBLES[:8]))
    assert (evaluate_named(mine) == 42.0).all()


def evaluate_named(code: DeviceCode) -> np.ndarray:
    from device_code import Threads, library_bytes

    out = np.zeros(8)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "k.so"
        library.write_bytes(library_bytes(code))
        arguments = b"".join(each.ctypes.data.to_bytes(8, "little") for each in (DOUBLES, out))
        Threads(library).run("k", arguments, len(out))
    return out
