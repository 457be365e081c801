"""The web's fixtures, which arrive with the install: pytest finds them through the entry-point group ``pytest11``.

Nothing heavy is imported here: pytest reads this in every run of an environment with picctv in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# ruff: noqa: ARG001 - fixtures are asked for because of what they do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from picctv_server.clips import ClipStore
    from picctv_server.database import Connection
    from picctv_server.embedded import Embedded


@pytest.fixture(scope="session")
def picctv_site(tmp_path_factory: pytest.TempPathFactory, picctv_mongod: Embedded) -> Iterator[None]:
    """The web interface in this process: Django set up with the web parts of all installed plugins.

    It stays so until the process ends, for Django can't be set up anew.
    """
    from picctv_web.testing.site import site

    with site(tmp_path_factory.mktemp("picctv-site"), picctv_mongod.uri):
        yield


@pytest.fixture
def picctv_client(picctv_site: None, picctv_database: Connection, picctv_clips: ClipStore) -> Client:
    """A browser's session that is logged in: a `django.test.Client` over the test's own database and clip store.

    Fill the database with `picctv_store` or `picctv_processor`, then fetch a page: ``picctv_client.get("/plugins/people/")``.
    What a view raises shows as an error card, as for people: look at the text that you expect, not at the status alone.
    """
    from django.contrib.auth.models import User
    from django.test import Client

    from picctv_web import media
    from picctv_web.testing.site import USER

    media.use_clip_store(picctv_clips)
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(username=USER))
    return client
