"""The layers that only TensorRT 8.6 has, against NumPy. Run by test_bindings.py."""

from collections.abc import Callable

import numpy as np
import tensorrt as trt

LOGGER = trt.Logger(trt.Logger.WARNING)
R = np.random.default_rng(5)
X = R.standard_normal((1, 2, 5, 5)).astype(np.float32)
KERNEL = R.standard_normal((3, 2, 3, 3)).astype(np.float32)
BIAS = R.standard_normal(3).astype(np.float32)


def run(add: Callable) -> np.ndarray:
    builder = trt.Builder(LOGGER)
    network = builder.create_network(1)
    layer = add(network, network.add_input("x", trt.float32, X.shape))
    network.mark_output(layer.get_output(0))
    engine = builder.build_engine(network, builder.create_builder_config())
    out = np.empty(tuple(engine.get_binding_shape(1)), np.float32)
    assert engine.create_execution_context().execute_v2([X.ctypes.data, out.ctypes.data])
    return out


def windows(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    """(channel, row, column, size, size) of one image."""
    return np.lib.stride_tricks.sliding_window_view(x[0], (size, size), (1, 2))[:, ::stride, ::stride]


def convolution(network, x):
    layer = network.add_convolution(x, 3, trt.DimsHW(3, 3), KERNEL, BIAS)
    layer.stride, layer.padding = (2, 2), (1, 1)
    assert tuple(layer.stride) == (2, 2) and tuple(layer.kernel_size) == (3, 3) and layer.padding[0] == 1
    return layer


padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
right = np.einsum("cyxij,kcij->kyx", windows(padded, 3, 2), KERNEL) + BIAS[:, None, None]
assert np.allclose(run(convolution), right[None], atol=1e-4)

transposed = np.zeros((1, 3, 7, 7), np.float32)
for row in range(5):
    for column in range(5):
        transposed[0, :, row:row + 3, column:column + 3] += np.einsum(
            "c,ckij->kij", X[0, :, row, column], KERNEL.transpose(1, 0, 2, 3))
swapped = np.ascontiguousarray(KERNEL.transpose(1, 0, 2, 3))
assert np.allclose(run(lambda network, x: network.add_deconvolution(x, 3, (3, 3), swapped)), transposed, atol=1e-4)

dense = R.standard_normal((4, 50)).astype(np.float32)
found = run(lambda network, x: network.add_fully_connected(x, 4, dense, np.ones(4, np.float32)))
assert found.shape == (1, 4, 1, 1) and np.allclose(found[0, :, 0, 0], dense @ X.reshape(-1) + 1, atol=1e-4)

assert np.array_equal(run(lambda network, x: network.add_padding(x, (1, 0), (0, 2))),
                      np.pad(X, ((0, 0), (0, 0), (1, 0), (0, 2))))


def pooling(network, x):
    layer = network.add_pooling(x, trt.PoolingType.MAX, trt.DimsHW(2, 2))
    layer.stride = (1, 1)
    assert tuple(layer.window_size) == (2, 2)
    return layer


assert np.array_equal(run(pooling), windows(X, 2, 1).max((-1, -2))[None])
assert not hasattr(trt.INetworkDefinition, "add_squeeze") and not hasattr(trt.INetworkDefinition, "add_plugin_v3")
print("done")
