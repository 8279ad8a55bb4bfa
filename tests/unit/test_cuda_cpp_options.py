"""NVRTC's options: every spelling, and refusal by name."""

from __future__ import annotations

import pytest

from compatlayer.compiler.frontends.nvrtc_options import InvalidOption, Options, parse


@pytest.mark.parametrize("words", [["-DX=1"], ["-D X=1"], ["-D", "X=1"], ["-D=X=1"], ["--define-macro=X=1"],
                                   ["--define-macro", "X=1"]])
def test_every_spelling_of_a_macro_is_the_same(words: list[str]) -> None:
    assert parse(words).macros == ("-DX=1",)


@pytest.mark.parametrize("words", [["-I/a b"], ["-I /a b"], ["-I", "/a b"], ["--include-path=/a b"],
                                   ["--include-path", "/a b"]])
def test_every_spelling_of_a_folder_is_the_same(words: list[str]) -> None:
    assert parse(words).include_folders == ("/a b",)


@pytest.mark.parametrize("words", [["--gpu-architecture=sm_90a"], ["-arch=sm_90a"], ["-arch", "sm_90a"],
                                   ["--gpu-architecture", "sm_90a"]])
def test_every_spelling_of_the_architecture_is_the_same(words: list[str]) -> None:
    options = parse(words)
    assert (options.architecture, options.arch_number) == ("sm_90a", 90)


def test_definitions_and_undefinitions_keep_their_order() -> None:
    assert parse(["-DA", "-UA", "--define-macro=A=2", "--undefine-macro=B"]).macros == ("-DA", "-UA", "-DA=2", "-UB")


def test_fast_math_flushes_denormals_and_later_options_win() -> None:
    assert parse(["--use_fast_math"]).flush_denormals
    assert not parse(["-use_fast_math", "--ftz=false"]).flush_denormals
    assert parse(["-fmad=false"]).contract is False
    assert parse(["--fmad", "true"]).contract is True
    assert parse([]) == Options()


@pytest.mark.parametrize("words", [
    ["-G"], ["--device-debug"], ["-lineinfo"], ["--generate-line-info"], ["-dc"], ["-dw"], ["-rdc=true"],
    ["--relocatable-device-code=false"], ["-maxrregcount=32"], ["--maxrregcount", "32"], ["-prec-sqrt=false"],
    ["--prec-div=true"], ["--extra-device-vectorization"], ["-dlto"], ["-gen-opt-lto"], ["-std=c++20"],
    ["--std=c++03"], ["-builtin-move-forward=false"], ["--builtin-initializer-list=true"], ["-w"],
    ["--disable-warnings"], ["-restrict"], ["--restrict"], ["-default-device"],
    ["--device-as-default-execution-space"], ["-device-int128"], ["--device-int128"], ["--optimization-info=inline"],
    ["--version-ident=true"], ["--display-error-number"], ["--no-display-error-number"], ["--diag-suppress=177"],
    ["--diag-error", "177"], ["-diag-warn=1,2"], ["--ptxas-options=-v"], ["--ptxas-options", "-v"],
    ["-Xptxas", "-O3"], ["-Xptxas=-v"], ["--split-compile=0"], ["--fdevice-syntax-only"],
    ["--fdevice-time-trace=x"], ["-time=x"], ["-minimal"], ["--minimal"], ["-jump-table-density=10"],
    ["-no-source-include"], ["--pch"], ["--create-pch=x"], ["--use-pch=x"], ["--pch-dir=x"], ["--pch-verbose=true"],
    ["--instantiate-templates-in-pch=true"], ["-dopt=on"], ["-dopt", "on"], ["--Ofast-compile=max"],
    ["--device-stack-protector=true"], ["--frandom-seed=1"], ["--no-cache"], ["--modify-stack-limit=false"]])
def test_documented_options_are_accepted(words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize("words", [
    ["--no-such-option"], ["-foo=1"], ["stray"], ["-arch=sm_1"], ["-arch=compute_30"], ["-arch=gfx90a"], ["-arch="],
    ["-std=c++99"], ["--fmad=perhaps"], ["-maxrregcount=many"], ["-D"], ["-I"], ["--define-macro"], ["-O3"], ["-"]])
def test_what_nvrtc_does_not_know_is_refused_by_name(words: list[str]) -> None:
    with pytest.raises(InvalidOption) as caught:
        parse(words)
    assert words[0].split("=")[0] in caught.value.option
    assert "nvrtc: error:" in caught.value.log
