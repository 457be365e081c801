"""The server as an ASGI application, and how it is run."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn
from pymongo.errors import PyMongoError
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from picctv_core.clock import SystemClock
from picctv_core.errors import PicctvError
from picctv_server import clips, database, wire
from picctv_server.housekeeping import Housekeeping
from picctv_server.ingest import RETRY_SECONDS, Ingest
from picctv_server.own_status import OwnStatus
from picctv_server.presence import Presence
from picctv_server.processing import Processing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from picctv_core.clock import Clock
    from picctv_server.config import ServerConfig, ServerSettings

log = logging.getLogger(__name__)

STOP_SECONDS = 3
"""How long connections may take to end; then so long the messages that are being processed, and then the processors."""


def create_app(
    config: ServerConfig, *, strict: bool = False, clock: Clock | None = None, retry_s: float = RETRY_SECONDS
) -> Starlette:
    """Make the application. The process must be connected (`database.connect`) as long as it lives.

    Args:
        config: the settings.
        strict: whether a plugin that can't be used is an error.
        clock: the time; the system's by default.
        retry_s: the first pause before a message is tried again, in seconds.

    Raises:
        PluginError: a plugin can't be used, and `strict` was asked for.
        StoreError: MongoDB or the clip store can't be used.
    """
    clock = clock or SystemClock()
    database.make_indexes()
    processing = Processing(config, clips.open_store(config.clips), clock, strict=strict)
    ingest = Ingest(processing, Presence(clock), retry_s=retry_s)
    status = OwnStatus(config.server, processing, clock)
    housekeeping = Housekeeping(processing, clock, config)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        keeping_up = asyncio.create_task(status.keep_up(ingest))
        housekeeping.start()
        yield
        keeping_up.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping_up
        ends = (ingest.close, housekeeping.stop)
        await asyncio.gather(*(asyncio.to_thread(end, STOP_SECONDS) for end in ends))
        await asyncio.to_thread(processing.processors.stop, STOP_SECONDS)

    async def healthz(_request: Request) -> JSONResponse:
        """Say whether this server can store: for load balancers and people who look for a fault."""
        try:
            await ingest.in_thread(lambda: database.database().command("ping"))
        except PyMongoError:
            return JSONResponse({"name": config.server.name, "mongodb": "away"}, 503)
        answer = {"name": config.server.name, "version": ingest.version, "mongodb": "ok"}
        return JSONResponse(answer | {"waits_for": ingest.away} if ingest.away else answer)

    return Starlette(
        routes=[Route("/healthz", healthz), WebSocketRoute("/uplink", ingest.endpoint)], lifespan=lifespan
    )


def make_server(
    config: ServerConfig, *, strict: bool = False, retry_s: float = RETRY_SECONDS
) -> uvicorn.Server:
    """Make the server around the application of `create_app`, which tells more."""
    settings = uvicorn.Config(
        create_app(config, strict=strict, retry_s=retry_s),
        ws="websockets-sansio",
        ws_max_size=wire.MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # video does not shrink
        lifespan="on",
        log_config=None,  # the command line has set logging up
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    # Its own steps are of no use to people; that it can't go on is.
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.getLogger().level))
    return uvicorn.Server(settings)


def run(config: ServerConfig, *, strict: bool = False) -> int:
    """Run the server until SIGTERM or SIGINT; give the exit code.

    Raises:
        PicctvError: it can't start: the address is taken, MongoDB does not answer, a plugin can't be used.
    """
    # uvicorn catches both signals while it runs and raises them again at its end. SIGTERM by itself would then end the
    # process at once, and leave the embedded MongoDB running.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # First the port, as it is the cheapest to find taken.
        with listen(config.server) as listener, database.connect(config.mongodb) as connection:
            server = make_server(config, strict=strict)
            log.info(
                "server %s listens at %s, port %s; MongoDB: %s; clips: %s",
                *(
                    config.server.name,
                    config.server.host,
                    config.server.port,
                    connection.shown,
                    config.clips.store,
                ),
            )
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
            log.info("server %s has stopped", config.server.name)
            return 0 if server.started else 1
    finally:
        signal.signal(signal.SIGTERM, before)


def listen(settings: ServerSettings) -> socket.socket:
    """Open the server's port.

    Raises:
        PicctvError: it is taken, or the address is none of this machine's.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except BaseException:
            listener.close()
            raise
    except socket.gaierror as error:
        raise PicctvError(f"[server] host {host!r} can't be resolved: {error.strerror}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PicctvError(
                f"port {port} on {host} is taken: stop the other program or set [server] port"
            ) from None
        raise PicctvError(
            f"the server can't listen at {host}, port {port}: {error.strerror}; see [server]"
        ) from error
    return listener
