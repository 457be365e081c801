"""Videos and pictures, as a browser asks for them."""

from __future__ import annotations

import hashlib
import io
import signal
import socket
import time
from typing import TYPE_CHECKING

import av
import pytest

from tests.web.running import STOP_S, free_port, make_user, running, seed, write_config

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.web.running import Site


@pytest.fixture(scope="session")
def path(site: Site) -> str:
    return f"/clips/{site.seeded.clip}/video.mp4"


@pytest.fixture(scope="session")
def whole(site: Site, path: str) -> bytes:
    with site.user() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    return answer.content


def test_video_is_the_stored_one_and_decodes(site: Site, user: httpx.Client, whole: bytes) -> None:
    clip = user.get(f"/api/clips/{site.seeded.clip}").json()
    assert (clip["bytes"], clip["sha256"]) == (len(whole), hashlib.sha256(whole).hexdigest())
    with av.open(io.BytesIO(whole)) as container:
        assert sum(1 for _ in container.decode(video=0)) == clip["frames"] == 120


@pytest.mark.parametrize("spelling", ["bytes=100-299", "bytes = 100 - 299", "BYTES=100-299"])
def test_range_gives_that_part(user: httpx.Client, path: str, whole: bytes, spelling: str) -> None:
    answer = user.get(path, headers={"Range": spelling})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes 100-299/{len(whole)}"
    assert answer.headers["Content-Length"] == "200"
    assert answer.content == whole[100:300]


def test_range_without_end_goes_to_the_end(user: httpx.Client, path: str, whole: bytes) -> None:
    answer = user.get(path, headers={"Range": "bytes=1000-"})
    assert (answer.status_code, answer.content) == (206, whole[1000:])


def test_range_beyond_the_end_is_cut(user: httpx.Client, path: str, whole: bytes) -> None:
    answer = user.get(path, headers={"Range": f"bytes={len(whole) - 5}-{len(whole) + 100}"})
    assert answer.headers["Content-Range"] == f"bytes {len(whole) - 5}-{len(whole) - 1}/{len(whole)}"
    assert answer.content == whole[-5:]


def test_range_of_the_last_bytes(user: httpx.Client, path: str, whole: bytes) -> None:
    assert user.get(path, headers={"Range": "bytes=-7"}).content == whole[-7:]
    longer = user.get(path, headers={"Range": f"bytes=-{len(whole) * 2}"})
    assert (longer.status_code, longer.content) == (206, whole)


@pytest.mark.parametrize("wanted", ["bytes={size}-", "bytes={size}-{size}", "bytes=-0"])
def test_range_outside_is_416(user: httpx.Client, path: str, whole: bytes, wanted: str) -> None:
    answer = user.get(path, headers={"Range": wanted.format(size=len(whole))})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=5-2",
        "bytes=-",
        "lines=1-2",
        "bytes=1-2,5-6",
        "bytes=a-b",
        "bytes=" + "9" * 5000 + "-",
        "bytes=٣-٤",
    ],
)
def test_range_that_makes_no_sense_gives_the_whole(
    user: httpx.Client, path: str, whole: bytes, wanted: str
) -> None:
    answer = user.get(path, headers={"Range": wanted.encode()})
    assert (answer.status_code, answer.content) == (200, whole)


def test_if_range_of_another_file_gives_the_whole(user: httpx.Client, path: str, whole: bytes) -> None:
    etag = f'"{hashlib.sha256(whole).hexdigest()}"'
    same = user.get(path, headers={"Range": "bytes=0-9", "If-Range": etag})
    assert (same.status_code, same.headers["ETag"], same.content) == (206, etag, whole[:10])
    other = user.get(path, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole)


def test_head_has_the_headers_and_no_body(user: httpx.Client, path: str, whole: bytes) -> None:
    answer = user.head(path)
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (
        200,
        str(len(whole)),
        b"",
    )
    part = user.head(path, headers={"Range": "bytes=0-99"})
    assert (part.status_code, part.headers["Content-Length"], part.content) == (206, "100", b"")


def test_video_that_the_browser_has_is_304(user: httpx.Client, path: str, whole: bytes) -> None:
    etag = f'"{hashlib.sha256(whole).hexdigest()}"'
    answer = user.get(path, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_download_has_a_name_with_camera_and_local_time(user: httpx.Client, path: str) -> None:
    shown = user.head(path).headers["Content-Disposition"]
    saved = user.head(path + "?download").headers["Content-Disposition"]
    assert shown == 'inline; filename="garage-door-2026-03-17-093000.mp4"'
    assert saved == 'attachment; filename="garage-door-2026-03-17-093000.mp4"'


@pytest.mark.parametrize("file", ["video.mp4", "thumbnail.jpg", ""])
@pytest.mark.parametrize("clip", ["nosuchclip", "%2e%2e", "%2e%2e%2fweb.toml", "%00"])
def test_clip_that_is_not_there_is_404(user: httpx.Client, clip: str, file: str) -> None:
    assert user.get(f"/clips/{clip}/{file}").status_code == 404


def test_pictures_of_clip_camera_and_event_decode(site: Site, user: httpx.Client) -> None:
    (event,) = user.get(f"/api/clips/{site.seeded.clip}").json()["events"]
    assert event["picture"] == f"/events/{event['id']}/picture"
    for address in (
        f"/clips/{site.seeded.clip}/thumbnail.jpg",
        "/cameras/garage/door/picture.jpg",
        event["picture"],
    ):
        answer = user.get(address)
        assert answer.headers["Content-Type"] == "image/jpeg"
        with av.open(io.BytesIO(answer.content)) as container:
            (picture,) = container.decode(video=0)
        assert (picture.width, picture.height) == (320, 240)
        again = user.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "address", ["/cameras/garage/yard/picture.jpg", "/events/nosuch/picture", "/events/%00/picture"]
)
def test_what_has_no_picture_gets_one_that_says_so(user: httpx.Client, address: str) -> None:
    answer = user.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "image/svg+xml")
    assert b"<svg" in answer.content


def test_sigterm_ends_the_web_in_time_with_videos_open(tmp_path: Path) -> None:
    port = free_port()
    config = write_config(tmp_path, port)
    make_user(config)
    seeded = seed(config)
    # Larger than what the sockets of both sides hold, so that the answer really is under way.
    (stored,) = (tmp_path / "clips").rglob(f"{seeded.clip}.mp4")
    with stored.open("ab") as file:
        file.truncate(64 * 2**20)
    with running(config, port, seeded) as site, site.user() as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        with socket.create_connection(("127.0.0.1", port)) as slow:
            request = (
                f"GET /clips/{seeded.clip}/video.mp4 HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n"
            )
            slow.sendall(request.encode())
            assert slow.recv(1000).startswith(b"HTTP/1.1 200")
            begin = time.monotonic()
            site.process.send_signal(signal.SIGTERM)
            site.process.wait(2 * STOP_S)
        assert time.monotonic() - begin < STOP_S
        assert site.process.returncode == 0
        assert "Traceback" not in site.log.read_text()
