"""A look into a spool from outside, also while a node runs on it: what waits, what is set aside, and sending that again."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.errors import SpoolError
from picctv_core.node import _spool_file
from picctv_core.node._spool_repair import kept_aside
from picctv_core.node._spool_schema import VERSION, connect, is_damage, transaction, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Group:
    """The messages of one kind of one plugin and camera.

    Attributes:
        camera: empty where they are about the node itself.
        plugin: empty where picctv itself sent them.
        kind: what they are.
        priority: 0 goes first, 2 last.
        messages: how many wait.
        bytes: the size of their payloads.
        oldest_ns: from when on, UTC nanoseconds since the epoch.
        newest_ns: until when.
    """

    camera: str
    plugin: str
    kind: str
    priority: int
    messages: int
    bytes: int
    oldest_ns: int
    newest_ns: int


@dataclass(frozen=True)
class Aside:
    """A message that was set aside, and why."""

    id: str
    camera: str
    plugin: str
    kind: str
    captured_at_ns: int
    bytes: int
    reason: str


@dataclass(frozen=True)
class View:
    """What is in a spool.

    Attributes:
        path: its file.
        waiting: what is to be sent, the most urgent first.
        aside: what is not.
        file_bytes: the room that it takes on the disk.
        free_bytes: the room that is left there.
        damaged: files that were damaged and are kept until a person removes them.
    """

    path: Path
    waiting: tuple[Group, ...]
    aside: tuple[Aside, ...]
    file_bytes: int
    free_bytes: int
    damaged: tuple[Path, ...]


def look(path: Path) -> View:
    """Look into a spool, without changing it.

    Raises:
        SpoolError: there is none, or it can't be read.
    """
    with _opened(path, read_only=True) as connection:
        groups = connection.execute(
            "SELECT camera, plugin, kind, priority, count(*), sum(bytes), min(from_ns), max(to_ns) FROM messages"
            " WHERE reason IS NULL GROUP BY priority, camera, plugin, kind ORDER BY priority, camera, plugin, kind"
        ).fetchall()
        aside = connection.execute(
            "SELECT id, camera, plugin, kind, captured_at_ns, bytes, reason FROM messages"
            " WHERE reason IS NOT NULL ORDER BY sequence"
        ).fetchall()
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal")]
    return View(
        path=path,
        waiting=tuple(Group(*row) for row in groups),
        aside=tuple(Aside(*row) for row in aside),
        file_bytes=sum(file.stat().st_size for file in files if file.exists()),
        free_bytes=_spool_file.free_bytes(path),
        damaged=tuple(kept_aside(path)),
    )


def resend(path: Path, ids: Sequence[str] = ()) -> list[str]:
    """Let messages that were set aside wait again; a node that runs sends them within seconds.

    Args:
        path: the spool's file.
        ids: which of them; all that are not damaged, where there are none.

    Returns:
        The ids of those that wait now.

    Raises:
        SpoolError: one of the ids is not that of a message that is set aside, or is damaged; then nothing was changed.
            Or the spool can't be written.
    """
    with _opened(path, read_only=False) as connection, transaction(connection):
        found = dict(
            connection.execute("SELECT id, reason FROM messages WHERE reason IS NOT NULL ORDER BY sequence")
        )
        wrong = [
            f"no message {message_id} is set aside in {path}" for message_id in ids if message_id not in found
        ]
        wrong += [
            f"message {message_id} can't be sent again: {found[message_id]}"
            for message_id in ids
            if found.get(message_id) == _spool_file.DAMAGED
        ]
        if wrong:
            raise SpoolError(
                "\n".join([*wrong, "`picctv node spool` shows what is set aside; nothing was changed"])
            )
        chosen = [*ids] or [
            message_id for message_id, reason in found.items() if reason != _spool_file.DAMAGED
        ]
        connection.executemany("UPDATE messages SET reason = NULL WHERE id = ?", [(one,) for one in chosen])
    return chosen


@contextlib.contextmanager
def _opened(path: Path, *, read_only: bool) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise SpoolError(f"there is no spool at {path}: no node has run on this data folder yet")
    try:
        connection = connect(path, read_only=read_only)
        try:
            if (version := version_of(connection)) > VERSION:
                raise SpoolError(
                    f"the spool {path} is of version {version}, this picctv knows version {VERSION}"
                )
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        if is_damage(error):
            raise SpoolError(
                f"the spool {path} is damaged: {error}; the node repairs it when it starts"
            ) from error
        raise _spool_file.explain(path, error) from error
