"""Clips found by what plugins said of them."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from picctv_core.typed import ResultField
from picctv_server.ranges import ResultFilter
from picctv_web.found_results import Choice, FilterError, choices, parse
from picctv_web.schemas import grouped
from tests.web.test_auto_charts import field, schema
from tests.web.test_pages import clips_on, text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

KNOWN = choices(
    grouped([schema(field("sharpness", unit="px"), field("covered", "boolean"), field("a.b"))]).values()
)


def asked(**query: str) -> ResultFilter | None:
    return parse(query, KNOWN)


def test_choices_are_the_fields_that_a_clip_can_have() -> None:
    assert [(key, choice.label) for key, choice in KNOWN.items()] == [
        ("tamper.sharpness", "Sharpness (px)"),
        ("tamper.covered", "Covered"),
    ]


def test_what_is_asked_for_is_read() -> None:
    assert asked() is asked(result="", test="at-least") is None
    number = {"plugin": "tamper", "field": "sharpness", "versions": (1, None)}
    assert asked(result="tamper.sharpness", value="0.5") == ResultFilter(**number, test="at-least", value=0.5)
    assert asked(result="tamper.sharpness", test="at-most", value=" -1,5 ") == ResultFilter(
        **number, test="at-most", value=-1.5
    )
    boolean = {"plugin": "tamper", "field": "covered", "versions": (1, None)}
    assert asked(result="tamper.covered", value="7") == ResultFilter(**boolean, test="true")
    assert asked(result="tamper.covered", test="never-true") == ResultFilter(**boolean, test="never-true")


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ({"value": "1"}, "result", "Choose what the value is of."),
        ({"result": "tamper.nosuch", "value": "1"}, "result", "There is no such result."),
        ({"result": "tamper.a.b", "value": "1"}, "result", "There is no such result."),
        ({"result": "$where", "value": "1"}, "result", "There is no such result."),
        ({"result": "tamper.sharpness"}, "value", "Enter a number."),
        ({"result": "tamper.sharpness", "value": "much"}, "value", "Enter a number."),
        ({"result": "tamper.sharpness", "value": "nan"}, "value", "Enter a number that is not that large."),
        ({"result": "tamper.sharpness", "value": "1e999"}, "value", "Enter a number that is not that large."),
        (
            {"result": "tamper.sharpness", "value": "1", "test": "true"},
            "test",
            "Sharpness is a number: choose “at least”",
        ),
        ({"result": "tamper.covered", "test": "is"}, "test", "Covered is true or false: choose “ever true”"),
        ({"result": "tamper.covered", "test": "$gt"}, "test", "Covered is true or false"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_parameter(
    query: dict[str, str], parameter: str, says: str
) -> None:
    with pytest.raises(FilterError, match=re.escape(says)) as caught:
        parse(query, KNOWN)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("ranges", "shown"),
    [
        ({"tamper": {"1": {"x": {"min": 0.5, "max": 12.34567}}}}, "X 0.5 to 12.35 px"),
        ({"tamper": {"1": {"x": {"min": 2, "max": 2}}, "0": {"x": {"min": 1, "max": 2}}}}, "X 1 to 2 px"),
        ({"tamper": {"1": {"x": {"min": 2, "max": 2}}}}, "X 2 px"),
        ({"tamper": {"7": {"x": {"min": 2, "max": 2}}}}, ""),
        ({"tamper": []}, ""),
        (None, ""),
    ],
)
def test_clip_shows_what_was_asked_for(ranges: Any, shown: str) -> None:
    own = Choice("tamper", ResultField("x", "number", "X", unit="px"), (1, None))
    assert own.shown_in(ranges) == shown


def listed(user: httpx.Client, **query: str) -> list[str]:
    answer = user.get("/clips/", params=query)
    assert answer.status_code == 200
    return clips_on(answer.text)


def test_clips_are_found_by_results(site: Site, user: httpx.Client) -> None:
    seeded = site.seeded
    assert listed(user, result="tamper.sharpness", test="at-least", value="60") == [seeded.following]
    assert listed(user, result="tamper.sharpness", test="at-most", value="60") == [seeded.clip]
    assert listed(user, result="tamper.sharpness", value="1") == [seeded.following, seeded.clip]
    assert listed(user, result="tamper.covered", test="true") == [seeded.following, seeded.clip]
    assert listed(user, result="tamper.covered", test="never-true") == []
    # Motion's results were stored before it declared what they are made of.
    assert listed(user, result="motion.score", test="at-least", value="0.8") == [seeded.clip]
    assert listed(user, result="motion.score", value="0.8", camera="barn/stable") == []
    assert listed(user, result="motion.triggered", **{"with": "motion"}) == [seeded.clip]


def test_clips_that_were_found_say_what_was_asked_for(site: Site, user: httpx.Client) -> None:
    page = text(user.get("/clips/?result=tamper.sharpness&test=at-least&value=60").text)
    assert "1 clip" in page
    assert "Front door 17 Mar 2026, 09:40:00 Sharpness 70 to 90 px" in page


def test_form_groups_results_by_plugin_and_escapes_their_titles(user: httpx.Client) -> None:
    page = user.get("/clips/?result=tamper.contrast&value=0.2").text
    groups = re.findall(r'<optgroup label="(.*?)">(.*?)</optgroup>', page, re.DOTALL)
    assert [label for label, _ in groups] == ["damaged", "motion", "tamper"]
    options = re.findall(r'<option value="(.*?)"( selected)?>\s*(.*?)\s*</option>', groups[2][1])
    assert options[:2] == [
        ("tamper.sharpness", "", "Sharpness (px)"),
        ("tamper.contrast", " selected", "Contrast (0 to 1)"),
    ]
    assert options[4][2] == "Tampered &lt;b&gt;with&lt;/b&gt;"
    hints = re.search(r'<script id="filter-results" type="application/json">(.*?)</script>', page)
    assert hints is not None
    assert json.loads(hints[1])["tamper.sharpness"] == {"type": "number", "unit": "px"}


def test_filter_stays_while_paging(user: httpx.Client) -> None:
    page = user.get("/clips/?result=tamper.sharpness&test=at-most&value=1e9&page=7").text
    assert "2 clips" in text(page)
    page = user.get("/clips/?result=tamper.sharpness&test=is&value=x").text
    following = re.findall(r'<a href="(/clips/\?[^"]*page=2[^"]*)">2</a>', page)
    assert "result=tamper.sharpness" in html.unescape(following[0])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("result=no.such&value=1", "Select a valid choice."),
        ("result=%00", "Select a valid choice."),
        ("result=tamper.sharpness", "Enter a number."),
        ("result=tamper.sharpness&value=%24gt", "Enter a number."),
        ("result=tamper.sharpness&value=" + "9" * 41, "Ensure this value has at most 40 characters"),
        ("result=tamper.sharpness&value=%00", "Null characters are not allowed."),
        ("result=tamper.sharpness&value=1&test=%24where", "Select a valid choice."),
        (
            "result=tamper.covered&test=at-least",
            "Covered is true or false: choose “ever true” or “never true”.",
        ),
        ("value=5", "Choose what the value is of."),
    ],
)
def test_filter_with_faults_is_explained_and_narrows_nothing(
    site: Site, user: httpx.Client, query: str, says: str
) -> None:
    answer = user.get(f"/clips/?{query}")
    assert answer.status_code == 200
    assert says in text(answer.text)
    assert f"{site.seeded.clips} clips" in text(answer.text)


def test_api_filters_and_tells_what_makes_no_sense(site: Site, user: httpx.Client) -> None:
    def get(**query: str) -> httpx.Response:
        return user.get("/api/clips", params=query)

    found = get(result="tamper.sharpness", test="at-least", value="60").json()["clips"]
    assert [clip["id"] for clip in found] == [site.seeded.following]
    for query, says in (
        ({"result": "no.such"}, "result: There is no such result."),
        ({"result": "tamper.sharpness", "value": "x"}, "value: Enter a number."),
        ({"result": "tamper.covered", "test": "$gt"}, "test: Covered is true or false"),
    ):
        answer = get(**query)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(says)
