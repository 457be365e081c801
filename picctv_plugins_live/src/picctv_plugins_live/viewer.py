"""One viewer: a connection, and what is still to be sent to it."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SEND_BUFFER = 128 * 1024
"""What the kernel may hold for a viewer: little, so that what is late is late here, where it is seen."""

NOT_SENT = 16 * 1024

_LINUX_NOTSENT_LOWAT = 25
_CHUNKS_AT_ONCE = 64


class Viewer:
    """Sends to a non-blocking socket whatever it takes.

    Attributes:
        socket: the connection.
        address: of the other end, for the log.
        begun: whether it was given something; what it is given first is a key unit.
    """

    def __init__(self, connection: socket.socket, address: str) -> None:
        """Take over a connection that was just accepted."""
        self.socket = connection
        self.address = address
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        with contextlib.suppress(OSError):  # only Linux and macOS have it; it only makes things fresher
            connection.setsockopt(
                socket.IPPROTO_TCP, getattr(socket, "TCP_NOTSENT_LOWAT", _LINUX_NOTSENT_LOWAT), NOT_SENT
            )
        self._waiting: deque[tuple[float, memoryview]] = deque()
        self._caught_up = False
        self.begun = False

    @property
    def behind(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._waiting)

    @property
    def caught_up(self) -> bool:
        """Whether everything was sent at some time since it joined."""
        return self._caught_up

    def delay_s(self, now: float) -> float:
        """Give for how long the oldest piece has been waiting."""
        return now - self._waiting[0][0] if self._waiting else 0.0

    def put(self, pieces: Iterable[bytes], now: float) -> None:
        """Add pieces to what is to be sent; they are shared, not copied."""
        self._waiting.extend((now, memoryview(piece)) for piece in pieces if piece)
        self.begun = self.begun or bool(self._waiting)

    def send(self) -> None:
        """Send as much as the connection takes now.

        Raises:
            OSError: the connection is broken.
        """
        while self._waiting:
            views = [view for _, view in list(self._waiting)[:_CHUNKS_AT_ONCE]]
            try:
                sent = self.socket.sendmsg(views)
            except (BlockingIOError, InterruptedError):
                return
            self._drop(sent)
        self._caught_up = self.begun

    def has_left(self) -> bool:
        """Read away what a viewer says, which nobody needs, and say whether the connection has ended."""
        try:
            while data := self.socket.recv(4096):
                del data
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """End the connection."""
        self._waiting.clear()
        self.socket.close()

    def _drop(self, sent: int) -> None:
        while sent:
            at, view = self._waiting[0]
            if sent < len(view):
                self._waiting[0] = (at, view[sent:])
                return
            self._waiting.popleft()
            sent -= len(view)
