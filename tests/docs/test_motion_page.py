"""The reference page of motion names the fields and keys that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from picctv_plugins_motion import models
from picctv_plugins_motion.why import page
from picctv_server.models import Clip

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "motion.md"


def section(title: str) -> str:
    found = re.search(
        rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert found is not None, title
    return found[1]


def keys(title: str) -> set[str]:
    """Give what stands between backticks in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("document", models.DOCUMENTS, ids=lambda document: document.__name__)
def test_fields_are_those_of_the_document(document: Any) -> None:
    named = keys(document.__name__) or set(re.findall(r"`(\w+)`", section(document.__name__)))
    assert set(document._fields) - named == set()
    assert f"`{document._meta['collection']}`" in section(document.__name__)


def test_keys_of_the_overlay_are_those_of_the_page(database: Any) -> None:
    clip = Clip(id="c", camera="garage/door", started_at_ns=0, ended_at_ns=1)
    assert keys("`/plugins/motion/clip/ID/why.json`") == set(page(clip, 0))
