"""What plugin authors test with behaves as the node does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import CodecError
from picctv_core.testing import FakeCamera, FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.camera import Camera


def test_fake_camera_keeps_what_the_server_would_read(tmp_path: Path) -> None:
    fake = FakeCamera(tmp_path / "own", FakeClock(now_ns=7), node="garage", name="door", plugin="motion")
    camera: Camera = fake
    camera.emit("note", {"box": (1, 2)})
    camera.emit("note", None, captured_at_ns=3)
    camera.notify("warning", "Title", "text")
    camera.gap(1, 2, "cause", 5)
    assert [(message.kind, message.payload, message.captured_at_ns) for message in fake.messages] == [
        ("note", {"box": [1, 2]}, 7),
        ("note", None, 3),
        ("notification", {"level": "warning", "title": "Title", "text": "text"}, 7),
        ("gap", {"from_ns": 1, "to_ns": 2, "cause": "cause", "bytes": 5}, 1),
    ]
    assert (fake.messages[0].camera, fake.messages[0].plugin) == ("garage/door", "motion")
    assert [message.sequence for message in fake.of_kind("note")] == [0, 1]
    assert camera.data.is_dir()


def test_fake_camera_refuses_what_the_node_refuses(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)
    with pytest.raises(CodecError, match="no plain data"):
        camera.emit("note", object())
    with pytest.raises(CodecError, match="kind 'clip'"):
        camera.emit("clip", {"units": []})
    with pytest.raises(ValueError, match="no level 'loud'"):
        camera.notify("loud", "Title")
    assert camera.messages == []


def test_fake_camera_notes_what_it_refused(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)
    with pytest.raises(CodecError):
        camera.emit("note", object())
    assert camera.refused == ["note: value is a object, which is no plain data"]
    assert camera.messages == []


def test_fake_clock_is_wound_to_a_time_and_never_back() -> None:
    clock = FakeClock(now_ns=5)
    assert [clock.advance_to(at_ns) for at_ns in (9, 7, 9)] == [9, 9, 9]
