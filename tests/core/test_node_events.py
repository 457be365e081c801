"""Events made of results."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.errors import CodecError, PluginError
from picctv_core.frames import EndedEvent
from picctv_core.messages import MAX_DETAILS_BYTES
from picctv_core.node.events import EventTracker, plain_details

S = 1_000_000_000


def hit(score: Any = None) -> dict[str, Any]:
    return {"triggered": True, "score": score}


MISS = {"triggered": False}


def test_event_is_told_at_its_start_and_at_its_end() -> None:
    tracker = EventTracker()
    assert tracker.see(0, MISS) == []
    (start,) = tracker.see(1 * S, hit(0.2))
    assert (start["started_at_ns"], start["ended_at_ns"], start["peak_score"]) == (1 * S, None, 0.2)
    assert tracker.see(2 * S, hit(0.9)) == []
    assert tracker.see(3 * S, hit(0.5)) == []
    assert tracker.see(5 * S, MISS) == []  # just at the gap's length
    (end,) = tracker.see(5 * S + 1, MISS)
    assert end == {
        "event_id": start["event_id"],
        "started_at_ns": 1 * S,
        "ended_at_ns": 3 * S,
        "peak_score": 0.9,
        "peak_at_ns": 2 * S,
        "peak": hit(0.9),
        "details": None,
    }
    assert tracker.close() == []


def test_short_pause_does_not_end_an_event() -> None:
    tracker = EventTracker()
    tracker.see(0, hit())
    assert tracker.see(1 * S, MISS) == []
    assert tracker.see(2 * S, hit()) == []
    assert [end["ended_at_ns"] for end in tracker.close()] == [2 * S]


def test_trigger_after_a_long_pause_is_another_event() -> None:
    tracker = EventTracker()
    (first,) = tracker.see(0, hit())
    end, second = tracker.see(10 * S, hit())
    assert (end["event_id"], end["ended_at_ns"]) == (first["event_id"], 0)
    assert second["event_id"] != first["event_id"]
    assert second["started_at_ns"] == 10 * S


def test_nothing_said_counts_as_not_triggered() -> None:
    tracker = EventTracker()
    tracker.see(0, hit())
    assert [end["ended_at_ns"] for end in tracker.see(3 * S, None)] == [0]


def test_long_event_is_told_again_every_thirty_seconds() -> None:
    tracker = EventTracker()
    told = [at_s for at_s in range(200) for _ in tracker.see(at_s * S, hit(at_s))]
    assert told == [0, 61, 91, 121, 151, 181]


@pytest.mark.parametrize("score", ["high", True, float("nan"), float("inf"), None])
def test_score_that_is_no_number_is_no_height(score: Any) -> None:
    (start,) = EventTracker().see(0, hit(score))
    assert start["peak_score"] is None


@pytest.mark.parametrize("data", [None, 3, "triggered", {"triggered": 1}, {}, [True]])
def test_only_a_true_trigger_makes_an_event(data: Any) -> None:
    assert EventTracker().see(0, data) == []


def test_details_are_asked_for_at_the_end_and_told_with_it() -> None:
    asked: list[EndedEvent] = []

    def details(event: EndedEvent) -> dict[str, Any]:
        asked.append(event)
        return {"number": len(asked)}

    tracker = EventTracker(details)
    (start,) = tracker.see(1 * S, hit(0.2))
    assert (start["details"], asked) == (None, [])
    tracker.see(2 * S, hit(0.9))
    assert tracker.reach(4 * S) == []
    (end,) = tracker.reach(4 * S + 1)
    assert end["details"] == {"number": 1}
    assert asked == [EndedEvent(start["event_id"], 1 * S, 2 * S, 2 * S, 0.9)]
    tracker.see(5 * S, hit())
    (end,) = tracker.close()
    assert end["details"] == {"number": 2}
    assert asked[1] == EndedEvent(end["event_id"], 5 * S, 5 * S, 5 * S, None)


def test_details_are_given_as_everybody_reads_them() -> None:
    assert plain_details(None) is None
    assert plain_details({"pair": (1, 2), "picture": b"\xff"}) == {"pair": [1, 2], "picture": b"\xff"}
    with pytest.raises(PluginError, match="a dict or None, not a list"):
        plain_details([1])
    with pytest.raises(CodecError, match="object"):
        plain_details({"thing": object()})
    with pytest.raises(PluginError, match=r"take \d+ bytes, 1048576 is the most: keep fewer"):
        plain_details({"picture": bytes(MAX_DETAILS_BYTES)})


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.floats(0, 1))))
def test_events_cover_the_triggered_frames_and_are_apart(frames: list[tuple[int, bool, float]]) -> None:
    tracker, at_ns, payloads, triggered = EventTracker(), 0, [], []
    for pause_s, is_triggered, score in frames:
        at_ns += pause_s * S
        payloads += tracker.see(at_ns, {"triggered": is_triggered, "score": score})
        if is_triggered:
            triggered.append(at_ns)
    payloads += tracker.close()
    events = [payload for payload in payloads if payload["ended_at_ns"] is not None]
    assert {event["event_id"] for event in events} == {payload["event_id"] for payload in payloads}
    for at in triggered:
        assert sum(event["started_at_ns"] <= at <= event["ended_at_ns"] for event in events) == 1
    for before, after in pairwise(events):
        assert after["started_at_ns"] - before["ended_at_ns"] > 2 * S
