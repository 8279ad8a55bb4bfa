"""Every kernel of the corpus through the real front door: NVRTC, a module, the launch, compared with NumPy."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from kernel_case import Launch

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

FOLDER = Path(__file__).parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/case.py"))
MINIMUM = 25


def ok(answer: tuple) -> object:
    """The results of a call that must succeed."""
    error, *results = answer
    assert int(error) == 0, error
    return results[0] if len(results) == 1 else results


def load_case(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"kernel_case_{name}", FOLDER / name / "case.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def compiled(name: str, expressions: tuple[str, ...]) -> tuple[bytes, dict[str, str]]:
    """The cubin of a kernel's source and the lowered names of its name expressions."""
    source = (FOLDER / name / "kernel.cu").read_bytes()
    program = ok(nvrtc.nvrtcCreateProgram(source, f"{name}/kernel.cu".encode(), 0, [], []))
    for expression in expressions:
        ok(nvrtc.nvrtcAddNameExpression(program, expression.encode()))
    error, = nvrtc.nvrtcCompileProgram(program, 2, [b"--gpu-architecture=sm_86", b"--device-int128"])
    log = bytearray(ok(nvrtc.nvrtcGetProgramLogSize(program)))
    ok(nvrtc.nvrtcGetProgramLog(program, log))
    assert int(error) == 0, log.rstrip(b"\0").decode()
    cubin = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
    ok(nvrtc.nvrtcGetCUBIN(program, cubin))
    lowered = {one: ok(nvrtc.nvrtcGetLoweredName(program, one.encode())).decode() for one in expressions}
    ok(nvrtc.nvrtcDestroyProgram(program))
    return bytes(cubin), lowered


@pytest.fixture
def context() -> Iterator[object]:
    """A context of its own: a case that ends in a sticky error leaves nothing behind."""
    ok(driver.cuInit(0))
    made = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
    yield made
    driver.cuCtxDestroy(made)


class Arguments:
    """A launch's arguments on the device, packed as the kernel takes them."""

    def __init__(self, function: object, arguments: Sequence[object]) -> None:
        self.buffers: dict[int, tuple[int, np.ndarray]] = {}
        self.owned: list[int] = []
        self.packed = bytearray()
        for index, argument in enumerate(arguments):
            offset, size = ok(driver.cuFuncGetParamInfo(function, index))
            data = self._bytes(index, argument)
            assert len(data) == size, f"argument {index} has {size} bytes, the case gives {len(data)}"
            self.packed += bytes(offset - len(self.packed)) + data

    def _bytes(self, index: int, argument: object) -> bytes:
        if isinstance(argument, np.ndarray):
            pointer = self._upload(argument)
            self.buffers[index] = pointer, argument
            return pointer.to_bytes(8, "little")
        if isinstance(argument, list):
            return b"".join(self._upload(one).to_bytes(8, "little") if isinstance(one, np.ndarray) else one
                            for one in argument)
        return argument if isinstance(argument, bytes) else argument.tobytes()

    def _upload(self, data: np.ndarray) -> int:
        data = np.ascontiguousarray(data)
        pointer = int(ok(driver.cuMemAlloc(max(1, data.nbytes))))
        self.owned.append(pointer)
        if data.nbytes:
            ok(driver.cuMemcpyHtoD(pointer, data, data.nbytes))
        return pointer

    def download(self, index: int) -> np.ndarray:
        pointer, data = self.buffers[index]
        result = np.empty_like(np.ascontiguousarray(data))
        ok(driver.cuMemcpyDtoH(result, pointer, result.nbytes))
        return result

    def free(self) -> None:
        for pointer in self.owned:
            ok(driver.cuMemFree(pointer))


def compare(got: np.ndarray, wanted: np.ndarray, launch: Launch, what: str) -> None:
    assert got.size == wanted.size, what
    got, wanted = got.ravel(), np.asarray(wanted).ravel()
    if launch.relative or launch.absolute:
        np.testing.assert_allclose(got, wanted, launch.relative, launch.absolute, err_msg=what)
    else:
        np.testing.assert_array_equal(got, wanted, err_msg=what)


def perform(name: str, launch: Launch, cubin: bytes, kernel: str, capfd: pytest.CaptureFixture) -> None:
    module = ok(driver.cuModuleLoadData(cubin))
    for symbol, data in launch.symbols.items():
        pointer, size = ok(driver.cuModuleGetGlobal(module, symbol.encode()))
        data = np.ascontiguousarray(data)
        assert data.nbytes == size, symbol
        ok(driver.cuMemcpyHtoD(pointer, data, size))
    function = ok(driver.cuModuleGetFunction(module, kernel.encode()))
    arguments = Arguments(function, launch.arguments)
    packed = np.frombuffer(bytes(arguments.packed) or b"\0", np.uint8)
    size = np.array([len(arguments.packed)], np.uint64)
    extra = np.array([1, packed.ctypes.data, 2, size.ctypes.data, 0], np.uint64)
    grid, block = (*launch.grid, 1, 1)[:3], (*launch.block, 1, 1)[:3]
    capfd.readouterr()
    if launch.cooperative:
        attribute = driver.CUlaunchAttribute()
        attribute.id = driver.CUlaunchAttributeID.CU_LAUNCH_ATTRIBUTE_COOPERATIVE
        attribute.value.cooperative = 1
        config = driver.CUlaunchConfig()
        config.gridDimX, config.gridDimY, config.gridDimZ = grid
        config.blockDimX, config.blockDimY, config.blockDimZ = block
        config.sharedMemBytes, config.attrs, config.numAttrs = launch.shared_bytes, [attribute], 1
        ok(driver.cuLaunchKernelEx(config, function, 0, extra.ctypes.data))
    else:
        ok(driver.cuLaunchKernel(function, *grid, *block, launch.shared_bytes, 0, 0, extra.ctypes.data))
    error, = driver.cuCtxSynchronize()
    assert error.name == launch.status, f"{name}: {launch.label}: {error.name}"
    if launch.status != "CUDA_SUCCESS":
        return
    if launch.printed is not None:
        assert sorted(capfd.readouterr().out.splitlines()) == sorted(launch.printed)
    for index, wanted in launch.expected.items():
        compare(arguments.download(index), wanted, launch, f"{name}: {launch.label}: argument {index}")
    for symbol, wanted in launch.expected_symbols.items():
        pointer, size = ok(driver.cuModuleGetGlobal(module, symbol.encode()))
        got = np.empty(wanted.shape, wanted.dtype)
        assert got.nbytes == size, symbol
        ok(driver.cuMemcpyDtoH(got, pointer, size))
        compare(got, wanted, launch, f"{name}: {launch.label}: {symbol}")
    arguments.free()
    ok(driver.cuModuleUnload(module))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_what_numpy_gives(name: str, context: object, capfd: pytest.CaptureFixture) -> None:
    launches = list(load_case(name).launches())
    assert len({(launch.grid, launch.block) for launch in launches}) >= 3, "a case has three shapes or more"
    source = (FOLDER / name / "kernel.cu").read_text()
    expressions = tuple(sorted({one.kernel for one in launches if f" {one.kernel}(" not in source
                                and f"({one.kernel}," not in source}))
    cubin, lowered = compiled(name, expressions)
    failing = [one for one in launches if one.status != "CUDA_SUCCESS"]
    for launch in [one for one in launches if one.status == "CUDA_SUCCESS"]:
        perform(name, launch, cubin, lowered.get(launch.kernel, launch.kernel), capfd)
    for launch in failing:
        made = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
        perform(name, launch, cubin, lowered.get(launch.kernel, launch.kernel), capfd)
        driver.cuCtxDestroy(made)


def test_the_corpus_is_complete() -> None:
    assert len(CASES) >= MINIMUM
