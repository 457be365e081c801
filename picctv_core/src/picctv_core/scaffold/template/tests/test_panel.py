"""The card on the page of a clip, as somebody who is logged in sees it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.usefixtures("event")
def test_card_leads_to_the_change(picctv_client: Any, clip: Any) -> None:
    page = picctv_client.get(f"/clips/{clip.id}/").content.decode()
    assert 'data-seek="1.000">Changes from 0:01.0' in page


def test_card_says_that_nothing_changes(picctv_client: Any, clip: Any) -> None:
    assert "Nothing changes in this clip." in picctv_client.get(f"/clips/{clip.id}/").content.decode()
