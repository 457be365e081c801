"""The web interface in the test's own process: Django set up, with accounts in a folder and a user."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from typing import TYPE_CHECKING

from picctv_web import start
from picctv_web.config import CONFIG_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "tester"


@contextlib.contextmanager
def site(folder: Path, uri: str) -> Iterator[None]:
    """Set Django up, once for the process, with every installed plugin's web part and the user `USER`.

    Args:
        folder: for its settings, accounts and secret key.
        uri: the address of a MongoDB.
    """
    config = folder / "web.toml"
    config.write_text(
        f'[web]\ndata = "accounts"\n\n[mongodb]\nuri = {json.dumps(uri)}\n\n[clips]\npath = "clips"\n',
        encoding="utf-8",
    )
    quiet = logging.getLogger("django.request")
    level, before = quiet.level, os.environ.copy()
    start.set_up(config)
    # Django has read them. Left there, they would tell the programs that a test starts which site they are.
    for name in (CONFIG_VARIABLE, "DJANGO_SETTINGS_MODULE"):
        os.environ.pop(name, None)
        if name in before:
            os.environ[name] = before[name]
    # Deferred: they need Django to be set up.
    from django.contrib.auth.models import User
    from django.db import connections
    from django.test.utils import setup_test_environment, teardown_test_environment

    start.migrate()
    User.objects.create_user(USER)
    setup_test_environment()
    try:
        yield
    finally:
        teardown_test_environment()
        connections.close_all()
        quiet.setLevel(level)
