"""A plugin's object in a process of its own, as the node has it; the other side is `picctv_core.node.isolated`."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from picctv_core import codec
from picctv_core.errors import PicctvError, SpoolError
from picctv_core.inputs import ANALYZE, UNIT, VECTORS
from picctv_core.node import processes
from picctv_core.node.budget import Budget
from picctv_core.node.calls import Failure, HookRaised, ProcessEnded
from picctv_core.node.hosts import EVENT_ENDED
from picctv_core.node.isolation import ERRORS, Setup
from picctv_core.node.pipe import Pipe, PipeClosed

if TYPE_CHECKING:
    from picctv_core.frames import AccessUnit, Frame, MotionVectors, Result
    from picctv_core.node.arena import Arena
    from picctv_core.node.pipe import Bytes
    from picctv_core.node.plugin_camera import PluginCamera
    from picctv_core.node.plugin_tables import PluginConfig

START_S = 30.0
"""Importing a plugin and making its object may take so long, or as long as a call of a hook where that is longer."""

_WATCH_S = 0.1
_EXIT_S = 1.0
"""A process that has closed its lines is ending; so long it, and the threads that speak with it, may take for that."""

_SAID_NO: tuple[type[Exception], ...] = (PicctvError, *ERRORS.values())

_MB = 1_000_000


class ProcessHost:
    """One process, from its start to its end.

    Args:
        config: the plugin, its settings, and what it may take.
        camera: the camera in the plugin's name.
        arena: where the camera's frames stand; without one they are sent.

    Attributes:
        memory_bytes: what the process has in memory, as of a moment ago.
    """

    def __init__(self, config: PluginConfig, camera: PluginCamera, arena: Arena | None) -> None:
        self.memory_bytes: int | None = None
        self._config = config
        self._camera = camera
        self._arena = arena
        self._process: subprocess.Popen[bytes] | None = None
        self._pipes: list[Pipe] = []
        self._threads: list[threading.Thread] = []
        self._reason = ""
        self._ending = threading.Lock()
        self._closed = threading.Event()
        self._over = threading.Event()
        # What the process looks at stays where it is as long as the node holds it, too: by offset in the arena.
        self._lent: dict[int, Frame] = {}
        self._budget = Budget()

    # On the worker's thread --------------------------------------------------------------------------------------

    def make(self) -> None:
        """Start the process, and wait until it has made the plugin's object.

        Raises:
            HookRaised: making it raised.
            ProcessEnded: it could not be started, ended before, or took too long.
            pickle.PicklingError: the settings can't be sent there.
        """
        setup = pickle.dumps((self._setup(), pickle.dumps(self._config.settings)))
        try:
            self._start()
        except OSError as error:
            raise ProcessEnded(f"could not be started: {error}") from error
        plugin = self._config.plugin
        budget_s = max(START_S, self._config.run.time_budget_s)
        with self._budget.of(budget_s, f"did not start within {budget_s:g} s"):
            self._ask([plugin.value, plugin.group], setup)

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook there, and give what it returned, as plain data.

        Raises:
            HookRaised: it raised.
            SpoolError: it raised that, and so it is not the plugin's fault.
            ProcessEnded: the process ended, or was ended.
        """
        video = self._camera.video
        shape = [video.width, video.height, video.rate] if video else None
        rest, body = self._arguments(hook, arguments)
        budget_s = self._config.run.time_budget_s
        late = f"took longer than its time budget of {budget_s:g} s in {hook.removeprefix('picctv_')}"
        with self._budget.of(budget_s, late):
            returned = self._ask([hook, shape, *rest], body)
        return codec.unpack(returned) if returned else None

    def look(self) -> None:
        """See that the process is still there; raises ProcessEnded."""
        if self._closed.is_set():
            self._end()

    def kill(self, reason: str) -> None:
        """End the process at once, and all that it has started; from any thread. The first reason stands."""
        with self._ending:
            self._reason = self._reason or reason
            if self._process is not None and self._process.returncode is None:
                processes.kill_group(self._process.pid)

    def close(self) -> None:
        """End the process, if it is still there."""
        self.kill("was closed")
        with contextlib.suppress(ProcessEnded):
            self._end()

    def _start(self) -> None:
        with contextlib.ExitStack() as here, contextlib.ExitStack() as there:
            ours, theirs = zip(socket.socketpair(), socket.socketpair(), strict=True)
            for end in ours:
                here.enter_context(end)
            for end in theirs:
                there.enter_context(end)
            arena_fd = [self._arena.fd] if self._arena else []
            fds = [end.fileno() for end in theirs] + arena_fd
            # -u: what it prints before a crash is seen. A group of its own: what it has started ends with it.
            command = [sys.executable, "-uP", "-m", "picctv_core.node.isolated", *map(str, fds)]
            process = subprocess.Popen(
                [*command, self._camera.id, self._camera.plugin],
                stdin=subprocess.DEVNULL,
                pass_fds=fds,
                process_group=0,
            )
            here.pop_all()
        self._pipes = [Pipe(end) for end in ours]
        with self._ending:
            self._process = process
            if self._reason:  # it was to be ended before it was there
                processes.kill_group(process.pid)
        who = f"{self._camera.id} {self._camera.plugin}"
        self._threads = [
            threading.Thread(target=self._serve, args=(self._pipes[1],), name=f"{who} emits", daemon=True),
            threading.Thread(target=self._watch, args=(process.pid,), name=f"{who} watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _setup(self) -> Setup:
        camera = self._camera
        return Setup(
            path=sys.path,
            log_level=logging.getLogger().getEffectiveLevel(),
            clock_offset_ns=camera.clock.now_ns() - time.monotonic_ns(),
            memory_max=int(self._config.run.memory_max),
            arena_size=self._arena.size if self._arena else 0,
            plugin=camera.plugin,
            node=camera.node,
            name=camera.name,
            title=camera.title,
            analysis=camera.analysis,
            data=camera.data,
            delay_s=camera.delay_s,
        )

    def _arguments(self, hook: str, arguments: dict[str, Any]) -> tuple[list[Any], Bytes]:
        if hook == ANALYZE:
            return self._lend(arguments["frame"])
        if hook == VECTORS:
            # A grid is small: sending it costs less than keeping count of a place in shared memory would.
            told: MotionVectors = arguments["vectors"]
            return [told.captured_at_ns], codec.pack([told.x, told.y, told.sad, told.predicted])
        if hook == UNIT:
            unit: AccessUnit = arguments["unit"]
            return [unit.captured_at_ns, unit.is_key], unit.annexb
        if hook == "picctv_result":
            result: Result = arguments["result"]
            return [result.camera, result.plugin, result.captured_at_ns], codec.pack(result.data)
        if hook == EVENT_ENDED:
            return list(dataclasses.astuple(arguments["event"])), b""
        return [], b""

    def _lend(self, frame: Frame) -> tuple[list[Any], Bytes]:
        head: list[Any] = [frame.captured_at_ns, frame.sequence, list(frame.luma.shape)]
        offset = self._arena.offset_of(frame) if self._arena else None
        if offset is None:
            return [*head, None], np.ascontiguousarray(frame.luma).data.cast("B")
        self._lent[offset] = frame
        return [*head, offset], b""

    def _ask(self, head: list[Any], body: Bytes) -> bytes:
        try:
            self._pipes[0].send(head, body)
            (returned, what, *said), answer = self._pipes[0].receive()
        except PipeClosed:
            self._end()
        for offset in returned:
            self._lent.pop(offset, None)
        if what == "raised":
            raise HookRaised(Failure(*said))
        if what == "full":
            raise SpoolError(*said)
        return answer

    def _end(self) -> NoReturn:
        """See the process off, so that nothing of it is left; raises ProcessEnded with the reason."""
        if (process := self._process) is not None:
            if not self._reason and not processes.exits(process.pid, _EXIT_S):
                self._reason = "closed its lines to the node"
            with self._ending:
                processes.kill_group(process.pid)
                code = process.wait()
                self._process = None
            self._reason = self._reason or processes.told(code)
            self._over.set()
            for pipe in self._pipes:
                pipe.shut()
            for thread in self._threads:
                thread.join(_EXIT_S)
            for pipe in self._pipes:
                pipe.close()
            self._lent.clear()
            self.memory_bytes = None
        raise ProcessEnded(self._reason)

    # On threads of their own -------------------------------------------------------------------------------------

    def _serve(self, emits: Pipe) -> None:
        """Keep what the plugin emits."""
        with contextlib.suppress(PipeClosed):
            while True:
                (kind, captured_at_ns, message_id), packed = emits.receive()
                with self._budget.stopped():
                    answer = self._keep(kind, packed, captured_at_ns, message_id)
                emits.send(answer)
        self._closed.set()

    def _keep(self, kind: str, packed: bytes, captured_at_ns: int, message_id: str | None) -> list[str]:
        """Keep a message; give its id, or the error's text and its type."""
        try:
            payload = codec.unpack(packed)
            return [
                self._camera.emit(kind, payload, captured_at_ns=captured_at_ns, message_id=message_id),
                "",
            ]
        except _SAID_NO as error:
            return [str(error), type(error).__name__]

    def _watch(self, pid: int) -> None:
        """End a process that takes too long, or too much."""
        max_bytes = int(self._config.run.memory_max)
        while not self._over.wait(_WATCH_S):
            if (memory_bytes := processes.resident_bytes(pid)) == 0:
                continue  # it has ended, and the worker will see so
            self.memory_bytes = memory_bytes
            if memory_bytes > max_bytes:
                self.kill(
                    f"used {memory_bytes / _MB:.0f} MB, more than its memory_max of {max_bytes / _MB:g} MB"
                )
            elif late := self._budget.exceeded():
                self.kill(late)
