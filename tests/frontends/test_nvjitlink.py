"""libnvJitLink through the real cuda.bindings.nvjitlink: inputs of every form, outputs, options, logs, and a launch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

nvjitlink = pytest.importorskip("cuda.bindings.nvjitlink")
core = pytest.importorskip("cuda.core")

USER = "extern \"C\" __device__ int twice(int); extern \"C\" __global__ void k(int *x) { *x = twice(*x) + 1; }"
TWICE = "extern \"C\" __device__ int twice(int v) { return 2 * v; }"
PLAIN_PTX = """
.version 8.0
.target sm_80
.address_size 64
.visible .func (.param .b32 result) twice(.param .b32 v)
{
    .reg .b32 %r<3>;
    ld.param.u32 %r1, [v];
    shl.b32 %r2, %r1, 1;
    st.param.b32 [result], %r2;
    ret;
}
"""
KIND = nvjitlink.InputType
ARCH, LTO = "-arch=sm_86", "-lto"


class Link:
    """A linker that is destroyed at the end of the test."""

    def __init__(self, *options: str) -> None:
        self.handle = 0
        self.handle = nvjitlink.create(len(options), list(options))

    def add(self, kind: object, data: bytes, name: str = "given") -> None:
        nvjitlink.add_data(self.handle, kind, data, len(data), name)

    def get(self, form: str) -> bytes:
        data = bytearray(getattr(nvjitlink, f"get_linked_{form}_size")(self.handle))
        getattr(nvjitlink, f"get_linked_{form}")(self.handle, data)
        return bytes(data)

    @property
    def log(self) -> str:
        data = bytearray(nvjitlink.get_error_log_size(self.handle))
        nvjitlink.get_error_log(self.handle, data)
        return data.rstrip(b"\0").decode()

    def __del__(self) -> None:
        if self.handle:
            nvjitlink.destroy(self.handle)


def compiled(source: str, form: str, arch: str = "sm_86") -> bytes:
    options = core.ProgramOptions(arch=arch, relocatable_device_code=True, link_time_optimization=form == "ltoir")
    return bytes(core.Program(source, "c++", options).compile(form).code)


def refused(call: object, *arguments: object) -> str:
    with pytest.raises(nvjitlink.nvJitLinkError) as caught:
        call(*arguments)  # type: ignore[operator]
    return str(caught.value).split()[0].removeprefix("ERROR_")


def run(cubin: bytes) -> int:
    device = core.Device()
    device.set_current()
    stream = device.create_stream()
    buffer = core.LegacyPinnedMemoryResource().allocate(4, stream=stream)
    value = np.from_dlpack(buffer).view(np.int32)
    value[0] = 20
    kernel = core.ObjectCode.from_cubin(cubin).get_kernel("k")
    core.launch(stream, core.LaunchConfig(grid=1, block=1), kernel, buffer)
    stream.sync()
    return int(value[0])


@pytest.mark.parametrize(("first", "second"), [("ltoir", "ltoir"), ("ptx", "ptx"), ("cubin", "cubin"),
                                               ("ltoir", "cubin"), ("ptx", "ltoir")])
def test_inputs_of_every_form_become_one_cubin_that_runs(first: str, second: str) -> None:
    link = Link(ARCH, LTO)
    link.add(getattr(KIND, first.upper()), compiled(USER, first))
    link.add(KIND.ANY, compiled(TWICE, second))
    nvjitlink.complete(link.handle)
    assert run(link.get("cubin")) == 41


def archive(*members: tuple[str, bytes]) -> bytes:
    made = b"!<arch>\n"
    for name, data in members:
        head = f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'644':<8}{len(data):<10}`\n"
        made += head.encode() + data + b"\n" * (len(data) % 2)
    return made


def test_files_ptx_text_of_others_and_libraries_are_taken(tmp_path: Path) -> None:
    for kind, data in ((KIND.PTX, PLAIN_PTX.encode()), (KIND.LIBRARY, archive(("t.o", compiled(TWICE, "cubin"))))):
        path = tmp_path / "twice"
        path.write_bytes(data)
        link = Link(ARCH)
        link.add(KIND.OBJECT, compiled(USER, "cubin"))
        nvjitlink.add_file(link.handle, kind, str(path))
        nvjitlink.complete(link.handle)
        assert run(link.get("cubin")) == 41


def test_lto_gives_ptx_and_lto_ir() -> None:
    link = Link(ARCH, LTO, "-ptx")
    link.add(KIND.LTOIR, compiled(USER, "ltoir"))
    link.add(KIND.LTOIR, compiled(TWICE, "ltoir"))
    nvjitlink.complete(link.handle)
    notes = bytearray(nvjitlink.get_info_log_size(link.handle))
    nvjitlink.get_info_log(link.handle, notes)
    assert notes == b"\0" and link.log == ""
    text = link.get("ptx").rstrip(b"\0").decode()
    assert ".entry k(" in text and ".extern" not in text
    assert link.get("ltoir").startswith(b"\xed\x43\x4e\x7f")
    assert refused(link.get, "cubin") == "INVALID_INPUT"


def test_what_nobody_defines_is_named_with_its_user() -> None:
    link = Link(ARCH)
    link.add(KIND.CUBIN, compiled(USER, "cubin"), "user.cu")
    assert refused(nvjitlink.complete, link.handle) == "FINALIZE"
    assert "Undefined reference to 'twice' in 'user.cu'" in link.log
    assert refused(link.get, "cubin") == "INVALID_INPUT"


def test_what_is_defined_twice_is_named() -> None:
    link = Link(ARCH)
    for _ in range(2):
        link.add(KIND.CUBIN, compiled(TWICE, "cubin"))
    assert refused(nvjitlink.complete, link.handle) == "FINALIZE"
    assert "twice" in link.log


@pytest.mark.parametrize(("options", "error"), [
    ((), "MISSING_ARCH"), ((LTO,), "MISSING_ARCH"), (("-arch=sm_12",), "UNSUPPORTED_ARCH"),
    (("-arch=fast",), "UNRECOGNIZED_ARCH"), ((ARCH, "-no-such"), "UNRECOGNIZED_OPTION"),
    ((ARCH, "-maxrregcount=many"), "UNRECOGNIZED_OPTION"), ((ARCH, "-ptx"), "INCOMPATIBLE_OPTIONS"),
    ((ARCH, "-ftz=perhaps"), "UNRECOGNIZED_OPTION"), ((ARCH, "-prec-div=2"), "UNRECOGNIZED_OPTION"),
])
def test_options_that_do_not_exist_or_fit_are_refused(options: tuple[str, ...], error: str) -> None:
    assert refused(Link, *options) == error


def test_documented_options_are_taken() -> None:
    Link(ARCH, LTO, "-verbose", "-time", "-g", "-lineinfo", "-O3", "-maxrregcount=32", "-ftz=1", "-prec-div=0",
         "-prec-sqrt=0", "-fma=true", "-kernels-used=k", "-variables-used=v", "-optimize-unused-variables",
         "-Xptxas=-v", "-split-compile=2", "-split-compile=True", "-no-cache")


def test_inputs_that_do_not_fit_are_refused() -> None:
    link = Link(ARCH)
    cubin = compiled(TWICE, "cubin")
    assert refused(link.add, KIND.LTOIR, cubin) == "INCORRECT_INPUT_TYPE"
    assert refused(link.add, KIND.LTOIR, compiled(TWICE, "ltoir")) == "LTO_NOT_ENABLED"
    assert refused(link.add, KIND.CUBIN, compiled(TWICE, "cubin", "sm_90")) == "ARCH_MISMATCH"
    assert refused(link.add, KIND.CUBIN, cubin[:100]) == "UNRECOGNIZED_INPUT"
    assert refused(link.add, KIND.ANY, b"\x7fELF" + bytes(60)) == "UNRECOGNIZED_INPUT"
    assert refused(link.add, KIND.PTX, PLAIN_PTX.replace("shl", "shll").encode()) == "PTX_COMPILE"
    assert "shll" in link.log
    assert refused(link.add, KIND.LIBRARY, archive(("x", cubin))[:-9]) == "UNRECOGNIZED_INPUT"
    assert refused(nvjitlink.add_file, link.handle, KIND.CUBIN, "/no/such/file") == "INVALID_INPUT"
    assert refused(nvjitlink.complete, link.handle) == "INVALID_INPUT"  # nothing was taken


def test_misuse_has_the_documented_errors() -> None:
    link = Link(ARCH)
    assert refused(link.get, "cubin") == "INVALID_INPUT"
    assert refused(nvjitlink.complete, 8) == "INVALID_INPUT"
    assert refused(link.add, 7, b"x") == "INVALID_INPUT"
    assert nvjitlink.version()[0] == 13
