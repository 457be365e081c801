"""Clauses about how an analyzer comes and goes, and what it leaves behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from picctv_core.testing.conformance._writes import sandbox
from picctv_core.testing.conformance.base import Clauses

if TYPE_CHECKING:
    from picctv_core.testing.runner import AnalyzerRunner

_FILES = Path("/proc/self/fd")
_PATIENCE_S = 2.0


class LifeClauses(Clauses):
    """Its beginning and its end."""

    def test_it_stops_without_a_frame(self) -> None:
        """It can be stopped when it was started and never given anything: a camera that is away from the first."""
        with self._folder() as folder, self._blaming("starting and stopping it"):
            self._runner(self._camera(folder)).stop()
        with self._folder() as folder:
            runner = self._runner(self._camera(folder))
            with self._blaming("starting, asking for its health, and stopping it"), runner:
                runner.health()

    def test_it_stops_before_it_started(self) -> None:
        """It can be stopped before the camera gave its first picture, so before `picctv_camera_started`.

        What is given back in `picctv_camera_stopped` may not have been taken yet.
        """
        with self._folder() as folder:
            runner = self._runner(self._camera(folder))
            with self._blaming("stopping it before it started"):
                runner.stop()

    def test_it_starts_again_with_its_data(self) -> None:
        """A second object, in the folder that a first one left behind, starts and runs: a node that was restarted."""
        with self._folder() as folder:
            self._life(folder / "data")
            with self._blaming("starting it again with what it left in camera.data"):
                self._life(folder / "data")

    def test_no_thread_is_left(self) -> None:
        """When `picctv_camera_stopped` returns, the threads that it started have ended, or do so at once.

        A thread that stays keeps memory and sockets, and the node waits for it when it ends. What a library starts once
        for the whole process does not count.
        """
        self._life()
        before = set(threading.enumerate())
        with self._folder() as folder:
            runner = self._fed(folder)
            deadline = time.monotonic() + _PATIENCE_S
            left = [thread for thread in threading.enumerate() if thread not in before]
            for thread in left:
                thread.join(max(0.0, deadline - time.monotonic()))
            names = [thread.name for thread in left if thread.is_alive()]
        if names:
            self._broken(
                f"after {runner.name} stopped, a thread goes on: {', '.join(names)}; end and join it when it stops"
            )

    def test_no_file_is_left_open(self) -> None:
        """When `picctv_camera_stopped` returns, the files and sockets that it opened are closed.

        A node runs for months, and a camera that comes and goes must not use up its file descriptors. Looked at where
        there is ``/proc``; what a library opens once for the whole process does not count.
        """
        if not _FILES.is_dir():
            return
        self._life()
        before = _open_files()
        with self._folder() as folder:
            runner = self._fed(folder)
            left = {fd: what for fd, what in _open_files().items() if before.get(fd) != what}
        if left:
            self._broken(
                f"after {runner.name} stopped, {', '.join(sorted(left.values()))} is still open; close it when it stops"
            )

    def test_nothing_is_written_outside_its_folder(self) -> None:
        """What it writes lies in `camera.data`, and nowhere else.

        That folder is the plugin's and the camera's own, is there after a restart, and goes away with the camera. Writes
        of Python code are seen wherever they go; those of other code in the working directory, the home directory and the
        one for temporary files. Devices (``/dev``) don't count.
        """
        self._life()  # what is imported, and cached then, is no doing of the analyzer's
        with self._folder() as folder, sandbox(folder) as writes:
            self._fed(folder)
        outside = writes.outside(folder / "data")
        if outside:
            self._broken(f"it wrote {', '.join(outside)}; write below camera.data")

    def _fed(self, folder: Path) -> AnalyzerRunner:
        """Run an object from start to stop, and give its runner, so that the object itself still lives."""
        runner = self._runner(self._camera(folder / "data"))
        with self._blaming("running it"), runner:
            for frame in self._frames()[: len(self._frames()) // 2]:
                runner.frame(frame)
            for unit in self._units()[: len(self._units()) // 2]:
                runner.unit(unit)
            for result in self._heard()[: len(self._heard()) // 2]:
                runner.result(result)
            runner.health()
        return runner


def _open_files() -> dict[int, str]:
    """Give what each file descriptor of the process is open on."""
    found = {}
    for entry in os.scandir(_FILES):
        try:
            found[int(entry.name)] = os.readlink(entry.path)  # noqa: PTH115 - it is no path
        except FileNotFoundError:  # the one that looks
            continue
    return {fd: what for fd, what in found.items() if what != f"/proc/{os.getpid()}/fd"}
