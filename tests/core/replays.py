"""What the tests of the replay share: plugins to be installed, and the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

HEAD = """
from typing import Annotated, ClassVar
import datetime as dt
import numpy as np
from pydantic import Field
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel
"""

SEEN = """
class Seen:
    def __init__(self, settings, camera):
        self.camera = camera
    @hookimpl
    def picctv_analyze_frame(self, frame):
        return {"luma": frame.luma, "now_ns": self.camera.clock.now_ns(), "number": frame.sequence}
"""


@dataclass(frozen=True)
class Ran:
    """How a replay ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Give the lines of JSON on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        """Give the errors that people read."""
        start = "picctv: error: "
        return [line.removeprefix(start) for line in self.err.splitlines() if line.startswith(start)]

    def row(self, title: str) -> str:
        """Give a row of the summary."""
        (found,) = [line for line in self.err.splitlines() if line.startswith(f"{title} ")]
        return found.removeprefix(title).strip()


class Replay:
    """Installs plugins, and replays files with them."""

    def __init__(
        self, make_distribution: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        self._make = make_distribution
        self._capsys = capsys
        self._sites = tmp_path / "sites"

    def install(self, name: str, text: str) -> None:
        """Install a plugin; its class has its name with a capital."""
        module = f"replayed_{name.replace('-', '_')}"
        points = {"picctv.node": {name: f"{module}:{name.replace('-', '').capitalize()}"}}
        self._make(f"picctv-plugins-{name}", points, {f"{module}.py": HEAD + text})

    def __call__(self, *arguments: object) -> Ran:
        """Run the command in this process."""
        try:
            code = main(["replay", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(code, said.out, said.err)

    def command(self, *arguments: object) -> list[str]:
        """Give the command for a process of its own."""
        start = "import sys; from picctv_core.cli import main; sys.exit(main())"
        return [sys.executable, "-c", start, "replay", *map(str, arguments)]

    def environment(self, **more: str) -> dict[str, str]:
        """Give what a process needs to find the plugins."""
        path = os.pathsep.join(map(str, self._sites.glob("*")))
        return os.environ | {"PYTHONPATH": path} | more

    def process(self, *arguments: object, **environment: str) -> Ran:
        """Run the command in a process of its own."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
