"""The errors of picctv.

::

    PicctvError                 anything picctv itself says no to
    ├── SettingsError           one or more faults in a settings file, all at once
    ├── PluginError             a plugin that can't be loaded, or broke its contract
    ├── SourceError             a camera that can't be opened or read
    ├── CodecError              bytes that are not a message of ours
    ├── SpoolError              a node's spool that can't be written or read
    └── StoreError              a database or clip store that can't do its work

The text of each is written for the person in front of the terminal: one line that says what is
wrong, where, and what to do. The command line prints it without a traceback and exits with 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PicctvError(Exception):
    """Anything picctv itself says no to."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a settings file.

    Attributes:
        message: what is wrong and the way out.
        key: the dotted key, or an empty string where the file as a whole is meant.
        line: its line in the file, from 1; None where there is none.
    """

    message: str
    key: str = ""
    line: int | None = None

    def describe(self, path: Path | None) -> str:
        """Give the fault as one line, in the form ``file:line: key: message``."""
        place = [str(path)] if path else []
        if self.line is not None:
            place.append(str(self.line))
        parts = [":".join(place), self.key, self.message]
        return ": ".join(part for part in parts if part)


class SettingsError(PicctvError):
    """A settings file with faults; `faults` has all of them."""

    def __init__(self, path: Path | None, faults: Sequence[Fault]) -> None:
        """Keep the faults and make their lines the error's text."""
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.describe(path) for fault in self.faults))


class PluginError(PicctvError):
    """A plugin that can't be loaded, or that broke its contract."""


class SourceError(PicctvError):
    """A camera that can't be opened or read.

    Attributes:
        retry: whether trying again later can help (a camera that is away), or not (a file that is no video).
    """

    def __init__(self, message: str, *, retry: bool = True) -> None:
        """Keep the message for people and whether a later try can help."""
        self.retry = retry
        super().__init__(message)


class CodecError(PicctvError):
    """Bytes that are not a message of ours, or a value that can't be put into one."""


class SpoolError(PicctvError):
    """A node's spool that can't be written or read."""


class StoreError(PicctvError):
    """A database or clip store that can't do its work."""


def one_line(error: BaseException, ours: type[PicctvError] = PicctvError) -> str:
    """Give an error in one line: its text if it is one of ours, its type and text otherwise."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ours) else f"{type(error).__name__}: {text}".removesuffix(": ")
