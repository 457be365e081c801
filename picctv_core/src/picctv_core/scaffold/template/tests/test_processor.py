"""The server part, in a server's own processing: a MongoDB is started for the tests."""

from __future__ import annotations

from typing import Any

import pytest
from picctv_core.messages import EVENT
from picctv_server.queries import events_between, latest_notifications

from picctv_new_plugin import NAME
from picctv_new_plugin.processor import NewPluginProcessor

SECOND = 1_000_000_000

START_NS = 1_767_225_600 * SECOND


@pytest.mark.parametrize(
    ("seconds", "titles"),
    [(12, ["New plugin: garage/door changed for 12 s"]), (9, []), (None, [])],
    ids=["long", "short", "goes on"],
)
def test_long_change_is_notified_once(
    picctv_processor: Any, picctv_message: Any, seconds: int | None, titles: list[str]
) -> None:
    payload = {
        "event_id": "1",
        "started_at_ns": START_NS,
        "ended_at_ns": None if seconds is None else START_NS + seconds * SECOND,
        "peak_score": 0.2,
        "peak_at_ns": START_NS,
        "peak": None,
    }
    message = picctv_message(EVENT, payload, plugin=NAME, node="garage", camera="door")
    # Twice, as after a crash of the server: it is stored once.
    picctv_processor(NewPluginProcessor, name=NAME).process([message, message])
    assert [notification.title for notification in latest_notifications()] == titles
    assert len(events_between("garage/door", START_NS, START_NS + SECOND, NAME)) == 1
