"""``web.toml``, and the folder of the accounts."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from picctv_core.errors import PicctvError, SettingsError
from picctv_web.config import load_settings, secret_key

if TYPE_CHECKING:
    from pathlib import Path

STORE = '[mongodb]\nembedded = "mongo"\n'


def load(folder: Path, text: str) -> object:
    path = folder / "web.toml"
    path.write_text(text)
    return load_settings(path)


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_text(f'[web]\ndata = "accounts"\n{STORE}[clips]\npath = "clips"\n')
    found = load_settings(path)
    assert found.web.data == tmp_path / "accounts"
    assert found.mongodb.embedded == tmp_path / "mongo"
    assert (found.clips.store, found.clips.path) == ("filesystem", tmp_path / "clips")
    assert (found.web.host, found.web.port, found.web.time_zone) == ("127.0.0.1", 8080, "UTC")


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = f'[web]\ndata = "a"\nport = 70000\ntime_zone = "Mars/Olympus"\nallowed_host = ["x"]\n{STORE}uri = "mongodb://h"\n'
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    lines = str(caught.value).splitlines()
    file = tmp_path / "web.toml"
    assert f"{file}:3: web.port: input should be less than or equal to 65535" in lines
    assert (
        f"{file}:4: web.time_zone: there is no time zone 'Mars/Olympus'; they are named like Europe/Berlin"
        in lines
    )
    assert f"{file}:5: web.allowed_host: there is no such key; did you mean 'allowed_hosts'?" in lines
    assert [line for line in lines if line.startswith(f"{file}:6: mongodb: set either uri")]
    assert len(lines) == 4


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "/etc/passwd", "Europe"])
def test_time_zone_that_is_none_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(SettingsError, match="there is no time zone"):
        load(tmp_path, f'[web]\ndata = "a"\ntime_zone = "{zone}"\n{STORE}')


def test_hosts_are_this_machine_unless_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_text(f'[web]\ndata = "a"\nhost = "10.1.2.3"\n{STORE}')
    assert {"localhost", "127.0.0.1", "[::1]", "10.1.2.3"} < set(load_settings(path).web.hosts())
    path.write_text(f'[web]\ndata = "a"\nallowed_hosts = ["cctv.example"]\n{STORE}')
    assert load_settings(path).web.hosts() == ["cctv.example"]


def test_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    key = secret_key(folder)
    assert len(key) >= 64
    assert secret_key(folder) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secret_key_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(PicctvError, match="is damaged; remove it"):
        secret_key(tmp_path)


def test_data_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PicctvError, match=r"\[web\] data: the folder .* can't be made"):
        secret_key(tmp_path / "file" / "accounts")
