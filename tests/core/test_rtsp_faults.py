"""Network cameras that drop, stall, change and lie, as a node's capture lives through them: a real server, real sockets."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core import h264
from picctv_core.clock import SystemClock
from picctv_core.frames import AnalysisFormat
from picctv_core.node.backoff import Backoff
from picctv_core.node.capture import Capture
from picctv_core.sources.video import VideoSource
from tests.core.rtsp_server import STALL, RtspServer, Sent, over_and_over
from tests.core.videos import Sink, decode, encoded, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_core.frames import AccessUnit

MS, S = 1_000_000, 1_000_000_000
PICTURE_NS = 40 * MS


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[AccessUnit]:
    """Two seconds at 25 pictures a second, a key picture every 0.4 s."""
    return encoded(tmp_path_factory.mktemp("rtsp") / "a.mp4")


class Watched(Sink):
    """Keeps what a capture passes on, its gaps and its states, and can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[tuple[int, int, str]] = []
        self.states: list[tuple[str, str]] = []
        self.ages_ns: list[int] = []
        self._clock = SystemClock()
        self._changed = threading.Condition()
        self._when = self._saw

    def _saw(self, _: Sink) -> None:
        self.ages_ns.append(self._clock.now_ns() - self.units[-1].captured_at_ns)
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 30) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), self.states


class Watch:
    """A capture of a camera; used as a context."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.sink = Watched()
        made = VideoSource.Settings(url=url, timeout_s=1, **settings)
        clock = SystemClock()
        self.capture = Capture(
            "n/door",
            VideoSource(made, AnalysisFormat.parse("80x60@25"), clock),
            self.sink,
            clock,
            on_gap=lambda *gap: self.sink.gaps.append(gap),
            on_change=lambda: self.sink.states.append((self.capture.state, self.capture.detail)),
            backoff=Backoff(0.01, 0.02),
        )

    def __enter__(self) -> Watched:
        self.capture.start()
        return self.sink

    def __exit__(self, *_: object) -> None:
        self.capture.ask_to_stop()
        self.capture.join(10)


def first_of(units: list[AccessUnit], count: int) -> list[Sent]:
    return list(itertools.islice(over_and_over(units), count))


def check_times(sink: Watched) -> None:
    """Check what holds however a camera lies: times rise, and none is in the future."""
    times = [unit.captured_at_ns for unit in sink.units]
    assert times == sorted(set(times))
    assert min(sink.ages_ns) >= 0


def test_camera_that_drops_the_connection_is_back_with_a_gap_of_its_absence(units: list[AccessUnit]) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        return iter(first_of(units, 20)) if number == 0 else over_and_over(units)

    with RtspServer(units, feed=feed) as server, Watch(server.url) as sink:
        sink.wait_for(lambda: len(sink.units) >= 40)
    assert [state for state, _ in sink.states][:3] == ["running", "failed", "running"]
    assert "has ended its stream" in sink.states[1][1] or "can't be read" in sink.states[1][1]
    assert [(from_ns, to_ns) for from_ns, to_ns, _ in sink.gaps] == [
        (sink.units[19].captured_at_ns, sink.units[20].captured_at_ns)
    ]
    assert sink.gaps[0][2] == f"camera away: {sink.states[1][1]}"
    check_times(sink)


@pytest.mark.parametrize("pictures", [1, 6])
def test_camera_that_drops_the_connection_at_its_beginning_is_tried_again(
    units: list[AccessUnit], pictures: int
) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        return iter(first_of(units, pictures)) if number == 0 else over_and_over(units)

    with RtspServer(units, feed=feed) as server, Watch(server.url) as sink:
        sink.wait_for(lambda: len(sink.units) >= 20)
    assert [state for state, _ in sink.states][-2] == "running"
    check_times(sink)


def test_camera_that_stalls_counts_as_away_after_the_timeout(units: list[AccessUnit]) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        return iter([*first_of(units, 20), STALL]) if number == 0 else over_and_over(units)

    with RtspServer(units, feed=feed) as server, Watch(server.url) as sink:
        sink.wait_for(lambda: len(sink.units) >= 40)
    assert "can't be read: no picture within 1 s" in sink.states[1][1]
    assert [state for state, _ in sink.states][:3] == ["running", "failed", "running"]
    [(from_ns, to_ns, cause)] = sink.gaps
    assert (from_ns, to_ns) == (sink.units[19].captured_at_ns, sink.units[20].captured_at_ns)
    assert to_ns - from_ns >= 1 * S
    assert cause.startswith("camera away: ")
    check_times(sink)


def test_camera_that_goes_on_sending_sound_is_not_asked_for_it(units: list[AccessUnit]) -> None:
    with RtspServer(units, sound=True) as server, Watch(server.url) as sink:
        sink.wait_for(lambda: len(sink.units) >= 10)
    assert server.requests.count("SETUP") == 1


@pytest.mark.parametrize("decoded", [True, False], ids=["decoded", "passed through"])
def test_camera_that_changes_its_resolution_goes_on_with_the_new_shape(
    units: list[AccessUnit], tmp_path: Path, decoded: bool
) -> None:
    larger = encoded(tmp_path / "large.mp4", size=(320, 240))

    def feed(_: int) -> Iterator[Sent | None]:
        for number, (at_ns, media_ns, unit) in enumerate(over_and_over(units)):
            yield Sent(at_ns, media_ns, unit if number // 50 % 2 == 0 else larger[number % 50])

    with RtspServer(units, feed=feed) as server:
        other = {} if decoded else {"analysis_url": server.url}
        with Watch(server.url, **other) as sink:
            sink.wait_for(lambda: len(sink.units) >= 110)
    assert [(info.width, info.height) for info in sink.infos] == [(160, 120), (320, 240), (160, 120)]
    assert sink.gaps == []
    assert {state for state, _ in sink.states} == {"running", "ended"}
    assert len(sink.frames) == 0 if not decoded else len(sink.frames) > 90
    assert {(frame.width, frame.height) for frame in decode(sink.units[50:100])} == {(320, 240)}
    check_times(sink)


def test_video_beside_a_stream_for_analysis_is_not_decoded(
    units: list[AccessUnit], caplog: pytest.LogCaptureFixture
) -> None:
    # No decoder takes these, and says so.
    broken = [unit if unit.is_key else replace(unit, annexb=unit.annexb[:5] + b"\xff" * 40) for unit in units]
    with RtspServer(broken) as server:
        for other in (None, server.url):
            with Watch(server.url, analysis_url=other) as sink:
                sink.wait_for(lambda: len(sink.units) >= 40)
            assert [unit.annexb for unit in sink.units[:40]] == [unit.annexb for unit in broken[:40]]
            assert ("damaged pictures" in caplog.text) == (other is None)
            caplog.clear()


def lie(units: list[AccessUnit], told: Callable[[int], int]) -> Callable[[int], Iterator[Sent | None]]:
    """Give a feed whose pictures come in time, but tell a time of their own: `told` of milliseconds."""
    return lambda _: (Sent(at_ns, told(at_ns // MS) * MS, unit) for at_ns, _, unit in over_and_over(units))


@pytest.mark.parametrize(
    "told",
    [
        lambda at: at if at < 800 else at + 3_600_000,
        lambda at: at + 3_600_000 if at < 800 else at,
        lambda at: at if at < 800 else at - 400,
        lambda at: at - at // 520 * 150,
        lambda at: at if at // 400 % 2 == 0 else at + 20_000,
        lambda at: min(at, 800),
        lambda at: 2 * at,
    ],
    ids=[
        "ahead",
        "back an hour",
        "back a little",
        "back often",
        "there and back",
        "stands still",
        "twice as fast",
    ],
)
def test_camera_whose_timestamps_lie_has_times_that_are_right(
    units: list[AccessUnit], told: Callable[[int], int]
) -> None:
    with RtspServer(units, feed=lie(units, told)) as server, Watch(server.url) as sink:
        sink.wait_for(lambda: len(sink.units) >= 60)
    check_times(sink)
    assert sink.gaps == []
    # The server sends each picture when it is taken: its age is what the way takes.
    assert np.median(sink.ages_ns[20:]) < 300 * MS
    assert sum(np.diff([unit.captured_at_ns for unit in sink.units])) == pytest.approx(
        59 * PICTURE_NS, abs=400 * MS
    )


def test_many_reconnections_leave_no_thread_and_no_descriptor_behind(units: list[AccessUnit]) -> None:
    kinds = [[], [STALL]]

    def feed(number: int) -> Iterator[Sent | None]:
        return iter([*first_of(units, 8), *kinds[number % 10 == 9]])

    def threads() -> int:
        return sum(thread.name == "picctv-camera-reader" for thread in threading.enumerate())

    descriptors: list[int] = []
    with RtspServer(units, feed=feed) as server:
        with Watch(server.url) as sink:
            for plays in (5, 25):
                sink.wait_for(lambda plays=plays: server.plays >= plays)  # type: ignore[misc]
                descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
                assert threads() <= 2
        deadline = time.monotonic() + 10
        while threads() and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        assert threads() == 0
    # What is being opened or closed at the moment of looking may differ: a connection on either side.
    assert descriptors[1] <= descriptors[0] + 3
    assert len(sink.gaps) >= 23
    check_times(sink)


def test_udp_gives_the_same_pictures(units: list[AccessUnit]) -> None:
    with RtspServer(units) as server:
        sink = Sink(lambda sink: sink.stop.set() if len(sink.units) >= 30 else None)
        play(server.url, sink, transport="udp")
    assert server.transports[0].startswith("RTP/AVP/UDP")
    assert [unit.annexb for unit in sink.units] == [unit.annexb for unit in units[:30]]


def test_udp_camera_that_goes_silent_counts_as_away(units: list[AccessUnit]) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        return iter([*first_of(units, 20), STALL]) if number == 0 else over_and_over(units)

    with RtspServer(units, feed=feed) as server, Watch(server.url, transport="udp") as sink:
        sink.wait_for(lambda: len(sink.units) >= 40)
    assert "can't be read: no picture within 1 s" in sink.states[1][1]
    assert len(sink.gaps) == 1
    assert all(
        h264.nal_type(next(h264.iterate_nal_units(unit.annexb))) == h264.SPS
        for unit in sink.units
        if unit.is_key
    )
