"""Charts that nobody wrote: from what a plugin says of its results."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_server.models import ResultSchema
from picctv_web import auto_charts
from picctv_web.rows import check_rows
from picctv_web.schemas import grouped
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

SECOND = 1_000_000_000


def field(name: str, type_: str = "number", **other: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "title": name.capitalize(), "description": "", "unit": "", **other}


def schema(*fields: dict[str, Any], version: int = 1, plugin: str = "tamper") -> ResultSchema:
    return ResultSchema(id=f"{plugin}|{version}", plugin=plugin, version=version, fields=list(fields))


def columns(fields: list[dict[str, Any]], results: list[Any]) -> list[tuple[str, ...]]:
    """Give the columns of the charts that come of results, a tenth of a second apart."""
    timed = [(index * SECOND // 10, result) for index, result in enumerate(results)]
    return [tuple(chart.columns[1:]) for chart in auto_charts.charts("tamper", schema(*fields), timed, 0)]


def test_numbers_share_a_chart_where_unit_bounds_and_size_are_alike() -> None:
    fields = [
        field("score", minimum=0.0, maximum=1.0),
        field("width", unit="px"),
        field("height", unit="px"),
        field("area", minimum=0.0, maximum=1.0),
        field("pixels", unit="px"),
        field("people"),
        field("heat", unit="°C"),
    ]
    said = {
        "score": 0.9,
        "width": 30,
        "height": 500,
        "area": 1e-6,
        "pixels": 90_000,
        "people": 2,
        "heat": -4.5,
    }
    assert columns(fields, [said]) == [
        ("Score", "Area"),
        ("Width", "Height"),
        ("Pixels",),
        ("People",),
        ("Heat",),
    ]


def test_field_that_wants_no_chart_has_none() -> None:
    fields = [field("score"), field("total", chart=False), field("open", "boolean", chart=False)]
    assert columns(fields, [{"score": 1, "total": 2, "open": True}]) == [("Score",)]
    assert columns(fields[1:], [{"total": 2, "open": True}]) == []


def test_chart_has_the_bounds_and_the_unit_of_its_fields() -> None:
    fields = [
        field("angle", unit="°", minimum=-90.0, maximum=90.0),
        field("open", "boolean"),
        field("shut", "boolean"),
    ]
    results = [(5 * SECOND, {"angle": -45, "open": True, "shut": False})]
    angle, doors = auto_charts.charts(
        "door", schema(*fields, version=3), results, 4 * SECOND, suffix=" (version 3)"
    )
    assert (angle.title, angle.unit, angle.y_min, angle.y_max, angle.steps) == (
        "door: Angle, ° (version 3)", "°", -90.0, 90.0, False,
    )  # fmt: skip
    assert (angle.name, angle.columns, angle.rows) == ("result-3-0", ("seconds", "Angle"), [(1.0, -45.0)])
    assert (doors.title, doors.steps, doors.rows) == ("door: Open, Shut (version 3)", True, [(1.0, 1.0, 0.0)])


def test_what_is_not_of_its_type_is_left_out() -> None:
    fields = [field("x"), field("on", "boolean"), field("never"), field("wrong")]
    said = [
        {"x": 1, "on": True, "wrong": "5"},
        {"x": True, "on": 1, "wrong": None},
        {"x": float("nan"), "on": None, "newer": 7},
        {"x": 10**400},
        "no dict",
        None,
    ]
    timed = [(index * SECOND // 10, result) for index, result in enumerate(said)]
    numbers, booleans = auto_charts.charts("tamper", schema(*fields), timed, 0)
    assert [row[1] for row in numbers.rows] == [1.0, None, None, None, None, None]
    assert [row[1] for row in booleans.rows] == [1.0, None, None, None, None, None]
    assert (numbers.columns, booleans.columns) == (("seconds", "X"), ("seconds", "On"))


def test_line_breaks_where_nothing_is_known() -> None:
    results = [(round(at * SECOND), {"x": at}) for at in (0, 0.1, 0.2, 0.3, 5.0, 5.1)]
    [chart] = auto_charts.charts("tamper", schema(field("x")), results, 0)
    assert chart.rows == [
        (0.0, 0.0),
        (0.1, 0.1),
        (0.2, 0.2),
        (0.3, 0.3),
        (2.65, None),
        (5.0, 5.0),
        (5.1, 5.1),
    ]


def test_many_fields_and_long_titles_stay_readable() -> None:
    fields = [field(f"n{number}", title="A long title of a field") for number in range(12)]
    found = columns(fields, [{f"n{number}": 1 for number in range(12)}])
    assert [len(own) for own in found] == [5, 5, 2]
    assert found[0][0] == "A long title of a field (n0)"
    chart = auto_charts.charts("tamper", schema(*fields), [(0, {f"n{n}": 1 for n in range(12)})], 0)[0]
    assert len(chart.title) <= 95
    assert columns([field(f"b{n}", "boolean") for n in range(7)], [{f"b{n}": True for n in range(7)}])[1] == (
        "B5",
        "B6",
    )


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.dictionaries(
                st.sampled_from("abcde"),
                st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=3)),
            ),
        ),
        max_size=30,
    )
)
def test_whatever_is_stored_makes_charts_that_can_be_drawn(results: list[Any]) -> None:
    fields = [
        field("a"),
        field("b", unit="px"),
        field("c", minimum=0.0, maximum=1.0),
        field("d", "boolean"),
        field("e"),
    ]
    timed = [(index * SECOND, result) for index, result in enumerate(results)]
    for chart in auto_charts.charts("tamper", schema(*fields), timed, 0):
        rows = check_rows(chart)
        assert any(value is not None for row in rows for value in row[1:])
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_results_are_read_by_their_own_version() -> None:
    old, new = schema(field("x", unit="px"), field("y")), schema(field("x", unit="m"), field("y"), version=4)
    plugin = grouped([new, old])["tamper"]
    assert [plugin.of_version(version) for version in (None, 1, 4, 2, 5)] == [old, old, new, None, None]
    x, y = plugin.newest.result_fields
    assert plugin.versions_with(x) == (4,)
    assert plugin.versions_with(y) == (4, 1, None)


def payload(page: str, plugin: str, number: int) -> dict[str, Any]:
    """Give the data of an automatic chart on a page."""
    found = re.search(
        rf'<script id="chart-{plugin}-result-1-{number}-data" type="application/json">(.*?)</script>', page
    )
    assert found is not None
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def test_plugin_that_is_not_installed_here_has_charts_on_the_page(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.clip}/").text
    titles = re.findall(r'<h2 class="chart-title">(tamper: .*?)</h2>', page)
    assert titles == [
        "tamper: Sharpness, px",
        "tamper: Contrast, Brightness",
        "tamper: Corners found",
        "tamper: Tampered &lt;b&gt;with&lt;/b&gt;, Covered",
    ]
    sharpness, ratios, doors = (payload(page, "tamper", number) for number in (0, 1, 3))
    assert (sharpness["unit"], sharpness["y_min"], sharpness["y_max"], sharpness["steps"]) == (
        "px",
        0.0,
        None,
        False,
    )
    assert sharpness["data"][0][:3] == [0.0, 0.1, 0.2]
    # Results are missing from 2.1 to 4.9 s.
    assert sharpness["data"][0][20:23] == [2.0, 3.5, 5.0]
    assert sharpness["data"][1][21] is None
    assert (ratios["columns"], ratios["y_max"]) == (["seconds", "Contrast", "Brightness"], 1.0)
    assert (doors["columns"][1], doors["steps"]) == ("Tampered <b>with</b>", True)
    assert set(doors["data"][1]) == {0.0, 1.0, None}


def test_plugin_with_charts_of_its_own_has_those_only(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.clip}/").text
    assert "chart-motion-motion-data" in page
    assert "chart-motion-result" not in page


def test_clip_without_results_of_a_plugin_has_no_charts_of_it(site: Site, user: httpx.Client) -> None:
    assert "tamper: " not in text(user.get(f"/clips/{site.seeded.previous}/").text)


def test_damaged_results_cost_their_own_charts_only(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.damaged}/")
    assert page.status_code == 200
    assert "The plugin damaged could not show this. MissingError: " in text(page.text)
    assert "tamper: Sharpness, px" in page.text
    charts = user.get(f"/api/clips/{site.seeded.damaged}").json()["charts"]
    assert {chart["plugin"] for chart in charts if chart["automatic"]} == {"tamper"}


def test_api_has_the_automatic_charts_too(site: Site, user: httpx.Client) -> None:
    charts = user.get(f"/api/clips/{site.seeded.clip}").json()["charts"]
    automatic = [chart for chart in charts if chart["automatic"]]
    assert [(chart["plugin"], chart["name"]) for chart in automatic] == [
        ("tamper", f"result-1-{number}") for number in range(4)
    ]
    assert {chart["plugin"] for chart in charts if not chart["automatic"]} == {"lights", "motion"}
    assert automatic[0]["rows"][0] == [0.0, 40.0]


def test_api_tells_what_results_are_made_of(user: httpx.Client) -> None:
    found = {own["plugin"]: own for own in user.get("/api/schemas").json()["schemas"]}
    assert found["tamper"]["version"] == 1
    assert found["tamper"]["fields"][0] == {
        "name": "sharpness", "type": "number", "title": "Sharpness", "description": "How fine the picture is.",
        "unit": "px", "minimum": 0.0, "maximum": None, "chart": True,
    }  # fmt: skip
    assert found["motion"]["json_schema"]["properties"]["boxes"]["type"] == "array"


def test_day_page_shows_each_minute(user: httpx.Client) -> None:
    page = user.get("/cameras/garage/door/results/?day=2026-03-17").text
    found = re.search(
        r'<script id="chart-tamper-sharpness-data" type="application/json">(.*?)</script>', page
    )
    assert found is not None
    chart = json.loads(found[1])
    assert (chart["seconds"], chart["clock"]) == (86400.0, [[0.0, 0.0]])
    # 08:30 and 08:40 UTC are half past nine and twenty to ten in Berlin; between them nothing is known.
    assert chart["data"][0] == [34230.0, 34770.0, 34830.0]
    assert [round(value) if value else value for value in chart["data"][2]] == [30, None, 70]
    assert "tamper: Covered, % of each minute" in text(page)
    assert 'rel="prev" href="?day=2026-03-16"' in page


@pytest.mark.parametrize(
    ("day", "hours", "clock"),
    [
        ("2026-03-29", 23, [[0.0, 0.0], [7200.0, 10800.0]]),
        ("2026-10-25", 25, [[0.0, 0.0], [10800.0, 7200.0]]),
    ],
)
def test_day_on_which_clocks_change_has_its_own_length(
    site: Site, day: str, hours: int, clock: list[Any]
) -> None:
    import datetime as dt
    from zoneinfo import ZoneInfo

    from picctv_web import times

    zone = ZoneInfo("Europe/Berlin")
    wanted = dt.date.fromisoformat(day)
    begin, end = (
        times.from_datetime(dt.datetime.combine(own, dt.time(), zone))
        for own in (wanted, wanted + dt.timedelta(days=1))
    )
    assert (end - begin) / 3600 / SECOND == hours
    assert [list(step) for step in times.clock_steps(begin, end, zone)] == clock


@pytest.mark.parametrize("day", ["", "x", "0001-01-01", "9999-12-31", "2026-02-30", "%00", "1970-01-03"])
def test_day_that_there_is_not_is_no_error(user: httpx.Client, day: str) -> None:
    answer = user.get(f"/cameras/garage/door/results/?day={day}")
    assert answer.status_code == 200
    assert "No plugin whose results are typed had any on this day." in text(answer.text)
