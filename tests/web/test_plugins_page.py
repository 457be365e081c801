"""The page of all plugins: what nodes and servers say of theirs, in whatever form, and who uses whose results."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.plugins import Status
from picctv_web import plugin_graph, plugin_states
from picctv_web.plugin_graph import Edge
from picctv_web.plugin_states import State
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["status", "detail", "distribution", "version", "isolation", "uses", "restarts", "memory_bytes", "health", "counts",
     "timing", "ms_p50", "ms_p95", "calls", "failures"]
)  # fmt: skip


def row_of(page: str, name: str) -> str:
    """Give what the page of all plugins says of one."""
    rows = re.findall(r'<li class="plugin-line">.*?</dl>\s*</li>', page, re.DOTALL)
    found = [row for row in rows if f"<strong>{name}</strong>" in row]
    assert len(found) == 1
    return text("<main" + found[0])


def about(user: httpx.Client, name: str) -> str:
    """Give the text of the page about a plugin."""
    answer = user.get("/plugins/", params={"plugin": name})
    assert answer.status_code == 200
    return text(answer.text)


# What is said, read ---------------------------------------------------------------------------------------------------


def test_status_of_a_node_is_read() -> None:
    said = {
        "status": "restarting", "detail": "too much\n memory", "distribution": "picctv-x", "version": "1.0",
        "isolation": "process", "uses": ["motion", "trigger"], "restarts": 2, "memory_bytes": 3_100_000,
        "health": {"cpu_ms": 1.23456, "on": True, "none": None},
        "counts": {"failures": 1, "frames": 10, "frames_dropped": 3, "queued_bytes": 5},
        "timing": {"analyze_frame": {"calls": 9, "ms_mean": 1, "ms_p50": 1.5, "ms_p95": 2, "ms_max": 3}, "x": {"calls": 1}},
    }  # fmt: skip
    state = plugin_states.read("x", said)
    assert (state.status, state.kind, state.detail, state.package) == (
        "restarting", "warn", "too much memory", "picctv-x 1.0",
    )  # fmt: skip
    assert (state.isolation, state.uses, state.restarts, state.memory) == (
        "process", ("motion", "trigger"), 2, "3 MB",
    )  # fmt: skip
    assert (state.frames, state.frames_dropped, state.failures, state.counts) == (
        10,
        3,
        1,
        (("queued bytes", "5"),),
    )
    assert state.health == (("cpu ms", "1.235"), ("none", ""), ("on", "True"))
    assert [(own.hook, own.calls, own.p50, own.p95, own.longest) for own in state.timing] == [
        ("analyze frame", 9, 1.5, 2.0, 3.0)
    ]


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_colour(status: Status) -> None:
    good, warn = {"enabled"}, {"waiting", "restarting"}
    info = {"disabled", "not here"}
    wanted = "good" if status in good else "warn" if status in warn else "info" if status in info else "bad"
    assert plugin_states.kind(str(status)) == wanted


@given(ANYTHING | st.dictionaries(KEYS, ANYTHING, max_size=12))
def test_whatever_is_said_is_read(said: Any) -> None:
    state = plugin_states.read("x", said)
    assert len(state.status) <= 80
    assert len(state.detail) <= 600
    assert len(state.uses) <= 8
    for timing in state.timing:
        assert timing.p95 is not None
        assert math.isfinite(timing.p95)
    [again] = plugin_states.states({"x": said})
    assert again == state


# Who uses whose results -----------------------------------------------------------------------------------------------


def test_edges_follow_names_and_triggers_on_each_camera() -> None:
    door = [
        State("motion"),
        State("tamper"),
        State("recording", uses=("trigger",)),
        State("lines", uses=("motion", "gone")),
    ]
    yard = [State("recording", uses=("trigger",))]
    found = plugin_graph.edges([door, yard], ["motion", "tamper", "elsewhere"])
    assert [(edge.giver, edge.user, edge.what) for edge in found] == [
        ("gone", "lines", "results"),
        ("motion", "lines", "results"),
        ("motion", "recording", "trigger"),
        ("tamper", "recording", "trigger"),
    ]
    assert [edge.text for edge in plugin_graph.edges([yard], ["motion"])] == [
        "recording waits for triggers, and no plugin gives any"
    ]
    assert plugin_graph.edges([[State("motion", uses=("motion", "trigger"))]], ["motion"]) == [
        Edge("", "motion", "trigger")
    ]


def test_boxes_stand_below_those_whose_results_they_use() -> None:
    found = [
        Edge("motion", "lines", "results"),
        Edge("motion", "recording", "trigger"),
        Edge("lines", "recording", "trigger"),
    ]
    drawn = plugin_graph.graph(found, {"motion": "good", "lines": "bad", "recording": "good", "live": "good"})
    assert drawn is not None
    tops = {box.name: box.y for box in drawn.boxes}
    assert tops["motion"] < tops["lines"] < tops["recording"] < tops["live"]
    assert {box.name: box.kind for box in drawn.boxes}["lines"] == "bad"
    # The arrow past the middle row goes round it.
    assert [arrow.path.split()[0] for arrow in drawn.arrows] == ["M152,48", "M218,29", "M152,148"]
    assert plugin_graph.graph([Edge("", "recording", "trigger")], {"recording": "good"}) is None


@given(
    st.lists(
        st.builds(Edge, st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"), st.just("results")),
        max_size=30,
    )
)
def test_any_edges_can_be_drawn_within_a_phone(found: list[Edge]) -> None:
    found = sorted({edge for edge in found if edge.giver != edge.user})
    drawn = plugin_graph.graph(found, dict.fromkeys("abcdefghij", "good"))
    if drawn is None:
        assert found == []
        return
    assert {box.name for box in drawn.boxes} == set("abcdefghij")
    assert len({(box.x, box.y) for box in drawn.boxes}) == 10
    assert len(drawn.arrows) == len(found)
    assert drawn.width <= 350
    for box in drawn.boxes:
        assert 0 < box.x < drawn.width - plugin_graph.BOX_WIDTH
        assert 0 < box.y < drawn.height - plugin_graph.BOX_HEIGHT


def test_everybody_using_everybody_is_drawn_in_a_moment() -> None:
    names = [f"p{number:02d}" for number in range(60)]
    found = [Edge(giver, user, "results") for giver in names for user in names if giver != user]
    drawn = plugin_graph.graph(found, {})
    assert drawn is not None
    assert (len(drawn.boxes), len(drawn.arrows)) == (40, 140)


# The pages ------------------------------------------------------------------------------------------------------------


def test_overview_tells_of_every_plugin_of_nodes_servers_and_the_web(user: httpx.Client) -> None:
    page = user.get("/plugins/").text
    motion = row_of(page, "motion")
    assert re.fullmatch(
        r"motion picctv-plugins-motion 0\.0\.9 on garage · picctv-plugins-motion \S+ on cellar, here Motion "
        r"Node enabled Server enabled Web enabled On cameras 1 enabled In servers 1 enabled",
        motion,
    )
    assert row_of(page, "tamper") == (
        "tamper picctv-tamper 2.1.0 Front door: it was ended: 612 MB of memory are more than 512 MB "
        "On cameras 1 restarting"
    )
    assert row_of(page, "recording").endswith("Front door: RuntimeError: <b>no</b> ring Node enabled Server enabled "
                                              "Web enabled On cameras 1 failing")  # fmt: skip
    assert row_of(page, "plate-reader").endswith("On cameras 1 not installed")
    assert "Nothing was heard lately of barn: what stands here of it is from then." in text(page)


def test_overview_shows_who_uses_whose_results_as_words_and_drawing(user: httpx.Client) -> None:
    page = user.get("/plugins/").text
    words = text(page)
    assert "line-crossing uses the results of motion" in words
    assert "recording uses the triggers of motion" in words
    assert "recording uses the triggers of tamper" in words
    svg = re.search(r"<svg role=\"img\" aria-labelledby.*?</svg>", page, re.DOTALL)
    assert svg is not None
    assert "style=" not in svg[0]
    assert '<g class="graph-box graph-bad"><title>recording</title>' in svg[0]
    assert '<g class="graph-box graph-warn"><title>tamper</title>' in svg[0]


def test_page_about_a_plugin_tells_how_it_does_everywhere(user: httpx.Client) -> None:
    shown = about(user, "motion")
    assert (
        "Front door garage/door analyze frame p50 1.13 ms, p95 2.13 ms frames 1206 seen, 2 dropped failures 0 "
        "runs in a thread restarts 0 cpu ms per frame 1.25 · frames 1204 enabled" in shown
    )
    assert (
        "cellar 10.0.0.5:8440, picctv-server 0.1.0 calls p50 0.75 ms, p95 3.50 ms failures 1 sent 12 enabled"
        in shown
    )
    assert re.search(r"Node picctv-plugins-motion \S+ picctv_plugins_motion\.analyzer:MotionAnalyzer "
                     r"Needs picctv-core: >=0\.1,<0\.2 enabled", shown)  # fmt: skip
    assert "garage picctv-core 0.1.0 picctv-plugins-motion 0.0.9" in shown
    assert "line-crossing uses the results of motion" in shown
    assert "Moving triggered Whether something moves. yes or no" in shown
    assert "Score score How much moves, and how clearly. number from 0 to 1" in shown


def test_page_about_a_plugin_that_is_not_here_tells_what_its_node_says(user: httpx.Client) -> None:
    shown = about(user, "tamper")
    assert "runs in a process restarts 3 memory 211 MB" in shown
    assert "It is not installed beside this web interface." in shown
    assert "Sharpness sharpness How fine the picture is. number from 0, px" in shown
    assert "recording uses the triggers of tamper" in shown


def test_silent_node_says_since_when(user: httpx.Client) -> None:
    shown = about(user, "circle-a")
    assert re.search(
        r"Nothing was heard of it since \d\d \w{3} \d{4}, \d\d:\d\d:\d\d; this is from then\.", shown
    )


@pytest.mark.parametrize(
    "name",
    ["none", "text", "list", "<script>alert(1)</script>", "types", "deeper", "huge", "circle-a", "circle-b"],
)
def test_whatever_a_node_says_is_shown_and_breaks_nothing(user: httpx.Client, name: str) -> None:
    answer = user.get("/plugins/", params={"plugin": name})
    assert answer.status_code == 200
    assert name in text(answer.text)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert len(answer.text) < 30_000


def test_hostile_words_stay_short_on_the_pages(user: httpx.Client) -> None:
    page = user.get("/plugins/").text
    assert len(page) < 60_000
    assert "z" * 700 not in page
    camera = user.get("/cameras/barn/stable/")
    assert camera.status_code == 200
    assert "<img src=x" not in camera.text
    assert len(camera.text) < 60_000


@pytest.mark.parametrize("name", ["nosuch", "", "\0", "motion/../..", "x" * 5000])
def test_plugin_that_nobody_knows_is_404(user: httpx.Client, name: str) -> None:
    answer = user.get("/plugins/", params={"plugin": name})
    assert answer.status_code == 404
    assert "There is nothing here" in text(answer.text)


def test_page_about_a_plugin_is_not_in_the_way_of_its_own(site: Site, user: httpx.Client) -> None:
    assert "Lights for ann" in text(user.get("/plugins/lights/").text)
    own = user.get("/plugins/?plugin=lights")
    assert '<a class="btn btn-primary" href="/plugins/lights/">Lights</a>' in own.text
    assert "Web lights 1.0 lights:Lights Needs picctv-core: any enabled" in text(own.text)
