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
    from pydantic import Field, field_validator

    class Alpha:
        class Settings(Settings):
            level: int = Field(default=1, ge=0)
            zone: str = "all"

            @field_validator("zone")
            @classmethod
            def _no_boom(cls, value):
                if value == "boom":
                    raise RuntimeError(value)
                return value

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


def faults(read: Any, text: str, **options: Any) -> list[tuple[str, int | None, str]]:
    with pytest.raises(SettingsError) as caught:
        read(text, **options)
    return [(fault.key, fault.line, fault.message) for fault in caught.value.faults]


def test_config_is_read_as_a_whole(read: Any, tmp_path: Path) -> None:
    config = read(BASE + "[plugins.alpha]\nlevel = 3\n[cameras.front-door.plugins.alpha]\nzone = 'gate'\n")
    assert (config.name, config.data, config.urls) == (
        "garage",
        tmp_path / "data",
        ("ws://server.example:8700",),
    )
    assert config.spool_max_bytes == 10 * 10**9
    assert config.spool_min_free_bytes is None
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
    assert (door.idle["plain"].status, door.idle["plain"].detail) == (Status.DISABLED, "")
    assert (yard.idle["alpha"].status, yard.idle["alpha"].detail) == (Status.DISABLED, "")
    assert config.problems == ()


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
    own = [
        ("node.name", 2),
        ("node.nam", 3),
        ("server.urls.0", 6),
        ("cameras.door.analysis", 9),
        ("cameras.door.titel", 10),
        ("cameras.door.source.url", 13),
        ("cameras.door.source.lop", 14),
        ("cameras.Yard", 19),
        ("cameras.Yard.source.driver", 20),
    ]
    of_plugins = [
        ("plugins.alpha.level", 16),
        ("cameras.door.plugins.alpha.zoen", 18),
        ("plugins.alhpa", 21),
    ]
    found = faults(read, text)
    assert [(key, line) for key, line, _ in found] == sorted([*own, *of_plugins], key=lambda place: place[1])
    assert faults(read, text, strict_plugins=True) == found
    messages = {key: message for key, _, message in found}
    assert messages["node.nam"] == "there is no such key; did you mean 'name'?"
    assert messages["server.urls.0"] == "a server's address is of the form ws://HOST:PORT or wss://HOST:PORT"
    assert messages["cameras.door.titel"] == "there is no such key; did you mean 'title'?"
    assert messages["cameras.door.source.lop"] == "there is no such key; did you mean 'loop'?"
    assert messages["cameras.door.plugins.alpha.zoen"] == (
        "plugin alpha (picctv-plugins-alpha 1.0): there is no such key; did you mean 'zone'?"
    )
    assert "lower-case letters" in messages["cameras.Yard"]
    assert "there is no driver 'alphasourc'" in messages["cameras.Yard.source.driver"]
    assert messages["plugins.alhpa"] == (
        "no plugin of this name with a node part is installed; did you mean 'alpha'? If not, install it, or set enabled = "
        "false in its table"
    )


SECOND = "[cameras.yard.source]\ndriver = 'alphasource'\nurl = 'y'\n"


def test_fault_of_all_cameras_is_told_once(read: Any) -> None:
    text = BASE + SECOND + "[plugins.alpha]\nlevel = 'high'\n"
    (fault,) = faults(read, text, strict_plugins=True)
    assert fault[0] == "plugins.alpha.level"
    assert len(read(text).problems) == 1


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        (
            "[plugins.alpha]\nlevel = -1",
            "16: plugins.alpha.level: input should be greater than or equal to 0",
        ),
        (
            "[plugins.alpha]\nisolation = 'procs'",
            "16: plugins.alpha.isolation: input should be 'thread' or 'process'",
        ),
        (
            "[plugins.alpha]\nisolatoin = 'process'",
            "16: plugins.alpha.isolatoin: there is no such key; did you mean 'isolation'?",
        ),
        ("[plugins.alpha]\nenabled = 'no'", "16: plugins.alpha.enabled: input should be a valid boolean"),
        (
            "[plugins.alpha]\nlevel = -1\nmemory_max = '1 KB'",
            (
                "17: plugins.alpha.memory_max: input should be greater than or equal to 64000000; "
                "node.toml:16: plugins.alpha.level: input should be greater than or equal to 0"
            ),
        ),
        (
            "[plugins]\nalpha = true",
            "16: plugins.alpha: is to be a table: write [plugins.alpha] and the keys below it, for example enabled = true",
        ),
        (
            "[plugins.alpha]\nzone = 'boom'",
            "15: plugins.alpha: its Settings can't be made of this: RuntimeError: boom",
        ),
    ],
)
def test_plugin_that_is_told_nonsense_is_left_out_and_nothing_else(
    read: Any, caplog: Any, lines: str, detail: str
) -> None:
    config = read(BASE + lines + "\n")
    (camera,) = config.cameras
    idle = camera.idle["alpha"]
    assert (idle.status, idle.detail) == (Status.SETTINGS_ERROR, f"node.toml:{detail}")
    assert "plain" in camera.plugins
    assert [plugin.complain() for plugin in config.problems] == [
        f"plugin alpha (picctv-plugins-alpha 1.0): settings error: node.toml:{detail}"
    ]
    assert caplog.messages == [plugin.complain() for plugin in config.problems]
    found = faults(read, BASE + lines + "\n", strict_plugins=True)
    assert all(message.startswith("plugin alpha (picctv-plugins-alpha 1.0): ") for _, _, message in found)


def test_plugin_that_is_told_nonsense_on_one_camera_runs_on_the_others(read: Any) -> None:
    text = BASE + SECOND + "[plugins.alpha]\nlevel = 3\n[cameras.yard.plugins.alpha]\nlevel = -3\n"
    door, yard = read(text).cameras
    assert door.plugins["alpha"].settings.level == 3
    assert yard.idle["alpha"].detail.startswith(
        "node.toml:21: cameras.yard.plugins.alpha.level: input should"
    )


def test_node_reads_its_own_keys_from_a_plugins_table(read: Any) -> None:
    text = (
        BASE + SECOND + "[plugins.alpha]\nisolation = 'process'\nmemory_max = '100 MB'\nlevel = 2\n"
        "[cameras.yard.plugins.alpha]\nisolation = 'thread'\ntime_budget_s = 2\n"
    )
    door, yard = read(text).cameras
    assert [
        (camera.plugins["alpha"].isolation, camera.plugins["alpha"].run.time_budget_s)
        for camera in (door, yard)
    ] == [
        ("process", 10.0),
        ("thread", 2.0),
    ]
    assert yard.plugins["alpha"].run.memory_max == 100 * 10**6
    assert yard.plugins["alpha"].settings.model_dump() == {"level": 2, "zone": "all"}


def test_plugin_that_nobody_brings_is_shown_where_it_is_told_something(read: Any) -> None:
    config = read(BASE + SECOND + "[plugins.people]\n[cameras.yard.plugins.cars]\nspeed = 3\n")
    door, yard = config.cameras
    assert (door.idle["people"].status, "cars" in door.idle) == (Status.NOT_INSTALLED, False)
    assert yard.idle["cars"].detail == (
        "node.toml:19: cameras.yard.plugins.cars: no plugin of this name with a node part is installed; install it, or set "
        "enabled = false in its table"
    )
    assert [(plugin.name, str(plugin.status)) for plugin in config.problems] == [
        ("cars", "not installed"),
        ("people", "not installed"),
    ]
    assert config.problems[1].complain().startswith("plugin people: not installed: node.toml:")


def test_plugin_that_is_not_installed_may_stay_in_the_file_when_switched_off(read: Any) -> None:
    text = BASE + "[plugins.people]\nenabled = false\nlevel = 3\n[plugins.cars]\nspeed = 3\n"
    config = read(text + "[cameras.front-door.plugins.cars]\nenabled = false\n", strict_plugins=True)
    assert config.problems == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it uses nobody (not installed); install it"),
        ("[plugins.nobody]\nenabled = false\n", "it uses nobody (not installed); install it"),
    ],
)
def test_plugin_waits_for_one_that_it_uses(read: Any, make_distribution: Any, text: str, why: str) -> None:
    users = "class User:\n    uses = ('nobody', 'trigger')\n    def __init__(self, settings, camera): ...\n"
    make_distribution(
        "picctv-plugins-user", {"picctv.node": {"user": "users_mod:User"}}, {"users_mod.py": users}
    )
    config = read(BASE + text)
    (camera,) = config.cameras
    assert camera.plugins["user"].waiting == why
    (problem,) = config.problems
    assert problem.complain() == f"plugin user (picctv-plugins-user 1.0): waiting: on front-door: {why}"
    with pytest.raises(PluginError, match=r"plugin user .*waiting"):
        read(BASE + text, strict_plugins=True)


def test_plugin_waits_where_the_other_one_is_switched_off(read: Any, make_distribution: Any) -> None:
    users = "class User:\n    uses = ('alpha',)\n    def __init__(self, settings, camera): ...\n"
    make_distribution(
        "picctv-plugins-user", {"picctv.node": {"user": "users_mod:User"}}, {"users_mod.py": users}
    )
    door, yard = read(BASE + SECOND + "[cameras.yard.plugins.alpha]\nenabled = false\n").cameras
    assert (door.plugins["user"].waiting, yard.plugins["user"].waiting) == (
        "",
        "it uses alpha (disabled); see to that, or disable this one",
    )


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
    assert {name: str(camera.idle[name].status) for name in ("misspelt", "gone", "text")} == {
        "misspelt": "unknown hook",
        "gone": "load error",
        "text": "load error",
    }
    assert "picctv_analyse_frame" in camera.idle["misspelt"].detail
    assert camera.idle["text"].detail.startswith("bad_plugins:TEXT is no class; ")
    assert "plugin gone (picctv-plugins-bad 1.0): load error" in caplog.text
    with pytest.raises(PluginError) as caught:
        read(BASE, strict_plugins=True)
    assert [line.split(" ")[1] for line in str(caught.value).splitlines()] == ["gone", "misspelt", "text"]
    with pytest.raises(PluginError, match=r"node\.toml:15: plugins.alphas: no plugin") as caught:
        read(BASE + "[plugins.alphas]\n", strict_plugins=True)
    assert len(str(caught.value).splitlines()) == 4
    off = "".join(f"[plugins.{name}]\nenabled = false\n" for name in ("misspelt", "gone", "text"))
    assert read(BASE + off, strict_plugins=True).problems == ()


def test_relative_path_of_a_video_starts_at_the_files_folder(read: Any, tmp_path: Path) -> None:
    text = BASE.replace("alphasource", "video")
    (camera,) = read(text).cameras
    assert camera.source_settings.url == str(tmp_path / "door.mp4")
    for url in ("/films/door.mp4", "rtsp://door.example/stream", "/dev/video0"):
        (camera,) = read(text.replace("door.mp4", url)).cameras
        assert camera.source_settings.url == url
