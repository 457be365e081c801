"""A check sum behind each message on the wire, so that what a network alters on its way is not taken for what was sent.

TCP's own sum has 16 bits and is made anew by whatever passes a segment on; errors that it does not see were found in
every network that was looked at (Stone and Partridge, "When The CRC and TCP Checksum Disagree", 2000). TLS has none of
this, but not every uplink has TLS.
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from picctv_core.errors import CodecError

_SUM_BYTES = 4


class AlteredError(CodecError):
    """A message is not what was sent."""


class Connection(Protocol):
    """What both ends' WebSockets can do."""

    async def receive_bytes(self) -> bytes:
        """Give the next message."""
        ...

    async def send_bytes(self, data: bytes) -> Any:
        """Send a message."""
        ...


class Checked:
    """A connection on which each message ends with the CRC-32 of the rest, both ways."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def receive_bytes(self) -> bytes:
        """Give the next message, without its sum.

        Raises:
            AlteredError: it is not what was sent.
        """
        return opened(await self._connection.receive_bytes())

    async def send_bytes(self, data: bytes) -> None:
        """Send a message, with its sum."""
        await self._connection.send_bytes(sealed(data))


def sealed(message: bytes) -> bytes:
    """Put the sum behind a message."""
    return message + zlib.crc32(message).to_bytes(_SUM_BYTES, "big")


def opened(message: bytes) -> bytes:
    """Take the sum off a message again.

    Raises:
        AlteredError: it is not that of the message.
    """
    rest, sum_found = message[:-_SUM_BYTES], message[-_SUM_BYTES:]
    if zlib.crc32(rest).to_bytes(_SUM_BYTES, "big") != sum_found:
        raise AlteredError("a message was altered on its way")
    return rest
