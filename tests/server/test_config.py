"""The server's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import SettingsError
from picctv_core.plugins import Status
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


def test_faults_of_retention_are_told_all_at_once(tmp_path: Path) -> None:
    text = (
        '[mongodb]\nembedded = "db"\n[retention]\nclip_day = 3\nclips_max = "much"\ngaps_days = -1\n'
        '[retention.cameras."garage/*"]\ncamera_max = 0\n'
    )
    with pytest.raises(SettingsError) as raised:
        config.load(written(tmp_path, text))
    assert sorted((fault.line, fault.key) for fault in raised.value.faults) == [
        (4, "retention.clip_day"),
        (5, "retention.clips_max"),
        (6, "retention.gaps_days"),
        (8, "retention.cameras.garage/*.camera_max"),
    ]
    assert "did you mean 'clip_days'?" in str(raised.value)


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
        ('plugins = 3\n[mongodb]\nembedded = "db"\n', [("plugins", "input should be a valid dictionary")]),
    ],
)
def test_fault_names_its_key_and_the_way_out(
    tmp_path: Path, text: str, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(SettingsError) as raised:
        config.load(written(tmp_path, text))
    assert [(fault.key, fault.message) for fault in raised.value.faults] == faults


def problems(loaded: config.ServerConfig) -> list[str]:
    return [plugin.complain() for plugin in loaded.idle if plugin.status.is_problem]


def test_table_of_a_plugin_that_nobody_brings_is_that_plugins_problem(tmp_path: Path) -> None:
    loaded = config.load(written(tmp_path, '[mongodb]\nembedded = "db"\n[plugins.recordin]\nx = 1\n'))
    assert loaded.mongodb.embedded == tmp_path / "db"
    assert problems(loaded) == [
        (
            "plugin recordin: not installed: server.toml:3: plugins.recordin: no plugin of this name with a server part is "
            "installed; did you mean 'recording'? If not, install it, or set enabled = false in its table"
        )
    ]


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        ('enabled = "yes"', "4: plugins.recording.enabled: input should be a valid boolean"),
        ("enable = true", "4: plugins.recording.enable: there is no such key; did you mean 'enabled'?"),
    ],
)
def test_plugin_that_is_told_nonsense_is_left_out_and_nothing_else(
    tmp_path: Path, lines: str, detail: str
) -> None:
    loaded = config.load(written(tmp_path, f'[mongodb]\nembedded = "db"\n[plugins.recording]\n{lines}\n'))
    (recording,) = [plugin for plugin in loaded.idle if plugin.status.is_problem]
    assert (recording.status, recording.detail) == (Status.SETTINGS_ERROR, f"server.toml:{detail}")
    running = {plugin.name for plugin, _ in loaded.processors}
    assert "recording" not in running
    assert "motion" in running


def test_plugin_that_is_disabled_is_left_out(tmp_path: Path) -> None:
    text = '[mongodb]\nembedded = "db"\n'
    everyone = {plugin.name for plugin, _ in config.load(written(tmp_path, text)).processors}
    loaded = config.load(written(tmp_path, f"{text}[plugins.recording]\nenabled = false\n"))
    assert everyone - {plugin.name for plugin, _ in loaded.processors} == {"recording"}
    assert [(plugin.name, plugin.status) for plugin in loaded.idle] == [("recording", Status.DISABLED)]
    assert problems(loaded) == []
