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
    """The server does not want this node."""


def explain(url: str, node: str, error: Exception) -> str:
    """Give one line about what went wrong."""
    server = f"the server at {url}"
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in {401, 403}:
            return (
                f"{server} does not accept this node's token: make one with `picctv server token create {node}` "
                "and put it into the node's token or token_file"
            )
        return f"{server} answers with HTTP status {status}; is it a picctv server?"
    if isinstance(error, RefusedError):
        return f"{server} refuses this node: {error}"
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, (EOFError, ConnectionError)):
        return f"{server} ended the connection before it said anything"
    if isinstance(error, AlteredError):
        return f"what {server} sends is altered on its way"
    if isinstance(error, (InvalidHandshake, InvalidURI)):
        return f"{server} is no picctv server: {error}"
    if isinstance(error, ConnectionClosed):
        return f"the connection to {server} was lost"
    if isinstance(error, TimeoutError):
        return f"{server} does not answer"
    if isinstance(error, ssl.SSLError):
        return f"{server} can't be reached safely: {error.reason or error}; check its certificate"
    if isinstance(error, ConnectionRefusedError):
        return f"{server} can't be reached: nothing listens there; is it running?"
    if isinstance(error, OSError):
        return f"{server} can't be reached: {error.strerror or error}"
    return f"{server} sends what this node does not understand: {error}"
