"""The processes of a network: started, killed, frozen, and started again when one ends by itself, as systemd would."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.faults.shim import Control

RESTART_S = 1.0
TERMINATE_S = 20.0


class Daemon:
    """One process.

    Args:
        name: what it is called in reports; its log is ``NAME.log``.
        command: its command line.
        folder: where it runs and logs.
        env: what its environment has beside ours.
        control: of the library that lets its fsync fail; None where it runs without.

    Attributes:
        ended_by_itself: how it ended, each time that nobody had asked it to: exit codes, negative for signals.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        control: Control | None = None,
    ) -> None:
        self.name = name
        self.control = control
        self.ended_by_itself: list[int] = []
        self._command = list(command)
        self._folder = folder
        self._env = {**os.environ, **(env or {}), **(control.env if control else {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()

    @property
    def pid(self) -> int:
        """Give its process id; it must have been started."""
        with self._lock:  # it may be just being started again
            assert self._process is not None
            return self._process.pid

    def start(self) -> None:
        """Start it, where it does not run."""
        with self._lock:
            if self._process is None:
                with (self._folder / f"{self.name}.log").open("ab") as log:
                    self._process = subprocess.Popen(
                        self._command,
                        env=self._env,
                        cwd=self._folder,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )

    def kill(self) -> None:
        """End it as a power cut would, for this one process; frozen or not."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end, and wait for that.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it stand still, with all that it holds."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def keep(self) -> None:
        """Start it again if it has ended by itself."""
        with self._lock:
            if self._process is not None and (code := self._process.poll()) is not None:
                self.ended_by_itself.append(code)
                self._process = None
                self.start()

    def _end(self, number: signal.Signals) -> None:
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            process.send_signal(number)
            try:
                process.wait(TERMINATE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)


class Keeper:
    """Looks after daemons on a thread of its own, as long as it is entered; kills all of them at its end."""

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        self._daemons = daemons
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, and leave no process behind."""
        self._over.set()
        self._thread.join()
        for daemon in self._daemons:
            daemon.kill()

    def _run(self) -> None:
        while not self._over.wait(RESTART_S):
            for daemon in self._daemons:
                daemon.keep()


def wait_until(condition: Callable[[], Any], timeout_s: float, what: str) -> None:
    """Ask a function again and again until it says yes.

    Raises:
        TimeoutError: it did not within the time.
    """
    until_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.1)
