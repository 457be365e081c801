"""The line between a node and a plugin's process: messages of a small head and a body of any size, over a socket.

The head is of what msgpack itself knows, without the checks of `picctv_core.codec`, which cost more than the rest of the
way; the body is bytes that nothing looks into here: a frame that is not in shared memory, an access unit, what the codec
has packed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgpack

from picctv_core import codec
from picctv_core.errors import CodecError

if TYPE_CHECKING:
    import socket

    Bytes = bytes | bytearray | memoryview

_LENGTHS = struct.Struct("<IQ")
_MAX_HEAD = 2**24
_MAX_BODY = codec.MAX_BYTES
_JOINED = 2**14
"""A body up to so many bytes is copied behind its head: one system call costs more than the copy."""


class PipeClosed(Exception):  # noqa: N818 - it is how every conversation ends, and mostly no error
    """The other side has closed the line, or says what is no message: nothing more comes from there."""


class Pipe:
    """One end of the line. One thread may send and one may receive at a time.

    Args:
        socket: a connected stream socket in blocking mode; the pipe's own from here on.
    """

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket
        self._received = socket.makefile("rb", buffering=2**16)

    def send(self, head: Any, body: Bytes = b"") -> None:
        """Send a message; wait until the other side has room for it.

        Args:
            head: lists, texts, numbers, booleans and None.
            body: contiguous bytes.

        Raises:
            CodecError: the head is of something else, or one of the two is too long.
            PipeClosed: the other side is gone.
        """
        try:
            packed: bytes = msgpack.packb(head)
        except (TypeError, ValueError, OverflowError) as error:
            raise CodecError(f"the head of a message can't be packed: {error}") from error
        with memoryview(body) as view:
            size = view.nbytes
            if len(packed) > _MAX_HEAD or size > _MAX_BODY:
                raise CodecError(f"a message of {len(packed)} and {size} bytes is too long")
            start = _LENGTHS.pack(len(packed), size) + packed
            try:
                if size <= _JOINED:
                    self._socket.sendall(start + view.tobytes())
                else:
                    self._socket.sendall(start)
                    self._socket.sendall(view)
            except OSError as error:
                raise PipeClosed(str(error)) from error

    def receive(self) -> tuple[Any, bytes]:
        """Wait for a message, and give its head and its body.

        Raises:
            PipeClosed: none comes any more.
        """
        head_size, size = _LENGTHS.unpack(self._read(_LENGTHS.size))
        if head_size > _MAX_HEAD or size > _MAX_BODY:
            # A process whose memory is in ruins can write anything; what it says must not cost the node its own.
            raise PipeClosed(f"a message of {head_size} and {size} bytes can't be meant")
        try:
            head = msgpack.unpackb(self._read(head_size))
        except (ValueError, msgpack.UnpackException) as error:
            raise PipeClosed(f"this is no message: {error}") from error
        return head, self._read(size)

    def shut(self) -> None:
        """End the conversation: whoever waits in `send` or `receive`, on either side, is told that it is closed."""
        try:
            self._socket.shutdown(2)  # both ways
        except OSError:
            return  # the other side has done so already

    def close(self) -> None:
        """Give the socket back; nobody may be waiting any more."""
        self._received.close()
        self._socket.close()

    def _read(self, size: int) -> bytes:
        try:
            data: bytes = self._received.read(size)
        except (OSError, ValueError) as error:
            raise PipeClosed(str(error)) from error
        if len(data) < size:
            raise PipeClosed("the other side has closed the line")
        return data
