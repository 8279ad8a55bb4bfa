"""Every kernel of the corpus as PTX text: what our NVRTC gives, without the image in its last comment, is parsed and
run in both engines, compared with NumPy like the kernel itself."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from engines import ENGINES

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

from test_corpus import CASES, FOLDER, context, load_case, ok, perform  # noqa: E402, F401

# What the corpus expects of it is not what LLVM's PTX does.
LEFT_OUT = {
    "divide_wide": "it divides small numbers in 32 bits, and the quotient of a division by zero is another",
}
NO_PTX = {"wide_integers": "LLVM has no PTX for 128-bit division"}
MARK = b"// compatlayer-image: "


@contextlib.contextmanager
def compiled_by(engine: str) -> Iterator[None]:
    """What is launched meanwhile on the driver's device is compiled for `engine`."""
    from compatlayer.core.runtime import state

    hardware: Any = state.device(0).hardware
    kept = hardware.settings
    hardware.settings = kept._replace(engine=engine)
    try:
        yield
    finally:
        hardware.settings = kept


@functools.cache
def ptx(name: str, expressions: tuple[str, ...]) -> tuple[bytes, dict[str, str]]:
    """The plain PTX text of a kernel's source, and the lowered names of its name expressions."""
    source = (FOLDER / name / "kernel.cu").read_bytes()
    program = ok(nvrtc.nvrtcCreateProgram(source, f"{name}/kernel.cu".encode(), 0, [], []))
    for expression in expressions:
        ok(nvrtc.nvrtcAddNameExpression(program, expression.encode()))
    error, = nvrtc.nvrtcCompileProgram(program, 2, [b"--gpu-architecture=sm_86", b"--device-int128"])
    assert int(error) == 0
    text = bytearray(ok(nvrtc.nvrtcGetPTXSize(program)))
    ok(nvrtc.nvrtcGetPTX(program, text))
    lowered = {one: ok(nvrtc.nvrtcGetLoweredName(program, one.encode())).decode() for one in expressions}
    ok(nvrtc.nvrtcDestroyProgram(program))
    plain, mark, _ = bytes(text).partition(MARK)
    assert mark, "the text form has changed"
    return plain.rstrip() + b"\n\0", lowered


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CASES)
def test_a_kernel_as_ptx_text_gives_what_numpy_gives(name: str, engine: str, context: object,  # noqa: F811
                                                     capfd: pytest.CaptureFixture) -> None:
    launches = list(load_case(name).launches())
    source = (FOLDER / name / "kernel.cu").read_text()
    expressions = tuple(sorted({one.kernel for one in launches if f" {one.kernel}(" not in source
                                and f"({one.kernel}," not in source}))
    text, lowered = ptx(name, expressions)
    if name in NO_PTX:
        assert text.startswith(b"// No PTX text")
        pytest.skip(NO_PTX[name])
    assert b".visible .entry" in text, text[:200]
    for launch in (one for one in launches if one.kernel not in LEFT_OUT):
        made = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
        with compiled_by(engine):
            perform(name, launch, text, lowered.get(launch.kernel, launch.kernel), capfd)
        driver.cuCtxDestroy(made)
