"""A whole node with network cameras: their secrets, their streams for analysis, and what is recorded of bad ones."""

from __future__ import annotations

import base64
import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import av
import pytest

from picctv_core.frames import AccessUnit, AnalysisFormat
from picctv_core.hookspecs import hookimpl
from picctv_core.node.config import CameraConfig
from picctv_core.sources.video import VideoSource
from picctv_plugins_recording.analyzer import RecordingAnalyzer
from picctv_plugins_recording.mux import write_mp4
from tests.core.node_process import NodeProcess
from tests.core.rtsp_server import STALL, RtspServer, Sent, over_and_over
from tests.core.videos import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_core.messages import Message
    from tests.core.conftest import Cameras, UplinkServer

S = 1_000_000_000
PASSWORD = "ge:he@im/47?11 ü"


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[AccessUnit]:
    """Two seconds at 25 pictures a second, a key picture every 0.4 s."""
    return encoded(tmp_path_factory.mktemp("rtsp") / "a.mp4")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[AccessUnit]:
    """The same, larger."""
    return encoded(tmp_path_factory.mktemp("rtsp") / "b.mp4", size=(320, 240))


class Looks:
    """Says of each frame how old it is."""

    def __init__(self, settings: Any, camera: Any) -> None:
        self.camera = camera

    @hookimpl
    def picctv_analyze_frame(self, frame: Any) -> dict[str, Any]:
        return {"rows": frame.luma.shape[0], "age_ns": self.camera.clock.now_ns() - frame.captured_at_ns}


def camera(cameras: Cameras, url: str, **source: Any) -> CameraConfig:
    """Give a camera that is recorded in pieces of a second or two, and analysed."""
    plugins = [
        cameras.plugin("recording", RecordingAnalyzer, segment_s=1.0),
        cameras.plugin("looks", Looks),
    ]
    return CameraConfig(
        name="door",
        title="Door",
        analysis=AnalysisFormat(80, 60, 25.0),
        driver="video",
        source=VideoSource,
        source_settings=VideoSource.Settings(url=url, timeout_s=1, **source),
        plugins={plugin.plugin.name: plugin for plugin in plugins},
        idle={},
    )


def gaps(server: UplinkServer) -> list[dict[str, Any]]:
    return [message.payload for message in server.of_kind("gap")]


def clips(server: UplinkServer, folder: Path) -> list[tuple[int, int, tuple[int, int]]]:
    """Write each clip as MP4 and read it with a decoder; give from, to, and the size of its pictures."""
    taken = sorted(server.of_kind("clip"), key=lambda message: message.captured_at_ns)
    return [checked_clip(message, folder) for message in taken]


def checked_clip(message: Message, folder: Path) -> tuple[int, int, tuple[int, int]]:
    payload = message.payload
    taken = [AccessUnit(*unit) for unit in payload["units"]]
    started_at_ns, ended_at_ns = payload["started_at_ns"], payload["ended_at_ns"]
    path = folder / f"{message.id}.mp4"
    write_mp4(taken, started_at_ns, ended_at_ns, path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [round(frame.pts * stream.time_base * 1_000_000) for frame in frames]
    assert times == [round((unit.captured_at_ns - started_at_ns) / 1000) for unit in taken]
    assert times == sorted(set(times))
    [size] = {(frame.width, frame.height) for frame in frames}
    return started_at_ns, ended_at_ns, size


def stalls_once(units: list[AccessUnit]) -> Callable[[int], Iterator[Sent | None]]:
    """Give a feed that stalls after two seconds of its first connection."""

    def feed(number: int) -> Iterator[Sent | None]:
        sent = over_and_over(units)
        return iter([*itertools.islice(sent, 50), STALL]) if number == 0 else sent

    return feed


def test_stream_for_analysis_fails_and_comes_back_while_the_video_is_recorded_on(
    run_node: Callable[..., Callable[[], None]],
    uplink_server: UplinkServer,
    cameras: Cameras,
    units: list[AccessUnit],
    large: list[AccessUnit],
    tmp_path: Path,
) -> None:
    with RtspServer(large) as main, RtspServer(units, feed=stalls_once(units)) as sub:
        end = run_node(camera(cameras, main.url, analysis_url=sub.url))
        uplink_server.wait_for(lambda: gaps(uplink_server))
        gap = gaps(uplink_server)[0]
        uplink_server.wait_for(lambda: clips_until(uplink_server) > gap["to_ns"] + S)
        end()
    assert main.plays == 1, "the video was never interrupted"
    assert gap["cause"].startswith("no analysis: camera away: rtsp://127.0.0.1:")
    assert "can't be read: no picture within 1 s" in gap["cause"]
    pieces = clips(uplink_server, tmp_path)
    assert {size for _, _, size in pieces} == {(320, 240)}
    assert all(a[1] == b[0] for a, b in itertools.pairwise(pieces)), "there is no hole in what was recorded"
    assert pieces[0][0] < gap["from_ns"] < gap["to_ns"] < pieces[-1][1]
    results = [
        (at_ns, data)
        for message in uplink_server.of_kind("results")
        for at_ns, data in message.payload["items"]
    ]
    assert not [at_ns for at_ns, _ in results if gap["from_ns"] < at_ns < gap["to_ns"]]
    assert max(at_ns for at_ns, _ in results) > gap["to_ns"]
    assert 0 <= sorted(data["age_ns"] for _, data in results)[len(results) // 2] < 0.3 * S
    told = [status["cameras"]["garage/door"] for status in uplink_server.statuses]
    assert {(each["width"], each["height"]) for each in told if each["width"]} == {(320, 240)}
    assert {each["state"] for each in told} <= {"connecting", "running", "ended"}
    assert [
        each
        for each in told
        if each["state"] == "running" and each["detail"].startswith("no analysis: rtsp://")
    ]
    assert told[-1]["detail"] == ""


def clips_until(server: UplinkServer) -> int:
    return max((message.payload["ended_at_ns"] for message in server.of_kind("clip")), default=0)


def test_video_fails_and_comes_back_while_the_analysis_goes_on(
    run_node: Callable[..., Callable[[], None]],
    uplink_server: UplinkServer,
    cameras: Cameras,
    units: list[AccessUnit],
    large: list[AccessUnit],
) -> None:
    with RtspServer(large, feed=stalls_once(large)) as main, RtspServer(units) as sub:
        end = run_node(camera(cameras, main.url, analysis_url=sub.url))
        uplink_server.wait_for(lambda: gaps(uplink_server))
        end()
    assert sub.plays == 1, "the analysis was never interrupted"
    [gap] = gaps(uplink_server)
    assert gap["cause"].startswith("camera away: rtsp://127.0.0.1:")
    results = [at_ns for message in uplink_server.of_kind("results") for at_ns, _ in message.payload["items"]]
    assert len([at_ns for at_ns in results if gap["from_ns"] < at_ns < gap["to_ns"]]) >= 20


def test_camera_that_drops_stalls_changes_and_lies_is_recorded_in_whole_files(
    run_node: Callable[..., Callable[[], None]],
    uplink_server: UplinkServer,
    cameras: Cameras,
    units: list[AccessUnit],
    large: list[AccessUnit],
    tmp_path: Path,
) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        sent = over_and_over(units)
        if number < 2:
            yield from itertools.islice(sent, 50)
            if number == 1:
                yield STALL
            return
        for at_ns, media_ns, unit in itertools.islice(sent, 50):
            yield Sent(at_ns, media_ns, unit)
        for at_ns, media_ns, _ in itertools.islice(sent, 50):
            yield Sent(at_ns, media_ns - S // 2, large[at_ns // 40_000_000 % 50])
        for at_ns, media_ns, unit in itertools.islice(sent, 500):
            yield Sent(at_ns, media_ns + 3600 * S, unit)

    with RtspServer(units, feed=feed) as server:
        end = run_node(camera(cameras, server.url))
        uplink_server.wait_for(lambda: len(sizes(uplink_server)) >= 3, timeout_s=40)
        end()
    pieces = clips(uplink_server, tmp_path)
    assert [size for size, _ in itertools.groupby(size for _, _, size in pieces)] == [
        (160, 120),
        (320, 240),
        (160, 120),
    ]
    told = sorted((gap["from_ns"], gap["to_ns"]) for gap in gaps(uplink_server))
    assert [gap["cause"].startswith("camera away: rtsp://") for gap in gaps(uplink_server)] == [True, True]
    # A short absence is inside of a clip; a longer one is between two, where the gap says so. Nothing else is missing.
    assert len(told) == 2
    holes = {b[0]: a[1] for a, b in itertools.pairwise(pieces) if a[1] != b[0]}
    gaps_before = {to_ns: from_ns for from_ns, to_ns in told}
    assert set(holes) <= set(gaps_before)
    assert all(0 <= hole_ns - gaps_before[to_ns] <= S // 10 for to_ns, hole_ns in holes.items())


def sizes(server: UplinkServer) -> list[tuple[int, int]]:
    """Give the sizes of the clips in the order of their times, one for each change."""
    found = sorted(
        (m.payload["started_at_ns"], m.payload["width"], m.payload["height"]) for m in server.of_kind("clip")
    )
    return [size for size, _ in itertools.groupby((width, height) for _, width, height in found)]


def test_analysis_that_is_away_when_the_node_is_killed_is_told_by_the_next_run(
    tmp_path: Path, uplink_server: UplinkServer, token: str, units: list[AccessUnit], large: list[AccessUnit]
) -> None:
    def feed(number: int) -> Iterator[Sent | None]:
        return iter([*itertools.islice(over_and_over(units), 50), STALL])

    with RtspServer(large) as main, RtspServer(units, feed=feed) as sub:
        more = f'[cameras.door.source]\ndriver = "video"\ntimeout_s = 1\nurl = "{main.url}"\nanalysis_url = "{sub.url}"'
        node = NodeProcess(tmp_path, uplink_server.url, token, more)
        node.start()
        try:
            uplink_server.wait_for(lambda: door(uplink_server).get("detail", "").startswith("no analysis: "))
            record = node.data / "alive.json"
            wait_until(lambda: "no analysis: " in record.read_text(encoding="utf-8"))
            node.kill()
            before = len(gaps(uplink_server))
            node.start()
            uplink_server.wait_for(
                lambda: [gap for gap in gaps(uplink_server)[before:] if "no analysis" in gap["cause"]]
            )
            node.stop()
        finally:
            node.close()
    told = [
        gap
        for gap in gaps(uplink_server)[before:]
        if gap["cause"].startswith("no analysis: camera away: rtsp://")
    ]
    assert told[0]["cause"].endswith("; then the node was killed")
    assert told[0]["to_ns"] - told[0]["from_ns"] >= 1 * S


def wait_until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    """Wait for what another process writes."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


FORMS = [PASSWORD, quote(PASSWORD, safe=""), base64.b64encode(f"admin:{PASSWORD}".encode()).decode()]


@pytest.mark.parametrize(
    ("way", "authentication"), [("url", "Basic"), ("password", "Digest"), ("password_file", "Digest")]
)
def test_password_of_a_camera_is_told_to_nobody(
    tmp_path: Path,
    uplink_server: UplinkServer,
    token: str,
    units: list[AccessUnit],
    way: str,
    authentication: Any,
) -> None:
    (tmp_path / "door-password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    with RtspServer(units, password=PASSWORD, authentication=authentication) as server:
        address = server.bare_url
        with_password = address.replace("//", f"//admin:{quote(PASSWORD, safe='')}@")
        told = {
            "url": f'url = "{with_password}"',
            "password": f'url = "{address}"\nuser = "admin"\npassword = "{PASSWORD}"',
            "password_file": f'url = "{address}"\nuser = "admin"\npassword_file = "door-password"',
        }[way]
        more = f'[cameras.door.source]\ndriver = "video"\ntimeout_s = 5\n{told}'
        node = NodeProcess(tmp_path, uplink_server.url, token, more, log_level="debug")
        check = [sys.executable, "-m", "picctv_core", "node", "check", "--config", str(node.config)]
        checked = subprocess.run(check, capture_output=True, check=True)
        node.start()
        try:
            uplink_server.wait_for(lambda: door(uplink_server).get("state") == "running")
            server.password = "another"
            server.drop()
            refusal = "it refuses the user or the password"
            uplink_server.wait_for(lambda: refusal in door(uplink_server).get("detail", ""))
            command = (
                Path(f"/proc/{node.pid}/cmdline").read_bytes()
                + Path(f"/proc/{node.pid}/environ").read_bytes()
            )
            server.password = PASSWORD
            uplink_server.wait_for(lambda: gaps(uplink_server))
            node.stop()
        finally:
            node.close()
    [gap] = gaps(uplink_server)
    assert gap["cause"].startswith("camera away: rtsp://")
    said = [command, checked.stdout, checked.stderr, node.log.read_bytes()]
    said += [path.read_bytes() for path in node.data.rglob("*") if path.is_file()]
    said += [repr((uplink_server.statuses, uplink_server.messages, uplink_server.hellos)).encode()]
    assert refusal in node.log.read_text(encoding="utf-8")
    for form in FORMS:
        assert not [text for text in said if form.encode() in text]


def door(server: UplinkServer) -> dict[str, Any]:
    """Give what the node's newest status says of the camera."""
    return server.statuses[-1]["cameras"]["garage/door"] if server.statuses else {}
