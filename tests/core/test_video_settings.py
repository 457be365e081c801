"""What the source `video` is told: credentials that nobody sees, and addresses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from picctv_core.errors import SourceError
from picctv_core.sources.video_settings import VideoSettings, kind_of

URL = "rtsp://door.lan/stream1"
SECRET = "geheim-4711"


@settings(deadline=None)
@given(st.text(min_size=1), st.text())
def test_user_and_password_come_out_of_the_address_as_they_were(user: str, password: str) -> None:
    made = VideoSettings(url=URL, user=user, password=SecretStr(password))
    parts = urlsplit(made.address())
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (user, password)
    assert (parts.hostname, parts.path) == ("door.lan", "/stream1")


def test_password_is_read_from_its_file_whenever_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("one\n", encoding="utf-8")
    told = {"url": URL, "user": "admin", "password_file": "password"}
    made = VideoSettings.model_validate(told, context={"folder": tmp_path})
    assert made.address() == "rtsp://admin:one@door.lan/stream1"
    file.write_text("two\r\n", encoding="utf-8")
    assert made.address() == "rtsp://admin:two@door.lan/stream1"
    file.unlink()
    with pytest.raises(SourceError) as caught:
        made.address()
    assert str(caught.value) == f"there is no file {file}; put the camera's password there"
    assert caught.value.retry


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no file {}; put the camera's password there"),
        (b"", "the file {} must hold one line, the camera's password"),
        (b"one\ntwo\n", "the file {} must hold one line, the camera's password"),
        (b"gehe\xffim", "the file {} can't be read: it is not text in UTF-8"),
    ],
)
def test_password_file_that_is_none_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    told = {"url": URL, "user": "admin", "password_file": "password"}
    with pytest.raises(ValidationError) as caught:
        VideoSettings.model_validate(told, context={"folder": tmp_path})
    assert caught.value.errors()[0]["msg"] == f"Value error, {said.format(tmp_path / 'password')}"
    assert "geh" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"user": "a", "password": "p", "password_file": "x"}, "give either password or password_file"),
        ({"password": "p"}, "a password needs its user: give user as well"),
        (
            {"url": f"rtsp://a:{SECRET}@door.lan/1", "user": "a", "password": "p"},
            "user is given, and url has a user in it as well: leave one of them out",
        ),
        (
            {"analysis_url": f"rtsp://a:{SECRET}@door.lan/2", "user": "a", "password": "p"},
            "user is given, and analysis_url has a user in it as well: leave one of them out",
        ),
    ],
)
def test_credentials_that_contradict_each_other_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x").write_text(SECRET, encoding="utf-8")
    with pytest.raises(ValidationError) as caught:
        VideoSettings.model_validate({"url": URL} | more)
    assert caught.value.errors()[0]["msg"] == f"Value error, {said}"
    assert SECRET not in str(caught.value)


def test_printed_settings_have_no_password_in_them() -> None:
    made = [
        VideoSettings(url=f"rtsp://a:{SECRET}@door.lan/1", analysis_url=f"rtsp://a:{SECRET}@door.lan/2"),
        VideoSettings(url=URL, user="a", password=SecretStr(SECRET)),
    ]
    assert SECRET not in repr(made) + str(made)


def test_stream_for_analysis_has_the_credentials_but_not_the_device_of_the_other() -> None:
    made = VideoSettings(
        url="/dev/video0", analysis_url="rtsp://door.lan/2", user="a", password=SecretStr("b"), size="640x480"
    )
    own = made.for_analysis()
    assert own is not None
    assert own.address() == "rtsp://a:b@door.lan/2"
    assert (own.analysis_url, own.size) == (None, None)
    assert own.for_analysis() is None
    assert made.address() == "/dev/video0"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/dev/video0", "device"),
        ("/dev/video-desk", "device"),
        ("/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_5A-video-index0", "device"),
        ("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:2:1.0-video-index0", "device"),
        ("/srv/dev/video0", "file"),
        ("/dev/video0/a.mp4", "file"),
        ("rtsp://door.lan/dev/video0", "network"),
    ],
)
def test_address_says_what_it_names(url: str, kind: str) -> None:
    assert kind_of(url) == kind
