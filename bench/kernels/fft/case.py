import numpy as np
from suite.case import Case, Launch, Tolerance

POINTS = 512


def _reference(a):
    transformed = np.fft.fft(a["in"][..., 0] + 1j * a["in"][..., 1], axis=1)
    return {"out": np.stack([transformed.real, transformed.imag], axis=-1)}


def _inputs(rng, blocks):
    turn = np.exp(-2j * np.pi * np.arange(POINTS // 2) / POINTS)
    return {"in": rng.standard_normal((blocks, POINTS, 2), np.float32),
            "twiddle": np.stack([turn.real, turn.imag], axis=-1).astype(np.float32),
            "out": np.zeros((blocks, POINTS, 2), np.float32)}


def cases(small):
    blocks = 5 if small else 2048
    args = ("out", "in", "twiddle")
    return [Case(
        name="fft",
        inputs=lambda rng: _inputs(rng, blocks),
        launches=(Launch("fft", (blocks,), (POINTS // 2,), args),),
        function="fft",
        args=(*args, np.int32(blocks)),
        reference=_reference,
        tolerance={"out": Tolerance(1e-4, 1e-3)},
        bytes_moved=16 * POINTS * blocks,
        operations=10 * (POINTS // 2) * (POINTS.bit_length() - 1) * blocks,
        defines={"POINTS": POINTS},
        limit="strides of a power of two in shared memory, a barrier for each of nine short steps",
    )]
