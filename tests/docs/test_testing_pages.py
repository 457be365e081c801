"""The page on testing plugins: its files are a plugin and tests that pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from picctv_core.testing import SCENES, AnalyzerConformance
from picctv_core.testing.conformance import clauses_of

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
_FILE = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_files_of_the_page_run(tmp_path: Path) -> None:
    files = dict(_FILE.findall((DOCS / "how-to" / "test-a-plugin.md").read_text(encoding="utf-8")))
    assert len(files) == 8
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{9 + len(clauses_of(AnalyzerConformance))} passed" in done.stdout


@pytest.mark.parametrize("name", [*SCENES, *clauses_of(AnalyzerConformance), "picctv_run", "picctv_client"])
def test_reference_describes_it(name: str) -> None:
    text = (DOCS / "reference" / "testing.md").read_text(encoding="utf-8")
    assert f"### {name}\n" in text
    assert len(text.split(f"### {name}\n")[1].split("\n### ")[0].strip()) > 60
