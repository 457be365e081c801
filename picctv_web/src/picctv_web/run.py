"""``picctv web run``: the web interface in one process, served by uvicorn."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from picctv_core.errors import PicctvError
from picctv_web import changes, plugin_apps, start

if TYPE_CHECKING:
    from picctv_web.config import WebSettings

log = logging.getLogger(__name__)

# A browser keeps the answer with a video open for as long as it shows it. So at the end everybody has a moment to be
# done, and is then cut off; what is still not done when uvicorn's own patience ends is hung up, and logged as such.
GRACE_SECONDS = 1.0
STOP_SECONDS = 3


class Server(uvicorn.Server):
    """uvicorn, with an end that neither open pages nor videos hold up."""

    def __init__(self, config: uvicorn.Config, told: changes.Changes) -> None:
        super().__init__(config)
        self._told = told

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, let those under way come to their end for a moment, then hang up."""
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._hang_up)
        await asyncio.to_thread(self._told.close)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        # Django sees a browser that has gone, and ends its answer as it does then: cancelling it would be an error.
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def serve(*, strict_plugins: bool) -> None:
    """Serve until SIGTERM or Ctrl-C. Django is set up already.

    Args:
        strict_plugins: refuse to start when any plugin's web part is not in order.

    Raises:
        PicctvError: the port is taken, a store can't be used, or a plugin is not in order.
    """
    if strict_plugins:
        get_resolver().url_patterns  # noqa: B018 - it mounts the plugins' pages, which can go wrong
        plugin_apps.check_strict(settings.PICCTV_PLUGINS)
    # uvicorn stops on a signal, and then raises it once more: it must not end the process before MongoDB is let go.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    web: WebSettings = settings.PICCTV.web
    # The port first: it is what most often goes wrong, and costs nothing to try.
    with _listen(web.host, web.port) as listening:
        start.migrate()
        with start.connect() as connection:
            application = get_asgi_application()
            config = uvicorn.Config(
                application,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
                ws="none",
            )
            log.info("the web interface is at %s; MongoDB is %s", web.address, connection.shown)
            told = changes.begin()
            try:
                Server(config, told).run(sockets=[listening])
            finally:
                told.close()
                log.info("the web interface has stopped")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PicctvError(
                f"port {port} of {host} is taken: stop the other program, or set another [web] port"
            ) from error
        raise PicctvError(
            f"can't listen at {host} port {port}: {error.strerror or error}; check [web] host and port"
        ) from error
