"""The source's thread: tries again, and tells of gaps."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.errors import SourceError
from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo
from picctv_core.node.backoff import Backoff
from picctv_core.node.capture import SILENT_CAUSE, Capture
from picctv_core.node.runs import Away
from picctv_core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

S = 1_000_000_000
VIDEO = VideoInfo(64, 48, 10.0)


class Recorder:
    """A sink that keeps what it gets, and gaps."""

    wants_vectors = False

    def __init__(self) -> None:
        self.videos: list[VideoInfo] = []
        self.units: list[AccessUnit] = []
        self.gaps: list[tuple[int, int, str]] = []

    def started(self, video: VideoInfo) -> None:
        self.videos.append(video)

    def frame(self, frame: Frame) -> None:
        raise AssertionError("these sources give no frames")

    def access_unit(self, unit: AccessUnit) -> None:
        self.units.append(unit)

    def motion_vectors(self, vectors: MotionVectors) -> None:
        raise AssertionError("nobody asked for any")

    def gap(self, from_ns: int, to_ns: int, cause: str) -> None:
        self.gaps.append((from_ns, to_ns, cause))


class Tries:
    """A source that does something else on each try; `over` is set when it has done all."""

    def __init__(self, *tries: Callable[[Any], None]) -> None:
        self.tries = list(tries)
        self.over = threading.Event()

    def run(self, sink: Any, stop: threading.Event) -> None:
        if not self.tries:
            self.over.set()
            stop.wait()
            return
        try:
            self.tries.pop(0)(sink)
        finally:
            if not self.tries:
                self.over.set()


def gives(*seconds: int) -> Callable[[Any], None]:
    def run(sink: Any) -> None:
        sink.started(VIDEO)
        for at_s in seconds:
            sink.access_unit(AccessUnit(at_s * S, True, b"x"))

    return run


def raises(error: Exception) -> Callable[[Any], None]:
    def run(sink: Any) -> None:
        raise error

    return run


def then(*steps: Callable[[Any], None]) -> Callable[[Any], None]:
    def run(sink: Any) -> None:
        for step in steps:
            step(sink)

    return run


@pytest.fixture
def capture() -> Iterator[Callable[[Tries], tuple[Capture, Recorder, list[str]]]]:
    """Run a source to the end of its tries, with the clock at 100 s; give its states in order."""
    made: list[Capture] = []

    def run(source: Tries) -> tuple[Capture, Recorder, list[str]]:
        recorder, states = Recorder(), list[str]()
        running = Capture(
            "n/c",
            source,
            recorder,
            FakeClock(100 * S),
            on_gap=recorder.gap,
            on_change=lambda: states.append(running.state),
            backoff=Backoff(0.001, 0.002),
        )
        made.append(running)
        running.start()
        assert source.over.wait(10)
        running.ask_to_stop()
        running.join(10)
        return running, recorder, states

    yield run
    for running in made:
        running.ask_to_stop()
        running.join(10)


def test_camera_that_is_away_is_tried_again_and_leaves_a_gap(capture: Any) -> None:
    away = raises(SourceError("rtsp://door can't be reached"))
    source = Tries(away, then(gives(1, 2), away), away, then(gives(30), away))
    running, recorder, states = capture(source)
    assert [unit.captured_at_ns // S for unit in recorder.units] == [1, 2, 30]
    assert recorder.gaps == [
        (2 * S, 30 * S, "camera away: rtsp://door can't be reached"),
        (30 * S, 100 * S, "camera away: rtsp://door can't be reached"),
    ]
    assert states == ["failed", "running", "failed", "running", "failed"]
    assert (running.state, running.detail) == ("failed", "rtsp://door can't be reached")


def test_camera_that_is_silent_without_an_error_leaves_a_gap(capture: Any) -> None:
    # at ten pictures a second two seconds are silence, and the gap goes from picture to picture
    _, recorder, _ = capture(Tries(gives(1, 3, 6, 7, 12)))
    assert recorder.gaps == [(3 * S, 6 * S, SILENT_CAUSE), (7 * S, 12 * S, SILENT_CAUSE)]


def test_camera_that_gives_a_picture_now_and_then_is_not_silent(capture: Any) -> None:
    def slowly(sink: Any) -> None:
        sink.started(VideoInfo(64, 48, 0.5))
        for at_s in (1, 9, 18):
            sink.access_unit(AccessUnit(at_s * S, True, b"x"))

    _, recorder, _ = capture(Tries(slowly))
    assert recorder.gaps == [(9 * S, 18 * S, SILENT_CAUSE)]


def test_camera_that_never_came_leaves_no_gap(capture: Any) -> None:
    _, recorder, _ = capture(Tries(raises(SourceError("no")), raises(SourceError("no"))))
    assert recorder.gaps == []


def test_video_that_is_over_is_ended_without_a_gap(capture: Any) -> None:
    running, recorder, states = capture(Tries(gives(1)))
    assert (running.state, running.detail, states, recorder.gaps) == (
        "ended",
        "the video is over",
        ["running", "ended"],
        [],
    )


def test_hopeless_source_is_not_tried_again(capture: Any, caplog: Any) -> None:
    source = Tries(raises(SourceError("notes.txt is no video", retry=False)), gives(1))
    source.over.set()
    running, recorder, _ = capture(source)
    assert (running.state, running.detail, recorder.units) == ("failed", "notes.txt is no video", [])
    assert "n/c: notes.txt is no video; not trying again" in caplog.text


def test_same_failure_is_logged_once(capture: Any, caplog: Any) -> None:
    capture(Tries(*[raises(SourceError("it is away")) for _ in range(9)]))
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["n/c: it is away; trying again"]


def test_driver_that_breaks_is_logged_with_its_place_and_tried_again(capture: Any, caplog: Any) -> None:
    _, recorder, _ = capture(Tries(raises(ZeroDivisionError("by zero")), gives(1)))
    assert len(recorder.units) == 1
    assert "ZeroDivisionError: by zero" in caplog.text
    assert "in raises" not in caplog.text
    assert "Traceback" in caplog.text


def test_backoff_doubles_up_to_its_last() -> None:
    backoff = Backoff(1, 30)
    pauses = [backoff.next_s() for _ in range(8)]
    for pause, full in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert full / 2 <= pause <= full
    backoff.reset()
    assert backoff.next_s() <= 1


def test_clock_that_was_set_back_while_the_node_was_killed_leaves_a_gap_all_the_same() -> None:
    source, recorder = Tries(gives(50)), Recorder()
    running = Capture(
        "n/c",
        source,
        recorder,
        FakeClock(60 * S),
        on_gap=recorder.gap,
        on_change=lambda: None,
        away=Away(80 * S, "the node was killed", 85 * S),
    )
    running.start()
    assert source.over.wait(10)
    running.ask_to_stop()
    running.join(10)
    assert recorder.gaps == [(80 * S, 85 * S, "the node was killed")]
