"""The server's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import SettingsError
from picctv_server import config
from picctv_server.config import ClipSettings

if TYPE_CHECKING:
    from pathlib import Path


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(text)
    return path


def test_shortest_file_has_defaults_that_serve(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, '[mongodb]\nembedded = "db"\n'))
    assert (loaded.server.host, loaded.server.port, loaded.mongodb.database) == ("127.0.0.1", 8700, "picctv")
    assert loaded.mongodb.embedded == tmp_path / "db"
    assert loaded.clips == ClipSettings(store="filesystem", path=tmp_path / "db" / "clips")


def test_own_mongodb_keeps_clips_in_it_by_default(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, '[mongodb]\nuri = "mongodb://db.lan"\n'))
    assert loaded.clips == ClipSettings(store="gridfs")


def test_relative_paths_are_taken_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    path = written(tmp_path / "etc", '[mongodb]\nembedded = "../db"\n[clips]\npath = "~/clips"\n')
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.chdir(tmp_path)
    loaded = config.load(path)
    assert loaded.mongodb.embedded is not None
    assert loaded.mongodb.embedded.resolve() == tmp_path / "db"
    assert str(loaded.clips.path) == "/home/someone/clips"


def test_password_is_in_no_text_of_the_settings(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, '[mongodb]\nuri = "mongodb://me:s3cret@db.lan/?tls=true"\n'))
    assert loaded.mongodb.shown == "mongodb://me:***@db.lan/?tls=true"
    assert "s3cret" not in repr(loaded)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [("mongodb", "field required")]),
        (
            "[mongodb]\n",
            [("mongodb", "set either uri (a MongoDB of your own) or embedded (a folder for picctv's own)")],
        ),
        (
            '[mongodb]\nuri = "mongodb://x"\nembedded = "db"\n',
            [("mongodb", "set either uri (a MongoDB of your own) or embedded (a folder for picctv's own)")],
        ),
        ('[mongodb]\nuri = "http://x"\n', [("mongodb", "uri begins with mongodb:// or mongodb+srv://")]),
        (
            '[mongodb]\nembedded = "db"\n[clips]\nstore = "filesystem"\n[server]\nport = 0\n',
            [
                ("server.port", "input should be greater than or equal to 1"),
                ("clips", 'the store "filesystem" needs path, the folder for the clips'),
            ],
        ),
        (
            '[mongodb]\nembedded = "db"\n[plugins.recording]\nenabled = "yes"\n',
            [("plugins.recording.enabled", "must be true or false")],
        ),
    ],
)
def test_fault_names_its_key_and_the_way_out(
    tmp_path: Path, text: str, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(SettingsError) as raised:
        config.load(written(tmp_path, text))
    assert [(fault.key, fault.message) for fault in raised.value.faults] == faults


def test_section_of_a_plugin_that_is_not_installed_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = config.load(written(tmp_path, '[mongodb]\nembedded = "db"\n[plugins.recordin]\nx = 1\n'))
    assert loaded.mongodb.embedded == tmp_path / "db"
    line = "no plugin of this name with a server part is installed; did you mean 'recording'?"
    assert caplog.messages == [f"{tmp_path}/server.toml:3: plugins.recordin: {line}"]


def test_plugin_that_is_disabled_is_left_out(tmp_path: Path) -> None:
    text = '[mongodb]\nembedded = "db"\n'
    everyone = {plugin.name for plugin, _ in config.load(written(tmp_path, text)).processors}
    loaded = config.load(written(tmp_path, f"{text}[plugins.recording]\nenabled = false\n"))
    assert everyone - {plugin.name for plugin, _ in loaded.processors} == {"recording"}
