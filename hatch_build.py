"""Names the six distributions that `picctv` installs.

In a checkout they are the folders beside this file, so that `pip install .` needs no index that has them. For a release,
``PICCTV_RELEASE=1`` names them by version; without it, an sdist would carry the paths of the machine that made it.
"""

from __future__ import annotations

import os
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

SIBLINGS = (
    "picctv-core",
    "picctv-server",
    "picctv-web",
    "picctv-plugins-motion",
    "picctv-plugins-recording",
    "picctv-plugins-live",
)


class SiblingsHook(MetadataHookInterface):
    """Fills in the dependencies of `picctv`."""

    def update(self, metadata: dict[str, object]) -> None:
        """Put the siblings into the project's dependencies.

        Args:
            metadata: The ``[project]`` table; changed in place.
        """
        folders = {name: Path(self.root, name.replace("-", "_")) for name in SIBLINGS}
        checkout = all((folder / "pyproject.toml").is_file() for folder in folders.values())
        if checkout and os.environ.get("PICCTV_RELEASE") != "1":
            metadata["dependencies"] = [
                f"{name} @ {folder.resolve().as_uri()}" for name, folder in folders.items()
            ]
        else:
            major, minor, _ = str(metadata["version"]).split(".", 2)
            wanted = f">={major}.{minor},<{major}.{int(minor) + 1}"
            metadata["dependencies"] = [name + wanted for name in SIBLINGS]
