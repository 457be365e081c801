"""``node.toml``, with plugins and a driver that are really installed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.errors import PluginError, SettingsError
from picctv_core.frames import AnalysisFormat
from picctv_core.node.config import NodeConfig, load
from picctv_core.plugins import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLUGINS = """
    from picctv_core.config import Settings
    from picctv_core.hookspecs import hookimpl
    from pydantic import Field

    class Alpha:
        class Settings(Settings):
            level: int = Field(default=1, ge=0)
            zone: str = "all"

        def __init__(self, settings, camera): ...

        @hookimpl
        def picctv_access_unit(self, unit): ...

    class Plain:
        def __init__(self, settings, camera): ...

    class Misspelt:
        def __init__(self, settings, camera): ...

        @hookimpl
        def picctv_analyse_frame(self, frame): ...

    class Source:
        class Settings(Settings):
            url: str
            loop: bool = False

        def __init__(self, settings, analysis, clock): ...
        def run(self, sink, stop): ...
"""

BASE = """
[node]
name = "garage"
data = "data"

[server]
urls = ["ws://server.example:8700/"]
token = "abc"

[cameras.front-door]
analysis = "320x240@5"
[cameras.front-door.source]
driver = "alphasource"
url = "door.mp4"
"""


@pytest.fixture
def installed(make_distribution: Any) -> None:
    """Two plugins and a driver, really installed beside those of the repository."""
    make_distribution(
        "picctv-plugins-alpha",
        {
            "picctv.node": {"alpha": "alpha_plugins:Alpha", "plain": "alpha_plugins:Plain"},
            "picctv.sources": {"alphasource": "alpha_plugins:Source"},
        },
        {"alpha_plugins.py": textwrap.dedent(PLUGINS)},
    )


@pytest.fixture
def read(tmp_path: Path, installed: None) -> Callable[[str], NodeConfig]:
    """Load a node.toml with a text in it."""

    def load_it(text: str, **options: Any) -> NodeConfig:
        path = tmp_path / "node.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, **options)

    return load_it


def faults(read: Any, text: str) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return [(fault.key, fault.line, fault.message) for fault in caught.value.faults]


def test_config_is_read_as_a_whole(read: Any, tmp_path: Path) -> None:
    config = read(BASE + "[plugins.alpha]\nlevel = 3\n[cameras.front-door.plugins.alpha]\nzone = 'gate'\n")
    assert (config.name, config.data, config.urls) == (
        "garage",
        tmp_path / "data",
        ("ws://server.example:8700",),
    )
    assert config.spool_max_bytes == 10 * 10**9
    assert config.token.get_secret_value() == "abc"
    assert "abc" not in repr(config)
    (camera,) = config.cameras
    assert (camera.name, camera.title, camera.analysis) == (
        "front-door",
        "Front door",
        AnalysisFormat(320, 240, 5.0),
    )
    assert (camera.driver, camera.source_settings.model_dump()) == (
        "alphasource",
        {"url": "door.mp4", "loop": False},
    )
    assert camera.plugins["alpha"].settings.model_dump() == {"level": 3, "zone": "gate"}
    assert "plain" in camera.plugins


def test_plugins_are_switched_off_for_all_or_for_one_camera(read: Any) -> None:
    second = "[cameras.yard.source]\ndriver = 'alphasource'\nurl = 'y'\n"
    config = read(
        BASE
        + second
        + "[plugins.plain]\nenabled = false\n[cameras.yard.plugins]\nplain.enabled = true\nalpha.enabled = false\n"
    )
    door, yard = config.cameras
    assert ("alpha" in door.plugins, "plain" in door.plugins) == (True, False)
    assert ("alpha" in yard.plugins, "plain" in yard.plugins) == (False, True)
    assert door.idle["plain"] == (Status.DISABLED, "")
    assert yard.idle["alpha"] == (Status.DISABLED, "")


def test_camera_that_is_switched_off_is_left_out(read: Any) -> None:
    config = read(BASE + "[cameras.old]\nenabled = false\nsource = {driver = 'alphasource', url = 'x'}\n")
    assert [camera.name for camera in config.cameras] == ["front-door"]


def test_every_fault_is_told_at_once_with_its_line(read: Any) -> None:
    text = textwrap.dedent(
        """
        [node]
        nam = "garage"
        data = "data"
        [server]
        urls = ["http://server"]
        token = "abc"
        [cameras.door]
        analysis = "big"
        titel = "Door"
        [cameras.door.source]
        driver = "alphasource"
        url = 3
        lop = true
        [plugins.alpha]
        level = -1
        [cameras.door.plugins.alpha]
        zoen = "gate"
        [cameras.Yard.source]
        driver = "alphasourc"
        [plugins.alhpa]
        """
    )
    found = faults(read, text)
    assert [(key, line) for key, line, _ in found] == [
        ("node.name", 2),
        ("node.nam", 3),
        ("server.urls.0", 6),
        ("cameras.door.analysis", 9),
        ("cameras.door.titel", 10),
        ("cameras.door.source.url", 13),
        ("cameras.door.source.lop", 14),
        ("plugins.alpha.level", 16),
        ("cameras.door.plugins.alpha.zoen", 18),
        ("cameras.Yard", 19),
        ("cameras.Yard.source.driver", 20),
        ("plugins.alhpa", 21),
    ]
    messages = {key: message for key, _, message in found}
    assert messages["node.nam"] == "there is no such key; did you mean 'name'?"
    assert messages["server.urls.0"] == "a server's address is of the form ws://HOST:PORT or wss://HOST:PORT"
    assert messages["cameras.door.titel"] == "there is no such key; did you mean 'title'?"
    assert messages["cameras.door.source.lop"] == "there is no such key; did you mean 'loop'?"
    assert messages["cameras.door.plugins.alpha.zoen"] == "there is no such key; did you mean 'zone'?"
    assert "lower-case letters" in messages["cameras.Yard"]
    assert "there is no driver 'alphasourc'" in messages["cameras.Yard.source.driver"]
    assert (
        messages["plugins.alhpa"] == "no plugin of this name is installed on this node; did you mean 'alpha'?"
    )


def test_fault_of_all_cameras_is_told_once(read: Any) -> None:
    second = "[cameras.yard.source]\ndriver = 'alphasource'\nurl = 'y'\n"
    (fault,) = faults(read, BASE + second + "[plugins.alpha]\nlevel = 'high'\n")
    assert fault[0] == "plugins.alpha.level"


def test_plugin_that_is_not_installed_may_stay_in_the_file_when_switched_off(read: Any) -> None:
    assert read(BASE + "[plugins.people]\nenabled = false\nlevel = 3\n").name == "garage"


def test_token_comes_from_a_file(read: Any, tmp_path: Path) -> None:
    text = BASE.replace('token = "abc"', 'token_file = "token"')
    (missing,) = faults(read, text)
    assert missing == (
        "server.token_file",
        8,
        f"there is no file {tmp_path / 'token'}; `picctv server token create garage` prints one to put there",
    )
    (tmp_path / "token").write_text("")
    ((_, _, empty),) = faults(read, text)
    assert "holds no token" in empty
    (tmp_path / "token").write_text("secret\n")
    assert read(text).token.get_secret_value() == "secret"


@pytest.mark.parametrize("line", ["", 'token = "abc"\ntoken_file = "token"', 'token = "two words"'])
def test_one_token_is_needed(read: Any, line: str) -> None:
    found = faults(read, BASE.replace('token = "abc"', line))
    assert "picctv server token create" in found[0][2]


def test_driver_must_be_named(read: Any) -> None:
    (fault,) = faults(read, BASE.replace('driver = "alphasource"\n', ""))
    assert fault[0] == "cameras.front-door.source.driver"
    assert "alphasource" in fault[2]
    assert "video" in fault[2]


def test_node_without_cameras_is_a_fault(read: Any) -> None:
    (fault,) = faults(read, BASE[: BASE.index("[cameras")])
    assert fault[0] == "cameras"


@pytest.mark.parametrize(
    "text",
    ["node = 3\nserver = 4\ncameras = 5\nplugins = 6", "[cameras]\ndoor = 3", "", "[cameras.x]\nsource = 3"],
)
def test_tables_that_are_none_are_faults(read: Any, text: str) -> None:
    assert faults(read, text)


def test_broken_plugin_is_told_and_left_out_unless_strict(
    read: Any, make_distribution: Any, caplog: Any
) -> None:
    make_distribution(
        "picctv-plugins-bad",
        {
            "picctv.node": {
                "misspelt": "bad_plugins:Misspelt",
                "gone": "bad_plugins:Gone",
                "text": "bad_plugins:TEXT",
            }
        },
        {"bad_plugins.py": textwrap.dedent(PLUGINS) + "\nTEXT = 'no class'\n"},
    )
    (camera,) = read(BASE + "[plugins.gone]\nlevel = 1\n").cameras
    assert {name: str(camera.idle[name][0]) for name in ("misspelt", "gone", "text")} == dict.fromkeys(
        ("misspelt", "gone", "text"), "load error"
    )
    assert "picctv_analyse_frame" in camera.idle["misspelt"][1]
    assert camera.idle["text"][1] == "bad_plugins:TEXT is no class"
    assert "plugin gone (picctv-plugins-bad 1.0): load error" in caplog.text
    with pytest.raises(PluginError, match="plugin misspelt"):
        read(BASE, strict_plugins=True)


def test_relative_path_of_a_video_starts_at_the_files_folder(read: Any, tmp_path: Path) -> None:
    text = BASE.replace("alphasource", "video")
    (camera,) = read(text).cameras
    assert camera.source_settings.url == str(tmp_path / "door.mp4")
    for url in ("/films/door.mp4", "rtsp://door.example/stream", "/dev/video0"):
        (camera,) = read(text.replace("door.mp4", url)).cameras
        assert camera.source_settings.url == url
