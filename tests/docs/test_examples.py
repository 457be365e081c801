"""The example of the tutorial of the first network: its settings are accepted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from picctv_core.errors import SettingsError
from picctv_core.node import config as node_config
from picctv_server import config as server_config
from picctv_web import config as web_config

ROOT = Path(__file__).resolve().parent.parent.parent
NETWORK = ROOT / "docs" / "examples" / "first-network"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Copy the example's files to a folder, as the tutorial does."""
    for path in NETWORK.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_node_check_accepts_the_example(network: Path) -> None:
    (network / "token").write_text("secret\n", encoding="utf-8")
    command = [sys.executable, "-m", "picctv_core", "node", "check", "--config", "node.toml"]
    done = subprocess.run(command, cwd=network, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "node.toml is fine: 2 cameras (street, room), plugins live, motion, recording"
    )


def test_node_check_misses_the_token(network: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"token_file: there is no file .*picctv server token create garage"
    ):
        node_config.load(network / "node.toml")


def test_server_and_web_of_the_example_use_the_same_store(network: Path) -> None:
    server = server_config.load(network / "server.toml")
    site = web_config.load_settings(network / "web.toml")
    assert (server.mongodb, server.clips) == (site.mongodb, site.clips)
    assert server.mongodb.embedded == network / "data" / "mongodb"
    (network / "token").write_text("secret\n", encoding="utf-8")
    assert node_config.load(network / "node.toml").urls == (f"ws://127.0.0.1:{server.server.port}",)
