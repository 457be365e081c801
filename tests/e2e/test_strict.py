"""``picctv demo --strict-plugins``: the whole of it refuses to start with a plugin that can't be used."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "class Bad:\n    def __init__(self, settings, store):\n        raise OSError('no model')\n"


@pytest.mark.parametrize(
    ("group", "text", "reason"),
    [
        ("picctv.node", "1 / 0", "load error: ZeroDivisionError: division by zero"),
        ("picctv.server", SERVER, "failing: it can't be made: OSError: no model"),
        ("picctv.web", "class Bad: ...", "load error: bad_mod:Bad is no django.apps.AppConfig class"),
    ],
)
def test_strict_demo_does_not_start_with_a_broken_part(
    make_distribution: Any, tmp_path: Path, group: str, text: str, reason: str
) -> None:
    make_distribution("picctv-plugins-bad", {group: {"bad": "bad_mod:Bad"}}, {"bad_mod.py": text})
    done = subprocess.run(
        [sys.executable, "-m", "picctv_core", "demo", "--strict-plugins", "--data", tmp_path / "demo"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if "/sites/" in part)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    last = [line for line in done.stderr.splitlines() if line.startswith("picctv: error: ")][-1]
    assert f"plugin bad (picctv-plugins-bad 1.0): {reason}" in last
    assert "Traceback" not in done.stderr
