"""V4L2 devices: this driver and FFmpeg's on top of a kernel's side that is the tests' own; see ``v4l2_device.c``."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from picctv_core.errors import SourceError
from picctv_core.sources import v4l2
from tests.core.videos import encoded, picture, play

if TYPE_CHECKING:
    from collections.abc import Callable

DEVICE = "/dev/video97"
SOURCE = Path(__file__).with_name("v4l2_device.c")

PROGRAM = """
import hashlib, json, sys
from tests.core.videos import Sink, decode, play
from picctv_core.clock import SystemClock
clock, ages = SystemClock(), []
sink = Sink(lambda sink: (ages.append(clock.now_ns() - sink.units[-1].captured_at_ns), sink.stop.set() if len(sink.units) == 25 else None))
play("/dev/video97", sink, analysis="80x60@25", **json.loads(sys.argv[1]))
print(json.dumps({
    "units": [hashlib.sha256(unit.annexb).hexdigest() for unit in sink.units],
    "keys": [unit.is_key for unit in sink.units],
    "times_ms": sink.times_ms(), "age_ms": sorted(ages)[12] / 1e6,
    "frames": len(sink.frames), "decoded": len(decode(sink.units)),
    "shapes": [(info.width, info.height, info.rate) for info in sink.infos],
}))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The device, as a library."""
    if (cc := shutil.which("cc")) is None:
        pytest.skip("there is no C compiler")
    made = tmp_path_factory.mktemp("v4l2") / "device.so"
    subprocess.run(
        [cc, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, SOURCE, "-ldl"], check=True
    )
    return made


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """Fifty pictures in each format, by its four letters."""
    jpeg = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt = 160, 120, "yuvj422p"
    jpeg.time_base = Fraction(1, 25)
    shown = [picture(number) for number in range(50)]
    made: dict[str, list[bytes]] = {"MJPG": [], "YUYV": [], "H264": []}
    for number, each in enumerate(shown):
        made["YUYV"].append(each.reformat(format="yuyv422").to_ndarray().tobytes())
        for_jpeg = each.reformat(format="yuvj422p")
        for_jpeg.pts = number
        made["MJPG"] += [bytes(packet) for packet in jpeg.encode(for_jpeg)]
    made["H264"] = [unit.annexb for unit in encoded(tmp_path_factory.mktemp("h264") / "a.mp4")]
    return made


@pytest.fixture
def run(library: Path, pictures: dict[str, list[bytes]], tmp_path: Path) -> Callable[..., Any]:
    """Run Python with a device that offers some formats."""

    def start(formats: list[str], *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        for name in formats:
            data = b"".join(struct.pack("=I", len(each)) + each for each in pictures[name])
            (tmp_path / name).write_bytes(data)
        env = os.environ | {"LD_PRELOAD": str(library), "PICCTV_V4L2_FOLDER": str(tmp_path)} | more
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=env, check=False
        )

    return start


ALL = ["MJPG", "YUYV", "H264"]


def played(run: Callable[..., Any], formats: list[str], **settings: Any) -> dict[str, Any]:
    done = run(formats, "-c", PROGRAM, json.dumps(settings))
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("wanted", ["mjpeg", "yuyv", "h264"])
def test_each_format_gives_video_and_frames_with_the_times_of_the_device(
    run: Callable[..., Any], pictures: dict[str, list[bytes]], wanted: str
) -> None:
    found = played(run, ALL, format=wanted, size="160x120", rate=25)
    as_it_comes = [sha256(each).hexdigest() for each in pictures["H264"][:25]]
    assert (found["units"] == as_it_comes) == (wanted == "h264")
    assert found["keys"][0]
    assert found["decoded"] == 25
    assert found["frames"] >= 20
    assert found["shapes"] == [[160, 120, 25.0]]
    # Steps are those of the device's own clock, but where a quicker picture than all before shows where that lies on ours.
    steps = np.diff(found["times_ms"])
    assert np.median(steps) == pytest.approx(40, abs=0.01)
    assert found["times_ms"] == pytest.approx([number * 40 for number in range(25)], abs=40)
    assert 0 <= found["age_ms"] < 300


def test_device_without_a_wish_chooses_by_itself(run: Callable[..., Any]) -> None:
    assert played(run, ["H264"])["decoded"] == 25


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"format": "h264"}, "the format h264"),
        ({"format": "mjpeg", "size": "1920x1080"}, "1920x1080 in the format mjpeg"),
        ({"size": "1920x1080"}, "1920x1080"),
    ],
)
def test_what_a_device_does_not_offer_is_named_with_what_it_offers(
    run: Callable[..., Any], settings: dict[str, str], said: str
) -> None:
    done = run(["MJPG", "YUYV"], "-c", PROGRAM, json.dumps(settings))
    offers = "it offers: mjpeg (160x120); yuyv (160x120)"
    assert done.stderr.splitlines()[-1] == (
        f"picctv_core.errors.SourceError: {DEVICE} (Camera of the tests) does not offer {said}; {offers}"
    )


def test_part_of_a_camera_that_gives_no_pictures_is_told_as_such(run: Callable[..., Any]) -> None:
    done = run(ALL, "-c", PROGRAM, "{}", PICCTV_V4L2_METADATA="1")
    assert f"SourceError: {DEVICE} gives no pictures" in done.stderr


def test_devices_are_listed_with_formats_and_sizes(run: Callable[..., Any]) -> None:
    command = ("-m", "picctv_core", "cameras", "devices", DEVICE, "/dev/video98")
    done = run(ALL, *command)
    assert (done.returncode, done.stdout) == (
        0,
        f"{DEVICE}  Camera of the tests\n  mjpeg (160x120)\n  yuyv (160x120)\n  h264 (160x120)\n",
    )
    assert "there is no camera at /dev/video98" in done.stderr
    [found] = json.loads(run(ALL, *command, "--json").stdout)
    assert found["formats"][2] == {"name": "h264", "sizes": [[160, 120]]}


def test_machine_without_cameras_says_so(run: Callable[..., Any]) -> None:
    done = run([], "-m", "picctv_core", "cameras", "devices", "/dev/video98")
    assert done.returncode == 1
    assert done.stderr.endswith("picctv: this machine has no such camera\n")


def test_file_that_is_no_device_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "video0").write_text("no", encoding="utf-8")
    with pytest.raises(SourceError, match=r"video0 is no V4L2 device: "):
        v4l2.look_at(str(tmp_path / "video0"))
    with pytest.raises(SourceError, match=r"is no V4L2 device|can't be opened"):
        v4l2.look_at(str(tmp_path))


def test_devices_come_in_the_order_of_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("video10", "video2", "video0", "videofoo"):
        (tmp_path / name).touch()
    monkeypatch.setattr(v4l2, "DEVICES", tmp_path)
    assert [Path(path).name for path in v4l2.devices()] == ["video0", "video2", "video10"]


def test_device_that_is_missing_is_tried_again() -> None:
    with pytest.raises(SourceError) as caught:
        play("/dev/video98", format="mjpeg")
    assert caught.value.retry
