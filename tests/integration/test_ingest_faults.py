"""What happens to the ingest when the machine around it fails, and how its process starts and ends."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from picctv_core.cli import main
from picctv_core.clock import SystemClock
from picctv_server import models, tokens
from picctv_server.config import ClipSettings, MongoSettings, ServerConfig, ServerSettings
from picctv_server.database import connect
from picctv_server.embedded import ensure
from tests.integration.server_process import server_process, write_config
from tests.integration.wire_node import RunningServer, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PICCTV = Path(sys.executable).with_name("picctv")


def test_messages_and_new_nodes_wait_while_mongodb_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    embedded = ensure(tmp_path / "db")
    config = ServerConfig(
        server=ServerSettings(port=free_port()),
        mongodb=MongoSettings(uri=embedded.uri),
        clips=ClipSettings(path=tmp_path / "clips"),
    )
    try:
        with connect(config.mongodb), serving(config) as server:
            token = tokens.create("garage", SystemClock())
            with server.connection(token) as node:
                node.until_answered(node.send("note", 0))
                embedded.stop()
                waiting = [node.send("note", number) for number in range(10)]
                health = httpx.get(f"http://127.0.0.1:{config.server.port}/healthz", timeout=10)
                assert (health.status_code, health.json()["mongodb"]) == (503, "away")
                with (
                    server.connection(token, hello=False) as newcomer,
                    pytest.raises(ConnectionClosed, match="the server's database does not answer"),
                ):
                    newcomer.receive()
                with pytest.raises(TimeoutError):
                    node.connection.recv(timeout=0)
                embedded = ensure(tmp_path / "db")
                node.until_answered(*waiting)
                assert node.rejected == {}
            assert models.Message.objects.count() == 11
    finally:
        embedded.stop()
    said = [record.getMessage() for record in caplog.records if record.name == "picctv_server.ingest"]
    assert said.count("MongoDB does not answer; nodes keep what they have until it goes on") == 1
    assert said.count("storing goes on") == 1


AWAY = "MongoDB does not answer; nodes keep what they have until it goes on"


def until_logged(config: Path, line: str) -> None:
    """Wait until the server of a settings file has logged a line."""
    deadline = time.monotonic() + 30
    while line not in (said := config.with_suffix(".log").read_text()):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_server_acknowledges_nothing_while_mongodb_is_frozen_or_killed_and_goes_on(
    tmp_path: Path, fault: str
) -> None:
    embedded = ensure(tmp_path / "db")
    config = tmp_path / "server.toml"
    port = write_config(config, MongoSettings(uri=embedded.uri), tmp_path / "clips")
    pid = int((tmp_path / "db" / "db" / "mongod.lock").read_text())
    try:
        with connect(MongoSettings(uri=embedded.uri)):
            token = tokens.create("garage", SystemClock())
        with server_process(config, port) as server, server.running.connection(token) as node:
            node.until_answered(node.send("note", 0))
            os.kill(pid, signal.SIGSTOP if fault == "frozen" else signal.SIGKILL)
            waiting = [node.send("note", number) for number in range(50)]
            if fault == "killed":
                assert server.healthz().status_code == 503
            with pytest.raises(TimeoutError):
                node.connection.recv(timeout=1)
            if fault == "frozen":
                os.kill(pid, signal.SIGCONT)
            else:
                # not before the server has noticed: one that is back within its patience is no outage
                until_logged(config, AWAY)
                embedded.stop()
                embedded = ensure(tmp_path / "db")
            node.until_answered(*waiting)
            assert (len(node.acked), node.rejected) == (51, {})
        with connect(MongoSettings(uri=embedded.uri)):
            assert models.Message.objects.count() == 51
            assert models.SetAside.objects.count() == 0
    finally:
        embedded.stop()
    said = config.with_suffix(".log").read_text()
    assert said.count(AWAY) == (fault == "killed")
    assert said.count("storing goes on") == (fault == "killed")


@pytest.fixture
def config_file(tmp_path: Path, mongo_settings: MongoSettings) -> Iterator[Path]:
    path = tmp_path / "server.toml"
    path.write_text(
        f'[server]\nport = {free_port()}\n[mongodb]\nuri = "{mongo_settings.uri}"\n'
        f'database = "{mongo_settings.database}"\n[clips]\npath = "clips"\n'
    )
    yield path
    with connect(mongo_settings) as connection:
        connection.database.client.drop_database(mongo_settings.database)


def port_of(config_file: Path) -> int:
    return int(config_file.read_text().split("port = ")[1].split()[0])


def start(config_file: Path) -> subprocess.Popen[str]:
    """Start the server as people do, and wait until it answers."""
    command = [str(PICCTV), "server", "run", "--config", str(config_file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port_of(config_file)}/healthz")
        except httpx.ConnectError:
            time.sleep(0.02)
        else:
            return process
    process.kill()
    raise AssertionError(process.communicate()[1])


def picctv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PICCTV, *arguments], capture_output=True, text=True, timeout=60)


def test_server_ends_within_5_s_with_nodes_connected_and_forgets_nothing(config_file: Path) -> None:
    created = picctv("server", "token", "create", "garage", "--config", config_file)
    assert created.returncode == 0
    server = RunningServer(ServerConfig(ServerSettings(port=port_of(config_file)), None, None))  # type: ignore[arg-type]
    process = start(config_file)
    with server.connection(created.stdout.strip()) as node:
        ids = [node.send("note", number) for number in range(100)]
        node.receive()
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate()
        assert time.monotonic() - begin < 5
        assert process.returncode == 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                node.receive()
        acked = set(node.acked)
    assert acked <= set(ids)
    process = start(config_file)
    with server.connection(created.stdout.strip()) as node:
        for number, own_id in enumerate(ids):
            if own_id not in acked:
                node.send("note", number, id=own_id)
        node.until_answered(*(set(ids) - acked))
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 0
    assert created.stdout.strip() not in said
    assert "Traceback" not in said


def test_embedded_mongodb_of_a_server_ends_with_it(tmp_path: Path) -> None:
    config_file = tmp_path / "server.toml"
    config_file.write_text(f'[server]\nport = {free_port()}\n[mongodb]\nembedded = "db"\n')
    process = start(config_file)
    created = picctv("server", "token", "create", "garage", "--config", config_file)
    assert (created.returncode, len(created.stdout.strip())) == (0, 43)
    pid = int((tmp_path / "db" / "db" / "mongod.lock").read_text())
    os.kill(pid, 0)
    process.terminate()
    process.communicate()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (tmp_path / "db" / "clips").is_dir()


def test_taken_port_is_one_line(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = port_of(config_file)
    with socket.create_server(("127.0.0.1", port)):
        assert main(["server", "run", "--config", str(config_file)]) == 1
    line = f"port {port} on 127.0.0.1 is taken: stop the other program or set [server] port"
    assert capsys.readouterr().err.splitlines() == [f"picctv: error: {line}"]


def test_mongodb_that_is_not_there_is_one_line_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_file = tmp_path / "server.toml"
    config_file.write_text(
        f'[server]\nport = {free_port()}\n[mongodb]\nuri = "mongodb://me:pass-word@127.0.0.1:{free_port()}/"\n'
    )
    assert main(["server", "run", "--config", str(config_file)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("picctv: error: the MongoDB at mongodb://me:***@127.0.0.1:")
    assert line.endswith("does not answer; check that it runs and that [mongodb] uri is right")


def test_faults_in_the_settings_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config_file = tmp_path / "server.toml"
    config_file.write_text(
        '[server]\nprot = 1\n[mongodb]\ndatabase = "a b"\n[plugins.recording]\nlength = 3\n'
    )
    assert main(["server", "run", "--config", str(config_file)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[2:4] for line in lines] == [
        [f"{config_file}:2", "server.prot"],
        [f"{config_file}:4", "mongodb.database"],
        [f"{config_file}:6", "plugins.recording.length"],
    ]
    assert "did you mean 'port'?" in lines[0]


def test_tokens_are_made_listed_and_revoked(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def token(*arguments: str) -> tuple[int, str, str]:
        code = main(["server", "token", *arguments, "--config", str(config_file)])
        return code, *capsys.readouterr()

    secret = token("create", "garage")[1].strip()
    listed = token("list")[1]
    assert [line.split("\t")[::2] for line in listed.splitlines()] == [["garage", "good"]]
    assert secret not in listed
    assert token("revoke", "garage")[1] == "1 revoked\n"
    assert "\trevoked " in token("list")[1]
    code, said, complaint = token("revoke", "garage")
    assert (code, said, complaint.count("has no token to revoke")) == (1, "", 1)
    code, said, complaint = token("create", "Garage Door")
    assert (code, said) == (1, "")
    assert "'Garage Door' is no name for a node" in complaint
