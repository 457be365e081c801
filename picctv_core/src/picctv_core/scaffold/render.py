"""Makes the files of a new plugin from the template.

The files of the template are what they become: Python that compiles (pip compiles all that it installs), TOML, HTML of
Django. Two things are replaced. Words: those of *new-plugin* in its forms, and a few in capitals. And blocks that belong
to a part which can be left out; they stand between two lines such as ``#[chart]`` and ``#[/chart]``, or
``#[panel|chart]`` for what any of some parts needs.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from picctv_core.errors import PicctvError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from picctv_core.scaffold.names import Names

TEMPLATE = Path(__file__).parent / "template"

LICENCES = ("MIT", "BSD-3-Clause", "none")

_MARK = re.compile(r"\s*(?:#|<!--)\[(/?)([a-z|]+)\](?:-->)?\s*")

# With a dot in front, tools that build picctv-core would take it for their own.
_RENAMED = {"gitignore": ".gitignore"}

_PACKAGE = "src/picctv_new_plugin/"
_OF_PART = {
    f"{_PACKAGE}processor.py": "server",
    f"{_PACKAGE}apps.py": "web",
    f"{_PACKAGE}views.py": "page",
    f"{_PACKAGE}templates/new_plugin/latest.html": "page",
    f"{_PACKAGE}static/new_plugin/new_plugin.css": "page",
    f"{_PACKAGE}panels.py": "panel",
    f"{_PACKAGE}templates/new_plugin/clip_panel.html": "panel",
    f"{_PACKAGE}charts.py": "chart",
    "tests/conftest.py": "web",
    "tests/test_processor.py": "server",
    "tests/test_page.py": "page",
    "tests/test_panel.py": "panel",
    "tests/test_chart.py": "chart",
}
"""The files that belong to a part which can be left out; all in ``tests`` belong to *tests* too."""


@dataclass(frozen=True)
class Plan:
    """What is wanted.

    Attributes:
        names: the plugin's name.
        description: one line for its package.
        author: who writes it; may be empty.
        licence: one of `LICENCES`.
        server: whether it has a server part.
        page: whether its web part has a page, with a template and a static file.
        panel: whether its web part has a card on the page of each clip.
        chart: whether its web part has a chart under each clip.
        tests: whether it has tests.
    """

    names: Names
    description: str
    author: str = ""
    licence: str = "MIT"
    server: bool = True
    page: bool = True
    panel: bool = True
    chart: bool = True
    tests: bool = True

    @property
    def parts(self) -> frozenset[str]:
        """The parts that can be left out, and are not; the web part is there while anything is in it."""
        chosen = {
            "server": self.server,
            "page": self.page,
            "panel": self.panel,
            "chart": self.chart,
            "web": self.page or self.panel or self.chart,
            "tests": self.tests,
            "author": bool(self.author),
            "licence": self.licence != "none",
        }
        return frozenset(name for name, wanted in chosen.items() if wanted)


def render(plan: Plan) -> dict[str, str]:
    """Give the new plugin's files: their texts by their paths in its folder, which are POSIX paths."""
    parts = plan.parts
    words = _words(plan)
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))

    def named(text: str) -> str:
        return pattern.sub(lambda found: words[found[0]], text)

    files = {}
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        path = source.relative_to(TEMPLATE).as_posix()
        # pip compiles what it installs.
        if "__pycache__" in source.parts or not _wanted(path, plan, parts):
            continue
        target = "LICENSE" if path.startswith("licences/") else _RENAMED.get(path, path)
        files[named(target)] = named(_without(source.read_text(encoding="utf-8"), parts))
    return files


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a new plugin into a folder, which is made: with all of them, or not at all.

    Raises:
        PicctvError: the folder is there already, or can't be made.
    """
    if folder.exists() or folder.is_symlink():
        raise PicctvError(
            f"{folder} is there already, and nothing in it was changed; move it away, or give another place with --into"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that putting it there is one step.
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, text in files.items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            _open_up(made)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise PicctvError(
            f"{folder} can't be made: {error.strerror or error}; give another place with --into"
        ) from error


def core_range(installed: str) -> tuple[str, str]:
    """Give the versions of picctv that a plugin made now asks for: from this one's minor version to before the next.

    Args:
        installed: the version that is installed, such as ``0.1.3``.

    Returns:
        The first version, and the first that is too new.
    """
    found = Version(installed)
    return f"{found.major}.{found.minor}", f"{found.major}.{found.minor + 1}"


def _words(plan: Plan) -> dict[str, str]:
    names = plan.names
    core, following = core_range(version("picctv-core"))
    return {
        "new-plugin": names.name,
        "new_plugin": names.identifier,
        "NewPlugin": names.class_prefix,
        "New plugin": names.title,
        '"DESCRIPTION"': json.dumps(plan.description, ensure_ascii=False),
        "DESCRIPTION": plan.description,
        '"AUTHOR"': json.dumps(plan.author, ensure_ascii=False),
        "AUTHOR": plan.author or f"the authors of {names.distribution}",
        "LICENSE-ID": plan.licence,
        "CORE": core,
        "NEXT": following,
    }


def _wanted(path: str, plan: Plan, parts: frozenset[str]) -> bool:
    if path.startswith("licences/"):
        return path == f"licences/{plan.licence}"
    if path.startswith("tests/") and not plan.tests:
        return False
    part = _OF_PART.get(path)
    return part is None or not parts.isdisjoint(part.split("|"))


def _without(text: str, parts: frozenset[str]) -> str:
    """Take the marks away, and the blocks of parts that are left out."""
    kept = []
    open_blocks: list[bool] = []
    for line in text.splitlines(keepends=True):
        mark = _MARK.fullmatch(line)
        if mark is None:
            if all(open_blocks):
                kept.append(line)
        elif mark[1]:
            open_blocks.pop()
        else:
            open_blocks.append(not parts.isdisjoint(mark[2].split("|")))
    return "".join(kept)


def _open_up(folder: Path) -> None:
    """Let others read: picctv's commands write for this user alone, but a wheel of such files can't be read by all."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
