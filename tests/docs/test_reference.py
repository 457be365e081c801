"""The generated pages of the reference are as the code is."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from picctv_core.hookspecs import node, server, web

if TYPE_CHECKING:
    from types import FunctionType, ModuleType

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
HOOKS = [
    pytest.param(hook, id=hook.__name__)
    for module in (node, server, web)
    for name, hook in vars(module).items()
    if name.startswith("picctv_") and inspect.isfunction(hook)
]


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import docs/generate.py, which is a script."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("generate")


@pytest.mark.parametrize(
    "name",
    [
        "hooks.md",
        "settings.md",
        "cli.md",
        "cpu-benchmark.md",
        "delivery-benchmark.md",
        "faults.md",
        "figures.md",
        "testing.md",
        "models.md",
        "motion-benchmark.md",
        "../images/motion-tpr-over-fpr.svg",
        "../images/motion-f1-over-cost.svg",
    ],
)
def test_page_is_not_stale(generate: ModuleType, name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == generate.pages()[name], "stale: run ./run docs"


def test_check_fails_where_a_page_is_stale(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "docs/reference/hooks.md is stale" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_setting_says_what_it_means(generate: ModuleType) -> None:
    rows = re.findall(r"^\| `.*$", generate.pages()["settings.md"], re.MULTILINE)
    assert len(rows) > 30
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_described(hook: FunctionType) -> None:
    text = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    assert f"### {hook.__name__}\n" in text
    section = text.split(f"### {hook.__name__}\n")[1].split("\n### ")[0]
    assert "**Example**" in section
