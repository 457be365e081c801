"""The six distributions as a user's pip and picctv see them, and the command line of a checkout."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = sorted(path.parent.name for path in ROOT.glob("picctv_*/pyproject.toml"))


def project(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]


def entry_points() -> list[Any]:
    return [
        pytest.param(folder, group, name, target, id=f"{group}:{name}")
        for folder in DISTRIBUTIONS
        for group, entries in {
            "console_scripts": project(folder).get("scripts", {}),
            **project(folder).get("entry-points", {}),
        }.items()
        for name, target in entries.items()
    ]


def test_distributions_are_the_six() -> None:
    assert DISTRIBUTIONS == [
        "picctv_core",
        "picctv_plugins_live",
        "picctv_plugins_motion",
        "picctv_plugins_recording",
        "picctv_server",
        "picctv_web",
    ]


@pytest.mark.parametrize(("folder", "group", "name", "target"), entry_points())
def test_entry_point_is_installed_and_loads(folder: str, group: str, name: str, target: str) -> None:
    # In a process of its own: a web part wants a configured Django, and a node must never import one.
    prepare = "import django.conf; django.conf.settings.configure(); " if group == "picctv.web" else ""
    code = (
        "import importlib.metadata, sys; "
        + prepare
        + "[found] = importlib.metadata.distribution(sys.argv[1]).entry_points.select(group=sys.argv[2], name=sys.argv[3]); "
        "found.load(); print(found.value)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, folder, group, name], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout.strip()) == (0, target), run.stderr


@pytest.mark.parametrize("group", ["picctv.node", "picctv.sources", "picctv.commands"])
def test_node_imports_neither_django_nor_mongodb(group: str) -> None:
    code = (
        "import importlib.metadata, sys\n"
        "for found in importlib.metadata.entry_points(group=sys.argv[1]): found.load()\n"
        "print(sorted({'django', 'mongoengine', 'pymongo'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code, group], capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "[]", run.stderr


@pytest.mark.parametrize("folder", DISTRIBUTIONS)
def test_distribution_agrees_with_its_siblings(folder: str) -> None:
    ours = project(folder)
    everyone = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ours["name"] == folder.replace("_", "-")
    assert (ours["version"], ours["requires-python"]) == (everyone["version"], everyone["requires-python"])
    assert importlib.metadata.version(folder) == ours["version"]
    # an exact pin between siblings would keep one of them from being mended alone
    siblings = [wanted for wanted in ours["dependencies"] if wanted.startswith("picctv-")]
    assert [re.sub(r"^[a-z-]+(\[[a-z]+\])?", "", wanted) for wanted in siblings] == [">=0.1,<0.2"] * len(
        siblings
    )


@pytest.mark.parametrize("folder", DISTRIBUTIONS)
def test_wheel_holds_every_file_of_the_package(folder: str, tmp_path: Path) -> None:
    package = ROOT / folder / "src" / folder
    build = (
        "import os, sys\nfrom hatchling.build import build_wheel\n"
        "os.chdir(sys.argv[1])\nprint(build_wheel(sys.argv[2]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", build, ROOT / folder, tmp_path], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    with zipfile.ZipFile(tmp_path / run.stdout.split()[-1]) as wheel:
        held = {name for name in wheel.namelist() if name.startswith(f"{folder}/")}
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert held == {path.relative_to(package.parent).as_posix() for path in files}
    assert {f"{folder}/__init__.py", f"{folder}/py.typed"} <= held


@pytest.mark.parametrize(
    ("release", "wanted"),
    [
        pytest.param("", [f"picctv-core @ {(ROOT / 'picctv_core').as_uri()}"], id="checkout"),
        pytest.param("1", ["picctv-core<0.2,>=0.1"], id="release"),
    ],
)
def test_picctv_names_its_siblings_by_folder_or_version(
    release: str, wanted: list[str], tmp_path: Path
) -> None:
    build = (
        "import sys; from hatchling.build import prepare_metadata_for_build_wheel as f; print(f(sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", build, tmp_path],
        cwd=ROOT,
        env={**os.environ, "PICCTV_RELEASE": release},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    [metadata] = tmp_path.glob("*.dist-info/METADATA")
    required = re.findall(r"^Requires-Dist: (.+)$", metadata.read_text(), re.MULTILINE)
    assert len(required) == len(DISTRIBUTIONS)
    assert [text for text in required if text.startswith("picctv-core")] == wanted


def test_constraints_are_exact_and_name_no_host() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[a-z0-9-]+==[0-9a-z.]+( ; .+)?")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_run_help_shows_examples_from_any_folder(tmp_path: Path) -> None:
    run = subprocess.run([ROOT / "run", "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert (run.returncode, run.stderr) == (0, "")
    assert "./run demo door.mp4 rtsp://camera/stream /dev/video0\n" in run.stdout


def test_run_unknown_option_is_one_line() -> None:
    run = subprocess.run([ROOT / "run", "--hlep"], capture_output=True, text=True, timeout=20)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "run: there is no option --hlep; ./run --help shows what there is\n"
