"""Whose fault it is that a message can't be stored: the machine's, which mends, or the processor's, which does not."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mongoengine.errors import MongoEngineException
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    DuplicateKeyError,
    InvalidName,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    WriteError,
)

from picctv_core.errors import PluginError, StoreError
from picctv_server.clips.base import MissingError
from picctv_server.database import describe

if TYPE_CHECKING:
    from picctv_core.plugins import Plugin

_MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)

# What MongoDB says of a disk that is full, in whatever class of error.
_FULL_DISK_CODES = frozenset({14031})

# What MongoDB says to a command that is wrong by itself, and would be tomorrow: BadValue, FailedToParse, TypeMismatch,
# NamespaceNotFound, IndexNotFound, PathNotViable, ConflictingUpdateOperators, DollarPrefixedFieldName, EmptyFieldName,
# CommandNotFound, ImmutableField, CannotCreateIndex, two conflicts of indexes, DocumentValidationFailure,
# InvalidPipelineOperator.
_WRONG_COMMAND_CODES = frozenset({2, 9, 14, 26, 27, 28, 40, 52, 56, 59, 66, 67, 85, 86, 121, 168})

_WRONG_WRITES = (
    BulkWriteError,
    CollectionInvalid,
    DuplicateKeyError,
    InvalidName,
    InvalidOperation,
    WriteError,
)


class NotNowError(StoreError):
    """The message can't be stored at the moment: MongoDB is away, a disk is full. It can be tried again at will."""


class ProcessorError(PluginError):
    """A processor raised what no processor should. It is tried again a few times, then the message goes aside.

    Attributes:
        plugin: whose processor it was; None where it was picctv's own storing.
    """

    def __init__(self, text: str, plugin: Plugin | None) -> None:
        super().__init__(text)
        self.plugin = plugin


def is_machines(error: BaseException) -> bool:
    """Say whether an error, or what it was raised from, tells of the machine and not of the message or the plugin."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, (MissingError, *_WRONG_WRITES)):
            return getattr(found, "code", None) in _FULL_DISK_CODES
        if isinstance(found, OperationFailure):
            return found.code not in _WRONG_COMMAND_CODES
        if isinstance(found, OSError):
            return found.errno in _MACHINE_ERRNOS
        if isinstance(found, (PyMongoError, StoreError, MemoryError)):
            return True
        # mongoengine raises errors of its own in the place of pymongo's, without naming these as the cause.
        within = found.__context__ if isinstance(found, MongoEngineException) else None
        found = found.__cause__ or within
    return False


def why_not_now(error: BaseException) -> str:
    """Say in one line what is wrong with the machine."""
    if isinstance(error, PyMongoError):
        return describe(error)
    return str(error) or type(error).__name__
