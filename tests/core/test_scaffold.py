"""``picctv plugins new``: its names, its files, and that a plugin runs whatever is left out of it."""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from picctv_core.cli import main
from picctv_core.errors import PicctvError
from picctv_core.scaffold import names, render
from picctv_core.scaffold.render import Plan

ROOT = Path(__file__).resolve().parent.parent.parent

PARTS = ("server", "page", "panel", "chart", "tests")
COMBINATIONS = [
    frozenset(part for part, wanted in zip(PARTS, chosen, strict=True) if wanted)
    for chosen in itertools.product([True, False], repeat=len(PARTS))
]
WHOLE = COMBINATIONS[0]


def plan_of(parts: frozenset[str], name: str = "people-counter", **more: Any) -> Plan:
    chosen = {part: part in parts for part in PARTS}
    return Plan(names.parse(name), "Counts people", **(chosen | more))


def shown(parts: frozenset[str]) -> str:
    return "-".join(part for part in PARTS if part in parts) or "nothing"


every_combination = pytest.mark.parametrize("parts", COMBINATIONS, ids=shown)


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "people-counter",
        "People Counter",
        "people_counter",
        " picctv-people-counter ",
        "picctv_people__counter",
    ],
)
def test_name_is_one_however_it_is_written(text: str) -> None:
    found = names.parse(text)
    assert (
        found.name,
        found.distribution,
        found.package,
        found.identifier,
        found.class_prefix,
        found.title,
    ) == (
        "people-counter",
        "picctv-people-counter",
        "picctv_people_counter",
        "people_counter",
        "PeopleCounter",
        "People counter",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "letters, digits and hyphens, with a letter first, such as people-counter"),
        ("3d", "with a letter first"),
        ("zähler", "letters, digits and hyphens"),
        ("a/b", "letters, digits and hyphens"),
        ("../up", "letters, digits and hyphens"),
        ("x" * 41, "has 41 letters; a plugin's name has 40 at the most"),
        ("trigger", "in what a plugin uses it means every trigger"),
        ("class", "a word of Python's own; try class-watch"),
        ("server", "picctv has a package of this name"),
        ("picctv", "it is picctv's own"),
        ("plugins-mine", "leave 'plugins' out"),
    ],
)
def test_name_that_can_not_be_is_refused(text: str, why: str) -> None:
    with pytest.raises(PicctvError, match=re.escape(why)) as raised:
        names.parse(text)
    assert "\n" not in str(raised.value)


def test_name_of_an_installed_plugin_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "motion", "--into", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "picctv: error: the name 'motion' is taken: picctv-plugins-motion 0.1.0 is installed here; "
        "choose another name, or `pip uninstall picctv-plugins-motion` first\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_name_of_an_installed_package_is_refused(make_distribution: Any) -> None:
    make_distribution("picctv-alpha", {}, {"picctv_alpha.py": ""})
    with pytest.raises(PicctvError, match=r"picctv-alpha 1\.0 is installed here"):
        names.check_free(names.parse("alpha"))
    names.check_free(names.parse("alphabet"))


# Files ----------------------------------------------------------------------------------------------------------------

PACKAGE = "src/picctv_people_counter"
ALWAYS = {
    ".gitignore",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    *(f"{PACKAGE}/{name}" for name in ("__init__.py", "analyzer.py", "py.typed", "settings.py")),
}


def expected(parts: frozenset[str]) -> set[str]:
    files = set(ALWAYS)
    tests = {"test_analyzer.py", "test_conformance.py"}
    if "server" in parts:
        files.add(f"{PACKAGE}/processor.py")
        tests.add("test_processor.py")
    if parts & {"page", "panel", "chart"}:
        files.add(f"{PACKAGE}/apps.py")
        tests.add("conftest.py")
    if "page" in parts:
        files |= {
            f"{PACKAGE}/views.py",
            f"{PACKAGE}/templates/people_counter/latest.html",
            f"{PACKAGE}/static/people_counter/people_counter.css",
        }
        tests.add("test_page.py")
    if "panel" in parts:
        files |= {f"{PACKAGE}/panels.py", f"{PACKAGE}/templates/people_counter/clip_panel.html"}
        tests.add("test_panel.py")
    if "chart" in parts:
        files.add(f"{PACKAGE}/charts.py")
        tests.add("test_chart.py")
    return files | ({f"tests/{name}" for name in tests} if "tests" in parts else set())


@every_combination
def test_files_are_those_of_the_parts(parts: frozenset[str]) -> None:
    assert set(render.render(plan_of(parts))) == expected(parts)


@every_combination
def test_project_names_what_it_has(parts: frozenset[str]) -> None:
    project = tomllib.loads(render.render(plan_of(parts, author="Ann"))["pyproject.toml"])["project"]
    web = bool(parts & {"page", "panel", "chart"})
    assert project["entry-points"] == {
        "picctv.node": {"people-counter": "picctv_people_counter.analyzer:PeopleCounterAnalyzer"},
        **(
            {"picctv.server": {"people-counter": "picctv_people_counter.processor:PeopleCounterProcessor"}}
            if "server" in parts
            else {}
        ),
        **(
            {"picctv.web": {"people-counter": "picctv_people_counter.apps:PeopleCounterConfig"}}
            if web
            else {}
        ),
    }
    extra = [
        re.split(r"[>\[]", wanted)[0] for wanted in project.get("optional-dependencies", {}).get("test", [])
    ]
    assert extra == [
        name
        for name, wanted in (("pytest", True), ("picctv-server", "server" in parts), ("picctv-web", web))
        if wanted and "tests" in parts
    ]
    assert (project["name"], project["description"]) == ("picctv-people-counter", "Counts people")
    assert project["authors"] == [{"name": "Ann"}]


@every_combination
def test_nothing_of_the_template_is_left(parts: frozenset[str]) -> None:
    for name, text in render.render(plan_of(parts)).items():
        assert not re.search(r"new.?plugin", name + text, re.IGNORECASE), name
        assert not re.search(r"#\[|<!--\[|\b(AUTHOR|DESCRIPTION|LICENSE-ID|CORE|NEXT)\b", text), name
        assert "\n\n\n\n" not in text, name


def test_code_is_as_ruff_wants_it(tmp_path: Path) -> None:
    for parts in COMBINATIONS:
        render.write(render.render(plan_of(parts)), tmp_path / shown(parts))
    # By picctv's own rules too, but for two: to a plugin, picctv is a third party; and every class has both arguments.
    ours = ["check", "--config", ROOT / "pyproject.toml", "--ignore", "I001,ARG002", *tmp_path.glob("*/src")]
    for command in (["check", tmp_path], ["format", "--check", tmp_path], ours):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache"], capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("installed", "wanted"),
    [("0.1.0", ("0.1", "0.2")), ("0.9.3", ("0.9", "0.10")), ("1.2.0rc1", ("1.2", "1.3"))],
)
def test_versions_of_picctv_are_from_the_installed_one_on(installed: str, wanted: tuple[str, str]) -> None:
    assert render.core_range(installed) == wanted


def test_plugin_asks_for_the_picctv_that_is_installed() -> None:
    from importlib.metadata import version

    project = tomllib.loads(render.render(plan_of(WHOLE))["pyproject.toml"])["project"]
    ours = [
        Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["test"])
    ]
    ours = [wanted for wanted in ours if wanted.name.startswith("picctv-")]
    assert [wanted.name for wanted in ours] == ["picctv-core", "picctv-server", "picctv-web"]
    assert all(wanted.specifier.contains(version(wanted.name)) for wanted in ours)


def test_readme_says_the_settings_with_their_defaults() -> None:
    files = render.render(plan_of(WHOLE))
    blocks = re.findall(r"^```toml\n# (\w+)\.toml\n(.*?)^```", files["README.md"], re.MULTILINE | re.DOTALL)
    said = {name: tomllib.loads(text)["plugins"]["people-counter"] for name, text in blocks}
    code: dict[str, Any] = {}
    for name in ("settings.py", "processor.py"):
        exec(files[f"{PACKAGE}/{name}"], code)  # noqa: S102 - our own template
    assert said == {
        "node": code["PeopleCounterSettings"]().model_dump(),
        "server": code["ProcessorSettings"]().model_dump(),
    }


@pytest.mark.parametrize("licence", render.LICENCES)
def test_licence_is_the_one_that_was_chosen(licence: str) -> None:
    files = render.render(plan_of(WHOLE, licence=licence, author="Ann Author"))
    project = tomllib.loads(files["pyproject.toml"])["project"]
    if licence == "none":
        assert ("LICENSE" in files, "license" in project, "license-files" in project) == (False, False, False)
    else:
        assert (project["license"], project["license-files"]) == (licence, ["LICENSE"])
        assert re.search(r"^Copyright \(c\) Ann Author$", files["LICENSE"], re.MULTILINE)


def test_what_people_write_stays_as_it_is() -> None:
    text = 'Says "new-plugin" \\ twice: ä AUTHOR'
    plan = Plan(names.parse("people-counter"), text, author='Ann "O\'Hara"')
    project = tomllib.loads(render.render(plan)["pyproject.toml"])["project"]
    assert (project["description"], project["authors"]) == (text, [{"name": 'Ann "O\'Hara"'}])


# The command ----------------------------------------------------------------------------------------------------------


def test_new_makes_a_folder_and_says_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "my plugins"
    assert main(["plugins", "new", "People Counter", "--into", str(into)]) == 0
    folder = into / "picctv-people-counter"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == expected(WHOLE)
    assert list(into.iterdir()) == [folder]
    said = capsys.readouterr().out
    assert said.splitlines()[0] == f"{folder} is the plugin people-counter:"
    assert f"  cd '{folder}'\n  pip install --editable '.[test]'\n  pytest\n  picctv demo\n" in said
    assert "/plugins/people-counter/" in said


def test_new_lets_others_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert main(["plugins", "new", "people-counter", "--into", str(tmp_path)]) == 0
    finally:
        os.umask(before)
    paths = [tmp_path / "picctv-people-counter", *(tmp_path / "picctv-people-counter").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o755}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o644}


def test_new_leaves_parts_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plugins", "new", "people-counter", "--into", str(tmp_path), "--no-web", "--no-tests"]
    assert main([*command, "--description", "Two\nlines\x07 ", "--license", "none"]) == 0
    folder = tmp_path / "picctv-people-counter"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == expected(frozenset({"server"})) - {"LICENSE"}
    assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["description"] == "Two lines"
    said = capsys.readouterr().out
    assert "pip install --editable .\n" in said
    assert ("\n  pytest\n" in said, "/plugins/" in said) == (False, False)


def test_new_changes_no_folder_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "picctv-people-counter"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    assert main(["plugins", "new", "people-counter", "--into", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error == (
        f"picctv: error: {folder} is there already, and nothing in it was changed; "
        "move it away, or give another place with --into\n"
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["picctv-people-counter", "mine.txt"]


def test_new_says_where_it_can_not_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["plugins", "new", "people-counter", "--into", str(tmp_path / "file")]) == 1
    assert re.fullmatch(
        r"picctv: error: .*/file/picctv-people-counter can't be made: .*; give another place with --into\n",
        capsys.readouterr().err,
    )


# They run -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One plugin of each combination, each under a name of its own, as pip would install them: `site` is their path.

    Together, because what takes long is the start of Python, of Django and of MongoDB.
    """
    folder = tmp_path_factory.mktemp("scaffold")
    for parts in COMBINATIONS:
        name = f"with-{shown(parts)}"
        source = folder / "sources" / name
        render.write(render.render(plan_of(parts, name)), source)
        project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
        package = names.parse(name).package
        info = folder / "site" / f"{package}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (folder / "site" / package).symlink_to(source / "src" / package)
        requires = "".join(f"Requires-Dist: {wanted}\n" for wanted in project["dependencies"])
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{requires}"
        )
        (info / "entry_points.txt").write_text(
            "".join(
                f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
                for group, entries in project["entry-points"].items()
            )
        )
    return folder


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        timeout=170,
    )


def test_plugins_of_all_combinations_are_found(installed: Path) -> None:
    listed = run(installed, "picctv_core", "plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    found = {entry["name"]: entry for entry in json.loads(listed.stdout)}
    for parts in COMBINATIONS:
        entry = found[f"with-{shown(parts)}"]
        web = bool(parts & {"page", "panel", "chart"})
        assert (entry["status"], entry["node"], entry["server"], entry["web"]) == (
            "enabled",
            "enabled",
            "enabled" if "server" in parts else None,
            "enabled" if web else None,
        ), entry


def code_of(parts: frozenset[str]) -> dict[str, str]:
    """Give the code and the tests of a plugin, without those of its server part."""
    files = render.render(plan_of(parts))
    return {
        name: text
        for name, text in files.items()
        if name.startswith(("src/", "tests/")) and "processor" not in name
    }


def test_server_part_and_analyzer_are_independent_of_the_web_part() -> None:
    """So that their tests, which take long, need to be run in one of the combinations only."""
    for parts in COMBINATIONS:
        assert code_of(parts) == code_of(parts - {"server"})
    made = [render.render(plan_of(parts)) for parts in COMBINATIONS]
    for name in ("analyzer.py", "settings.py", "__init__.py", "processor.py"):
        assert len({files[path] for files in made if (path := f"{PACKAGE}/{name}") in files}) == 1


@pytest.mark.timeout(180)  # some 20 s where nothing else runs
def test_tests_of_all_combinations_pass(installed: Path) -> None:
    whole = installed / "sources" / f"with-{shown(WHOLE)}" / "tests"
    web = {"test_page.py", "test_panel.py", "test_chart.py"}
    rest = [
        path
        for parts in COMBINATIONS[1:]
        if "tests" in parts and "server" not in parts
        for path in sorted((installed / "sources" / f"with-{shown(parts)}").glob("tests/test_*.py"))
        if path.name in web
    ]
    assert len(rest) == 4 * 3
    # Their common folder is the root: fixtures of a conftest.py outside of it would be everybody's.
    options = (
        "-q",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "-W",
        "error",
        "--rootdir",
        installed,
    )
    ran = run(installed, "pytest", *options, whole, *rest)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^\d+ passed in", ran.stdout, re.MULTILINE), ran.stdout
