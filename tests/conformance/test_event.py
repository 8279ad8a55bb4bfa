"""Events: recording, waiting across streams, times."""

from __future__ import annotations

import time
from typing import Any

import pytest


def test_an_unrecorded_event_counts_as_done(api: Any, stream: Any) -> None:
    event = api.cuEventCreate(0)
    assert api.status("cuEventQuery", event) == "SUCCESS"
    api.cuEventSynchronize(event)
    api.cuStreamWaitEvent(stream, event, 0)


def test_an_event_is_reached_when_the_work_before_it_is_done(api: Any, stream: Any, hold: Any) -> None:
    event = api.cuEventCreate(0)
    gate = hold(stream)
    api.cuEventRecord(event, stream)
    assert api.status("cuEventQuery", event) == "NOT_READY"
    gate.open()
    api.cuEventSynchronize(event)
    assert api.status("cuEventQuery", event) == "SUCCESS"


def test_a_stream_waits_for_another_streams_event(api: Any, stream: Any, hold: Any) -> None:
    other, event, device = api.cuStreamCreate(1), api.cuEventCreate(2), api.cuMemAlloc(64)
    gate = hold(stream)
    api.cuEventRecord(event, stream)
    api.cuStreamWaitEvent(other, event, 0)
    api.cuMemsetD8Async(device, 1, 64, other)
    assert api.status("cuStreamQuery", other) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(other)


def test_waiting_is_for_the_record_made_before(api: Any, stream: Any, hold: Any) -> None:
    other, event = api.cuStreamCreate(1), api.cuEventCreate(0)
    api.cuEventRecord(event, stream)
    api.cuEventSynchronize(event)
    api.cuStreamWaitEvent(other, event, 0)
    hold(stream)
    api.cuEventRecord(event, stream)
    api.cuStreamSynchronize(other)
    assert api.status("cuEventQuery", event) == "NOT_READY"


def test_a_context_records_the_work_of_all_its_streams(api: Any, context: Any, hold: Any) -> None:
    event, streams = api.cuEventCreate(0), [api.cuStreamCreate(1), api.cuStreamCreate(1)]
    gates = [hold(each) for each in streams]
    api.cuCtxRecordEvent(context, event)
    gates[0].open()
    api.cuStreamSynchronize(streams[0])
    assert api.status("cuEventQuery", event) == "NOT_READY"
    for gate in gates:
        gate.open()
    api.cuEventSynchronize(event)


def test_times_grow_with_the_work_between(api: Any, stream: Any) -> None:
    first, last, device = api.cuEventCreate(0), api.cuEventCreate(0), api.cuMemAlloc(64)
    api.cuEventRecord(first, stream)
    api.cuMemsetD8Async(device, 1, 64, stream)
    time.sleep(0.02)
    api.cuEventRecord(last, stream)
    api.cuEventSynchronize(last)
    assert 15 < api.cuEventElapsedTime(first, last) < 5000
    assert api.cuEventElapsedTime(last, first) < 0


def test_times_that_cannot_be_told(api: Any, stream: Any, hold: Any) -> None:
    timed, untimed, never = api.cuEventCreate(0), api.cuEventCreate(2), api.cuEventCreate(0)
    api.cuEventRecord(timed, stream)
    api.cuEventRecord(untimed, stream)
    assert api.status("cuEventElapsedTime", timed, untimed) == "INVALID_HANDLE"
    assert api.status("cuEventElapsedTime", timed, never) == "INVALID_HANDLE"
    later = api.cuEventCreate(0)
    hold(stream)
    api.cuEventRecord(later, stream)
    assert api.status("cuEventElapsedTime", timed, later) == "NOT_READY"


@pytest.mark.parametrize(("flags", "answer"), [(1, "SUCCESS"), (3, "SUCCESS"), (4, "INVALID_VALUE"),
                                               (8, "INVALID_VALUE"), (6, "SUCCESS")])
def test_flags(api: Any, context: Any, flags: int, answer: str) -> None:
    assert api.status("cuEventCreate", flags) == answer


def test_stale_and_foreign_events_are_errors(api: Any, cu: Any, stream: Any) -> None:
    event = api.cuEventCreate(0)
    api.cuEventDestroy(event)
    for name in ("cuEventQuery", "cuEventSynchronize", "cuEventDestroy"):
        assert api.status(name, event) == "INVALID_HANDLE"
    assert api.status("cuEventRecord", event, stream) == "INVALID_HANDLE"
    assert api.status("cuEventQuery", cu.CUevent(int(stream))) == "INVALID_HANDLE"


def test_an_event_belongs_to_its_context(api: Any, stream: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    event = api.cuEventCreate(0)
    assert api.status("cuEventRecord", event, stream) == "INVALID_HANDLE"
    api.cuStreamWaitEvent(stream, event, 0)
    api.cuCtxDestroy(own)
    assert api.status("cuEventQuery", event) == "INVALID_HANDLE"
