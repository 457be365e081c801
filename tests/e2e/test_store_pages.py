"""A person at a browser who looks at a day and its gaps, keeps a clip, and has a failed message processed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.running import Site

pytestmark = pytest.mark.browser

DAY = "/cameras/garage/door/results/?day=2026-03-17"


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_line_of_a_day_shows_gaps_where_they_are_and_leads_to_clips(page: Page) -> None:
    page.goto(DAY)
    assert fits(page)
    gap = page.locator(".day-line .gap-1").first
    box, line = gap.bounding_box(), page.locator(".day-line svg").bounding_box()
    assert box is not None
    assert line is not None
    # The hour from 06:30 on, in UTC.
    assert (box["x"] - line["x"]) / line["width"] == pytest.approx(6.5 / 24, abs=0.005)
    assert box["width"] / line["width"] == pytest.approx(1 / 24, abs=0.005)
    colours = [
        page.locator(f".day-line .gap-{tone}").first.evaluate("own => getComputedStyle(own).fill")
        for tone in (1, 2)
    ]
    assert colours[0] != colours[1]
    gap.click()
    expect(page.locator("li:target")).to_contain_text("the camera was away: <no route>")
    expect(page.locator("li:target")).to_be_visible()
    page.locator(".day-line .day-event").first.click()
    expect(page.locator("#video")).to_be_visible()


def test_clip_is_kept_and_let_go_with_a_button(site: Site, page: Page) -> None:
    page.goto(f"/clips/{site.seeded.clip}/")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("The clip is kept until somebody lets it go.")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Kept").click()
    expect(page.get_by_role("button", name="Keep", exact=True)).to_be_visible()


def test_message_set_aside_is_found_from_the_plugins_and_asked_for_again(site: Site, page: Page) -> None:
    page.goto("/plugins/")
    page.get_by_role("link", name="Set aside").click()
    assert fits(page)
    page.get_by_role("link", name="IndexError: list index out of range").first.click()
    expect(page.get_by_text("Traceback (most recent call last)")).to_be_visible()
    assert fits(page)
    again = page.get_by_role("button", name="Process again")
    if again.count():  # asked for already, at another width
        again.click()
        expect(page.get_by_text("One message is processed again within seconds.")).to_be_visible()
        page.goto(f"/set-aside/{site.seeded.set_aside}/")
    expect(page.get_by_text("Waits to be processed")).to_be_visible()
