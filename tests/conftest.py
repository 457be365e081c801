"""What tests of all areas share: the real footage, the programs that pip does not have, and a real MongoDB."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection
    from picctv_server.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real videos; it is beside the checkout and not in it, so a test that needs it skips without it."""
    folder = Path(os.environ.get("PICCTV_FOOTAGE", ROOT.parent / "shared" / "footage"))
    if not folder.is_dir():
        pytest.skip(f"no real footage: {folder} is not there; PICCTV_FOOTAGE names the folder")
    return folder


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        _missing(name)
    return Path(found)


def _missing(package: str) -> NoReturn:
    text = f"{package} is missing: apt install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's browser, for Playwright's `executable_path`; in CI a test fails without it."""
    if ctypes.util.find_library("atomic") is None:  # Playwright's own Node.js is linked to it
        _missing("libatomic1")
    return _program("chromium")


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    """The ffmpeg command, as a player that is not ours; in CI a test fails without it."""
    return _program("ffmpeg")


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A real MongoDB for the whole run of tests: the embedded one, in a folder of its own."""
    from picctv_server.embedded import ensure

    with ensure(tmp_path_factory.mktemp("mongod")) as embedded:
        yield embedded


@pytest.fixture
def mongo_settings(mongod: Embedded) -> MongoSettings:
    """Settings for a database that no other test has."""
    from picctv_server.config import MongoSettings

    return MongoSettings(uri=mongod.uri, database=f"test-{uuid.uuid4().hex[:16]}")


@pytest.fixture
def database(mongo_settings: MongoSettings) -> Iterator[Connection]:
    """This process's connection to an empty database with all indexes, which goes away after the test."""
    from picctv_server.database import connect, make_indexes

    with connect(mongo_settings) as connection:
        make_indexes()
        yield connection
        connection.database.client.drop_database(mongo_settings.database)
