"""Clip messages on their way into a store."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from picctv_core.errors import CodecError
from picctv_core.hookspecs import server
from picctv_core.messages import Message
from picctv_core.plugins import bind
from picctv_plugins_recording.processor import RecordingProcessor
from picctv_plugins_recording.thumbnail import thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_core.frames import AccessUnit

    Steady = Callable[..., list[AccessUnit]]

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND + 123_456_789


class Shelf:
    """Takes clips as the server's store does, and keeps what it is given."""

    def __init__(self) -> None:
        self.clips: list[dict[str, Any]] = []

    def add_clip(self, message: Message, *, mp4: Path, **about: Any) -> None:
        """Keep a clip, and its file while it is there."""
        self.clips.append({"id": message.id, "mp4": mp4.read_bytes(), "path": mp4, **about})


def message_of(units: list[AccessUnit], kind: str = "clip", changes: dict[str, Any] | None = None) -> Message:
    payload = {
        "started_at_ns": START_NS,
        "ended_at_ns": START_NS + len(units) * SECOND // 10,
        "width": 160,
        "height": 120,
        "trigger": None,
        "peak_at_ns": None,
        "units": [[unit.captured_at_ns, unit.is_key, unit.annexb] for unit in units],
    }
    return Message("ab12", "garage", "garage/door", "recording", kind, START_NS, 1, payload | (changes or {}))


def process(message: Message) -> tuple[Any, Shelf]:
    shelf = Shelf()
    hooks = bind(RecordingProcessor(RecordingProcessor.Settings(), shelf), "recording", server)
    return hooks.picctv_process_message(message=message, store=shelf), shelf


def bar_column(jpeg: bytes) -> int:
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    return int(np.argmax(picture.mean(axis=0)))


@pytest.mark.parametrize("b_frames", [0, 2])
def test_clip_becomes_an_mp4_with_a_thumbnail(steady: Steady, b_frames: int) -> None:
    done, shelf = process(message_of(steady(3, b_frames=b_frames)))
    assert done is True
    clip = shelf.clips[0]
    with av.open(io.BytesIO(clip.pop("mp4"))) as container:
        assert len(list(container.decode(video=0))) == 30
    assert not clip.pop("path").exists()
    # The middle one of three key units is picture 10.
    assert bar_column(clip.pop("thumbnail")) == pytest.approx(41, abs=2)
    assert clip == {
        "id": "ab12",
        "frames": 30,
        "width": 160,
        "height": 120,
        "started_at_ns": START_NS,
        "ended_at_ns": START_NS + 3 * SECOND,
    }


@pytest.mark.parametrize("b_frames", [0, 2])
def test_thumbnail_shows_the_picture_of_the_peak(steady: Steady, b_frames: int) -> None:
    units = steady(3, b_frames=b_frames)
    for picture in (0, 7, 9, 10, 17, 29):
        jpeg = thumbnail(units, START_NS + picture * SECOND // 10 + 1000)
        assert bar_column(jpeg) == pytest.approx(4 * picture + 1.5, abs=2)


def test_message_of_another_kind_is_left_to_the_server(steady: Steady) -> None:
    done, shelf = process(message_of(steady(1), kind="gap"))
    assert done is None
    assert shelf.clips == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"units": []}, "the clip ab12 of garage/door is damaged: units: List should have at least 1 item"),
        ({"units": [[START_NS, True]]}, "the clip ab12 of garage/door is damaged: units.0.2: Field required"),
        (
            {"units": [[START_NS, True, "text"]]},
            "the clip ab12 of garage/door is damaged: units.0.2: Input should be",
        ),
        ({"units": "no"}, "the clip ab12 of garage/door is damaged: units: Input should be a valid list"),
        ({"started_at_ns": START_NS + 1}, "is damaged: its units lie from"),
        ({"ended_at_ns": START_NS}, "is damaged: its units lie from"),
        (
            {"units": [[START_NS, True, b"\0\0\1\x65rubbish"]]},
            "must begin with a key unit that has its SPS and PPS",
        ),
    ],
)
def test_damaged_clip_is_refused_with_a_reason(steady: Steady, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(CodecError) as caught:
        process(message_of(steady(1), changes=changes))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_payload_that_is_no_map_is_refused() -> None:
    message = Message("ab12", "garage", "garage/door", "recording", "clip", START_NS, 1, [1, 2])
    with pytest.raises(CodecError, match="is damaged: payload"):
        process(message)
