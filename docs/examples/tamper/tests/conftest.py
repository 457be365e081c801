"""Real footage for the tests of this example, and what can be done to a camera, done to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real videos; it is no part of the checkout, so a test that needs it skips without it."""
    beside = Path(__file__).resolve().parents[5] / "shared" / "footage"
    folder = Path(os.environ.get("PICCTV_FOOTAGE", beside))
    if not folder.is_dir():
        pytest.skip(f"no real footage: {folder} is not there; PICCTV_FOOTAGE names the folder")
    return folder
