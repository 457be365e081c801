"""Settings: what is accepted, and what the faults say."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from picctv_notifier.settings import NotifierSettings, quiet_hours

from picctv_core.config import SettingsFile

EXAMPLE = Path(__file__).resolve().parent.parent
PAGES = [EXAMPLE / "README.md", EXAMPLE.parents[1] / "how-to" / "notify-elsewhere.md"]


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "server.toml"
    path.write_text(text, encoding="utf-8")
    file = SettingsFile(path)
    _, found = file.validate(NotifierSettings, file.data["plugins"]["notifier"], ("plugins", "notifier"))
    return [fault.describe(None) for fault in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_of_the_pages_are_accepted(tmp_path: Path, page: Path) -> None:
    blocks = re.findall(r"```toml\n(# server\.toml\n.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [faults(tmp_path, block) for block in blocks] == [[] for _ in blocks]
    assert blocks


def test_table_of_the_page_says_the_defaults() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| `?([^|`]+?)`? \|$", PAGES[1].read_text(encoding="utf-8"), re.MULTILINE
    )
    defaults = {name: field.default for name, field in NotifierSettings.model_fields.items()}
    said = {name: text for name, text in rows if text not in {"all", "none"}}
    assert said == {name: str(defaults[name]).removesuffix(".0") for name in said}
    assert {name for name, _ in rows} == set(defaults) - {"webhooks", "apprise"}


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        (
            'webhooks = [{url = "ftp://SECRET"}]',
            "webhooks.0.url",
            "write an address of the form https://host/path",
        ),
        ('webhooks = [{url = "http://h:SECRET/"}]', "webhooks.0.url", "write an address of the form"),
        ('webhooks = [{url = "http://h/SECRET x"}]', "webhooks.0.url", "write an address of the form"),
        (
            'webhooks = [{url = "http://SECRET:b@h/"}]',
            "webhooks.0.url",
            "take user and password out of the address",
        ),
        (
            'webhooks = [{url = "http://h/", headers = {"a b" = "SECRET"}}]',
            "webhooks.0.headers",
            "'a b' can't be",
        ),
        (
            'webhooks = [{url = "http://h/", headers = {A = "SECRET\\r\\nB: c"}}]',
            "webhooks.0.headers",
            "the value of 'A' must be printable ASCII on one line",
        ),
        (
            'webhooks = [{url = "http://h/", secret = ""}]',
            "webhooks.0.secret",
            "an empty secret signs nothing",
        ),
        (
            'apprise = ["json://h", "nonsense://SECRET"]',
            "apprise",
            "apprise can't use address 2 of this list",
        ),
        ('apprise = ["json://h/SECRET, json://i"]', "apprise", "apprise can't use address 1 of this list"),
        ('quiet = "22-6"', "quiet", 'write quiet hours as "22:00-06:30"'),
        ('quiet = "22:00-24:30"', "quiet", 'write quiet hours as "22:00-06:30"'),
        ('quiet = "22:00-22:00"', "quiet", "quiet hours that begin and end at one time"),
        ('levle = "info"', "levle", "did you mean 'level'?"),
    ],
)
def test_fault_names_key_and_way_out_and_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str, key: str, message: str
) -> None:
    caplog.set_level("DEBUG")
    [fault] = faults(tmp_path, f"[plugins.notifier]\n{line}\n")
    assert f"plugins.notifier.{key}: " in fault
    assert message in fault
    assert "SECRET" not in fault + caplog.text


def test_settings_do_not_show_secrets() -> None:
    settings = NotifierSettings.model_validate(
        {
            "webhooks": [{"url": "http://h/SECRET", "headers": {"A": "SECRET"}, "secret": "SECRET"}],
            "apprise": ["json://h/SECRET"],
        }
    )
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_quiet_hours_are_two_times() -> None:
    assert quiet_hours(" 22:00 - 6:30 ") == (dt.time(22), dt.time(6, 30))
