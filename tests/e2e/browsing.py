"""What people do at a browser in all of these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.running import PASSWORD, USER

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.running import Site

# Nothing that a browser does by itself may look like a request of ours.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def log_in(page: Page, address: str) -> None:
    page.goto("/")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(address + "/")


def current_time(page: Page) -> float:
    return float(page.evaluate("document.getElementById('video').currentTime"))


def settled(page: Page, seconds: float) -> None:
    """Wait until the video shows this moment, to the pixel that was clicked; a page on its way has no video yet."""
    page.wait_for_function(
        "wanted => { const v = document.getElementById('video');"
        " return v && !v.seeking && v.readyState >= 2 && Math.abs(v.currentTime - wanted) < 0.1; }",
        arg=seconds,
    )


def open_clip(page: Page, site: Site) -> None:
    page.goto(f"/clips/{site.seeded.clip}/")
    page.wait_for_function("() => document.getElementById('video')?.readyState >= 2")
