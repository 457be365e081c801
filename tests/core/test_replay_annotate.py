"""The video and the texts that show what a plugin said."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from picctv_core import codec
from picctv_core.picture import color_range_of
from picctv_core.replay.drawing import ORANGE, WHITE, Canvas, boxes_of, lines_of
from picctv_core.replay.outputs import Target
from picctv_core.replay.plain_json import line_of
from picctv_core.replay.times import FileClock, creation_ns, offset, utc
from picctv_core.sources.luma import plane_of
from tests.core.replays import SEEN, Replay
from tests.core.videos import picture, write_video

if TYPE_CHECKING:
    from pathlib import Path

BOXED = """
class Boxed:
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"triggered": frame.sequence == 3, "boxes": [[0.5, 0.5, 0.25, 0.25]] if frame.sequence == 3 else []}
"""


def pictures(path: Path) -> list[av.VideoFrame]:
    """Decode a video."""
    with av.open(path) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize(("codec_name", "name", "pix_fmt"), [
    ("libx264", "a.mp4", "yuv420p"), ("libx264", "a.mkv", "yuv444p"), ("mjpeg", "a.mkv", "yuvj422p"), ("ffv1", "a.mkv", "gray"),
])  # fmt: skip
def test_every_picture_stands_at_its_time(
    tmp_path: Path, replay: Replay, codec_name: str, name: str, pix_fmt: str
) -> None:
    replay.install("boxed", BOXED)
    uneven = [0, 33, 40, 250, 251, 1000, 1777]
    options = {"bf": "2"} if codec_name == "libx264" else {}
    path = write_video(tmp_path / name, codec_name, uneven, options=options, pix_fmt=pix_fmt)
    out = tmp_path / "seen.mp4"
    assert replay(path, "--plugin", "boxed", "--out", "/dev/null", "--annotate", out).code == 0
    shown = pictures(out)
    assert [round(float(frame.pts * frame.time_base) * 1000, 3) for frame in shown] == uneven
    before = pictures(path)
    for mine, theirs in zip(shown, before, strict=True):
        assert color_range_of(mine) == (2 if pix_fmt in {"yuvj422p", "gray"} else 1)
        # Below the text and outside the box the picture is as it was.
        rest = [frame.to_ndarray(format="gray").astype(int)[70:, :70] for frame in (mine, theirs)]
        assert np.abs(rest[0] - rest[1]).mean() < 4


def test_a_box_is_drawn_where_and_when_it_is(tmp_path: Path, replay: Replay) -> None:
    replay.install("boxed", BOXED)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 1000, 50), options={"bf": "0"})
    out = tmp_path / "seen.mp4"
    replay(path, "--plugin", "boxed", "--out", "/dev/null", "--annotate", out, "--analysis", "160x120@10")
    boxed = []
    for number, frame in enumerate(pictures(out)):
        u = plane_of(frame, 1)[:, :80].astype(int)
        # x from 80 to 120, y from 60 to 90; planes of colour have half of that.
        edge = np.concatenate([u[30, 40:60], u[44, 40:60], u[30:45, 40], u[30:45, 59]])
        if np.abs(edge - ORANGE.u).mean() < 20:
            boxed.append(number)
            assert np.abs(u[33:42, 43:57] - 128).mean() < 6
            assert np.abs(u[50:, 25:] - 128).mean() < 6
    # The fourth frame, and the picture after it, which is not analysed.
    assert boxed == [6, 7]


def test_drawing_leaves_the_frames_of_the_plugin_alone(tmp_path: Path, replay: Replay) -> None:
    """Where the picture has the size of the analysis, the plugin's frame is the decoder's own memory, and may be kept."""
    keeps = """
class Keeps:
    def __init__(self, settings, camera):
        self.kept = []
    @hookimpl
    def picctv_analyze_frame(self, frame):
        changed = [number for number, (kept, copy) in enumerate(self.kept) if not np.array_equal(kept, copy)]
        self.kept.append((frame.luma, frame.luma.copy()))
        return {"changed": changed, "boxes": [[0, 0, 1, 1]], "triggered": True}
"""
    replay.install("keeps", keeps)
    path = write_video(tmp_path / "a.mp4", "libx264", range(0, 2000, 40))
    ran = replay(path, "--plugin", "keeps", "--annotate", tmp_path / "v.mp4", "--analysis", "160x120@25")
    assert len(ran.lines) == 50
    assert [line["result"]["changed"] for line in ran.lines] == [[]] * 50


def test_a_video_whose_size_changes_keeps_that_of_its_first_picture(tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    one = write_video(tmp_path / "1.ts", "libx264", range(0, 400, 40), options={"bf": "0"})
    two = write_video(tmp_path / "2.ts", "libx264", range(400, 800, 40), size=(320, 240), options={"bf": "0"})
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    assert replay(both, "--plugin", "seen", "--out", "/dev/null", "--annotate", tmp_path / "v.mp4").code == 0
    assert {(frame.width, frame.height) for frame in pictures(tmp_path / "v.mp4")} == {(160, 120)}


# Drawing --------------------------------------------------------------------------------------------------------------


def test_boxes_beyond_the_picture_are_cut_and_tiny_ones_are_seen() -> None:
    canvas = Canvas(picture(0))
    canvas.box((-0.5, -0.5, 2.0, 2.0), ORANGE)
    y = plane_of(canvas.frame, 0)[:, :160]
    assert (y[:2] == ORANGE.y).all()
    assert (y[-2:] == ORANGE.y).all()
    assert (y[:, :2] == ORANGE.y).all()
    assert (y[:, -2:] == ORANGE.y).all()
    assert not (y[2:-2, 2:-2] == ORANGE.y).all()
    for corner in ((0.0, 0.0), (1.0, 1.0), (0.5, 0.99)):
        canvas = Canvas(picture(0))
        canvas.box((*corner, 0.0, 0.0), WHITE)
        assert (plane_of(canvas.frame, 0)[:, :160] == WHITE.y).sum() == 16


@pytest.mark.parametrize("size", [(16, 16), (18, 20), (64, 48), (1920, 1080)])
def test_text_fits_every_picture(size: tuple[int, int]) -> None:
    source = picture(0, 160, 120).reformat(*size)
    before = source.to_ndarray()
    canvas = Canvas(source)
    for number in range(200):
        canvas.text(
            "a line of text that is far too long for a small picture" * 5, number * canvas.line_height, WHITE
        )
    assert np.array_equal(source.to_ndarray(), before)
    assert not np.array_equal(canvas.frame.to_ndarray(), before)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"boxes": [[0.1, 0.2, 0.3, 0.4]]}, [(0.1, 0.2, 0.3, 0.4)]),
        ({"boxes": np.array([[0, 0, 1, 1]])}, [(0.0, 0.0, 1.0, 1.0)]),
        ({"boxes": [[0.1, 0.2, 0.3], "abcd", None, [1, 2, float("nan"), 4], [10, 20, 30, 40]]}, []),
        ({"boxes": {"a": 1}}, []),
        ({"boxes": 3}, []),
        ([1], []),
        (None, []),
    ],
)
def test_boxes_are_found_where_they_are_some(data: Any, found: list[Any]) -> None:
    assert boxes_of(data) == found


def test_numbers_and_booleans_become_lines() -> None:
    said = {
        "area": 0.123456,
        "triggered": True,
        "score": 1,
        "dark": False,
        "boxes": [],
        "name": "x",
        "none": None,
    }
    assert lines_of(said) == ["score: 1", "area: 0.1235", "dark: no"]
    assert lines_of(0.5) == ["result: 0.5"]
    assert lines_of([1]) == []


# JSON and times -------------------------------------------------------------------------------------------------------


def test_data_has_its_form_in_json() -> None:
    data = {
        1: (True, None, 2**70, "ä"),
        "array": np.array([[1, 2], [3, 4]], np.uint8),
        "floats": np.array([1.5, np.nan], np.float32),
        "complex": np.array([1 + 2j]),
        "time": dt.datetime(2026, 1, 31, 13, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        "bytes": b"\x00\xff",
        "never": [float("nan"), float("inf"), -float("inf")],
    }
    line = line_of(codec.unpack(codec.pack(data)))
    assert line.endswith("}\n")
    assert line.isascii()
    assert json.loads(line) == {
        "1": [True, None, 2**70, "ä"],
        "array": {"array": [[1, 2], [3, 4]], "dtype": "uint8", "shape": [2, 2]},
        "floats": {"array": [1.5, "NaN"], "dtype": "float32", "shape": [2]},
        "complex": {"array": [[1.0, 2.0]], "dtype": "complex128", "shape": [1]},
        "time": "2026-01-31T12:00:00.000000+00:00",
        "bytes": {"base64": "AP8="},
        "never": ["NaN", "Infinity", "-Infinity"],
    }
    assert line_of({"a": [b"abc"]}, bytes_as_size=True) == '{"a": [{"bytes": 3}]}\n'


def test_times_are_exact_and_readable() -> None:
    assert utc(1_769_857_200_123_456_789) == "2026-01-31 11:00:00.123"
    assert [offset(ms * 1_000_000) for ms in (0, 62_345, 3_723_004, -1500)] == [
        "00:00.000",
        "01:02.345",
        "1:02:03.004",
        "-00:01.500",
    ]
    assert creation_ns({"creation_time": "2025-06-01T10:00:00.000001Z"}) == 1_748_772_000_000_001_000
    assert creation_ns({"creation_time": "2025-06-01 10:00:00"}) == 1_748_772_000_000_000_000
    assert [creation_ns({"creation_time": text}) for text in ("", "today", "1904-01-01T00:00:00Z")] == [
        0,
        0,
        0,
    ]


def test_the_clock_never_runs_backwards() -> None:
    clock = FileClock(5_000_000_000)
    clock.advance_to(7_000_000_000)
    clock.advance_to(6_000_000_000)
    assert (clock.now_ns(), clock.monotonic()) == (7_000_000_000, 2.0)


def test_a_target_keeps_its_name_for_what_is_whole(tmp_path: Path) -> None:
    target = Target("--out", tmp_path / ("n" * 250))
    target.part.write_text("x")
    assert not (tmp_path / ("n" * 250)).exists()
    target.commit()
    target.discard()
    assert (tmp_path / ("n" * 250)).read_text() == "x"


def test_a_summary_of_odd_messages_is_still_one(tmp_path: Path, replay: Replay) -> None:
    odd = """
class Odd:
    def __init__(self, settings, camera): self.camera = camera
    @hookimpl
    def picctv_analyze_frame(self, frame):
        if frame.sequence == 0:
            self.camera.emit("clip", {"started_at_ns": 0, "ended_at_ns": 1})
            self.camera.emit("notification", 3)
            self.camera.notify("warning", "Dark", "lamp off")
            self.camera.gap(0, 1_500_000_000, "fog")
"""
    replay.install("odd", odd)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 1000, 50), options={"bf": "0"})
    ran = replay(path, "--plugin", "odd")
    assert ran.code == 0
    assert (ran.row("clips"), ran.row("notifications"), ran.row("gaps")) == ("1", "2", "1")
    assert [line for line in ran.err.splitlines() if line.startswith("  ")] == [
        "  not as 'clip' must be: KeyError: 'units'",
        "  not as 'notification' must be: TypeError: 'int' object is not subscriptable",
        "  00:00.000 warning: Dark: lamp off",
        "  00:00.000 to 00:01.500: fog",
    ]


def test_long_lists_are_cut(tmp_path: Path, replay: Replay) -> None:
    many = """
class Many:
    def __init__(self, settings, camera): self.camera = camera
    @hookimpl
    def picctv_analyze_frame(self, frame):
        self.camera.gap(frame.captured_at_ns, frame.captured_at_ns, "fog")
"""
    replay.install("many", many)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 3000, 100), options={"bf": "0"})
    ran = replay(path, "--plugin", "many")
    listed = [line for line in ran.err.splitlines() if line.startswith("  ")]
    assert ran.row("gaps") == "30"
    assert len(listed) == 21
    assert listed[-2:] == ["  00:01.900 to 00:01.900: fog", "  and 10 more"]
