"""A real Chromium at a running site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.browsing import ARGUMENTS, log_in
from tests.web.running import free_port, make_user, running, seed, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.web.running import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("watch")
    port = free_port()
    config = write_config(folder, port)
    make_user(config)
    seeded = seed(config)
    with running(config, port, seeded) as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def cookies(site: Site, browser: Browser) -> Any:
    """What the browser keeps of a login."""
    context = browser.new_context(base_url=site.address)
    log_in(context.new_page(), site.address)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture(params=[(1280, 800), (390, 844)], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, site: Site, browser: Browser, cookies: Any) -> Iterator[Page]:
    """A page of somebody who has logged in; at its end, nothing was logged and nothing was asked of anybody else."""
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=site.address, storage_state=cookies
    )
    found = context.new_page()
    troubles: list[str] = []
    found.on(
        "console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None
    )
    found.on("pageerror", lambda error: troubles.append(str(error)))
    found.on(
        "request", lambda sent: None if sent.url.startswith(site.address + "/") else troubles.append(sent.url)
    )
    yield found
    context.close()
    assert troubles == []
