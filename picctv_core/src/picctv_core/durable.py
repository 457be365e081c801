"""Files that are still there after a power cut: what Python leaves to the operating system, made sure of.

A file's bytes are on the disk after `os.fsync`; its name is only when its folder was synced too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk; raises an OSError where that fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them durable; raises an OSError where that fails."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing):
        sync_folder(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves either the old one or the new one; raises an OSError where that fails.

    The new one's name is not synced: a power cut soon afterwards may bring the old one back, and never a mixture.
    """
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
