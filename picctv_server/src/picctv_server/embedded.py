"""A real MongoDB of picctv's own, for trying out, small sites and tests.

One ``mongod`` serves all processes that use the same folder. Whoever comes first starts it, whoever leaves last stops
it: each holds a shared lock while using it, which the kernel takes back even from a process that was killed. It is
reachable through a unix socket of mode 0600 only, and is a replica set of one member, so that change streams and
transactions work and a site that outgrows it changes nothing but its address.

In the folder: ``db`` (the data), ``mongod.log``, ``mongod.sock``, ``lib`` (links to its libraries), and the two locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import select
import shutil
import signal
import socket
import stat
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import quote

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from picctv_core.errors import StoreError
from picctv_server import _mongod

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from types import TracebackType

log = logging.getLogger(__name__)

START_SECONDS = 60.0
"""How long mongod may take to come up: after a power cut it first goes through its journal."""

STOP_SECONDS = 4.5
"""How long mongod may take to end before it is killed, which its journal is made for."""

# The kernel allows 108 bytes; MongoDB's own rules and the second socket beside ours take some of them.
_MAX_SOCKET_BYTES = 99
# Anything else has a meaning to mongod (a comma, a colon) or is not certain to have none.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")
_MAX_LOG_BYTES = 8 * 2**20
_POLL_SECONDS = 0.02

_NOT_YET_INITIALIZED = 94

# mongods that this process started, so that whichever of its users stops one also reaps it.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Embedded:
    """A use of the embedded MongoDB.

    Attributes:
        uri: the address to connect to.
        started: whether this use found no mongod running, and started it.
    """

    def __init__(self, folder: Path, uri: str, users: IO[bytes], *, started: bool) -> None:
        """Keep what `ensure` made."""
        self.uri = uri
        self.started = started
        self._folder = folder
        self._users: IO[bytes] | None = users

    def stop(self) -> None:
        """End this use, within 5 seconds; the last user of the folder stops mongod. Harmless when called again."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            with users, _start_lock(self._folder, STOP_SECONDS):
                # Under the start lock nobody can begin a use, so being alone now is being the last.
                if _try_lock(users, fcntl.LOCK_EX):
                    _stop_mongod(self._folder, STOP_SECONDS)
                # Still under it: of two that leave at once, the second must find itself alone.
                users.close()
        except _LockTimeoutError:
            # Whoever held it for all that time is starting mongod, and is a user of it.
            log.info("the embedded MongoDB in %s is used by others", self._folder)
        except FileNotFoundError:
            log.warning(
                "the folder of the embedded MongoDB, %s, was taken away while it was used", self._folder
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def ensure(data: Path) -> Embedded:
    """Use the MongoDB of a folder, and start it where it does not run.

    Args:
        data: its folder; made if it is not there. It may have been moved since the last run.

    Returns:
        The use; end it with `Embedded.stop`, or take it as a context manager.

    Raises:
        StoreError: it can't run; the text says why and what to do.
    """
    folder = data.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        users = (folder / "users.lock").open("ab")
    except OSError as error:
        raise StoreError(f"the embedded MongoDB can't use the folder {folder}: {error.strerror}") from error
    try:
        with _start_lock(folder, START_SECONDS):
            fcntl.flock(users, fcntl.LOCK_SH)
            uri, started = _ensure_running(folder)
    except _LockTimeoutError:
        users.close()
        raise StoreError(
            f"the embedded MongoDB in {folder} is being started by another process, and does not come up"
        ) from None
    except OSError as error:
        users.close()
        raise StoreError(f"the embedded MongoDB can't use the folder {folder}: {error.strerror}") from error
    except BaseException:
        users.close()
        raise
    return Embedded(folder, uri, users, started=started)


def _ensure_running(folder: Path) -> tuple[str, bool]:
    pid = _running(folder)
    path = _socket_path(folder)
    uri = f"mongodb://{quote(str(path), safe='')}/?directConnection=true"
    if pid is not None:
        # It may have been started by a process that was killed before mongod was up.
        if not _wait_for_socket(path, None):
            raise StoreError(
                f"the embedded MongoDB of {folder} runs as process {pid} but does not answer: end it (kill {pid}), then start again"
            )
        _make_primary(uri, path)
        log.info("using the embedded MongoDB in %s, process %s, which was running", folder, pid)
        return uri, False
    _keep_log_small(folder)
    log_from = _size(_mongod.log_path(folder))
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = _mongod.spawn(_mongod.find(), folder, path, output)
        try:
            if not _wait_for_socket(path, process):
                raise StoreError(_why_not(folder, process, output, log_from))
            _make_primary(uri, path)
        except PyMongoError as error:
            process.kill()
            process.wait()
            raise StoreError(
                f"the embedded MongoDB in {folder} does not get ready: {error}; see {_mongod.log_path(folder)}"
            ) from error
        except BaseException:
            process.kill()
            process.wait()
            raise
    _children[process.pid] = process
    log.info(
        "started the embedded MongoDB in %s, process %s, in %.1f s",
        folder,
        process.pid,
        time.monotonic() - begin,
    )
    return uri, True


def _why_not(folder: Path, process: subprocess.Popen[bytes], output: IO[bytes], log_from: int) -> str:
    if process.poll() is None:
        return (
            f"the embedded MongoDB did not come up within {START_SECONDS:g} s; see {_mongod.log_path(folder)}"
        )
    output.seek(0)
    return _mongod.explain(folder, process.returncode, output.read(), log_from)


def _wait_for_socket(path: Path, process: subprocess.Popen[bytes] | None) -> bool:
    """Wait until something listens; False when the process ended, or the time did."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                if process is not None and process.poll() is not None:
                    return False
            else:
                return True
        time.sleep(_POLL_SECONDS)
    return False


def _make_primary(uri: str, path: Path) -> None:
    """Make the replica set of one that mongod is told to be; move its address when the folder has moved."""
    member = str(path)
    deadline = time.monotonic() + START_SECONDS
    with pymongo.MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=5000) as client:
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise StoreError(f"the embedded MongoDB at {path} does not become writable; see its log")
            with contextlib.suppress(OperationFailure):
                # It fails while mongod is still reading what it has, and as long as an election runs: ask again.
                _configure(client, member)
            time.sleep(_POLL_SECONDS)


def _configure(client: pymongo.MongoClient[dict[str, object]], member: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALIZED:
            members = [{"_id": 0, "host": member}]
            client.admin.command("replSetInitiate", {"_id": _mongod.REPLICA_SET, "members": members})
        return
    if config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _running(folder: Path) -> int | None:
    """Give the process id of the mongod that has the folder: it holds a lock on a file that has its id."""
    try:
        with (folder / "db" / "mongod.lock").open("rb") as file:
            if _try_lock(file, fcntl.LOCK_EX):
                return None
            return int(file.read() or 0) or None
    except FileNotFoundError:
        return None


def _stop_mongod(folder: Path, seconds: float) -> None:
    pid = _running(folder)
    if pid is None:
        return
    process = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        # Its lock on the folder is free a little before it has ended, and it need not be our child.
        if not select.select([process], [], [], seconds)[0]:
            log.warning(
                "the embedded MongoDB, process %s, did not end in time and is killed; its journal has all",
                pid,
            )
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], seconds)
    finally:
        os.close(process)
    if (child := _children.pop(pid, None)) is not None:
        child.wait()
    record = folder / "socket"
    if record.is_symlink():
        shutil.rmtree(record.readlink(), ignore_errors=True)
        record.unlink()
    log.info("stopped the embedded MongoDB in %s", folder)


def _socket_path(folder: Path) -> Path:
    """Give the socket's path: in the folder, or where that is too long or odd, in a private folder that it links to."""
    path = folder / "mongod.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_BYTES and _PLAIN_PATH.fullmatch(str(path)):
        return path
    record = folder / "socket"
    if record.is_symlink():
        if _is_private(record.readlink()):
            return record.readlink() / path.name
        record.unlink()
    private = Path(tempfile.mkdtemp(prefix="picctv-", dir=os.environ.get("XDG_RUNTIME_DIR") or None))
    record.symlink_to(private)
    return private / path.name


def _is_private(folder: Path) -> bool:
    """Say whether nobody but us can have put a socket there: a stranger may have made the folder anew."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
    )


def _keep_log_small(folder: Path) -> None:
    path = _mongod.log_path(folder)
    if _size(path) > _MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class _LockTimeoutError(Exception):
    """Another process held the start lock for too long."""


@contextlib.contextmanager
def _start_lock(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the lock under which mongod is started and stopped."""
    deadline = time.monotonic() + seconds
    with (folder / "start.lock").open("ab") as file:
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise _LockTimeoutError
            time.sleep(_POLL_SECONDS)
        yield


def _try_lock(file: IO[bytes], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
