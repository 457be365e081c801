"""The line of a camera's day: clips, events and gaps, each cause in a colour of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from picctv_server.models import Gap
from picctv_web import timeline
from picctv_web.timeline import Bar
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

DAY = "/cameras/garage/door/results/?day=2026-03-17"
S = 10**9


def test_page_of_the_day_draws_clips_events_and_gaps(site: Site, user: httpx.Client) -> None:
    page = user.get(DAY).text
    shown = text(page)
    assert "3 clips 1 event" in shown
    assert "the disk was full: 1 gap, 0:01" in shown
    assert "the camera was away: <no route>: 1 gap, 1:00:00" in shown
    assert "the disk was full 17 Mar 2026, 09:30:10 for 0:01, 9 bytes recording" in shown
    assert "the camera was away: <no route> 17 Mar 2026, 07:30:00 for 1:00:00 all of it" in shown
    # The hour without the camera, from 07:30:00.25 in Berlin on, in the colour of the first cause.
    assert re.search(r'<rect class="gap-1" x="27000.25" y="32" width="3600.0" height="12">', page)
    assert re.search(r'<rect class="gap-2" x="34210.25"', page)
    assert f'href="/clips/{site.seeded.clip}/#t=4.0"' in page
    assert re.findall(r"<time [^>]*>07:30|>00:00<|>18:00<|>24:00<", page)


def test_camera_page_has_the_line_of_today(user: httpx.Client) -> None:
    page = user.get("/cameras/garage/door/").text
    assert "0 clips 0 events no gaps" in text(page)
    assert 'class="day-now"' in page


def test_watch_page_gives_each_cause_its_colour(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.clip}/").text
    assert '"kind": "gap", "tone": 1' in page
    assert 'class="gap-1"' in page


def bars(*stretches: tuple[int, int | None]) -> list[Bar]:
    line = timeline._Line(0, 86_400 * S, 50_000 * S)
    spans = [
        (begin * S, None if end is None else end * S, f"clip from {begin}", f"/{begin}")
        for begin, end in stretches
    ]
    return line.bars("clip", spans)


def test_bars_have_their_place_and_a_least_width() -> None:
    least = 86_400 / 500
    assert bars((1000, 2000), (3000, 3001), (40_000, None)) == [
        Bar("clip", 0, 1000, 1000, "clip from 1000", "/1000"),
        Bar("clip", 0, 3000, least, "clip from 3000", "/3000"),
        Bar("clip", 0, 40_000, 10_000, "clip from 40000", "/40000"),
    ]


def test_bars_that_would_lie_on_each_other_become_one() -> None:
    assert bars((1000, 1010), (1020, 1030), (1100, 1200)) == [
        Bar("clip", 0, 1000, pytest.approx(272.8), "3 clips from 1000", "/1000")
    ]
    # Each of these can be pointed at.
    assert len(bars((0, 3600), (3600, 7200), (7200, 10_800))) == 3


def test_bars_stay_within_the_day() -> None:
    (first, last) = bars((-500, 600), (86_399, 90_000))
    assert (first.x, first.width) == (0, 600)
    assert last.x + last.width <= 86_400


def test_causes_have_colours_in_the_order_in_which_they_come() -> None:
    gaps = [Gap(id=str(n), cause=cause) for n, cause in enumerate(["full", "away", "full", "cut"])]
    assert timeline.tones(gaps) == {"full": 1, "away": 2, "cut": 3}
