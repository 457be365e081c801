"""The web interface as an ASGI application, for any ASGI server; ``picctv web run`` serves it with uvicorn.

Example:
    ``PICCTV_WEB_CONFIG=/etc/picctv/web.toml uvicorn picctv_web.asgi:application``
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from picctv_web.start import connect, migrate, set_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logging.basicConfig(level=logging.INFO)
set_up()
migrate()
_connection = connect()

# After the start, because Django's handler reads settings and apps when it is made.
from django.core.asgi import get_asgi_application  # noqa: E402

from picctv_web import changes  # noqa: E402

_changes = changes.begin()
_django = get_asgi_application()


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Answer with Django; let MongoDB go when the server says that it ends, as nothing of a process runs after SIGTERM."""
    if scope["type"] != "lifespan":
        await _django(scope, receive, send)
        return
    while True:
        event = (await receive())["type"]
        if event == "lifespan.shutdown":
            _changes.close()
            _connection.close()
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
