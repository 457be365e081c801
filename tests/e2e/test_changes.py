"""A person who has the start page open sees what happens while it happens, not at the page's next turn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from picctv_core.messages import new_id
from picctv_server import models
from picctv_server.database import connect
from picctv_web.config import load_settings
from tests.e2e.browsing import ARGUMENTS, log_in
from tests.web.running import free_port, make_user, running, seed, write_config

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

AT_ONCE_MS = 2500
"""The page's own turn comes every ten seconds, so it can't be the cause three times in a row."""


def test_notifications_appear_at_once(chromium: Path, tmp_path: Path) -> None:
    port = free_port()
    config = write_config(tmp_path, port)
    make_user(config)
    problems: list[str] = []
    with running(config, port, seed(config)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        page = browser.new_context(base_url=site.address).new_page()
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        with page.expect_response("**/changes"):
            log_in(page, site.address)
        with connect(load_settings(config).mongodb):
            for title in ("The bell rang", "A parcel came", "The gate is open"):
                models.Notification(
                    id=new_id(), node="garage", level="info", title=title, at_ns=time.time_ns()
                ).save()
                page.get_by_text(title).wait_for(timeout=AT_ONCE_MS)
        browser.close()
    assert problems == []
