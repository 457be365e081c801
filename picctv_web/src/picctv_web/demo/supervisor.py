"""Starts the demo's processes, keeps them running, and stops all of them together."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import filelock

from picctv_core.errors import PicctvError
from picctv_server import embedded
from picctv_web.demo.plan import NODE, USER
from picctv_web.demo.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from picctv_web.demo.plan import Plan

    Check = Callable[[Plan, str, int, threading.Event], int]

_READY_S = 40.0
_POLL_S = 0.1
_STOP_S = 8.0
_RESTART_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_STEADY_S = 60.0
"""A process that ran for so long begins with short pauses again when it ends."""


class Supervisor:
    """The demo's processes, under one roof."""

    def __init__(self, plan: Plan, *, strict_plugins: bool = False) -> None:
        """Keep the plan; start nothing yet.

        Args:
            plan: what to run.
            strict_plugins: whether a plugin that can't be used is an error.
        """
        self._plan = plan
        self._strict = ["--strict-plugins"] if strict_plugins else []
        self._stop = threading.Event()
        self._processes: dict[str, Process] = {}

    def run(self, check: Check | None) -> int:
        """Start everything, run until a signal or the end of the check, and stop everything.

        Args:
            check: what to run in place of waiting for a person; gets the plan, the password, the time at which the
                demo started (UTC ns) and an event that is set when it should give up.

        Returns:
            The exit code.

        Raises:
            PicctvError: something could not be started.
        """
        started_at_ns = time.time_ns()
        password = secrets.token_urlsafe(9)
        with self._signals(), self._only_one(), self._mongodb(), self._stopping():
            self._start_all(password)
            if self._stop.is_set():
                return 0
            watcher = threading.Thread(target=self._keep_running, name="supervisor", daemon=True)
            watcher.start()
            try:
                if check is not None:
                    return check(self._plan, password, started_at_ns, self._stop)
                self._greet(password)
                self._stop.wait()
                _say("stopping ...")
            finally:
                self._stop.set()
                watcher.join()
        return 0

    def _start_all(self, password: str) -> None:
        plan = self._plan
        plan.write()
        plan.logs.mkdir(exist_ok=True)
        if not plan.token.exists():
            self._make_token()
        _picctv(
            ["web", "user", "create", USER, "--config", str(plan.web_config), "--password-stdin", "--staff"],
            stdin=password,
        )
        if self._strict:
            # The node listens nowhere: that it refuses to start would show as an end after its start.
            _picctv(["node", "check", "--config", str(plan.node_config)])
        for name in _COMMANDS:
            if self._stop.is_set():
                return
            self._start(name)
            self._wait_until_ready(name)

    def _start(self, name: str) -> None:
        plan = self._plan
        config: dict[str, Path] = {
            "server": plan.server_config,
            "node": plan.node_config,
            "web": plan.web_config,
        }
        self._processes[name] = Process(
            name, [name, "run", "--config", str(config[name]), *self._strict], plan.logs / f"{name}.log"
        )

    def _wait_until_ready(self, name: str) -> None:
        """Wait until a process answers; the node listens nowhere, and is ready when it runs."""
        plan, process = self._plan, self._processes[name]
        address = {"server": ("127.0.0.1", plan.server_port), "web": (plan.host, plan.web_port)}.get(name)
        deadline = time.monotonic() + _READY_S
        while not (address is None or _answers(*address) or self._stop.is_set()):
            if process.returncode() is not None:
                process.wait(0)
                raise PicctvError(f"the {name} did not start: {process.why()}")
            if time.monotonic() > deadline:
                raise PicctvError(
                    f"the {name} did not answer within {_READY_S:.0f} s; see {process.log_file}"
                )
            self._stop.wait(_POLL_S)
        if not self._stop.is_set():
            _say(f"{name} is running (process {process.pid})")

    def _make_token(self) -> None:
        """Let the server make the node's token, and keep it where only this user reads it."""
        plan = self._plan
        text = _picctv(["server", "token", "create", NODE, "--config", str(plan.server_config)])
        plan.token.touch(mode=0o600)
        plan.token.write_text(text.split()[-1] + "\n", encoding="utf-8")

    def _keep_running(self) -> None:
        """Start a process again that ended by itself, with growing pauses."""
        since = dict.fromkeys(self._processes, time.monotonic())
        failures = dict.fromkeys(self._processes, 0)
        due: dict[str, float] = {}
        while not self._stop.wait(0.5):
            now = time.monotonic()
            for name, process in list(self._processes.items()):
                if name in due:
                    if now >= due[name]:
                        del due[name]
                        since[name] = now
                        self._start(name)
                elif process.returncode() is not None:
                    failures[name] = 0 if now - since[name] > _STEADY_S else failures[name] + 1
                    pause = _RESTART_PAUSES_S[min(failures[name], len(_RESTART_PAUSES_S) - 1)]
                    due[name] = now + pause
                    process.wait(0)
                    _say(f"the {name} has ended and is started again in {pause:g} s: {process.why()}")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Let Ctrl-C, SIGTERM and a closed terminal end the demo; a second one changes nothing: it is ending."""

        def stop(_number: int, _frame: object) -> None:
            self._stop.set()

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(number, stop) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        """Keep a second demo out of the same folder."""
        try:
            with filelock.FileLock(self._plan.data / "demo.lock", timeout=0):
                yield
        except filelock.Timeout:
            msg = f"another demo is running on {self._plan.data}: stop it, or give another --data"
            raise PicctvError(msg) from None

    @contextlib.contextmanager
    def _mongodb(self) -> Iterator[None]:
        _say(f"starting; everything is kept in {self._plan.data}")
        logging.getLogger(embedded.__name__).setLevel(logging.WARNING)  # the lines here say the same
        database = embedded.ensure(self._plan.mongodb)
        _say("MongoDB is running")
        try:
            yield
        finally:
            database.stop()

    @contextlib.contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stop the processes at the end: those that make and show data first, then the server that keeps it."""
        try:
            yield
        finally:
            deadline = time.monotonic() + _STOP_S
            for together in (("node", "web"), ("server",)):
                running = [self._processes[name] for name in together if name in self._processes]
                for process in running:
                    process.ask_to_stop()
                for process in running:
                    process.wait(deadline - time.monotonic())

    def _greet(self, password: str) -> None:
        cameras = ", ".join(camera.title for camera in self._plan.cameras)
        print(
            f"\n  picctv is running with {len(self._plan.cameras)} cameras: {cameras}\n\n"
            f"    address   {self._plan.address}\n"
            f"    user      {USER}\n"
            f"    password  {password}   (for this run)\n\n"
            "  The first clips are there after about half a minute. Ctrl-C stops everything.\n",
            flush=True,
        )


_COMMANDS = ("server", "web", "node")


def _picctv(command: Sequence[str], stdin: str = "") -> str:
    """Run a ``picctv`` command to its end and give what it printed.

    Raises:
        PicctvError: it failed, with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "picctv_core", "--log-level", "warning", *command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        env=dict(os.environ),
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        mark = "picctv: error: "
        errors = [line.removeprefix(mark) for line in lines if line.startswith(mark)]
        why = "\n".join(errors or lines[-1:])
        raise PicctvError(f"`picctv {' '.join(command[:3])}` failed: {why}")
    return done.stdout


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say(text: str) -> None:
    print(f"picctv: {text}", file=sys.stderr, flush=True)
