"""Addresses without their secrets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picctv_core.redact import redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:geheim@door.lan:554/1", "rtsp://admin:***@door.lan:554/1"),
        ("rtsp://admin:ge:he@im/x@door.lan/1", "rtsp://admin:***@door.lan/1"),
        ("rtsp://:geheim@door.lan/1", "rtsp://:***@door.lan/1"),
        ("rtsp://door.lan/1", "rtsp://door.lan/1"),
        ("rtsp://admin@door.lan/1", "rtsp://admin@door.lan/1"),
        ("http://door.lan/v?user=a&password=geheim&channel=1", "http://door.lan/v?user=a&password=***&channel=1"),
        ("rtsp://door.lan/user=admin_password=geheim_channel=1", "rtsp://door.lan/user=admin_password=***_channel=1"),
        ("https://door.lan/v?Token=abc", "https://door.lan/v?Token=***"),
        ("/videos/door: a@b.mp4", "/videos/door: a@b.mp4"),
    ],
)  # fmt: skip
def test_redact_url_hides_secrets_and_nothing_else(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6))
def test_redact_url_hides_any_password(password: str) -> None:
    secret = "Q7" + password + "7Q"
    assert secret not in redact_url(f"rtsp://admin:{secret}@door.lan/1")
