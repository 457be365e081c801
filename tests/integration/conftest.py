"""A server in the tests' own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.clock import SystemClock
from picctv_server import tokens
from picctv_server.config import ClipSettings, MongoSettings, ServerConfig, ServerSettings
from tests.integration.wire_node import RunningServer, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from picctv_server.database import Connection


@pytest.fixture
def make_config(tmp_path: Path, mongo_settings: MongoSettings) -> Callable[..., ServerConfig]:
    def make(**other: Any) -> ServerConfig:
        return ServerConfig(
            server=ServerSettings(port=free_port()),
            mongodb=mongo_settings,
            clips=ClipSettings(path=tmp_path / "clips"),
            **other,
        )

    return make


@pytest.fixture
def server(database: Connection, make_config: Callable[..., ServerConfig]) -> Iterator[RunningServer]:
    """A server without any plugin."""
    with serving(make_config()) as running:
        yield running


@pytest.fixture
def token(database: Connection) -> str:
    """The token of the node ``garage``."""
    return tokens.create("garage", SystemClock())
