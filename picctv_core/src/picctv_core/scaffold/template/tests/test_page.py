"""The plugin's page, as somebody who is logged in sees it: a MongoDB is started for the tests."""

from __future__ import annotations

from typing import Any

import pytest

from picctv_new_plugin import NAME

PAGE = f"/plugins/{NAME}/"


@pytest.mark.usefixtures("event")
def test_page_shows_the_event(picctv_client: Any) -> None:
    page = picctv_client.get(PAGE).content.decode()
    for text in ("1 stretch of change", "node/camera", "2.0 s", "25.0 %"):
        assert text in page


def test_page_is_there_before_anything_happened(picctv_client: Any) -> None:
    assert "Nothing has changed yet." in picctv_client.get(PAGE).content.decode()


def test_page_brings_its_style(picctv_client: Any) -> None:
    assert "new_plugin/new_plugin.css" in picctv_client.get(PAGE).content.decode()
    style = b"".join(picctv_client.get("/static/new_plugin/new_plugin.css"))
    assert b".new-plugin" in style
