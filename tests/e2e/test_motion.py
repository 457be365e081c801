"""A person at a browser asks motion where and why: the heat map over the camera's picture, the overlay over a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.browsing import open_clip, settled
from tests.web.seed import HEIGHT, RATE, WIDTH, square

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.web.running import Site

pytestmark = pytest.mark.browser

FRAMES = 12 * RATE
DAY = "/plugins/motion/camera/garage/door/?day=2026-03-17"

# Gives where a canvas has colour: [left, top, right, bottom] in parts of it, and how many of its pixels have; null where none.
DRAWN = """canvas => {
    if (!canvas.width || !canvas.height) return null;
    const copy = document.createElement("canvas");
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let [left, top, right, bottom, count] = [Infinity, Infinity, -1, -1, 0];
    for (let at = 3, pixel = 0; at < data.length; at += 4, pixel += 1) {
        if (!data[at]) continue;
        const x = pixel % canvas.width, y = Math.floor(pixel / canvas.width);
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
        count += 1;
    }
    return count ? [left / canvas.width, top / canvas.height, right / canvas.width, bottom / canvas.height, count] : null;
}"""

# As above, of the moving cells alone: what has their colour, and lets as much of the picture through.
CELLS = DRAWN.replace(
    "if (!data[at]) continue;",
    "if (Math.abs(data[at] - 130) > 1 || Math.abs(data[at - 3] - 230) > 4 || data[at - 1] > 4) continue;",
)


def show_why(page: Page, site: Site, at_s: float) -> None:
    """Open a clip at a moment, and switch the overlay on."""
    open_clip(page, site)
    page.evaluate("seconds => picctv.seek(seconds)", at_s)
    settled(page, at_s)
    switch = page.get_by_role("button", name="Show why")
    assert switch.get_attribute("aria-pressed") == "false"
    assert page.locator(".layer").is_hidden()
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    page.locator(".layers .line-note").filter(has_text="score").wait_for()


def truth(at_s: float) -> tuple[float, float, float, float]:
    """Give where the square is at a moment: left, top, right and bottom in parts of the picture."""
    left, top, width, height = square(int(at_s * RATE + 1e-6), FRAMES) or (0, 0, 0, 0)
    return left / WIDTH, top / HEIGHT, (left + width) / WIDTH, (top + height) / HEIGHT


def place_of(element: Locator) -> dict[str, Any]:
    box = element.bounding_box()
    assert box is not None
    return dict(box)


def test_overlay_lies_on_what_moves(site: Site, page: Page) -> None:
    show_why(page, site, 6.05)
    canvas = page.locator(".layer canvas")
    # The cells of 2x2 pixels that the square covers, to one pixel of the screen; the boxes and the trail are not of them.
    assert canvas.evaluate(CELLS)[:4] == pytest.approx(truth(6.05), abs=0.012)
    note = page.locator(".layers .line-note")
    assert note.text_content() == "Something moves · score 87 % · 3.1 % of the picture · Left half"
    # The trail of the thing goes back to where it came from: left of its box.
    assert canvas.evaluate(DRAWN)[0] < truth(6.05)[0] - 0.1


def test_overlay_is_empty_where_nothing_moves_and_follows_the_video(site: Site, page: Page) -> None:
    show_why(page, site, 1.05)
    canvas, note = page.locator(".layer canvas"), page.locator(".layers .line-note")
    assert canvas.evaluate(DRAWN) is None
    assert note.text_content() == "Nothing moves · score 4 % · – of the picture"  # noqa: RUF001 - as on the page
    found = []
    for at_s in (4.55, 7.85):
        page.evaluate("seconds => picctv.seek(seconds)", at_s)
        settled(page, at_s)
        page.wait_for_function(
            "text => document.querySelector('.layers .line-note').textContent.includes(text)",
            arg="Something moves",
        )
        page.wait_for_timeout(100)
        found.append(canvas.evaluate(CELLS)[:4])
    assert found == [pytest.approx(truth(at_s), abs=0.012) for at_s in (4.55, 7.85)]
    # It plays on to where nothing moves any more.
    page.evaluate("document.getElementById('video').play()")
    page.wait_for_function("() => document.getElementById('video').currentTime > 8.3")
    page.evaluate("document.getElementById('video').pause()")
    note.filter(has_text="Nothing moves").wait_for()
    assert canvas.evaluate(DRAWN) is None


def test_overlay_follows_in_browsers_that_do_not_tell_of_pictures(site: Site, page: Page) -> None:
    page.add_init_script("delete HTMLVideoElement.prototype.requestVideoFrameCallback")
    show_why(page, site, 4.55)
    assert page.evaluate("'requestVideoFrameCallback' in document.getElementById('video')") is False
    canvas = page.locator(".layer canvas")
    assert canvas.evaluate(CELLS)[:4] == pytest.approx(truth(4.55), abs=0.012)
    page.evaluate("document.getElementById('video').play()")
    page.wait_for_function("() => document.getElementById('video').currentTime > 8.3")
    page.evaluate("document.getElementById('video').pause()")
    page.locator(".layers .line-note").filter(has_text="Nothing moves").wait_for()
    assert canvas.evaluate(DRAWN) is None


def test_overlay_covers_the_picture_and_no_more_at_any_size(site: Site, page: Page) -> None:
    show_why(page, site, 6.05)
    layer, video = page.locator(".layer"), page.locator("#video")
    for width, height in ((1000, 900), (700, 400)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            """() => { const l = document.querySelector('.layer').getBoundingClientRect(),
            v = document.querySelector('#video').getBoundingClientRect(), scale = Math.min(v.width / 320, v.height / 240);
            return Math.abs(l.width - 320 * scale) < 1 && Math.abs(l.height - 240 * scale) < 1; }"""
        )
        over, under = place_of(layer), place_of(video)
        for start, size in (("x", "width"), ("y", "height")):
            middle = over[start] + over[size] / 2
            assert middle == pytest.approx(under[start] + under[size] / 2, abs=1)
        assert page.locator(".layer canvas").evaluate(CELLS)[:4] == pytest.approx(truth(6.05), abs=0.02)
    # In a low window the video has bars beside the picture: there is nothing over these.
    assert place_of(layer)["width"] < 0.8 * place_of(video)["width"]


def test_zones_lie_where_the_node_has_them(site: Site, page: Page) -> None:
    show_why(page, site, 6.05)
    shapes = page.locator(".layer polygon.motion-zone")
    assert page.locator(".layer text").all_text_contents() == ["Left half", "Sky"]
    assert [
        shape.evaluate("shape => shape.classList.contains('motion-ignored')") for shape in shapes.all()
    ] == [
        False,
        True,
        True,
    ]
    layer = place_of(page.locator(".layer"))
    left_half = shapes.first.evaluate(
        "shape => { const b = shape.getBBox(); return [b.x, b.y, b.width, b.height]; }"
    )
    assert left_half == pytest.approx([0, 0, layer["width"] / 2, layer["height"]], abs=1)


def test_switch_is_worked_with_the_keyboard(site: Site, page: Page) -> None:
    open_clip(page, site)
    switch = page.get_by_role("button", name="Show why")
    switch.focus()
    page.keyboard.press("Space")
    page.locator(".layer").wait_for()
    # The keys of the page still move the video, and Space is the switch's own.
    page.keyboard.press("ArrowRight")
    settled(page, 5)
    assert page.evaluate("document.getElementById('video').paused")
    page.locator(".layers .line-note").filter(has_text="Something moves").wait_for()
    page.keyboard.press("Enter")
    page.locator(".layer").wait_for(state="hidden")
    assert switch.get_attribute("aria-pressed") == "false"
    assert page.locator(".layers .line-note").text_content() == ""


def heat_of(page: Page) -> Locator:
    element = page.locator("[data-motion-heat]")
    page.locator("[data-motion-heat][aria-busy=false]").wait_for()
    return element.locator(".motion-view canvas")


def test_heat_map_has_colour_where_something_moved(site: Site, page: Page) -> None:
    page.goto(DAY)
    places = [truth(index / RATE) for index in range(FRAMES) if square(index, FRAMES)]
    lefts, tops, rights, bottoms = zip(*places, strict=True)
    found = heat_of(page).evaluate(DRAWN)
    # To a cell of 32x24.
    assert found[:4] == pytest.approx((min(lefts), min(tops), max(rights), max(bottoms)), abs=1 / 24)
    assert page.locator(".motion-said").text_content() == "Something moved for 4.0 s."
    assert page.locator(".motion-zones td").all_text_contents() == ["Left half", "2.5 s", "1"]
    assert page.locator(".motion-view text").all_text_contents() == ["Left half", "Sky"]
    labels = page.locator(".motion-scale span").all_text_contents()
    assert labels[0] == "0"
    assert len(labels) == 3
    # The map lies on the picture.
    assert place_of(heat_of(page)) == pytest.approx(place_of(page.locator(".motion-view img")), abs=1)


def test_heat_map_of_the_camera_is_of_the_time_that_is_chosen(site: Site, page: Page) -> None:
    page.goto("/cameras/garage/door/")
    canvas = heat_of(page)
    assert canvas.evaluate(DRAWN) is None
    assert page.locator(".motion-said").text_content() == "Nothing moved."
    with page.expect_response("**/heat.json?last=week"):
        page.get_by_role("button", name="Last week").click()
    pressed = page.locator("[data-motion-last]").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-pressed'))"
    )
    assert pressed == ["false", "false", "true"]


def test_day_has_its_chart_and_events_with_boxes(site: Site, page: Page) -> None:
    page.goto(DAY)
    chart = page.locator("[data-chart] canvas")
    chart.wait_for()
    assert chart.evaluate(DRAWN)[4] > 1000
    picture, box = page.locator(".motion-picture img"), page.locator(".motion-picture rect")
    page.wait_for_function("() => document.querySelector('.motion-picture img').naturalWidth > 0")
    left, top, right, bottom = truth(6)
    whole, part = place_of(picture), place_of(box)
    drawn = [
        (part["x"] - whole["x"]) / whole["width"],
        (part["y"] - whole["y"]) / whole["height"],
        (part["x"] + part["width"] - whole["x"]) / whole["width"],
        (part["y"] + part["height"] - whole["y"]) / whole["height"],
    ]
    assert drawn == pytest.approx([left, top, right, bottom], abs=0.03)
