"""A TCP server that gives one camera's H.264 to whoever connects.

One thread serves all viewers of a camera, with sockets that never block: a slow viewer delays nobody. What is given to
`publish` is handed over to that thread, so that the caller never waits for the network.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING

from picctv_core.errors import PluginError
from picctv_plugins_live.viewer import Viewer

if TYPE_CHECKING:
    from picctv_core.clock import Clock
    from picctv_core.frames import AccessUnit
    from picctv_plugins_live.settings import LiveSettings

log = logging.getLogger(__name__)

JOIN_S = 10.0
"""How long a new viewer may take for the group of pictures that it begins with."""

MAX_GROUP_BYTES = 32 * 2**20
"""What is kept for those who join. While a group of pictures is larger, they wait for the next key unit."""

MAX_UNSEEN = 100
"""While nobody watches, the thread is woken once for so many units, or for a group of pictures: not for each of them."""

DRAIN_S = 1.0
"""How long, at the end, viewers have for what was captured already."""

_LOOK_S = 0.25
_STOP_S = 5.0


class Broadcaster:
    """The TCP server of one camera."""

    def __init__(self, settings: LiveSettings, camera: str, clock: Clock) -> None:
        """Keep what is needed; nothing is opened yet.

        Args:
            settings: where to listen, and the bounds.
            camera: the camera's id, for errors and the log.
            clock: the time, by which viewers are late.
        """
        self._settings = settings
        self._camera = camera
        self._clock = clock
        self._inbox: deque[AccessUnit] = deque()
        self._viewers: dict[socket.socket, Viewer] = {}
        self._group: list[bytes] = []
        self._group_bytes = 0
        self._turned_away = 0
        self._dropped = 0
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and serve on a thread of its own.

        Raises:
            PluginError: the port is taken, or the address is not one of this machine's.
        """
        self._listener = self._listen()
        self._wake, self._woken = socket.socketpair()
        for end in (self._listener, self._wake, self._woken):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"live {self._camera}", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens: ``tcp://HOST:PORT``."""
        host, port = self._listener.getsockname()[:2]
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return len(self._viewers)

    @property
    def dropped(self) -> int:
        """How many were disconnected because they fell behind."""
        return self._dropped

    @property
    def turned_away(self) -> int:
        """How many found no place."""
        return self._turned_away

    def publish(self, unit: AccessUnit) -> None:
        """Send an access unit to all viewers, in the order of the calls. Never waits.

        Raises:
            PluginError: the server's thread has ended.
        """
        if self._failure is not None:
            raise PluginError(f"live view of {self._camera} has ended: {self._failure}") from self._failure
        self._inbox.append(unit)
        # Only after that: whoever joins is among the viewers before the thread looks what has come.
        if self._viewers or unit.is_key or len(self._inbox) >= MAX_UNSEEN:
            self._nudge()

    def stop(self) -> None:
        """End all connections and the thread, and free the port. Also good where it never started."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        self._nudge()
        thread.join(_STOP_S)
        if thread.is_alive():
            raise PluginError(f"live view of {self._camera} does not end")
        self._wake.close()

    def _listen(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, protocol)
        except OSError as error:
            raise PluginError(self._cannot_listen(error)) from error
        try:
            # A port of which only closed connections linger can be taken again at once, after a restart.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
        except OSError as error:
            listener.close()
            raise PluginError(self._cannot_listen(error)) from error
        return listener

    def _cannot_listen(self, error: OSError) -> str:
        host, port = self._settings.host, self._settings.port
        name = self._camera.rpartition("/")[2]
        where = f"port = 0 (any free one) or another under [cameras.{name}.plugins.live]"
        if error.errno == errno.EADDRINUSE:
            return f"live view of {self._camera}: port {port} of {host} is taken; set {where}"
        if error.errno == errno.EACCES:
            return f"live view of {self._camera}: port {port} of {host} needs more rights than the node has; set {where}"
        return (
            f"live view of {self._camera} can't listen on {host}:{port}: {error.strerror or error}; "
            "set host to an address of this machine, such as 127.0.0.1"
        )

    def _nudge(self) -> None:
        try:
            self._wake.send(b"\0")
        except BlockingIOError:
            return  # so many nudges wait already that the thread will look anyway

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._serve_once()
            self._drain()
        except Exception as error:
            log.exception("live view of %s has ended", self._camera)
            self._failure = error
        finally:
            for viewer in list(self._viewers.values()):
                self._leave(viewer)
            self._selector.close()
            self._listener.close()
            self._woken.close()

    def _serve_once(self) -> None:
        """Wait until there is something to do, and do it."""
        self._look(_LOOK_S if self._is_behind() else None)
        self._broadcast_all()
        self._drop_the_late()

    def _drain(self) -> None:
        """Send what is still there, to those who take it."""
        until = self._clock.monotonic() + DRAIN_S
        self._broadcast_all()
        self._selector.unregister(self._listener)
        while self._is_behind() and self._clock.monotonic() < until and self._look(_LOOK_S):
            pass

    def _is_behind(self) -> bool:
        return any(viewer.behind for viewer in self._viewers.values())

    def _look(self, timeout_s: float | None) -> bool:
        """Wait for the sockets, serve those that have something, and say whether any had."""
        ready = self._selector.select(timeout_s)
        for key, events in ready:
            if key.fileobj is self._listener:
                self._join()
            elif key.fileobj is self._woken:
                self._woken.recv(4096)
            elif isinstance(key.data, Viewer):
                self._serve(key.data, events)
        return bool(ready)

    def _join(self) -> None:
        try:
            connection, peer = self._listener.accept()
        except OSError as error:
            # Gone again before we looked, or no more file descriptors: nothing that the other viewers should notice.
            log.warning("live view of %s: a viewer could not join: %s", self._camera, error)
            return
        if len(self._viewers) >= self._settings.max_viewers:
            self._turned_away += 1
            log.info(
                "live view of %s: %s finds no place, %d watch already",
                self._camera,
                peer[0],
                len(self._viewers),
            )
            connection.close()
            return
        self._broadcast_all()  # so that it begins with the newest group of pictures
        viewer = Viewer(connection, peer[0])
        self._viewers[connection] = viewer
        self._selector.register(connection, selectors.EVENT_READ, viewer)
        log.info("live view of %s: %s joins", self._camera, viewer.address)
        viewer.put(self._group, self._clock.monotonic())
        self._send(viewer)

    def _serve(self, viewer: Viewer, events: int) -> None:
        if events & selectors.EVENT_READ and viewer.has_left():
            log.info("live view of %s: %s leaves", self._camera, viewer.address)
            self._leave(viewer)
        elif events & selectors.EVENT_WRITE:
            self._send(viewer)

    def _broadcast_all(self) -> None:
        while self._inbox:
            self._broadcast(self._inbox.popleft())

    def _broadcast(self, unit: AccessUnit) -> None:
        if unit.is_key:
            self._group, self._group_bytes = [], 0
        started = bool(self._group) or unit.is_key
        if started:
            self._group.append(unit.annexb)
            self._group_bytes += len(unit.annexb)
            if self._group_bytes > MAX_GROUP_BYTES:
                self._group = []
        now = self._clock.monotonic()
        for viewer in list(self._viewers.values()):
            # Nothing can be decoded before a first key unit.
            if viewer.begun or unit.is_key:
                viewer.put([unit.annexb], now)
                self._send(viewer)

    def _send(self, viewer: Viewer) -> None:
        try:
            viewer.send()
        except OSError as error:
            log.info("live view of %s: %s is gone: %s", self._camera, viewer.address, error.strerror or error)
            self._leave(viewer)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.behind else 0)
        if self._selector.get_key(viewer.socket).events != events:
            self._selector.modify(viewer.socket, events, viewer)

    def _drop_the_late(self) -> None:
        now = self._clock.monotonic()
        for viewer in list(self._viewers.values()):
            allowed_s = (
                self._settings.max_delay_s if viewer.caught_up else max(JOIN_S, self._settings.max_delay_s)
            )
            if viewer.delay_s(now) > allowed_s:
                log.info("live view of %s: %s is too slow and is disconnected", self._camera, viewer.address)
                self._dropped += 1
                self._leave(viewer)

    def _leave(self, viewer: Viewer) -> None:
        del self._viewers[viewer.socket]
        self._selector.unregister(viewer.socket)
        viewer.close()
