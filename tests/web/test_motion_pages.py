"""The pages of motion: the latest events, a camera's day, the heat map's and the overlay's data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_plugins_motion import grid
from tests.web.seed import HEIGHT, RATE, WIDTH, square

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

DAY = "2026-03-17"
DOOR = "/plugins/motion/camera/garage/door/"
FRAMES = 12 * RATE


def cells_that_moved(frames: range) -> dict[int, int]:
    """Count in how many of the seeded frames something moved in each cell of the heat map."""
    found: dict[int, int] = {}
    for index in frames:
        place = square(index, FRAMES)
        if place is None:
            continue
        left, top, width, height = place
        mask = np.zeros((HEIGHT, WIDTH), bool)
        # As the seeded masks have it: in cells of 2x2 pixels.
        mask[top // 2 * 2 : (top + height) // 2 * 2, left // 2 * 2 : (left + width) // 2 * 2] = True
        for cell in grid.cells_of_mask(mask).tolist():
            found[cell] = found.get(cell, 0) + 1
    return found


def test_heat_map_is_hot_where_something_moved_and_nowhere_else(user: httpx.Client) -> None:
    found = user.get(f"{DOOR}heat.json?day={DAY}").json()
    moved = cells_that_moved(range(FRAMES))
    assert (found["columns"], found["rows"], len(found["cells"])) == (32, 24, 768)
    assert {cell: round(seconds * RATE) for cell, seconds in enumerate(found["cells"]) if seconds} == moved
    assert found["most_s"] == max(moved.values()) / RATE
    assert (found["moving"], found["scale"][1]) == ("4.0 s", f"{found['most_s']:.1f} s")
    left = sum(1 for index in range(FRAMES) if (place := square(index, FRAMES)) and place[0] < WIDTH // 2)
    assert found["figures"] == [{"name": "Left half", "moving": f"{left / RATE:.1f} s", "events": 1}]
    assert [zone["name"] for zone in found["zones"]] == ["Left half", "Sky"]
    assert found["ignore"] == [[[0.9, 0.9], [1.0, 0.9], [1.0, 1.0]]]


@pytest.mark.parametrize("asked", ["", "?last=hour", "?last=day", "?last=week", "?day=2026-03-18"])
def test_heat_map_of_a_time_in_which_nothing_moved_is_cold(user: httpx.Client, asked: str) -> None:
    found = user.get(f"{DOOR}heat.json{asked}").json()
    assert (set(found["cells"]), found["most_s"], found["moving"]) == ({0}, 0, "0.0 s")
    assert found["figures"] == [{"name": "Left half", "moving": "0.0 s", "events": 0}]


@pytest.mark.parametrize(
    ("asked", "why"),
    [("last=month", "last=month is none of hour, day, week"), ("day=soon", "day=soon is no day such as 2026-03-17")],
)  # fmt: skip
def test_stretch_that_there_is_not_is_refused(user: httpx.Client, asked: str, why: str) -> None:
    answer = user.get(f"{DOOR}heat.json?{asked}")
    assert (answer.status_code, answer.json()) == (400, {"error": why})


def test_day_shows_minutes_heat_map_and_events(site: Site, user: httpx.Client) -> None:
    page = user.get(f"{DOOR}?day={DAY}").text
    assert "Tuesday, 17 March 2026: something moved for 4.0 s" in page
    data = re.search(r'<script id="chart-motion-day-data" type="application/json">(.*?)</script>', page)
    assert data is not None
    chart = json.loads(data[1])
    # 08:30 in UTC is 09:30 in Berlin, and the minute's middle half a minute later.
    assert chart["data"] == [[9.5 * 3600 + 30], [round(100 * 4 / 60, 2)], [pytest.approx(90, abs=1)]]
    assert chart["clock"] == [[0.0, 0.0]]
    assert f'data-motion-heat="{DOOR}heat.json" data-motion-day="{DAY}"' in page
    [tile] = re.findall(r'class="tile".*?</li>', page, re.DOTALL)
    assert f"/clips/{site.seeded.clip}/#t=4.00" in page
    assert [word in tile for word in ("09:30:04", "peak 90 %", "Left half", "/picture")] == [True] * 4
    picture = re.search(r'<img[^>]* src="(/events/[^"]*)"', tile)
    assert picture is not None
    assert user.get(picture[1]).headers["Content-Type"] == "image/jpeg"
    left, top, width, height = square(60, FRAMES) or (0, 0, 0, 0)
    # The camera's picture is twice as large as the clip's.
    assert '<svg viewBox="0 0 640 480"' in tile
    drawn = {name: float(value) for name, value in re.findall(r' (x|y|width|height)="([\d.]+)"', tile)}
    assert drawn == pytest.approx({"x": 2 * left, "y": 2 * top, "width": 2 * width, "height": 2 * height})


def test_day_without_anything_says_so_and_leads_back_and_on(user: httpx.Client) -> None:
    page = user.get(f"{DOOR}?day=2026-03-16").text
    assert "Nothing is known of this day." in page
    assert "Nothing moved on this day." in page
    assert '?day=2026-03-15"' in page
    assert '?day=2026-03-17"' in page
    today = user.get(DOOR).text
    assert 'rel="prev"' in today
    assert 'rel="next"' not in today


def test_title_of_a_camera_is_text(user: httpx.Client) -> None:
    page = user.get("/plugins/motion/camera/barn/stable/").text
    assert "Motion at Stable &lt;script&gt;" in page
    assert "Stable <script>" not in page


@pytest.mark.parametrize(
    ("asked", "count"),
    [("", 1), ("?zone=Left+half", 1), ("?zone=Left+half&camera=garage/door", 1), ("?zone=Left+half&camera=garage/yard", 0), ("?zone=Nowhere", 0)],
)  # fmt: skip
def test_latest_events_can_be_those_of_a_zone(user: httpx.Client, asked: str, count: int) -> None:
    page = user.get(f"/plugins/motion/{asked}").text
    assert page.count('class="tile"') == count
    assert ("Nothing has moved" in page) == (count == 0)
    zones = re.search(r'<select[^>]*name="zone">(.*?)</select>', page, re.DOTALL)
    assert zones is not None
    # Those of the camera, and the one that is asked for.
    wanted = {"Left half"} if "yard" not in asked else set()
    wanted |= {"Nowhere"} if "Nowhere" in asked else {"Left half"} if "zone" in asked else set()
    assert re.findall(r"<option[^>]*>(.*?)</option>", zones[1]) == ["All", *sorted(wanted)]


def decoded(mask: list[int]) -> np.ndarray:
    """Make an array of run lengths, as the page's script does."""
    rows, columns, *runs = mask
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(rows, columns)


def test_overlay_has_every_frame_with_its_cells(site: Site, user: httpx.Client) -> None:
    found: dict[str, Any] = user.get(f"/plugins/motion/clip/{site.seeded.clip}/why.json").json()
    assert (found["page"], found["pages"], found["names"]) == (0, 1, ["Left half"])
    assert [zone["name"] for zone in found["zones"]] == ["Left half", "Sky"]
    assert [frame[0] for frame in found["frames"]] == [index / RATE for index in range(FRAMES)]
    for index, (_, triggered, _, area, boxes, ids, zones, mask) in enumerate(found["frames"]):
        place = square(index, FRAMES)
        if place is None:
            assert (triggered, boxes, ids, zones, mask) == (0, [], [], [], None)
            continue
        left, top, width, height = place
        assert (triggered, ids, zones) == (1, [3], [0] if left < WIDTH // 2 else [])
        assert boxes == [
            pytest.approx([left / WIDTH, top / HEIGHT, width / WIDTH, height / HEIGHT], abs=1e-4)
        ]
        cells = decoded(mask)
        assert cells.shape == (HEIGHT // 2, WIDTH // 2)
        assert cells[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2].all()
        assert cells.mean() == area


@pytest.mark.parametrize("page", ["1", "-1", "x", "٣", "9999999"])
def test_piece_that_a_clip_has_not_is_refused(site: Site, user: httpx.Client, page: str) -> None:
    answer = user.get(f"/plugins/motion/clip/{site.seeded.clip}/why.json?page={page}")
    assert (answer.status_code, answer.json()) == (400, {"error": "the clip has the pages 0 to 0"})


def test_switch_is_only_where_motion_looked(site: Site, user: httpx.Client) -> None:
    assert "data-motion-why" in user.get(f"/clips/{site.seeded.clip}/").text
    assert "data-motion-why" not in user.get(f"/clips/{site.seeded.previous}/").text


@pytest.mark.parametrize("path", [f"{DOOR}", f"{DOOR}heat.json", "/plugins/motion/clip/{clip}/why.json"])
def test_visitor_has_to_log_in(site: Site, visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path.format(clip=site.seeded.clip))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    "path", ["camera/garage/nosuch/", "camera/garage/nosuch/heat.json", "clip/nosuch/why.json"]
)
def test_what_is_not_there_is_404(user: httpx.Client, path: str) -> None:
    assert user.get(f"/plugins/motion/{path}").status_code == 404


def test_camera_page_shows_the_last_day(user: httpx.Client) -> None:
    page = user.get("/cameras/garage/door/").text
    assert "Nothing is known of the last 24 hours." in page
    assert f'data-motion-heat="{DOOR}heat.json"' in page
    assert f'<a href="{DOOR}">' in page
    assert "The plugin motion could not" not in page
