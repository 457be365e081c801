"""What a server process says of itself, for the web, which may run on another machine."""

from __future__ import annotations

import asyncio
import importlib.metadata
import socket
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError

from picctv_server.database import database
from picctv_server.models import moment
from picctv_server.presence import plain

if TYPE_CHECKING:
    from picctv_core.clock import Clock
    from picctv_server.config import ServerSettings
    from picctv_server.ingest import Ingest
    from picctv_server.processing import Processing

INTERVAL_S = 10.0


class OwnStatus:
    """Writes the document `ServerStatus` of this process."""

    def __init__(self, settings: ServerSettings, processing: Processing, clock: Clock) -> None:
        # The address alone would do on one machine; `host` is mostly the same on all of them.
        self.id = f"{socket.gethostname()}:{settings.port}"
        self._name = settings.name
        self._processors = processing.processors
        self._alarms = processing.alarms
        self._store = processing.store
        self._notify_database_away = settings.notify_database_away
        self._away = 0
        self._database_away: tuple[int, int] | None = None
        self._clock = clock
        self._version = importlib.metadata.version("picctv-server")

    def write(self, away: str = "") -> None:
        """Write it once; where MongoDB does not answer, the next one is as good.

        Args:
            away: why something can't be stored at the moment.
        """
        asked_ns = self._clock.now_ns()
        try:
            self._write(away)
            self._tell(away)
            self._tell_of_database()
        except PyMongoError:
            # what stores says so in the log
            since_ns, tries = self._database_away or (asked_ns, 0)
            self._database_away = since_ns, tries + 1

    def _write(self, away: str) -> None:
        values = {
            "name": self._name,
            "version": self._version,
            "last_seen_at": moment(self._clock.now_ns()),
            "away": away,
            "plugins": plain(self._processors.report()),
        }
        database()["server_statuses"].update_one({"_id": self.id}, {"$set": values}, upsert=True)

    def _tell(self, away: str) -> None:
        """Tell people that this server can't store something, when that lasts, and when it is over."""
        self._away = self._away + 1 if away else 0
        key = f"storing:{self.id}"
        if self._away > 1:
            self._alarms.begin(
                key,
                "error",
                f"Server {self._name} can't store what comes",
                f"{away}. Nodes keep what they have, as far as their spools reach, and send it when this is over.",
            )
        elif not away:
            self._alarms.end(key, "info", f"Server {self._name} stores again")

    def _tell_of_database(self) -> None:
        """Tell people that MongoDB was away, now that this can be stored, unless it was a failover and no more."""
        if self._database_away is None:
            return
        since_ns, tries = self._database_away
        if tries > 1 and self._notify_database_away:
            began, ended = (
                f"{moment(at_ns):%Y-%m-%d %H:%M:%S}" for at_ns in (since_ns, self._clock.now_ns())
            )
            self._store.say(
                f"database-away:{self.id}:{since_ns}",
                "warning",
                f"MongoDB was away from server {self._name}",
                f"It did not answer from {began} to {ended} UTC. Nodes kept what they had, as far as their spools reach, "
                "and send it now.",
            )
        self._database_away = None

    async def keep_up(self, ingest: Ingest) -> None:
        """Write it again and again, on one of ingest's threads, until it is cancelled."""
        while True:
            await ingest.in_thread(self.write, ingest.away)
            await asyncio.sleep(INTERVAL_S)
