"""Kernels of llm.c: GPT-2's layers in fp32 and in bfloat16."""

from __future__ import annotations

import numpy as np
from public_kernel import Job, PublicKernel, Step, ceil_div, rng

REPOSITORY = "karpathy/llm.c"
FP32 = "train_gpt2_fp32.cu"
LAYER_NORM_EPSILON = 1e-5


def floats(seed: int, *shape: int) -> np.ndarray:
    return rng(seed).standard_normal(shape).astype(np.float32)


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The nearest bfloat16's bits, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widened(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def softmax(rows: np.ndarray) -> np.ndarray:
    powers = np.exp(rows - rows.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def encoder(size: int) -> Job:
    batch, steps, channels, words = (2, 16, 64, 50) if size == 0 else (4, 128, 768, 1000)
    tokens = rng(1).integers(0, words, (batch, steps)).astype(np.int32)
    token_table, position_table = floats(2, words, channels), floats(3, steps, channels)
    out = np.zeros((batch, steps, channels), np.float32)
    step = Step("encoder_forward_kernel3", ceil_div(out.size // 4, 512), 512,
                ["out", "tokens", "wte", "wpe", batch, steps, channels])
    return Job({"out": out, "tokens": tokens, "wte": token_table, "wpe": position_table}, [step],
               {"out": token_table[tokens] + position_table})


def layer_norm_forward(size: int) -> Job:
    rows, channels = (30, 100) if size == 0 else (512, 768)
    x, weight, bias = floats(1, rows, channels), floats(2, channels), floats(3, channels)
    exact = x.astype(np.float64)
    mean, reciprocal = exact.mean(1), 1 / np.sqrt(exact.var(1) + LAYER_NORM_EPSILON)
    expected = (exact - mean[:, None]) * reciprocal[:, None] * weight + bias
    step = Step("layernorm_forward_kernel3", ceil_div(rows * 32, 512), 512,
                ["out", "mean", "rstd", "x", "weight", "bias", rows, channels])
    zeros = np.zeros(rows, np.float32)
    return Job({"out": np.zeros_like(x), "mean": zeros, "rstd": zeros, "x": x, "weight": weight, "bias": bias}, [step],
               {"out": expected, "mean": mean, "rstd": reciprocal}, relative=1e-5, absolute=1e-5)


def layer_norm_backward(size: int) -> Job:
    batch, steps, channels = (2, 16, 96) if size == 0 else (4, 64, 768)
    rows = batch * steps
    x, weight, slope = floats(1, rows, channels), floats(2, channels), floats(3, rows, channels)
    exact = x.astype(np.float64)
    mean, reciprocal = exact.mean(1), 1 / np.sqrt(exact.var(1) + LAYER_NORM_EPSILON)
    normal = (exact - mean[:, None]) * reciprocal[:, None]
    inner = weight * slope.astype(np.float64)
    wanted = (inner - inner.mean(1, keepdims=True) - normal * (inner * normal).mean(1, keepdims=True))
    buffers = {"dx": np.zeros_like(x), "dweight": np.zeros(channels, np.float32),
               "dbias": np.zeros(channels, np.float32), "slope": slope, "x": x, "weight": weight,
               "mean": mean.astype(np.float32), "rstd": reciprocal.astype(np.float32)}
    step = Step("layernorm_backward_kernel2", rows * 32 // 512, 512,
                ["dx", "dweight", "dbias", "slope", "x", "weight", "mean", "rstd", batch, steps, channels],
                2 * channels * 4)
    return Job(buffers, [step], {"dx": wanted * reciprocal[:, None], "dweight": (normal * slope).sum(0),
                                 "dbias": slope.astype(np.float64).sum(0)}, relative=1e-3, absolute=1e-3)


def causal_softmax(size: int) -> Job:
    heads, steps = (3, 36) if size == 0 else (24, 256)
    scores, scale = floats(1, heads, steps, steps), 0.125
    masked = np.where(np.tri(steps, dtype=bool), scores.astype(np.float64) * scale, -np.inf)
    step = Step("softmax_forward_kernel5", ceil_div(heads * steps * 32, 256), 256,
                ["out", scale, "scores", heads, steps])
    return Job({"out": np.zeros_like(scores), "scores": scores}, [step], {"out": softmax(masked)},
               relative=1e-5, absolute=1e-7)


def gelu_forward(size: int) -> Job:
    count = 1000 if size == 0 else 1 << 20
    x = 3 * floats(1, count)
    exact = x.astype(np.float64)
    wanted = 0.5 * exact * (1 + np.tanh(np.sqrt(2 / np.pi) * (exact + 0.044715 * exact**3)))
    return Job({"out": np.zeros_like(x), "x": x}, [Step("gelu_forward_kernel", ceil_div(count, 128), 128,
                                                       ["out", "x", count])],
               {"out": wanted}, relative=1e-5, absolute=1e-6)


def bias_backward(size: int) -> Job:
    batch, steps, channels = (2, 17, 64) if size == 0 else (4, 256, 768)
    slope, before = floats(1, batch, steps, channels), floats(2, channels)
    step = Step("matmul_backward_bias_kernel4", channels // 32, 1024, ["dbias", "slope", batch, steps, channels], 4096)
    return Job({"dbias": before, "slope": slope}, [step], {"dbias": before + slope.astype(np.float64).sum((0, 1))},
               relative=1e-4, absolute=1e-4)


def matmul_forward(size: int) -> Job:
    rows, inner, columns = (128, 64, 256) if size == 0 else (512, 256, 512)
    x, weight, bias = floats(1, rows, inner), floats(2, columns, inner), floats(3, columns)
    step = Step("matmul_forward_kernel4", (rows // 128, columns // 128), (16, 16),
                ["out", "x", "weight", "bias", inner, columns])
    return Job({"out": np.zeros((rows, columns), np.float32), "x": x, "weight": weight, "bias": bias}, [step],
               {"out": x.astype(np.float64) @ weight.T.astype(np.float64) + bias}, relative=1e-4, absolute=1e-4)


def adam_w(size: int) -> Job:
    count = 1001 if size == 0 else 1 << 19
    values, slope, first, second = floats(1, count), floats(2, count), floats(3, count), np.abs(floats(4, count))
    rate, beta1, beta2, epsilon, decay = 1e-3, 0.9, 0.999, 1e-8, 0.01
    step_number = 10
    corrected1, corrected2 = 1 - beta1**step_number, 1 - beta2**step_number
    new_first = beta1 * first.astype(np.float64) + (1 - beta1) * slope
    new_second = beta2 * second.astype(np.float64) + (1 - beta2) * slope.astype(np.float64) ** 2
    update = new_first / corrected1 / (np.sqrt(new_second / corrected2) + epsilon) + decay * values
    step = Step("adamw_kernel2", ceil_div(count, 512), 512,
                ["values", "slope", "m", "v", count, rate, beta1, beta2, corrected1, corrected2, epsilon, decay])
    return Job({"values": values, "slope": slope, "m": first, "v": second}, [step],
               {"values": values - rate * update, "m": new_first, "v": new_second}, relative=1e-4, absolute=1e-6)


def classifier(size: int) -> Job:
    batch, steps, words, padded = (2, 5, 300, 320) if size == 0 else (2, 32, 8000, 8064)
    rows = batch * steps
    logits = 2 * floats(1, rows, padded)
    targets = rng(2).integers(0, words, rows).astype(np.int32)
    chances = softmax(logits[:, :words].astype(np.float64))
    slopes = logits.astype(np.float64)
    slopes[:, :words] = chances
    slopes[np.arange(rows), targets] -= 1
    slopes[:, :words] /= rows
    step = Step("fused_classifier_kernel3", rows, 1024,
                ["logits", "losses", None, None, "targets", batch, steps, words, padded])
    return Job({"logits": logits, "losses": np.zeros(rows, np.float32), "targets": targets}, [step],
               {"logits": slopes, "losses": -np.log(chances[np.arange(rows), targets])}, relative=1e-4, absolute=1e-6)


def bfloat16_layer_norm(size: int) -> Job:
    rows, channels = (10, 256) if size == 0 else (512, 768)
    x, weight, bias = (bfloat16(floats(seed, *shape))
                       for seed, shape in ((1, (rows, channels)), (2, (channels,)), (3, (channels,))))
    exact = widened(x).astype(np.float64)
    mean, reciprocal = exact.mean(1), 1 / np.sqrt(exact.var(1) + LAYER_NORM_EPSILON)
    wanted = (exact - mean[:, None]) * reciprocal[:, None] * widened(weight) + widened(bias)

    def check(contents: dict[str, np.ndarray]) -> None:
        np.testing.assert_allclose(widened(contents["out"]), wanted, 2**-7, 1e-2)
        np.testing.assert_allclose(contents["rstd"], reciprocal, 1e-5)

    zeros = np.zeros(rows, np.float32)
    step = Step("layernorm_forward_kernel6", ceil_div(rows, 4), (32, 4),
                ["out", "mean", "rstd", "x", "weight", "bias", rows, channels], (2 + 4) * channels * 2)
    return Job({"out": np.zeros_like(x), "mean": zeros, "rstd": zeros, "x": x, "weight": weight, "bias": bias}, [step],
               check=check)


def bfloat16_classifier(size: int) -> Job:
    # The kernel's unsigned loop bound needs at least 8 words for each of its 1024 threads, and its last loop, for what
    # is beyond a multiple of 8 words, is a race: every thread of it also reads what the next ones have overwritten.
    batch, steps, words, padded = (2, 3, 8200, 8256) if size == 0 else (4, 16, 8200, 8256)
    rows = batch * steps
    logits = bfloat16(2 * floats(1, rows, padded))
    targets = rng(2).integers(0, words, rows).astype(np.int32)
    chances = softmax(widened(logits)[:, :words].astype(np.float64))
    slopes = chances.copy()
    slopes[np.arange(rows), targets] -= 1
    losses = -np.log(chances[np.arange(rows), targets])

    def check(contents: dict[str, np.ndarray]) -> None:
        np.testing.assert_allclose(widened(contents["logits"])[:, :words], slopes / rows, 2**-7, 1e-6)
        np.testing.assert_array_equal(contents["logits"][:, words:], logits[:, words:])
        np.testing.assert_allclose(contents["losses"], losses, 1e-5)

    step = Step("fused_classifier_kernel5<true, false>", rows, 1024,
                ["logits", "losses", None, np.float32(1 / rows), "targets", batch, steps, words, padded, b"\0"])
    return Job({"logits": logits, "losses": np.zeros(rows, np.float32), "targets": targets}, [step], check=check)


def kernel(name: str, kind: str, features: str, make: object, path: str = FP32, **more: object) -> PublicKernel:
    return PublicKernel(name, REPOSITORY, path, kind, features, make, **more)  # type: ignore[arg-type]


# The build chooses the precision.
KERNELS = [
    kernel("encoder_forward_kernel3", "embedding", "float4", encoder),
    kernel("layernorm_forward_kernel3", "layer norm", "cg tile, cg::reduce, __ldcs, __stcs", layer_norm_forward),
    kernel("layernorm_backward_kernel2", "layer norm, backward", "cg::reduce, dynamic shared, float atomics",
           layer_norm_backward),
    kernel("softmax_forward_kernel5", "online softmax", "cg::reduce, float4, triangular loops", causal_softmax),
    kernel("gelu_forward_kernel", "activation", "tanhf", gelu_forward),
    kernel("matmul_backward_bias_kernel4", "column sums", "dynamic shared", bias_backward),
    kernel("matmul_forward_kernel4", "matrix product", "shared tiles, float4, register tile, launch bounds",
           matmul_forward),
    kernel("adamw_kernel2", "optimizer", "fma, sqrtf", adam_w),
    kernel("fused_classifier_kernel3", "cross entropy, fused", "cg::reduce, block reduction, null pointers",
           classifier),
    kernel("layernorm_forward_kernel6", "layer norm in bf16", "bf16, 128-bit loads, dynamic shared, shuffles",
           bfloat16_layer_norm, "llmc/layernorm.cuh", options=("-DENABLE_BF16",)),
    kernel("fused_classifier_kernel5", "cross entropy in bf16", "bf16, template, function template argument, shuffles",
           bfloat16_classifier, "llmc/fused_classifier.cuh", options=("-DENABLE_BF16",),
           expressions=("fused_classifier_kernel5<true, false>",)),
]
