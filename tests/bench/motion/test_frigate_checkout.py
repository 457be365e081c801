"""What is said where Frigate's detector can't be loaded, so that whoever wants it knows what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.motion.frigate_checkout import FOLDER, Frigate, FrigateError, lacking

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = "frigate/motion/improved_motion.py"


def test_lacking_without_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    assert lacking() == "set PICCTV_FRIGATE to a checkout of its repository"


def test_lacking_with_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert lacking() == f"PICCTV_FRIGATE={tmp_path} is no checkout of its repository"


def test_lacking_without_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ENTRY).parent.mkdir(parents=True)
    (tmp_path / ENTRY).touch()
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert lacking() == f"run `make version` in {tmp_path}"


def test_detector_says_what_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    with pytest.raises(FrigateError, match="PICCTV_FRIGATE"):
        Frigate()
