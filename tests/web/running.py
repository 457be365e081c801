"""A web process as a user runs it: the real command, its own MongoDB, real clips."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.web.seed import Seeded

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "ann", "a-long-Password-7"
PICCTV = [sys.executable, "-m", "picctv_core"]
ROOT = Path(__file__).resolve().parents[2]
START_S = 30
STOP_S = 5

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Site:
    """A running web interface.

    Attributes:
        address: without a slash at the end.
        config: its ``web.toml``.
        seeded: what is stored.
        log: the file with its log.
        process: the web process.
    """

    address: str
    config: Path
    seeded: Seeded
    log: Path
    process: subprocess.Popen[bytes]

    def visitor(self) -> httpx.Client:
        """Give a browser's session without a login."""
        return httpx.Client(base_url=self.address, trust_env=False, timeout=20)

    @contextlib.contextmanager
    def user(self) -> Iterator[httpx.Client]:
        """Give a session of somebody who is logged in."""
        with self.visitor() as client:
            answer = log_in(client)
            assert answer.status_code == 302, answer.text
            yield client


def log_in(
    client: httpx.Client, name: str = USER, password: str = PASSWORD, following: str = ""
) -> httpx.Response:
    """Send the login form, as a browser does."""
    form = client.get("/login/")
    token = csrf(form.text)
    data = {"csrfmiddlewaretoken": token, "username": name, "password": password, "next": following}
    return client.post("/login/", data=data)


def csrf(page: str) -> str:
    """Find the token of a page's form."""
    found = _CSRF.search(page)
    assert found is not None, page
    return found[1]


def free_port() -> int:
    """Find a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, port: int, more: str = "") -> Path:
    """Write a ``web.toml``; `more` goes into its section ``[web]``."""
    path = folder / "web.toml"
    path.write_text(
        f'[web]\nport = {port}\ndata = "accounts"\n{more}\n[mongodb]\nembedded = "mongo"\n\n[clips]\npath = "clips"\n'
    )
    return path


def picctv(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*PICCTV, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )


def make_user(config: Path) -> None:
    """Make the user of these tests, who may change things."""
    done = picctv(
        *("web", "user", "create", USER, "--config", config, "--password-stdin", "--staff"),
        stdin=PASSWORD + "\n",
    )
    assert done.returncode == 0, done.stderr


def seed(config: Path) -> Seeded:
    """Fill the stores, in a process of its own: this one has no connection to share."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.seed", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return Seeded(**json.loads(done.stdout))


@contextlib.contextmanager
def running(
    config: Path, port: int, seeded: Seeded, *, plugins: Path | None = None, name: str = "web"
) -> Iterator[Site]:
    """Run the web until the block ends."""
    log = config.parent / f"{name}.log"
    environment = dict(os.environ)
    if plugins is not None:
        environment["PYTHONPATH"] = str(plugins)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PICCTV, "web", "run", "--config", str(config)], stdout=output, stderr=output, env=environment
        )
        try:
            _wait(process, port, log)
            yield Site(f"http://127.0.0.1:{port}", config, seeded, log, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                # The embedded MongoDB ends with it, and has as long as that again.
                process.wait(2 * STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=2).raise_for_status()
        except httpx.HTTPError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the web did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
