"""Expressions of device code over arrays: one kernel computes them all, one thread an element, in either engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from engines import engine_of

from compatlayer import Device, LaunchConfig, Program, launch

# Type of the device -> the array type that holds it; 16-bit and 8-bit floats are handled as their bits.
ARRAYS: dict[str, type] = {
    "bool": np.bool_, "signed char": np.int8, "unsigned char": np.uint8, "short": np.int16, "unsigned short": np.uint16,
    "int": np.int32, "unsigned int": np.uint32, "long long": np.int64, "unsigned long long": np.uint64,
    "float": np.float32, "double": np.float64, "__half": np.uint16, "__half2": np.uint32, "__nv_bfloat16": np.uint16,
    "__nv_bfloat162": np.uint32, "__nv_fp8_e4m3": np.uint8, "__nv_fp8_e5m2": np.uint8,
}  # fmt: skip
_BLOCK = 128


def evaluate(device: Device, engine: str, head: str, inputs: Mapping[str, tuple[str, np.ndarray]],
             outputs: Sequence[tuple[str, str]]) -> list[np.ndarray]:
    """The arrays of results. `inputs`: name -> type and contents, all of one length; `outputs`: expression, type."""
    count = len(next(iter(inputs.values()))[1])
    buffers = []
    for type_, contents in inputs.values():
        assert contents.dtype == ARRAYS[type_] and len(contents) == count, type_
        buffers.append(device.upload(np.ascontiguousarray(contents)))
    results = [device.upload(np.zeros(count, ARRAYS[type_])) for _, type_ in outputs]
    program = Program(device, source(head, {name: type_ for name, (type_, _) in inputs.items()}, outputs))
    with engine_of(device, engine):
        launch(device.default_stream, LaunchConfig((-(-count // _BLOCK),), (_BLOCK,)), program.kernel("all"),
               np.int32(count), *buffers, *results)
    device.default_stream.synchronize()
    answers = [each.copy_to().view(ARRAYS[type_])[:count]
               for each, (_, type_) in zip(results, outputs, strict=True)]
    for each in (*buffers, *results):
        each.close()
    program.close()
    return answers


def source(head: str, inputs: Mapping[str, str], outputs: Sequence[tuple[str, str]]) -> str:
    """The kernel's text."""
    parameters = [f"const {type_} *p_{name}" for name, type_ in inputs.items()]
    parameters += [f"{type_} *o{index}" for index, (_, type_) in enumerate(outputs)]
    loads = "".join(f"    {type_} {name} = p_{name}[i];\n" for name, type_ in inputs.items())
    stores = "".join(f"    o{index}[i] = {expression};\n" for index, (expression, _) in enumerate(outputs))
    return (f'{head}\nextern "C" __global__ void all(int count, {", ".join(parameters)})\n{{\n'
            f"    int i = blockIdx.x * blockDim.x + threadIdx.x;\n    if (i >= count) return;\n{loads}{stores}}}\n")
