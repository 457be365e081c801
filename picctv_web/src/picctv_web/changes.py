"""Open pages hear at once of what was stored: a change stream of MongoDB in, server-sent events out.

A page asks again every ten seconds anyway (``live.js``). What people wait for is told to it in between: notifications,
clips and gaps, each by the name of its collection and nothing else. What is new the page then reads as ever, so that
there is one way to show it.

One thread of the process reads the change stream while any page listens. A MongoDB without one (a standalone server) is
told so once in the log; pages then have their ten seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET
from pymongo.errors import OperationFailure, PyMongoError

from picctv_server import database, models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 15.0
"""How often a comment goes to a page that hears nothing, so that nobody in between takes the connection for dead."""

LONGEST_S = 600.0
"""After so long a page connects anew: a login that has ended in the meantime is noticed then."""

_MODELS = (models.Notification, models.Clip, models.Gap)
_WATCHED = [model._get_collection_name() for model in _MODELS]  # noqa: SLF001 - mongoengine's only way to say it
_PIPELINE: list[dict[str, Any]] = [
    {"$match": {"operationType": "insert", "ns.coll": {"$in": _WATCHED}}},
    {"$project": {"ns": 1}},
]

_AWAIT_MS = 500
_PAUSE_S = 2.0
# What MongoDB answers where there is no replica set: NotAReplicaSet's text has had two codes.
_NO_CHANGE_STREAMS = frozenset({40573, 40324})


class _Listener:
    """One open page. `note` is called on the event loop only."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.woken = asyncio.Event()
        self.names: set[str] = set()

    def note(self, names: set[str]) -> None:
        self.names |= names
        self.woken.set()


class Changes:
    """Tells listeners which collections have something new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[_Listener] = set()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.supported = True
        """Whether MongoDB has change streams, as far as is known."""

    async def listen(self) -> AsyncIterator[set[str]]:
        """Give the names of collections with something new, as it comes; an empty set now and then where nothing does."""
        listener = _Listener()
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()
        try:
            while not self._closed.is_set() and self.supported:
                with contextlib.suppress(TimeoutError):  # then the empty set says that nothing came
                    await asyncio.wait_for(listener.woken.wait(), KEEP_ALIVE_S)
                listener.woken.clear()
                names, listener.names = listener.names, set()
                yield names
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def close(self) -> None:
        """End the thread and everybody's listening; before the connection to MongoDB is closed. Harmless when repeated."""
        self._closed.set()
        self._tell(set())
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _tell(self, names: set[str]) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.loop.call_soon_threadsafe(listener.note, names)

    def _needed(self) -> bool:
        """Say whether the thread is to go on; where not, the next listener starts another one."""
        with self._lock:
            if self._listeners and self.supported and not self._closed.is_set():
                return True
            self._thread = None
            return False

    def _run(self) -> None:
        told = False
        while self._needed():
            try:
                self._read()
                told = False
            except OperationFailure as error:
                if error.code in _NO_CHANGE_STREAMS:
                    self.supported = False
                    log.warning(
                        "MongoDB has no change streams, as it is no replica set: pages are renewed every 10 s"
                    )
                    self._tell(set())
                    continue
                told = self._away(error, told=told)
            except PyMongoError as error:
                told = self._away(error, told=told)

    def _read(self) -> None:
        options: dict[str, Any] = {"max_await_time_ms": _AWAIT_MS}
        with database.database().watch(_PIPELINE, **options) as stream:
            # What was stored before the stream began is not in it.
            self._tell(set(_WATCHED))
            while self._needed():
                change = stream.try_next()
                if change is not None:
                    self._tell({change["ns"]["coll"]})

    def _away(self, error: PyMongoError, *, told: bool) -> bool:
        if not told:
            log.warning("open pages hear nothing for now: %s", database.describe(error))
        self._closed.wait(_PAUSE_S)
        return True


# Those of this process. Made anew by `begin`, for a connection that was closed is followed by another one in tests.
_current: list[Changes] = []


def begin() -> Changes:
    """Let pages listen from now on; close what it gives before the connection to MongoDB is closed."""
    _current[:] = [Changes()]
    return _current[0]


@require_GET
async def stream(_request: HttpRequest) -> HttpResponseBase:
    """Serve the names of what is new as server-sent events; 204 where there is no telling, so that no browser asks again."""
    if not _current or not _current[0].supported:
        return HttpResponse(status=204)
    # Proxies that collect an answer before they pass it on are asked not to.
    headers = {"X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_events(_current[0]), content_type="text/event-stream", headers=headers)


async def _events(changes: Changes) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONGEST_S
    yield "retry: 3000\n\n"
    async for names in changes.listen():
        yield "".join(f"event: stored\ndata: {name}\n\n" for name in sorted(names)) or ": nothing new\n\n"
        if loop.time() > ends:
            return
