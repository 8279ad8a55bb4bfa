"""Loops and conditionals of the API, against Python's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_layers import F32, I32, Net
from trt_device import Device

trt = pytest.importorskip("tensorrt")
M = np.random.default_rng(8).standard_normal((4, 5)).astype(F32)
OP = trt.ElementWiseOperation


def counted(net: Net, count: Any) -> Any:
    loop = net.n.add_loop()
    loop.add_trip_limit(count, trt.TripLimit.COUNT)
    return loop


def test_a_recurrence_and_its_history(gpu: Device) -> None:
    net = Net(M)
    loop = counted(net, net.const(5, I32))
    value = loop.add_recurrence(net.t[0])
    double = net.n.add_elementwise(value.get_output(0), net.const([[2]]), OP.PROD)
    value.set_input(1, double.get_output(0))
    last = loop.add_loop_output(value.get_output(0), trt.LoopOutput.LAST_VALUE)
    every = loop.add_loop_output(double.get_output(0), trt.LoopOutput.CONCATENATE, 1)
    every.set_input(1, net.const(5, I32))
    back = loop.add_loop_output(value.get_output(0), trt.LoopOutput.REVERSE, 0)
    back.set_input(1, net.const(5, I32))
    final, along, reverse = net.run(gpu, last.get_output(0), every.get_output(0), back.get_output(0))
    assert np.allclose(final, M * 32)
    assert np.allclose(along, np.stack([M * 2**n for n in range(1, 6)], 1))
    assert np.allclose(reverse, np.stack([M * 2**n for n in range(5)][::-1]))


@pytest.mark.parametrize("reverse", [False, True])
def test_an_iterator_walks_along_an_axis(gpu: Device, reverse: bool) -> None:
    net = Net(M)
    loop = counted(net, net.const(5, I32))
    column = loop.add_iterator(net.t[0], 1, reverse)
    total = loop.add_recurrence(net.const(np.zeros(4)))
    scaled = net.n.add_elementwise(total.get_output(0), net.const([0.5]), OP.PROD)
    total.set_input(1, net.n.add_elementwise(scaled.get_output(0), column.get_output(0), OP.SUM).get_output(0))
    out = loop.add_loop_output(total.get_output(0), trt.LoopOutput.LAST_VALUE)
    expected = np.zeros(4)
    for column_values in (M.T[::-1] if reverse else M.T):
        expected = expected * 0.5 + column_values
    assert np.allclose(net.run(gpu, out.get_output(0))[0], expected, atol=1e-5)


@pytest.mark.parametrize("start", [1, 3, 300])
def test_a_loop_runs_while_a_condition_holds(gpu: Device, start: int) -> None:
    net = Net(np.array(start, I32))
    loop = net.n.add_loop()
    value = loop.add_recurrence(net.t[0])
    limit = net.n.add_elementwise(value.get_output(0), net.const(100, I32), OP.LESS)
    loop.add_trip_limit(limit.get_output(0), trt.TripLimit.WHILE)
    following = net.n.add_elementwise(value.get_output(0), net.const(3, I32), OP.PROD)
    value.set_input(1, following.get_output(0))
    out = loop.add_loop_output(value.get_output(0), trt.LoopOutput.LAST_VALUE)
    while start < 100:
        start *= 3
    assert net.run(gpu, out.get_output(0))[0] == start


def test_a_loop_in_a_loop(gpu: Device) -> None:
    net = Net(np.array(2, I32))
    outer = counted(net, net.const(3, I32))
    a = outer.add_recurrence(net.t[0])
    inner = counted(net, net.const(2, I32))
    b = inner.add_recurrence(a.get_output(0))
    b.set_input(1, net.n.add_elementwise(b.get_output(0), a.get_output(0), OP.SUM).get_output(0))
    inside = inner.add_loop_output(b.get_output(0), trt.LoopOutput.LAST_VALUE)
    a.set_input(1, net.n.add_elementwise(inside.get_output(0), net.const(1, I32), OP.SUM).get_output(0))
    out = outer.add_loop_output(a.get_output(0), trt.LoopOutput.LAST_VALUE)
    value = 2
    for _ in range(3):
        value = value * 3 + 1
    assert net.run(gpu, out.get_output(0))[0] == value


@pytest.mark.parametrize("which", [True, False])
def test_a_conditional_takes_one_branch(gpu: Device, which: bool) -> None:
    net = Net(M, np.array(which))
    choice = net.n.add_if_conditional()
    choice.set_condition(net.t[1])
    inside = choice.add_input(net.t[0]).get_output(0)
    yes = net.n.add_elementwise(inside, net.const([[3]]), OP.PROD)
    no = net.n.add_unary(inside, trt.UnaryOperation.NEG)
    out = choice.add_output(yes.get_output(0), no.get_output(0))
    assert tuple(out.get_output(0).shape) == (4, 5)
    assert np.allclose(net.run(gpu, out.get_output(0))[0], M * 3 if which else -M)


def test_a_loop_without_a_limit_or_next_value_is_refused() -> None:
    for limit in (True, False):
        net = Net(M)
        loop = net.n.add_loop()
        value = loop.add_recurrence(net.t[0])
        if limit:
            loop.add_trip_limit(net.const(5, I32), trt.TripLimit.COUNT)
        out = loop.add_loop_output(value.get_output(0), trt.LoopOutput.LAST_VALUE)
        net.n.mark_output(out.get_output(0))
        assert net.builder.build_serialized_network(net.n, net.builder.create_builder_config()) is None
        assert ("no next value" if limit else "no trip limit") in net.log.errors[-1]
