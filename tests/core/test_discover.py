"""`picctv cameras discover` against a camera that answers on loopback; nothing leaves the machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.sources.discover_cli import Found, blocks
from picctv_core.sources.onvif import Camera, Stream, plain
from picctv_core.sources.video_settings import VideoSettings
from tests.core.onvif_camera import OnvifCamera

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "geheim-4711"


@pytest.fixture
def name() -> str:
    """A name that no other test's camera has; they hear each other on loopback."""
    return f"Hall-{uuid.uuid4().hex[:8]}"


def discover(*arguments: str, log_level: str = "info") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "picctv_core", "--log-level", log_level, "cameras", "discover"]
    return subprocess.run(
        [*command, "--interface", "127.0.0.1", "--timeout", "1.5", *arguments], capture_output=True, text=True
    )


def of(name: str, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    [found] = [each for each in json.loads(done.stdout) if each["camera"]["name"] == name]
    return found


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    """A file with the camera's password."""
    path = tmp_path / "camera-password"
    path.write_text(PASSWORD, encoding="utf-8")
    return str(path)


def test_camera_is_found_with_its_name_model_and_address(name: str) -> None:
    with OnvifCamera(name) as camera:
        found = of(name, discover("--json"))
    told = {
        "name": name,
        "host": "127.0.0.1",
        "model": "T-1000",
        "location": "hall",
        "service": camera.service,
    }
    assert found == {"camera": told, "streams": [], "fault": ""}


def test_camera_tells_its_streams_to_its_user(name: str, password_file: str) -> None:
    with OnvifCamera(name, password=PASSWORD) as camera:
        done = discover("--user", "admin", "--password-file", password_file, log_level="debug")
    assert done.returncode == 0
    assert f"{camera.service} does not tell" not in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert "geheim" not in done.stdout, "nor what the camera has put into an address"
    assert "GetStreamUri" in camera.asked
    table = tomllib.loads(done.stdout)["cameras"][name.lower()]
    assert table["title"] == name
    assert table["source"] == {
        "driver": "video",
        "url": "rtsp://127.0.0.1:554/main?unicast=true&proto=Onvif",
        "analysis_url": "rtsp://127.0.0.1:554/sub",
        "user": "admin",
        "password_file": "camera-password",
    }
    assert re.search(
        rf"# {name}, T-1000, hall, {camera.service}\n#   main: H264 2560x1440, rtsp://127", done.stdout
    )


def test_camera_that_refuses_the_password_is_listed_and_says_so(name: str, password_file: str) -> None:
    with OnvifCamera(name, password="another") as camera:
        done = discover("--user", "admin", "--password-file", password_file, "--json")
        found = of(name, done)
    assert (
        found["fault"] == f"{camera.service} does not tell its streams: it refuses the user or the password"
    )
    assert f"picctv: warning: {found['fault']}" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("garbage", ["no XML at all", "<a/>", ""])
def test_camera_that_answers_nonsense_is_listed_and_says_so(
    name: str, password_file: str, garbage: str
) -> None:
    with OnvifCamera(name, garbage=garbage) as camera:
        found = of(name, discover("--user", "admin", "--password-file", password_file, "--json"))
    assert found["fault"].startswith(f"{camera.service} does not tell its streams: ")
    assert found["streams"] == []


def test_missing_password_file_and_wrong_interface_are_named(tmp_path: Path) -> None:
    done = discover("--user", "admin", "--password-file", str(tmp_path / "no"))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"picctv: error: there is no file {tmp_path / 'no'}; put the camera's password there\n"
    )
    done = discover("--interface", "192.0.2.1")
    assert done.returncode == 1
    assert "192.0.2.1 is no address of this machine; `ip address` shows those that are" in done.stderr
    done = discover("--password-file", str(tmp_path / "no"))
    assert (done.returncode, "--password-file needs --user" in done.stderr) == (1, True)
    assert discover("--timeout", "0").returncode == 2


def test_help_shows_how_to_write_the_tables() -> None:
    done = discover("--help")
    assert "picctv cameras discover --user admin --password-file camera-password >> node.toml" in done.stdout


def test_tables_have_names_of_their_own_and_are_toml_whatever_cameras_say() -> None:
    evil = 'a"]\nx = 1 # \x1b[2J'
    cameras = [
        Camera(plain(evil), "192.168.1.2", plain(evil), "", "http://192.168.1.2/onvif/device_service"),
        Camera("Tür 1", "192.168.1.3", "", "", "http://192.168.1.3/onvif/device_service"),
        Camera("Tür 1", "fe80::1", "", "", "http://[fe80::1]/onvif/device_service"),
        Camera("", "192.168.1.5", "", "", "http://192.168.1.5/onvif/device_service"),
    ]
    h265 = Stream("only", "rtsp://192.168.1.5/1", "H265", 640, 480)
    found = [*map(Found, cameras[:3]), Found(cameras[3], [h265])]
    text = "\n\n".join(blocks(found, None))
    assert text.isprintable() or set(text) - set(filter(str.isprintable, text)) == {"\n"}
    tables = tomllib.loads(text)["cameras"]
    assert list(tables) == ["a-x-1-2j", "t-r-1", "t-r-1-2", "camera"]
    urls = [table["source"].pop("url") for table in tables.values()]
    assert urls == ["rtsp://192.168.1.2/", "rtsp://192.168.1.3/", "rtsp://[fe80::1]/", "rtsp://192.168.1.5/1"]
    assert [VideoSettings(url=url).analysis_url for url in urls] == [None] * 4
