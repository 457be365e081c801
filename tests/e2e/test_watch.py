"""A person at a browser: logs in, opens a clip, plays it and clicks on its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.browsing import current_time, log_in, open_clip, settled
from tests.web.running import USER

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.running import Site

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/cameras/",
    "/cameras/garage/door/",
    "/clips/",
    "/clips/{clip}/",
    "/clips/?result=tamper.sharpness&test=at-least&value=x",
    "/cameras/garage/door/results/?day=2026-03-17",
    "/cameras/barn/stable/",
    "/plugins/",
    "/plugins/?plugin=motion",
    "/plugins/?plugin=deeper",
    "/set-aside/",
    "/plugins/motion/",
    "/plugins/motion/?zone=Left+half",
    "/plugins/motion/camera/garage/door/?day=2026-03-17",
    "/password/",
)


def test_clip_is_found_from_the_list_and_plays(site: Site, page: Page) -> None:
    page.goto("/clips/")
    page.get_by_label("What").select_option(label="With motion")
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("a.tile").click()
    page.wait_for_url(f"**/clips/{site.seeded.clip}/")
    page.wait_for_function("() => document.getElementById('video')?.readyState >= 2")
    page.evaluate("document.getElementById('video').play()")
    page.wait_for_function("() => document.getElementById('video').currentTime > 1")
    assert (
        abs(float(page.evaluate("document.getElementById('video').duration")) - site.seeded.seconds) < 0.101
    )
    # The playhead on the chart is where the video is.
    page.evaluate("document.getElementById('video').pause()")
    page.wait_for_function("() => !document.getElementById('video').seeking")
    place = page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(() => {
            const over = document.querySelector('.u-over').getBoundingClientRect();
            const line = document.querySelector('.u-over .playhead').getBoundingClientRect();
            done((line.left + line.width / 2 - over.left) / over.width);
        }))"""
    )
    assert abs(place * site.seeded.seconds - current_time(page)) < 0.15


def test_clips_are_found_by_what_a_plugin_said(site: Site, page: Page) -> None:
    page.goto("/clips/")
    test, value = page.get_by_label("Was", exact=True), page.locator("[name=value]")
    assert [test.is_visible(), value.is_visible()] == [False, False]
    page.get_by_label("Result").select_option(label="Covered")
    assert [test.is_visible(), value.is_visible()] == [True, False]
    assert test.locator("option").all_text_contents() == ["ever true", "never true"]
    page.get_by_label("Result").select_option(label="Sharpness (px)")
    assert test.locator("option").all_text_contents() == ["at least", "at most", "all the time"]
    page.get_by_label("Value, px").fill("60")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**result=tamper.sharpness&test=at-least&value=60")
    assert page.locator("a.tile").get_attribute("href") == f"/clips/{site.seeded.following}/"
    assert page.get_by_text("Sharpness 70 to 90 px").is_visible()
    assert page.get_by_label("Value, px").input_value() == "60"
    # What is not asked for any more leaves the address.
    page.get_by_label("Result").select_option(label="Any results")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**result=")
    assert page.locator("a.tile").count() == 24


def test_automatic_charts_are_drawn_and_tell_yes_from_no(site: Site, page: Page) -> None:
    open_clip(page, site)
    chart = page.locator("[data-chart=chart-tamper-result-1-3-data]")
    over = chart.locator(".u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    said = []
    for part in (0.5, 0.95):
        page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        said.append(chart.locator(".u-value").all_text_contents()[1:])
    assert said == [["no", "no"], ["yes", "yes"]]


def test_click_on_the_chart_seeks(site: Site, page: Page) -> None:
    open_clip(page, site)
    chart = page.locator(".u-over").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    for part in (0.75, 0.25):
        page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        settled(page, part * site.seeded.seconds)
    # And dragging goes on seeking.
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 9, steps=5)
    page.mouse.up()
    settled(page, 0.9 * site.seeded.seconds)


def test_timeline_events_and_links_seek(site: Site, page: Page) -> None:
    open_clip(page, site)
    timeline = page.locator("[data-timeline]")
    box = timeline.bounding_box()
    assert box is not None
    timeline.click(position={"x": box["width"] / 2, "y": 5})
    settled(page, site.seeded.seconds / 2)
    page.get_by_role("link", name="0:04.0 – 0:08.0").click()  # noqa: RUF001 - as on the page
    settled(page, site.seeded.event_from)
    page.goto("/")
    page.get_by_role("link", name="Watch").click()
    settled(page, site.seeded.event_from)


def test_keys_move_through_the_clip_and_to_its_neighbours(site: Site, page: Page) -> None:
    open_clip(page, site)
    page.keyboard.press("ArrowRight")
    settled(page, 5)
    page.keyboard.press("Shift+ArrowLeft")
    settled(page, 4)
    page.keyboard.press("n")
    page.wait_for_url(f"**/clips/{site.seeded.following}/")
    page.keyboard.press("p")
    page.wait_for_url(f"**/clips/{site.seeded.clip}/")


def test_seeking_shows_the_very_picture_of_that_moment(site: Site, page: Page) -> None:
    """The square moves: where it is in the picture tells which picture it is."""
    open_clip(page, site)
    left = []
    for seconds in (4.45, 6.05, 7.45):
        page.evaluate("seconds => picctv.seek(seconds)", seconds)
        settled(page, seconds)
        left.append(
            page.evaluate(
                """() => { const v = document.getElementById('video'), c = document.createElement('canvas');
                c.width = 320; c.height = 240; const d = c.getContext('2d'); d.drawImage(v, 0, 0, 320, 240);
                const row = d.getImageData(0, 140, 320, 1).data;
                for (let x = 0; x < 320; x++) if (row[4 * x] > 170 && row[4 * x + 2] < 110) return x;
                return -1; }"""
            )
        )
    third = site.seeded.seconds * 10 / 3
    wanted = [int((int(seconds * 10 + 1e-6) - third) / third * 260) for seconds in (4.45, 6.05, 7.45)]
    assert [abs(found - place) <= 2 for found, place in zip(left, wanted, strict=True)] == [True] * 3, (
        left,
        wanted,
    )


def test_download_saves_the_clip_under_its_name(site: Site, page: Page) -> None:
    open_clip(page, site)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download MP4").click()
    assert download.value.suggested_filename == "garage-door-2026-03-17-083000.mp4"
    assert download.value.path().stat().st_size > 1000


@pytest.mark.parametrize("path", PAGES)
def test_page_never_scrolls_sideways(site: Site, page: Page, path: str) -> None:
    page.goto(path.format(clip=site.seeded.clip))
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_chart_follows_the_width_of_the_window(site: Site, page: Page) -> None:
    open_clip(page, site)
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_function(
        "() => document.querySelector('.uplot canvas').getBoundingClientRect().width"
        " === document.querySelector('[data-chart]').clientWidth"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_login_and_logout_through_the_menu(site: Site, page: Page) -> None:
    # In a session of its own: logging out would end the one that the other tests have.
    page.context.clear_cookies()
    log_in(page, site.address)
    if page.locator(".navbar-toggle").is_visible():
        page.locator(".navbar-toggle").click()
        page.locator(".navbar-collapse.collapse.in").wait_for()
    page.get_by_role("button", name=USER).click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login/**")
    page.goto("/clips/")
    assert "/login/" in page.url
