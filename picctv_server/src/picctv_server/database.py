"""The one way to MongoDB, for the server, its command line and the web.

mongoengine keeps connections in a registry of the process, and its documents name theirs: `models.ALIAS`. So there is
one such connection in a process at a time. Connect after forking, never before: pymongo's threads don't survive a fork.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

import mongoengine
import pymongo
from mongoengine.connection import get_db
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError

from picctv_core.errors import StoreError
from picctv_server import models

if TYPE_CHECKING:
    from types import TracebackType

    from pymongo.database import Database

    from picctv_server.config import MongoSettings
    from picctv_server.embedded import Embedded

log = logging.getLogger(__name__)

SELECTION_SECONDS = 3.0
"""How long an operation waits for a MongoDB that is away. Within a failover the next try finds the new primary."""

_ANSWER_SECONDS = 30.0


class Connection:
    """The process's connection. Close it, or take it as a context manager.

    Attributes:
        shown: the address, as it may be logged.
    """

    def __init__(self, shown: str, embedded: Embedded | None) -> None:
        """Keep what `connect` made."""
        self.shown = shown
        self._embedded = embedded

    @property
    def database(self) -> Database[dict[str, Any]]:
        """Give the database, for what mongoengine is too slow or too simple for."""
        return database()

    def close(self) -> None:
        """Disconnect; the embedded MongoDB ends with its last user."""
        mongoengine.disconnect(models.ALIAS)
        if self._embedded is not None:
            self._embedded.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def connect(settings: MongoSettings) -> Connection:
    """Connect this process to MongoDB; the embedded one is started where it does not run.

    Raises:
        StoreError: it can't be reached, does not let us in, or can't be started.
    """
    embedded: Embedded | None = None
    if settings.embedded is not None:
        # Deferred: it needs Linux, and this module does not.
        from picctv_server.embedded import ensure

        embedded = ensure(settings.embedded)
    uri = embedded.uri if embedded is not None else settings.uri
    try:
        mongoengine.connect(
            settings.database,
            alias=models.ALIAS,
            host=uri,
            tz_aware=True,
            uuidRepresentation="standard",
            serverSelectionTimeoutMS=int(SELECTION_SECONDS * 1000),
            connectTimeoutMS=int(SELECTION_SECONDS * 1000),
            # An acknowledgement to a node says that a majority has it in its journal.
            w="majority",
            journal=True,
            wTimeoutMS=int(_ANSWER_SECONDS * 1000),
            # A MongoDB that hangs is away, too.
            socketTimeoutMS=int(_ANSWER_SECONDS * 1000),
            appname="picctv",
        )
        # Asks for the database, so that a wrong password is found here and not at the first message.
        database().command("dbStats")
    except (PyMongoError, mongoengine.ConnectionFailure) as error:
        mongoengine.disconnect(models.ALIAS)
        if embedded is not None:
            embedded.stop()
        raise StoreError(_explain(settings, error)) from error
    return Connection(settings.shown, embedded)


def database() -> Database[dict[str, Any]]:
    """Give the database that this process is connected to."""
    found: Database[dict[str, Any]] = get_db(models.ALIAS)
    return found


def make_indexes() -> None:
    """Make the indexes that are missing. The server does it at its start; it needs a moment where there is much data.

    Raises:
        StoreError: MongoDB refuses.
    """
    try:
        for document in models.DOCUMENTS:
            document.ensure_indexes()
    except PyMongoError as error:
        raise StoreError(f"MongoDB can't make the indexes that picctv needs: {error}") from error


def describe(error: PyMongoError) -> str:
    """Say in one line what MongoDB's driver says in many."""
    if isinstance(error, ConnectionFailure):
        return "MongoDB does not answer"
    if isinstance(error, OperationFailure):
        return f"MongoDB refuses: {(error.details or {}).get('errmsg', error)}"
    return f"MongoDB can't be used: {str(error).splitlines()[0][:300]}"


def _explain(settings: MongoSettings, error: Exception) -> str:
    if isinstance(error, OperationFailure):
        return f"the MongoDB at {settings.shown} refuses: {(error.details or {}).get('errmsg', error)}; check the user and password in [mongodb] uri"
    if isinstance(error, pymongo.errors.ServerSelectionTimeoutError):
        return f"the MongoDB at {settings.shown} does not answer; check that it runs and that [mongodb] uri is right"
    if isinstance(error, (ConfigurationError, pymongo.errors.InvalidURI)):
        return f"[mongodb] uri can't be used: {error}"
    return f"the MongoDB at {settings.shown} can't be used: {error}"
