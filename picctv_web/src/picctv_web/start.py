"""The start of a process that uses the web interface's Django: the server, and the commands that make users."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from picctv_core.errors import PicctvError
from picctv_web.config import CONFIG_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_server.database import Connection


def set_up(config: Path | None = None) -> None:
    """Set Django up. Harmless when called again.

    Args:
        config: ``web.toml``; None where the environment names it.

    Raises:
        PicctvError: no settings are named, or they have faults.
    """
    if config is not None:
        os.environ[CONFIG_VARIABLE] = str(config.absolute())
    if CONFIG_VARIABLE not in os.environ:
        raise PicctvError(f"set {CONFIG_VARIABLE} to the path of web.toml")
    os.environ["DJANGO_SETTINGS_MODULE"] = "picctv_web.settings"
    # Deferred: it is heavy, and reads the environment that has just been set.
    import django

    django.setup()
    # A page that is not there is the visitor's affair; what is wrong with us is logged as an error.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def migrate() -> None:
    """Bring the accounts' database up to date.

    Raises:
        PicctvError: it can't be opened or written.
    """
    # Deferred: they need Django to be set up.
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError

    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        path = settings.DATABASES["default"]["NAME"]
        raise PicctvError(
            f"the accounts in {path} can't be used: {error}; check its rights and the free space"
        ) from error


def connect() -> Connection:
    """Connect to MongoDB and open the clip store.

    Raises:
        PicctvError: one of them can't be used.
    """
    # Deferred: as above, and Django's settings have read web.toml.
    from django.conf import settings

    from picctv_server.database import connect as connect_database
    from picctv_web import media

    connection = connect_database(settings.PICCTV.mongodb)
    try:
        media.open_clip_store(settings.PICCTV.clips)
    except BaseException:
        connection.close()
        raise
    return connection
