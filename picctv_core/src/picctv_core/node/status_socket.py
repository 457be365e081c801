"""The running node's status for programs on the same machine: a unix socket in the node's data folder.

Whoever connects gets the newest status as one document of `picctv_core.codec`, and the connection ends. Only the node's
own user may connect.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.errors import CodecError, PicctvError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

NAME = "status.sock"

_PATIENCE_S = 2.0
"""How long one who connects may take to read; the next one waits for so long."""


class StatusSocket:
    """Answers with the newest status, on a thread of its own.

    Args:
        folder: the node's data folder. Nobody else may use it: what a node that was killed left there is replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._newest = b""
        self._wake: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to answer. Where that can't be, it is logged, and the node goes on without."""
        try:
            listener = _listen(self._folder)
        except OSError as error:
            log.warning(
                "`picctv plugins info` can't ask this node: %s can't be made: %s",
                self._folder / NAME,
                error.strerror or error,
            )
            return
        woken, self._wake = socket.socketpair()
        self._thread = threading.Thread(
            target=self._run, args=(listener, woken), name="status socket", daemon=True
        )
        self._thread.start()

    def put(self, status: dict[str, Any]) -> None:
        """Take a status, as the server gets it; its pictures are left out."""
        cameras = {
            name: {key: value for key, value in camera.items() if key != "picture"}
            for name, camera in status["cameras"].items()
        }
        try:
            self._newest = codec.pack(status | {"cameras": cameras})
        except CodecError as error:
            log.debug("this status can't be packed: %s", error)

    def stop(self) -> None:
        """Answer no more, and take the socket away."""
        if self._thread is None or self._wake is None:
            return
        self._wake.close()
        self._thread.join()
        with contextlib.suppress(FileNotFoundError):
            (self._folder / NAME).unlink()

    def _run(self, listener: socket.socket, woken: socket.socket) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while all(key.fileobj is not woken for key, _ in selector.select()):
                # Whoever has gone again, or does not read, has had his chance.
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(_PATIENCE_S)
                        connection.sendall(self._newest)


def ask(folder: Path) -> dict[str, Any] | None:
    """Give the newest status of the node that runs on a data folder.

    Returns:
        The status without pictures; None where no node runs there, or none that has made a status yet.

    Raises:
        PicctvError: a node may run there, but it can't be asked; the text says why.
    """
    path = folder / NAME
    said = bytearray()
    try:
        with _short(folder) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2 * _PATIENCE_S)
            connection.connect(address)
            while part := connection.recv(2**16):
                said += part
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise PicctvError(f"{path} is another user's: ask as the user that runs the node") from None
    except OSError as error:
        raise PicctvError(f"the node at {path} does not answer: {error.strerror or error}") from error
    if not said:
        return None
    try:
        found = codec.unpack(bytes(said))
    except CodecError as error:
        raise PicctvError(f"what the node at {path} says can't be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("cameras"), dict):
        raise PicctvError(f"what the node at {path} says is no status; is it of another version of picctv?")
    return found


def _listen(folder: Path) -> socket.socket:
    path = folder / NAME
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    try:
        with _short(folder) as address:
            listener.bind(address)
        # Before it listens, nobody can connect: there is no moment at which others could.
        path.chmod(0o600)
        listener.listen(8)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Give an address of the socket in the folder; a unix socket's has no more than 107 bytes, however deep the folder."""
    direct = str(folder / NAME)
    if len(os.fsencode(direct)) < 100 or not Path("/proc/self/fd").is_dir():
        yield direct
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)
