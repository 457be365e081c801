"""A plugin in a process of its own: what the node starts there, as ``python -m picctv_core.node.isolated``.

Two lines lead to the node. On the first it asks, one call after another, and the main thread here answers; so all hooks
run on one thread, as they do in the node. On the second the plugin asks, from whatever thread it likes: `emit` has its
answer when the node's spool has the message.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib.metadata
import logging
import os
import pickle
import re
import resource
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_core import codec
from picctv_core.cli import set_up_logging
from picctv_core.clock import SystemClock
from picctv_core.declarations import declared
from picctv_core.errors import PicctvError, SpoolError
from picctv_core.frames import AccessUnit, EndedEvent, Frame, MotionVectors, Result, VideoInfo
from picctv_core.inputs import ANALYZE, RESULTS, UNIT, VECTORS
from picctv_core.node.arena import ArenaView
from picctv_core.node.calls import Failure
from picctv_core.node.hosts import EVENT_ENDED, LocalHost
from picctv_core.node.isolation import ERRORS, Setup
from picctv_core.node.pipe import Pipe, PipeClosed
from picctv_core.node.plugin_camera import PluginCamera

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from pydantic import BaseModel

NICE = 5
"""Capture and recording go first when the machine has too much to do."""

_PR_SET_PDEATHSIG = 1


class _WayToSpool:
    """The node's spool, from here; many threads may use it, one after another."""

    def __init__(self, pipe: Pipe, delay_s: float) -> None:
        self.delay_s = delay_s
        self._pipe = pipe
        self._lock = threading.Lock()

    def append(
        self,
        *,
        camera: str,
        plugin: str,
        kind: str,
        payload: Any,
        captured_at_ns: int,
        message_id: str | None = None,
    ) -> str:
        """Have a message kept by the node, which knows whose it is."""
        del camera, plugin
        packed = codec.pack(payload)
        try:
            with self._lock:
                self._pipe.send([kind, captured_at_ns, message_id], packed)
                (answer, error), _ = self._pipe.receive()
        except PipeClosed:
            os._exit(0)  # the node has ended, or wants this to end
        if error:
            raise ERRORS.get(error, PicctvError)(answer)
        return str(answer)


class _Plugin:
    """The plugin here, and the answers to what the node asks of it."""

    def __init__(self, setup: Setup, settings: BaseModel, analyzer: Any, arena_fd: int, emits: Pipe) -> None:
        self.video: VideoInfo | None = None
        self._arena = ArenaView(arena_fd, setup.arena_size) if setup.arena_size else None
        camera = PluginCamera(
            setup.node,
            setup,
            setup.plugin,
            data=setup.data,
            clock=SystemClock(setup.clock_offset_ns),
            spool=_WayToSpool(emits, setup.delay_s),
            video=lambda: self.video,
        )
        self.host = LocalHost(analyzer, setup.plugin, settings, camera, declared(analyzer).result)

    def answer(self, head: list[Any], body: bytes) -> tuple[list[Any], bytes]:
        """Call the hook that was asked for; give head and body of the answer."""
        said, returned = self._call(head, body)
        # By now nothing here refers to the frame: what the plugin has not kept goes back with this very answer.
        return [self._arena.returned() if self._arena else [], *said], returned

    def _call(self, head: list[Any], body: bytes) -> tuple[list[Any], bytes]:
        hook, video, *rest = head
        self.video = VideoInfo(*video) if video else None
        try:
            value = self.host.call(hook, **self._arguments(hook, rest, body))
            wanted = hook in {*RESULTS, EVENT_ENDED, "picctv_health"} and value is not None
            return ["returned"], codec.pack(value) if wanted else b""
        except SpoolError as error:
            return ["full", str(error)], b""
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            return raised(error), b""

    def _arguments(self, hook: str, rest: list[Any], body: bytes) -> dict[str, Any]:
        if hook == ANALYZE:
            return {"frame": self._frame(rest, body)}
        if hook == VECTORS:
            (captured_at_ns,) = rest
            return {"vectors": MotionVectors(captured_at_ns, *map(_read_only, codec.unpack(body)))}
        if hook == UNIT:
            captured_at_ns, is_key = rest
            return {"unit": AccessUnit(captured_at_ns, is_key, body)}
        if hook == "picctv_result":
            camera, plugin, captured_at_ns = rest
            return {"result": Result(camera, plugin, captured_at_ns, codec.unpack(body))}
        if hook == EVENT_ENDED:
            return {"event": EndedEvent(*rest)}
        return {}

    def _frame(self, rest: list[Any], body: bytes) -> Frame:
        captured_at_ns, sequence, shape, offset = rest
        if offset is None or self._arena is None:
            return Frame(np.frombuffer(body, np.uint8).reshape(shape), captured_at_ns, sequence)
        return Frame(self._arena.luma(offset, shape), captured_at_ns, sequence)


def _read_only(array: npt.NDArray[Any] | None) -> Any:
    if array is not None:
        array.flags.writeable = False
    return array


def raised(error: BaseException) -> list[Any]:
    """Give what was raised as it goes to the node."""
    failure = Failure.of(error)
    return ["raised", failure.line, failure.traceback, failure.place]


def main(arguments: Sequence[str]) -> None:
    """Run one plugin for one camera, until the node ends it or ends itself.

    Args:
        arguments: the descriptors of the line for calls, of that for emits and, where there is one, of the shared
            memory; then names, for people who look at the list of processes.
    """
    fds = [int(word) for word in arguments[:-2]]
    for fd in fds:  # what a plugin starts must not hold on to them
        os.set_inheritable(fd, False)
    _settle()
    calls, emits = (Pipe(socket.socket(fileno=fd)) for fd in fds[:2])
    try:
        plugin = _make(calls, emits, *fds[2:])
        while plugin is not None:
            head, body = calls.receive()
            head, body = plugin.answer(head, body)
            calls.send(head, body)
            del body
        calls.receive()
    except PipeClosed:
        # Not by the interpreter's own end, which would wait for the plugin's threads.
        os._exit(0)


def _make(calls: Pipe, emits: Pipe, arena_fd: int = -1) -> _Plugin | None:
    """Make the plugin as told, and tell the node how that went."""
    (value, group), body = calls.receive()
    # Pickled, as multiprocessing does it: this line is between two processes of one user, one of which started the
    # other, and nobody else has its ends. A settings object may be of any class; its file is not read a second time.
    setup: Setup
    setup, pickled = pickle.loads(body)  # noqa: S301
    sys.path[:] = setup.path
    set_up_logging(logging.getLevelName(setup.log_level))
    try:
        analyzer = importlib.metadata.EntryPoint(setup.plugin, value, group).load()
        plugin = _Plugin(setup, pickle.loads(pickled), analyzer, arena_fd, emits)  # noqa: S301
        plugin.host.make()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
        calls.send([[], *raised(error)])
        return None
    _limit_memory(setup.memory_max)
    calls.send([[], "returned"])
    return plugin


def _settle() -> None:
    """Make this a process that ends with the node, and not before it."""
    faulthandler.enable()
    # A signal to the whole group is meant for the node, which ends this in good order. Handled, and not ignored: what
    # is ignored here would be ignored by every program that the plugin starts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # The end of the lines alone would not end a plugin that hangs. The node's thread that has started this lives longer.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICE)


def _limit_memory(more: int) -> None:
    """Let the kernel refuse what the node, which looks now and then, would see too late: memory all at once."""
    found = re.search(r"^VmData:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = int(found[1]) * 1024 + more
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))


if __name__ == "__main__":
    main(sys.argv[1:])
