"""What tests of all areas share: the real footage, the programs that pip does not have, and a real MongoDB."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection
    from picctv_server.embedded import Embedded

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Let programs that tests start be interrupted: a shell that runs the tests in the background has them all ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
def cc() -> Path:
    """The C compiler, for what is put below a program; in CI a test fails without it."""
    found = shutil.which("cc")
    if found is None:
        _missing("gcc libc6-dev")
    return Path(found)


@pytest.fixture(scope="session")
def mongod(picctv_mongod: Embedded) -> Embedded:
    """The kit's MongoDB."""
    return picctv_mongod


@pytest.fixture
def mongo_settings(picctv_mongodb: MongoSettings) -> MongoSettings:
    """The kit's settings, for a database that no other test has."""
    return picctv_mongodb


@pytest.fixture
def database(picctv_database: Connection) -> Connection:
    """The kit's connection to an empty database."""
    return picctv_database


@pytest.fixture
def make_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install distributions for the time of a test: a dist-info with entry points, and modules, on a path of their own."""
    modules: list[str] = []

    def make(
        name: str,
        entry_points: dict[str, dict[str, str]],
        files: dict[str, str] | None = None,
        *,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
    ) -> None:
        site = tmp_path / "sites" / f"{name}-{version}"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        groups = [
            "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in points.items())])
            for group, points in entry_points.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(groups) + "\n", encoding="utf-8")
        for file, text in (files or {}).items():
            (site / file).write_text(text, encoding="utf-8")
            modules.append(file.removesuffix(".py"))
        monkeypatch.syspath_prepend(site)

    yield make
    for module in modules:
        sys.modules.pop(module, None)
