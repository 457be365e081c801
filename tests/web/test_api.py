"""The JSON API."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from picctv_web.plain import plain
from tests.web.seed import SECOND_NS, START_NS, box

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site


def test_cameras_have_all_that_a_program_needs(user: httpx.Client) -> None:
    stable, door, yard = user.get("/api/cameras").json()["cameras"]
    assert (stable["id"], stable["state"]) == ("barn/stable", "offline")
    assert (yard["title"], yard["picture"]) == ("garage/yard", None)
    assert (door["title"], door["state"], door["width"], door["rate"]) == ("Front door", "running", 640, 10.0)
    assert door["plugins"]["motion"]["health"] == {"frames": 1204, "cpu_ms_per_frame": 1.25}
    assert user.get(door["picture"]).headers["Content-Type"] == "image/jpeg"


def test_clips_are_narrowed_down_and_limited(site: Site, user: httpx.Client) -> None:
    seeded = site.seeded

    def ids(**query: str | int) -> list[str]:
        return [clip["id"] for clip in user.get("/api/clips", params=query).json()["clips"]]

    assert len(ids()) == seeded.clips
    assert ids(camera="garage/door", limit=2) == [seeded.following, seeded.clip]
    assert ids(**{"with": "motion"}) == [seeded.clip]
    assert ids(from_ns=START_NS, to_ns=START_NS + 1) == [seeded.clip]
    assert ids(camera="no/such") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "from_ns=1e3", "to_ns=" + "9" * 30])
def test_parameter_that_makes_no_sense_is_400(user: httpx.Client, query: str) -> None:
    answer = user.get(f"/api/clips?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(query.partition("=")[0])


def test_clip_has_its_events_gaps_and_charts(site: Site, user: httpx.Client) -> None:
    clip = user.get(f"/api/clips/{site.seeded.clip}").json()
    assert (clip["started_at_ns"], clip["ended_at_ns"]) == (START_NS, START_NS + 12 * SECOND_NS)
    assert (clip["started_at"], clip["seconds"]) == ("2026-03-17T08:30:00.250Z", 12.0)
    assert (clip["camera"], clip["plugin"], clip["trigger"], clip["triggered_by"]) == (
        "garage/door",
        "recording",
        "motion",
        ["motion"],
    )
    (event,) = clip["events"]
    assert (event["plugin"], event["seconds"], event["peak_score"]) == ("motion", 4.0, 0.9)
    assert event["peak"] == {"triggered": True, "score": 0.9}
    best = {"at_ns": START_NS + 6 * SECOND_NS, "box": box(60, 120), "score": 0.9}
    assert event["details"] == {"zones": ["Left half"], "best": best}
    assert user.get(event["picture"]).headers["Content-Type"] == "image/jpeg"
    (gap,) = clip["gaps"]
    assert (gap["cause"], gap["bytes"]) == ("the disk was full", 9)
    lights = [chart for chart in clip["charts"] if chart["plugin"] == "lights"]
    assert [(chart["name"], len(chart["rows"]), chart["rows"][0]) for chart in lights] == [
        ("score", 120, [0.0, 0.04])
    ]


def test_results_are_those_of_the_clip_with_arrays_as_lists(site: Site, user: httpx.Client) -> None:
    found = user.get(f"/api/clips/{site.seeded.clip}/results/motion").json()["results"]
    assert len(found) == 120
    assert found[50]["captured_at_ns"] == START_NS + 5 * SECOND_NS
    assert found[50]["seconds"] == 5.0
    assert found[50]["data"]["boxes"] == [box(50, 120)]
    assert user.get(f"/api/clips/{site.seeded.clip}/results/nosuch").json()["results"] == []


@pytest.mark.parametrize("path", ["/api/clips/nosuch", "/api/clips/nosuch/results/motion", "/api/nosuch"])
def test_what_is_not_there_is_404_in_json(user: httpx.Client, path: str) -> None:
    answer = user.get(path)
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


def test_plain_turns_stored_data_into_json() -> None:
    moment = dt.datetime(2026, 3, 17, 8, 30, tzinfo=dt.UTC)
    value = {
        1: [np.arange(4).reshape(2, 2), math.nan, -math.inf, b"\xff"],
        "at": moment,
        "c": 1 + 2j,
        "none": None,
    }
    assert plain(value) == {
        "1": [[[0, 1], [2, 3]], None, None, "/w=="],
        "at": "2026-03-17T08:30:00+00:00",
        "c": [1.0, 2.0],
        "none": None,
    }
