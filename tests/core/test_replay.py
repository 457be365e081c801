"""The command ``picctv replay``: what a plugin gets, and what is written of what it says."""

from __future__ import annotations

import json
import tempfile
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from picctv_core.frames import AnalysisFormat
from picctv_core.replay.times import FileClock
from picctv_core.sources.video import VideoSource
from tests.core.replays import SEEN, Replay
from tests.core.videos import picture, play, write_video

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo

EVEN = range(0, 2000, 40)
B_FRAMES = {"bf": "3", "g": "20", "b_strategy": "0"}
ANALYSIS = ("--analysis", "80x60@10")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two seconds of H.264 with B-frames."""
    return write_video(tmp_path / "a.mp4", "libx264", EVEN, options=B_FRAMES)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("b.mp4", "libx264", B_FRAMES), ("b.mkv", "libx264", {"bf": "0"}), ("b.avi", "mjpeg", {})],
)
@pytest.mark.parametrize("analysis", ["80x60@10", "160x120@240", "160x120@7"])
def test_frames_are_those_of_a_node(
    tmp_path: Path, replay: Replay, name: str, codec: str, options: dict[str, str], analysis: str
) -> None:
    replay.install("seen", SEEN)
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(tmp_path / name, codec, EVEN, options=options, pix_fmt=pix_fmt)
    node = play(path, analysis=analysis, paced=False)
    ran = replay(path, "--plugin", "seen", "--analysis", analysis)
    assert ran.code == 0
    assert len(ran.lines) == len(node.frames) > 10
    for line, frame in zip(ran.lines, node.frames, strict=True):
        since_ns = frame.captured_at_ns - node.frames[0].captured_at_ns
        assert line["msec"] == since_ns / 1e6
        assert line["captured_at_ns"] == line["result"]["now_ns"] == since_ns
        assert line["result"]["number"] == frame.sequence
        luma = line["result"]["luma"]
        assert np.array_equal(np.array(luma["array"], luma["dtype"]), frame.luma)
        assert luma["shape"] == list(frame.luma.shape)


def test_frames_have_the_times_of_the_file(tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    uneven = [0, 33, 40, 250, 251, 1000, 1777]
    path = write_video(tmp_path / "a.mkv", "libx264", uneven, options={"bf": "0"})
    ran = replay(path, "--plugin", "seen", "--analysis", "32x32@240", "--start", "2026-01-31T12:00:00+01:00")
    assert [line["msec"] for line in ran.lines] == [0.0, 33.0, 40.0, 250.0, 1000.0, 1777.0]
    assert [line["captured_at_ns"] - 1_769_857_200_000_000_000 for line in ran.lines] == [
        round(line["msec"]) * 1_000_000 for line in ran.lines
    ]
    assert ran.row("video") == "a.mkv: 160x120, 7 pictures, 00:01.777 from 2026-01-31 11:00:00.000 UTC"
    assert ran.row("frames") == "6 analysed at 32x32@240; 1 picture skipped"


def test_a_replay_begins_when_the_file_says_that_it_was_made(tmp_path: Path, replay: Replay) -> None:
    replay.install("seen", SEEN)
    path = tmp_path / "made.mp4"
    with av.open(path, "w") as container:
        container.metadata["creation_time"] = "2025-06-01T10:00:00.000000Z"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(5):
            frame = picture(number)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    ran = replay(path, "--plugin", "seen", *ANALYSIS)
    assert ran.lines[0]["captured_at_ns"] == 1_748_772_000_000_000_000
    assert replay(path, "--plugin", "seen", "--start", "1970-01-01").lines[0]["captured_at_ns"] == 0


SETS = """
class Sets:
    def __init__(self, settings, camera):
        self.camera = camera
    @hookimpl
    def picctv_analyze_frame(self, frame):
        names = {"cat", "dog", "bird", "fox", "hare"}
        self.camera.emit("names", {"names": names, "raw": b"abc"})
        mean = float(frame.luma.mean())
        return {"triggered": frame.sequence % 30 > 5, "score": mean, "names": names, "boxes": [[0.1, 0.2, 0.3, 0.4]]}
"""


def test_two_replays_give_the_same_bytes_in_other_processes_too(
    tmp_path: Path, replay: Replay, video: Path
) -> None:
    replay.install("sets", SETS)
    written = []
    for seed in ("0", "1", "2"):
        outputs = [tmp_path / f"{seed}.{name}" for name in ("ndjson", "messages", "mp4")]
        options = zip(("--out", "--messages", "--annotate"), outputs, strict=True)
        ran = replay.process(
            video, "--plugin", "sets", *(word for pair in options for word in pair), PYTHONHASHSEED=seed
        )
        assert (ran.code, ran.out) == (0, ""), ran.err
        written.append([path.read_bytes() for path in outputs])
    assert written[0] == written[1] == written[2]
    assert all(len(data) > 1000 for data in written[0])


def test_events_and_messages_are_those_of_a_node(tmp_path: Path, replay: Replay) -> None:
    replay.install("sets", SETS)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 9000, 100), options={"bf": "0"})
    messages = tmp_path / "messages"
    ran = replay(path, "--plugin", "sets", *ANALYSIS, "--messages", messages)
    # 24 of 30 frames trigger; pauses of 0.7 s are within one event.
    assert ran.row("frames") == "90 analysed at 80x60@10, 72 triggered; 0 pictures skipped"
    assert ran.row("events") == "1"
    assert "  00:00.600 to 00:08.900, peak " in ran.err
    assert ran.row("messages") == "names 90"
    lines = [json.loads(line) for line in messages.read_text().splitlines()]
    first, last = (line for line in lines if line["kind"] == "event")
    assert first["payload"]["event_id"] == last["payload"]["event_id"]
    assert (first["payload"]["ended_at_ns"], last["payload"]["ended_at_ns"]) == (None, 8_900_000_000)
    assert lines[1] == {
        "msec": 100.0,
        "id": f"{1:032x}",
        "plugin": "sets",
        "kind": "names",
        "captured_at_ns": 100_000_000,
        "sequence": 1,
        "payload": {"names": ["cat", "dog", "fox", "bird", "hare"], "raw": {"bytes": 3}},
    }


def test_details_of_events_are_in_the_messages_and_told_of(tmp_path: Path, replay: Replay) -> None:
    teller = """
class Tells:
    def __init__(self, settings, camera): self.ended = 0
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"triggered": frame.captured_at_ns % 3_000_000_000 == 0}
    @hookimpl
    def picctv_event_ended(self, event):
        self.ended += 1
        if self.ended == 2: raise ValueError("lost it")
        return {"ended": self.ended, "picture": bytes(10)} if self.ended < 4 else {"thing": object()}
"""
    replay.install("tells", teller)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 10000, 100), options={"bf": "0"})
    messages = tmp_path / "messages"
    ran = replay(path, "--plugin", "tells", *ANALYSIS, "--messages", messages)
    lines = [json.loads(line)["payload"] for line in messages.read_text().splitlines()]
    assert [line["details"] for line in lines if line["ended_at_ns"] is not None] == [
        {"ended": 1, "picture": {"bytes": 10}},
        None,
        {"ended": 3, "picture": {"bytes": 10}},
        None,
    ]
    assert "  00:00.000 to 00:00.000; details: ended, picture\n" in ran.err
    assert ran.row("errors") == "2, the first: event_ended: ValueError: lost it"


def test_recording_tells_which_clips_it_would_make(tmp_path: Path, replay: Replay) -> None:
    path = write_video(
        tmp_path / "a.mp4", "libx264", range(0, 20000, 100), options={"g": "10", "sc_threshold": "0"}
    )
    settings = tmp_path / "settings.toml"
    settings.write_text("segment_s = 5\n")
    ran = replay(path, "--plugin", "recording", "--settings", settings)
    assert (ran.code, ran.out) == (0, "")
    assert ran.row("frames") == "none: recording analyses no frames"
    assert ran.row("clips") == "4"
    clips = [line.split(",")[0] for line in ran.err.splitlines() if line.startswith("  ")]
    assert clips == [
        "  00:00.000 to 00:05.000",
        "  00:05.000 to 00:10.000",
        "  00:10.000 to 00:15.000",
        "  00:15.000 to 00:20.000",
    ]


ONCE = """
class Once:
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"triggered": 8_000_000_000 <= frame.captured_at_ns < 9_000_000_000, "score": 0.5}
    def __init__(self, settings, camera): pass
"""


def test_recording_hears_the_plugin_beside_it(tmp_path: Path, replay: Replay) -> None:
    replay.install("once", ONCE)
    path = write_video(tmp_path / "a.avi", "mjpeg", range(0, 20000, 40), pix_fmt="yuvj420p")
    settings = tmp_path / "node.toml"
    settings.write_text('[plugins.recording]\nmode = "triggered"\npre_roll_s = 3\npost_roll_s = 2\n')
    ran = replay(path, "--plugin", "recording", "--with", "once", "--settings", settings)
    assert ran.row("plugin").endswith(", beside once")
    assert ran.row("clips") == "1"
    # From the key picture before 5 s (there is one every 2 s) to 2 s after the last trigger.
    (clip,) = [line for line in ran.err.splitlines() if line.startswith("  ")]
    assert clip.startswith("  00:04.000 to 00:10.880, 172 pictures, ")
    assert clip.endswith(", triggered by once")


USED = """
class Used:
    class Settings(Settings):
        add: int = 0
    def __init__(self, settings, camera):
        self.add = settings.add
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"number": frame.sequence + self.add}
"""
USER = """
class User:
    uses: ClassVar = ("used",)
    def __init__(self, settings, camera):
        self.heard = []
    @hookimpl
    def picctv_result(self, result):
        self.heard.append((result.plugin, result.data["number"]))
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"heard": self.heard[-2:]}
"""
NOISE = """
class Noise:
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"number": -1}
"""


def test_a_used_plugin_runs_before_the_one_that_uses_it(tmp_path: Path, replay: Replay, video: Path) -> None:
    for name, text in (("used", USED), ("user", USER), ("noise", NOISE)):
        replay.install(name, text)
    settings = tmp_path / "node.toml"
    settings.write_text(
        '[node]\nname = "x"\n[plugins.user]\n[plugins.used]\nadd = 100\nisolation = "process"\n'
    )
    ran = replay(video, "--plugin", "user", "--with", "noise", "--settings", settings, *ANALYSIS)
    assert ran.code == 0, ran.err
    heard = [line["result"]["heard"] for line in ran.lines]
    assert heard[0] == [["used", 100]]
    assert heard[1:] == [[["used", 99 + n], ["used", 100 + n]] for n in range(1, len(heard))]
    assert ran.row("plugin").endswith(", beside noise, used")


def test_the_folder_of_the_plugin_is_its_own_and_is_removed(
    tmp_path: Path, replay: Replay, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
class Keeper:
    def __init__(self, settings, camera):
        (camera.data / "state").write_text("x")
        self.camera = camera
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"folder": str(self.camera.data), "files": sorted(p.name for p in self.camera.data.iterdir())}
"""
    replay.install("keeper", text)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    ran = replay(video, "--plugin", "keeper")
    assert ran.lines[0]["result"]["files"] == ["state"]
    assert ran.lines[0]["result"]["folder"].startswith(str(tmp_path / "temporary"))
    assert list((tmp_path / "temporary").iterdir()) == []


def test_health_is_asked_as_often_as_on_a_node(tmp_path: Path, replay: Replay) -> None:
    text = """
class Well:
    asked = 0
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_health(self):
        self.asked += 1
        return {"asked": self.asked}
    @hookimpl
    def picctv_analyze_frame(self): return None
"""
    replay.install("well", text)
    path = write_video(tmp_path / "a.mkv", "libx264", range(0, 35000, 500), options={"bf": "0"})
    ran = replay(path, "--plugin", "well")
    assert {json.dumps(line["result"]) for line in ran.lines} == {"null"}
    assert ran.row("health") == "asked 4"


def test_real_footage_has_its_events(footage: Path, tmp_path: Path, replay: Replay) -> None:
    out = tmp_path / "motion.ndjson"
    ran = replay(footage / "one-by-one.mp4", "--plugin", "motion", "--out", out)
    assert ran.code == 0
    assert ran.row("frames").startswith("1394 analysed at 320x240@10, ")
    truth = json.loads((footage / "truth.json").read_text())["one-by-one.mp4"]
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    moving = [
        lines[n]["result"]["triggered"] for first, last in truth["motion"] for n in range(first, last + 1)
    ]
    still = [
        lines[n]["result"]["triggered"] for first, last in truth["still"] for n in range(first, last + 1)
    ]
    assert sum(moving) > 0.95 * len(moving)
    assert sum(still) < 0.05 * len(still)


BOTH = """
class Both:
    def __init__(self, settings, camera):
        self.camera, self.got = camera, []
    @hookimpl
    def picctv_camera_started(self, camera):
        self.got.append(("started", camera.video.width, camera.video.height))
    @hookimpl
    def picctv_access_unit(self, unit):
        self.got.append(("unit", unit.captured_at_ns, len(unit.annexb)))
        assert self.camera.clock.now_ns() >= unit.captured_at_ns
    @hookimpl
    def picctv_analyze_frame(self, frame):
        self.got.append(("frame", frame.captured_at_ns, frame.sequence))
        assert self.camera.clock.now_ns() >= frame.captured_at_ns
    @hookimpl
    def picctv_camera_stopped(self):
        self.camera.emit("got", self.got)
"""


class OrderedSink:
    """Notes everything in the order in which a source gives it."""

    wants_vectors = False

    def __init__(self) -> None:
        self.got: list[list[Any]] = []

    def started(self, video: VideoInfo) -> None:
        self.got.append(["started", video.width, video.height])

    def frame(self, frame: Frame) -> None:
        self.got.append(["frame", frame.captured_at_ns, frame.sequence])

    def access_unit(self, unit: AccessUnit) -> None:
        self.got.append(["unit", unit.captured_at_ns, len(unit.annexb)])

    def motion_vectors(self, vectors: MotionVectors) -> None:
        raise AssertionError("nobody asked for any")


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_units_and_frames_come_in_the_order_of_a_node(tmp_path: Path, replay: Replay, name: str) -> None:
    replay.install("both", BOTH)
    path = (
        write_video(tmp_path / name, "libx264", EVEN, options=B_FRAMES)
        if name == "a.mp4"
        else write_video(tmp_path / name, "mjpeg", EVEN, pix_fmt="yuvj420p")
    )
    node = OrderedSink()
    settings = VideoSource.Settings(url=str(path), paced=False)
    VideoSource(settings, AnalysisFormat(80, 60, 10.0), FileClock(0)).run(node, threading.Event())
    messages = tmp_path / "messages"
    assert replay(path, "--plugin", "both", *ANALYSIS, "--messages", messages).code == 0
    (line,) = messages.read_text().splitlines()
    assert json.loads(line)["payload"] == node.got
    assert sum(what == "unit" for what, *_ in node.got) == 50
    times = [at for what, at, _ in node.got if what == "unit"]
    assert (times == sorted(times)) == (name == "a.avi")


def test_plugins_that_use_each_other_both_run(replay: Replay, video: Path) -> None:
    for name, other in (("ping", "pong"), ("pong", "ping")):
        replay.install(
            name,
            f"""
class {name.capitalize()}:
    uses: ClassVar = ("{other}",)
    heard = 0
    def __init__(self, settings, camera): pass
    @hookimpl
    def picctv_result(self, result):
        assert result.plugin == "{other}"
        self.heard += 1
    @hookimpl
    def picctv_analyze_frame(self): return {{"heard": self.heard}}
""",
        )
    ran = replay(video, "--plugin", "ping", *ANALYSIS)
    assert ran.code == 0
    assert [line["result"]["heard"] for line in ran.lines] in (
        list(range(len(ran.lines))),
        list(range(1, len(ran.lines) + 1)),
    )
