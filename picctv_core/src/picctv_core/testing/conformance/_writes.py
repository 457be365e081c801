"""Seeing what code writes to disk, through Python's audit events and by looking into folders."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/", "/proc/", "/sys/")
_PATHS = {
    "os.mkdir": 1,
    "os.rename": 2,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.truncate": 1,
    "sqlite3.connect": 1,
}
"""How many of an event's first arguments are paths that are written to."""

_SYMLINKS = ("os.link", "os.symlink")


class Writes:
    """What was written while it watched.

    Args:
        places: folders that were empty before, to look into afterwards.
    """

    def __init__(self, places: list[Path]) -> None:
        self._places = places
        self._seen: set[str] = set()
        self._others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event; those of threads that were there before are none of the analyzer's."""
        if threading.get_ident() in self._others:
            return
        if event == "open":
            path, mode, flags = (*arguments, None, None)[:3]
            writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else False
            if writes or (isinstance(flags, int) and flags & _WRITING):
                self._see(path)
        elif event in _PATHS:
            for path in arguments[: _PATHS[event]]:
                self._see(path)
        elif event in _SYMLINKS:
            self._see(arguments[1])

    def outside(self, folder: Path) -> list[str]:
        """Give the paths outside a folder, sorted."""
        found = {Path(os.path.realpath(path)) for path in self._seen}
        for place in self._places:
            found |= set(place.rglob("*"))
        return sorted(
            str(path)
            for path in found
            if path != folder
            and folder not in path.parents
            and path not in self._places
            and "__pycache__" not in path.parts
        )

    def _see(self, path: Any) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            text = os.fsdecode(path)
            if not text.startswith((":memory:", "file:", *_DEVICES)) and text:
                # Taken whole at once: the working directory is another one later.
                self._seen.add(os.path.join(os.getcwd(), text))  # noqa: PTH109, PTH118 - Path would be noted itself


_watching: Writes | None = None
_hooked = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is not None:
        _watching.note(event, arguments)


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[Writes]:
    """Watch what is written, with working, home and temporary directory in new folders below `folder`."""
    global _watching, _hooked  # noqa: PLW0603 - an audit hook can't be taken away, so there is one for the process
    places = [folder / name for name in ("working", "home", "temporary")]
    for place in places:
        place.mkdir()
    (folder / "data").mkdir()
    working, home, temporary = places
    before, tempdir = Path.cwd(), tempfile.tempdir
    changed = {"HOME": str(home), "TMPDIR": str(temporary)}
    environment = {name: os.environ.get(name) for name in changed}
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    writes = Writes(places)
    os.chdir(working)
    os.environ.update(changed)
    tempfile.tempdir = str(temporary)
    _watching = writes
    try:
        yield writes
    finally:
        _watching = None
        tempfile.tempdir = tempdir
        os.chdir(before)
        for name, value in environment.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
