"""The command ``picctv plugins``."""

from __future__ import annotations

import json
from typing import Any

from picctv_core.cli import main


def test_list_shows_each_plugin_with_its_parts(make_distribution: Any, capsys: Any) -> None:
    make_distribution(
        "picctv-plugins-alpha",
        {"picctv.node": {"alpha": "alpha_mod:Node"}, "picctv.server": {"alpha": "alpha_mod:Server"}},
        {"alpha_mod.py": "class Node: ...\nclass Server: ..."},
    )
    assert main(["plugins", "list", "--json"]) == 0
    (alpha,) = [entry for entry in json.loads(capsys.readouterr().out) if entry["name"] == "alpha"]
    assert alpha == {
        "name": "alpha",
        "distribution": "picctv-plugins-alpha",
        "version": "1.0",
        "node": "enabled",
        "server": "enabled",
        "web": None,
        "status": "enabled",
        "detail": "",
    }
    assert main(["plugins", "list"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("alpha")]
    assert line.split() == ["alpha", "picctv-plugins-alpha", "1.0", "yes", "yes", "-"]


def test_list_shows_a_broken_plugin_with_its_reason(make_distribution: Any, capsys: Any) -> None:
    make_distribution("picctv-plugins-bad", {"picctv.node": {"bad": "bad_mod:Bad"}}, {"bad_mod.py": "1 / 0"})
    assert main(["plugins", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith("bad ")]
    assert lines[number + 1].startswith("  load error: node part: ZeroDivisionError: division by zero")
    assert all(len(line) <= 80 for line in lines if not line.startswith("  "))
