"""One process of the demo: started, watched, its log kept and its warnings shown, stopped."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

_LOUD = (" WARNING ", " ERROR ", " CRITICAL ", "picctv: error:", "picctv: warning:")


class Process:
    """A ``picctv`` command as a process of its own.

    It has its own session, so that a Ctrl-C in the terminal reaches the supervisor alone, which then stops the
    processes in their order.
    """

    def __init__(self, name: str, command: Sequence[str], log_file: Path) -> None:
        """Start it.

        Args:
            name: what people read before its lines.
            command: the arguments of ``picctv``.
            log_file: where all that it prints goes; lines are added to what is there.
        """
        self.name = name
        self.log_file = log_file
        self.last_error = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "picctv_core", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._keep_log, name=f"{name} log", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Give its process id."""
        return self._process.pid

    def returncode(self) -> int | None:
        """Give its exit code; None while it runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended; kill it, and say so, when that takes longer than `seconds`."""
        try:
            self._process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in time and is killed", self.name)
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._reader.join()

    def why(self) -> str:
        """Say why it ended: its last error line, or where its log is."""
        return self.last_error or f"it ended with code {self._process.returncode}; see {self.log_file}"

    def _signal(self, number: int) -> None:
        # To the whole session: nothing that it started may outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _keep_log(self) -> None:
        assert self._process.stdout is not None
        with self.log_file.open("a", encoding="utf-8") as file:
            for line in self._process.stdout:
                file.write(line)
                file.flush()
                if any(mark in line for mark in _LOUD):
                    self.last_error = line.strip().removeprefix("picctv: error: ")
                    print(f"{self.name}: {line.strip()}", file=sys.stderr, flush=True)
