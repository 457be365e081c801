"""A plugin with a server part, installed on a path of its own, for servers that run as processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = '''
from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl


class PeopleSettings(Settings):
    """How it is to fail."""

    broken: bool = False


class People:
    """Stores crowds as results, or fails with them."""

    Settings = PeopleSettings

    def __init__(self, settings, store):
        self._broken = settings.broken

    @hookimpl
    def picctv_process_message(self, message, store):
        if self._broken and message.kind == "results":
            raise ValueError("the model does not fit")
        if message.kind == "results":
            store.add_results(message)
            return True
        return None
'''


def write(folder: Path) -> dict[str, str]:
    """Write the plugin ``people`` (people-plugin 1.2); give the environment that finds it."""
    info = folder / "people_plugin-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / "people_plugin.py").write_text(_SOURCE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: people-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[picctv.server]\npeople = people_plugin:People\n")
    return {**os.environ, "PYTHONPATH": str(folder)}
