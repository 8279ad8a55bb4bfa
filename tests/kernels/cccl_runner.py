"""Kernels of the files in cccl/, which include the cuda-cccl wheel's headers, unmodified."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
from engines import ENGINES, engine_of

from compatlayer import Device, LaunchConfig, Program, launch

FOLDER = Path(__file__).with_name("cccl")
PLACES = ("cuda/cccl/headers/include", "nvidia/cu13/include/cccl")


def headers() -> str | None:
    """The folder of the wheel's headers."""
    return next((str(Path(entry) / place) for entry in sys.path for place in PLACES
                 if (Path(entry) / place / "cub" / "cub.cuh").is_file()), None)


class Runner:
    """Launches kernels of the files in cccl/ in one engine."""

    def __init__(self, device: Device, engine: str) -> None:
        self.device, self.engine = device, engine
        self.program = cache(self._program)

    def _program(self, file: str, *macros: str, names: tuple[str, ...] = (),
                 standard: str = "c++17") -> Program:
        options = [f"-std={standard}", f"-I{headers()}", "--device-int128", *(f"-D{each}" for each in macros)]
        return Program(self.device, (FOLDER / f"{file}.cu").read_text(), name=f"{file}.cu", options=options,
                       name_expressions=list(names))

    def __call__(self, program: Program, name: str, shape: tuple[int, int], *arguments: object,
                 shared: int = 0) -> list[np.ndarray]:
        """Arrays become buffers for this launch, numbers, structs (bytes) and buffers go as they are; the contents of
        all arrays afterwards."""
        given = [each for each in arguments if isinstance(each, np.ndarray)]
        made = [self.device.upload(np.ascontiguousarray(each)) for each in given]
        places = iter(made)
        passed = [next(places) if isinstance(each, np.ndarray) else each for each in arguments]
        with engine_of(self.device, self.engine):
            launch(self.device.default_stream, LaunchConfig(*shape, shared), program.kernel(name), *passed)
        self.device.default_stream.synchronize()
        contents = [buffer.copy_to().view(each.dtype)[: each.size].reshape(each.shape)
                    for buffer, each in zip(made, given, strict=True)]
        for each in made:
            each.close()
        return contents


@cache
def runners() -> tuple[Runner, ...]:
    """One for each engine, for tests whose inputs are made over and over."""
    device = Device(0)
    return tuple(Runner(device, engine) for engine in ENGINES)


