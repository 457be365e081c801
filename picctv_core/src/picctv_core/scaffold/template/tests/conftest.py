"""What the tests of the web part share. The fixtures whose names begin with picctv_ come with picctv."""

from __future__ import annotations

from typing import Any

import pytest
from picctv_core.messages import EVENT
from picctv_server.models import Clip

from picctv_new_plugin import NAME

SECOND = 1_000_000_000

START_NS = 1_767_225_600 * SECOND


@pytest.fixture
def clip(picctv_database: Any) -> Clip:
    """A stored clip of four seconds. Its video is missing; nothing here plays it."""
    return Clip(
        id="a" * 32,
        camera="node/camera",
        plugin="recording",
        started_at_ns=START_NS,
        ended_at_ns=START_NS + 4 * SECOND,
        frames=40,
        width=320,
        height=240,
    ).save()


@pytest.fixture
def event(picctv_store: Any, picctv_message: Any) -> None:
    """A stored event of two seconds, which begins a second into the clip."""
    payload = {
        "event_id": "1",
        "started_at_ns": START_NS + SECOND,
        "ended_at_ns": START_NS + 3 * SECOND,
        "peak_score": 0.25,
        "peak_at_ns": START_NS + 2 * SECOND,
        "peak": None,
    }
    picctv_store.add_event(picctv_message(EVENT, payload, plugin=NAME))
