"""Whether what the pages say is so: their links, the files and names they speak of, their settings and commands."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.cli import build_parser
from picctv_core.node import config as node_config
from picctv_core.plugins import Status
from picctv_server import config as server_config
from picctv_web import config as web_config

if TYPE_CHECKING:
    import argparse

    from _pytest.mark.structures import ParameterSet

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("picctv_*/README.md")])
EXAMPLE = ROOT / "docs" / "examples" / "first-network"

_BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
_CODE = re.compile(r"``([^`\n]+)``|`([^`\n]+)`")
_FILE = re.compile(
    r"(?:picctv_\w+|docs|tests|\.ci)/[\w./-]+|(?:run|noxfile\.py|pyproject\.toml|constraints\.txt)"
)
_DOTTED = re.compile(r"picctv_(?:core|server|web|plugins_\w+)(?:\.\w+)+")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text without indentation, and the line it begins on."""

    page: Path
    line: int
    language: str
    text: str


def blocks(*languages: str) -> list[ParameterSet]:
    """List the blocks of all pages that are in one of some languages, as parameters."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            if match[2] in languages:
                line = text.count("\n", 0, match.start()) + 1
                block = Block(page, line, match[2], re.sub(f"(?m)^{match[1]}", "", match[3]))
                found.append(pytest.param(block, id=f"{page.relative_to(ROOT)}:{line}"))
    return found


def prose(page: Path) -> str:
    """Give a page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    """List what stands between backticks in a page's prose."""
    return [double or single for double, single in _CODE.findall(prose(page))]


every_page = pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]
)


# Links and names ------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """List a page's anchors as GitHub makes them of its headings."""
    headings = _HEADING.findall(prose(page))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return set(plain)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = [code for code in inline_code(page) if _FILE.fullmatch(code)]
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_python_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [name for name in sorted(set(_DOTTED.findall(text))) if not python_name_exists(name)] == []


def python_name_exists(name: str) -> bool:
    """Say whether a dotted name leads to a module, or to something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT / parts[0] / "src" / "/".join(parts[:count])
        if path.is_dir() or path.with_suffix(".py").is_file():
            rest = parts[count:]
            if not rest:
                return True
            source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            # Read, not imported: some of picctv_web can be imported only in a configured Django.
            return rest[0] in re.findall(r"\b\w+\b", source.read_text(encoding="utf-8"))
    return False


def test_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = _LINK.findall(index.read_text(encoding="utf-8"))
    pages = [str(page.relative_to(index.parent)) for page in PAGES if page.parent.parent == index.parent]
    assert [page for page in pages if page not in listed] == []


# Settings -------------------------------------------------------------------------------------------------------------

_REPLACED = {"source", "mongodb", "clips"}
"""Tables whose keys exclude each other: a snippet's one takes the place of the example's."""


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay a snippet over a whole file."""
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and key not in _REPLACED:
            result[key] = merged(known, value)
        else:
            result[key] = value
    return result


def toml(table: dict[str, Any], path: str = "") -> str:
    """Write a table as TOML."""
    lines = [f"[{path}]"] if path else []
    lines += [f"{key} = {inline(value)}" for key, value in table.items() if not isinstance(value, dict)]
    inner = [
        toml(value, f"{path}.{named(key)}".lstrip("."))
        for key, value in table.items()
        if isinstance(value, dict)
    ]
    return "\n".join([*lines, *inner])


def named(key: str) -> str:
    """Write a key: as it is where TOML has it so, else as a text."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def inline(value: Any) -> str:
    """Write a value on one line; JSON's strings, numbers and booleans are TOML's too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def load(path: Path) -> None:
    """Read a settings file with the code that it is for."""
    if path.name == "node.toml":
        faults = node_config.read(path).problems
    elif path.name == "server.toml":
        faults = server_config.load(path).idle
    else:
        web_config.load_settings(path)
        faults = ()
    wrong = [
        plugin.complain()
        for plugin in faults
        if plugin.status is Status.SETTINGS_ERROR
        or (plugin.status is Status.NOT_INSTALLED and plugin.name not in example_plugins())
    ]
    assert wrong == []


@cache
def example_plugins() -> set[str]:
    """List the names of the plugins in docs/examples, and of the tutorial's, which test_tutorial.py runs."""
    projects = (
        tomllib.loads(path.read_text(encoding="utf-8")) for path in EXAMPLE.parent.glob("*/pyproject.toml")
    )
    groups = (project["project"].get("entry-points", {}) for project in projects)
    return {"brightness"} | {name for group in groups for names in group.values() for name in names}


@pytest.mark.parametrize("block", blocks("toml"))
def test_toml_is_accepted(block: Block, tmp_path: Path) -> None:
    data = tomllib.loads(block.text)
    name = block.text.splitlines()[0].removeprefix("# ")
    assert name in {"node.toml", "server.toml", "web.toml", "pyproject.toml"}, "its first line names its file"
    if name == "pyproject.toml":
        return
    example = tomllib.loads((EXAMPLE / name).read_text(encoding="utf-8"))
    for secret in ("token", "camera-password"):
        (tmp_path / secret).write_text("secret", encoding="utf-8")
    if "plugins" in data:
        # The settings of the examples' plugins are checked by their own tests, where they are installed.
        data["plugins"] = {
            name: keys for name, keys in data["plugins"].items() if name not in example_plugins()
        }
    (tmp_path / name).write_text(toml(merged(example, data)), encoding="utf-8")
    load(tmp_path / name)


# Commands -------------------------------------------------------------------------------------------------------------


@cache
def parser() -> argparse.ArgumentParser:
    """Make the parser of `picctv`, which must be whole."""
    made, broken = build_parser()
    assert broken == []
    return made


def sessions() -> set[str]:
    """List the sessions of noxfile.py."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}


def commands_of(line: str) -> list[list[str]]:
    """Split a line of a shell into its commands."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an apostrophe: it is prose
        return []
    commands: list[list[str]] = [[]]
    skip = False
    for word in words:
        if set(word) <= set("|&;"):
            commands.append([])
        elif set(word) <= set("<>"):
            skip = True
        elif skip:
            skip = False
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def check_command(words: list[str]) -> None:
    """Fail if a command of ours does not exist as it is written; others pass."""
    while words and (words[0] in {"sudo", "exec"} or re.fullmatch(r"\w+=\S*", words[0])):
        words = words[1:]
    if not words:
        return
    program, *rest = words
    if program == "./run":
        if rest and rest[0] not in {"demo", "picctv", "--list", "--help"}:
            assert rest[0] in sessions()
            return
        rest = rest[1:] if rest[:1] == ["picctv"] else rest
    elif Path(program).name != "picctv":
        return
    if "..." in rest or not rest or rest[0] in {"--list", "--help"}:
        return
    try:
        parser().parse_args(rest)
    except SystemExit as ended:
        if ended.code != 0:
            pytest.fail(f"there is no such command: {shlex.join(words)}")


@pytest.mark.parametrize("block", blocks("sh", "console", "ini"))
def test_commands_in_blocks_exist(block: Block) -> None:
    text = block.text.replace("\\\n", " ")
    lines = [line.removeprefix("$ ").removeprefix("ExecStart=") for line in text.splitlines()]
    for line in lines:
        if not line.startswith("#"):
            for command in commands_of(line):
                check_command(command)


@every_page
def test_commands_in_prose_exist(page: Path) -> None:
    for code in inline_code(page):
        words = code.split()
        if len(words) > 1 and words[0] in {"picctv", "./run"} and "COMMAND" not in words:
            command = [word for word in words if word != "..."] if words[-1] != "..." else words
            # `picctv node run` names the command; with no option it need not be whole.
            if (
                command[0] == "picctv"
                and not any(word.startswith("--") for word in command)
                and "..." not in command
            ):
                assert names_a_command(command[1:]), code
            else:
                check_command(command)


def names_a_command(words: list[str]) -> bool:
    """Say whether words lead from subparser to subparser; what follows the last one is arguments."""
    current = parser()
    for word in words:
        choices = next(
            (action.choices for action in current._actions if isinstance(action.choices, dict)), None
        )
        if choices is None:
            return True
        if word not in choices:
            return False
        current = choices[word]
    return True


def test_every_session_is_documented() -> None:
    text = (ROOT / "docs" / "how-to" / "develop.md").read_text(encoding="utf-8")
    assert {name for name in sessions() if f"./run {name}" not in text} == set()
