"""A real node in a process of its own, to be killed, stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """
[node]
name = "garage"
data = "data"
spool_min_free = 0
[server]
urls = ["{url}"]
token = "{token}"
[cameras.street]
analysis = "160x120@10"
[cameras.street.source]
driver = "synthetic"
{more}
"""


class NodeProcess:
    """Runs ``picctv node run`` on a folder; as often as the test likes, one after another."""

    def __init__(
        self,
        folder: Path,
        url: str,
        token: str,
        more: str = "",
        log_level: str = "info",
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.config = folder / "node.toml"
        self.config.write_text(CONFIG.format(url=url, token=token, more=more), encoding="utf-8")
        self.data = folder / "data"
        self._env = {**os.environ, **(env or {})}
        self.log = folder / "log"
        self._log_level = log_level
        self._log = self.log.open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = "import sys; from picctv_core.cli import main; sys.exit(main())"
        options = ["--log-level", self._log_level, "node", "run", "--config", str(self.config)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *options], stderr=self._log, env=self._env
        )

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would, as far as a test can."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        """End it in good order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0
        self._process = None

    def close(self) -> None:
        """End it if it still runs."""
        if self._process is not None:
            self.kill()
        self._log.close()
