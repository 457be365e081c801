"""Servers as processes, started as people start them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from picctv_server.config import ServerConfig, ServerSettings
from tests.integration.wire_node import RunningServer, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from picctv_server.config import MongoSettings

PICCTV = Path(sys.executable).with_name("picctv")


@dataclass
class ServerProcess:
    """A server of its own, over the database of a test.

    Attributes:
        config: its ``server.toml``.
        port: where it listens.
        environment: of the process, and of other commands beside it.
        process: itself.
    """

    config: Path
    port: int
    environment: Mapping[str, str] | None
    process: subprocess.Popen[str]

    @property
    def running(self) -> RunningServer:
        """Give the way in for nodes."""
        return RunningServer(ServerConfig(ServerSettings(port=self.port), None, None))  # type: ignore[arg-type]

    def healthz(self) -> httpx.Response:
        """Ask it whether it can store."""
        return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=60)


def write_config(path: Path, mongo: MongoSettings, clips: Path, more: str = "") -> int:
    """Write a ``server.toml`` over a test's database; give the port in it."""
    port = free_port()
    path.write_text(
        f'[server]\nport = {port}\nname = "{path.stem}"\n[mongodb]\nuri = "{mongo.uri}"\n'
        f'database = "{mongo.database}"\n[clips]\npath = "{clips}"\n{more}'
    )
    return port


@contextlib.contextmanager
def server_process(
    config: Path, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Run a server until the block ends, and wait until it answers."""
    command = [str(PICCTV), "server", "run", "--config", str(config)]
    log = config.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(command, stderr=output, text=True, env=environment)
    found = ServerProcess(config, port, environment, process)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                found.healthz()
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            else:
                break
        yield found
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def picctv(
    *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([PICCTV, *arguments], capture_output=True, text=True, timeout=60, env=environment)
