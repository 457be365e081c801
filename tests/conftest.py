"""What tests of all areas share: the real footage, and the programs that pip does not have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real videos; it is beside the checkout and not in it, so a test that needs it skips without it."""
    folder = Path(os.environ.get("PICCTV_FOOTAGE", ROOT.parent / "shared" / "footage"))
    if not folder.is_dir():
        pytest.skip(f"no real footage: {folder} is not there; PICCTV_FOOTAGE names the folder")
    return folder


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found:
        return Path(found)
    text = f"{name} is missing: apt install {name}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's browser, for Playwright's `executable_path`; in CI a test fails without it."""
    return _program("chromium")


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    """The ffmpeg command, as a player that is not ours; in CI a test fails without it."""
    return _program("ffmpeg")
