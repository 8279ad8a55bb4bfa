"""A program of TensorRT 8: bindings by number, as the samples of that time are written. Run by test_bindings.py."""

import numpy as np
import tensorrt as trt
from cuda.bindings import driver
from trt_models import WEIGHTS, dense

LOGGER = trt.Logger(trt.Logger.WARNING)


def check(answer):
    assert int(answer[0]) == 0, answer
    return answer[1] if len(answer) > 1 else None


check(driver.cuInit(0))
check(driver.cuCtxSetCurrent(check(driver.cuDevicePrimaryCtxRetain(0))))
stream = check(driver.cuStreamCreate(0))
with trt.Builder(LOGGER) as builder, builder.create_network(
        1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)) as network, \
        trt.OnnxParser(network, LOGGER) as parser, builder.create_builder_config() as config:
    config.max_workspace_size = 1 << 28
    builder.max_batch_size = 1
    assert parser.parse(dense("N"))
    profile = builder.create_optimization_profile()
    profile.set_shape("x", (1, 8), (4, 8), (8, 8))
    config.add_optimization_profile(profile)
    engine = builder.build_engine(network, config)
with engine, engine.create_execution_context() as context:
    assert engine.num_bindings == len(engine) == 2 and engine.max_batch_size == 1
    assert list(engine) == ["x", "z"] and engine.get_binding_index("z") == 1 and engine["z"] == 1
    assert engine.binding_is_input("x") and not engine.binding_is_input(1)
    assert tuple(engine.get_binding_shape(0)) == (-1, 8) and engine.get_binding_dtype("x") == trt.float32
    assert [tuple(shape) for shape in engine.get_profile_shape(0, "x")] == [(1, 8), (4, 8), (8, 8)]
    assert not context.all_binding_shapes_specified and context.set_binding_shape(0, (3, 8))
    assert context.all_binding_shapes_specified and tuple(context.get_binding_shape(1)) == (3, 8)
    assert not context.set_binding_shape(0, (9, 8))
    x = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    out = np.empty_like(x)
    buffers = [check(driver.cuMemAlloc(x.nbytes)) for _ in range(2)]
    check(driver.cuMemcpyHtoDAsync(buffers[0], x.ctypes.data, x.nbytes, stream))
    assert context.execute_async_v2(bindings=[int(buffer) for buffer in buffers], stream_handle=int(stream))
    check(driver.cuMemcpyDtoHAsync(out.ctypes.data, buffers[1], x.nbytes, stream))
    check(driver.cuStreamSynchronize(stream))
    assert np.allclose(out, np.maximum(x @ WEIGHTS, 0), atol=1e-5)
    assert context.execute_v2([int(buffer) for buffer in buffers])
    for old in (lambda places: context.execute(1, places),
                lambda places: context.execute_async(1, places, int(stream))):
        check(driver.cuMemsetD8(buffers[1], 0, x.nbytes))
        assert old([int(buffer) for buffer in buffers])
        check(driver.cuStreamSynchronize(stream))
        check(driver.cuMemcpyDtoH(out.ctypes.data, buffers[1], x.nbytes))
        assert np.allclose(out, np.maximum(x @ WEIGHTS, 0), atol=1e-5)
print("done")
