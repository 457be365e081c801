"""What the page of the web's building blocks names is there, and the plugins' templates use no more than that."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from picctv_web import times
from picctv_web.templatetags import picctv as tags

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "picctv_web" / "src" / "picctv_web"
STATIC = WEB / "static" / "picctv"
TEMPLATES = [
    path
    for folder in (
        "docs/examples",
        "picctv_plugins_live",
        "picctv_plugins_motion",
        "picctv_plugins_recording",
        "picctv_core/src",
    )
    for path in sorted((ROOT / folder).rglob("templates/**/*.html"))
    if "build" not in path.parts
]


def section(title: str) -> str:
    """Give a section of the page."""
    text = (ROOT / "docs" / "reference" / "web-building-blocks.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def first_column(title: str) -> list[str]:
    """Give what stands between backticks in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) (?<!\\)\|", section(title), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def classes_of(style_sheet: Path) -> set[str]:
    """List the classes that a style sheet speaks of."""
    text = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", style_sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", text))


def test_blocks_are_those_of_the_page() -> None:
    text = (WEB / "templates" / "picctv" / "page.html").read_text(encoding="utf-8")
    assert sorted(first_column("A page")) == sorted(re.findall(r"\{% block (\w+) %\}", text))


def test_tags_and_filters_are_those_of_the_library() -> None:
    code = first_column("Tags and filters")
    named = [re.findall(r"\{% (\w+)", one) or re.findall(r"\\\|(\w+)", one) for one in code]
    library = {*tags.register.tags, *tags.register.filters}
    assert {name for found in named for name in found} == library
    assert (tags.clock(75.25), tags.tenths(75.25)) == ("1:15", "1:15.2")


def test_attributes_have_a_script() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    names = [name.partition("=")[0] for name in first_column("Attributes")]
    assert names == ["data-seek", "data-live"]
    assert all(f"[{name}]" in scripts for name in names)
    assert "#t=" in scripts


def test_scripts_and_functions_are_there() -> None:
    watch = (STATIC / "watch.js").read_text(encoding="utf-8")
    given = re.search(r"window\.picctv = \{(.*?)\};", watch)
    assert given is not None
    names = [re.match(r"picctv\.(\w+)", name) for name in first_column("Scripts")]
    assert {name[1] for name in names if name} <= set(re.findall(r"\w+", given[1]))
    assert len(names) == 5
    for name in first_column("Functions"):
        function, _, arguments = name.rstrip(")").partition("(")
        assert list(inspect.signature(getattr(times, function)).parameters) == [arguments]


def test_addresses_have_their_arguments() -> None:
    urls = (WEB / "urls.py").read_text(encoding="utf-8")
    known = {
        name: len(re.findall(r"<", path))
        for path, name in re.findall(r'path\("([^"]*)", [\w.()]+, name="([\w-]+)"\)', urls)
    }
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) ?\|", section("Addresses"), re.MULTILINE)
    assert {name: len(arguments.split(",")) if arguments else 0 for name, arguments in rows} == {
        name: count for name, count in known.items() if name not in {"login", "logout", "password", "health"}
    }
    assert '(plugin_pages.patterns(), "plugins")' in urls


def test_classes_and_colours_are_in_the_style_sheet() -> None:
    sheet = STATIC / "picctv.css"
    listed = first_column("Classes")
    assert len(listed) == len(set(listed)) > 30
    assert set(listed) - classes_of(sheet) == set()
    colours = re.findall(r"`(--\w+)`", section("Classes"))
    assert colours
    assert [name for name in colours if f"{name}:" not in sheet.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in TEMPLATES])
def test_templates_of_plugins_use_what_is_promised(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = {word for value in re.findall(r'class="([^"]*)"', text) for word in re.findall(r"[\w-]+", value)}
    bootstrap = classes_of(next((STATIC / "vendor").glob("bootstrap-*/bootstrap.min.css")))
    ours = classes_of(STATIC / "picctv.css") - bootstrap
    assert used & ours - set(first_column("Classes")) == set()
    assert set(re.findall(r"\{% url '([\w-]+)'", text)) <= set(first_column("Addresses"))
    assert re.findall(r"<style|\bstyle=|\bon\w+=|<script(?![^>]*\bsrc=)", text) == []


def test_policy_is_the_sites() -> None:
    # Read, not imported: the module can be imported only in a configured Django.
    source = ast.parse((WEB / "middleware.py").read_text(encoding="utf-8"))
    [policy] = [
        ast.literal_eval(line.value)
        for line in source.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "POLICY"
    ]
    assert f"```text\n{policy}\n```" in section("Content security policy")
