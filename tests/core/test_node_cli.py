"""The command ``picctv node``."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from picctv_core.cli import main

if TYPE_CHECKING:
    from pathlib import Path

NODE = """
[node]
name = "garage"
data = "data"
[server]
urls = ["{url}"]
token = "{token}"
[cameras.street.source]
driver = "synthetic"
"""


def write(folder: Path, url: str = "ws://127.0.0.1:1", token: str = "abc", more: str = "") -> Path:
    path = folder / "node.toml"
    path.write_text(NODE.format(url=url, token=token) + more, encoding="utf-8")
    return path


def test_check_says_what_the_file_holds(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path)
    assert main(["node", "check", "--config", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path} is fine: 1 camera (street), plugins ")


def test_check_prints_every_fault(tmp_path: Path, capsys: Any) -> None:
    path = write(tmp_path, more="sceen = 'street'\n[plugins.nobody]\n[cameras.x]\nsource = {}\n")
    assert main(["node", "check", "--config", str(path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert (
        f"picctv: error: {path}:10: cameras.street.source.sceen: there is no such key; did you mean 'scene'?"
        in lines
    )
    assert any(
        f"{path}:11: plugins.nobody: no plugin of this name with a node part is installed" in line
        for line in lines
    )


def test_run_delivers_and_ends_at_a_signal(tmp_path: Path, uplink_server: Any, token: str) -> None:
    path = write(tmp_path, uplink_server.url, token)
    command = [sys.executable, "-m", "picctv_core.cli", "node", "run", "--config", str(path)]
    command[1:3] = ["-c", "import sys; from picctv_core.cli import main; sys.exit(main())"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        uplink_server.wait_for(
            lambda: any(
                camera["state"] == "running" and camera["picture"]
                for status in uplink_server.statuses
                for camera in status["cameras"].values()
            ),
            30,
        )
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # as when a supervisor and a terminal both pass on one Ctrl-C
        stopping_s = time.monotonic()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert time.monotonic() - stopping_s < 8
    assert "Traceback" not in said
    picture = uplink_server.statuses[-1]["cameras"]["garage/street"]["picture"]
    assert picture.startswith(b"\xff\xd8")


def test_run_with_a_data_directory_that_can_not_be_is_one_line(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "data").write_text("a file")
    assert main(["node", "run", "--config", str(write(tmp_path))]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("picctv: error")]
    assert line == f"picctv: error: the node's data directory {tmp_path / 'data'} can't be made: File exists"
