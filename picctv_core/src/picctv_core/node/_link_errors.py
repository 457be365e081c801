"""What went wrong on the way to the server, in words for the person who runs the node."""

from __future__ import annotations

import ssl

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)

from picctv_core.checksums import AlteredError
from picctv_core.errors import CodecError, PicctvError

TROUBLES = (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed, CodecError, PicctvError)
"""What connecting, and talking over a connection, can raise."""


class RefusedError(PicctvError):
    """The server does not want this node: trying again soon can't help."""


def explain(url: str, node: str, error: Exception) -> tuple[str, bool]:
    """Give one line about what went wrong, and whether only a person can mend it."""
    server = f"the server at {url}"
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in {401, 403}:
            line = (
                f"{server} does not accept this node's token: make one with `picctv server token create {node}` "
                "and put it into the node's token or token_file"
            )
            return line, True
        # what begins with 5 is what a server, or a load balancer before it, says while it starts or is overloaded
        return f"{server} answers with HTTP status {status}; is it a picctv server?", status < 500
    if isinstance(error, RefusedError):
        return f"{server} refuses this node: {error}", True
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, (EOFError, ConnectionError)):
        return f"{server} ended the connection before it said anything", False
    if isinstance(error, AlteredError):
        return f"what {server} sends is altered on its way", False
    if isinstance(error, (InvalidHandshake, InvalidURI)):
        return f"{server} is no picctv server: {error}", True
    if isinstance(error, ConnectionClosed):
        return f"the connection to {server} was lost", False
    if isinstance(error, TimeoutError):
        return f"{server} does not answer", False
    if isinstance(error, ssl.SSLError):
        return f"{server} can't be reached safely: {error.reason or error}; check its certificate", True
    if isinstance(error, ConnectionRefusedError):
        return f"{server} can't be reached: nothing listens there; is it running?", False
    if isinstance(error, OSError):
        return f"{server} can't be reached: {error.strerror or error}", False
    return f"{server} sends what this node does not understand: {error}", True
