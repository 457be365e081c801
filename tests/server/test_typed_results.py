"""Typed results in the store: what they are made of, their versions, and clips found by them."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.errors import CodecError
from picctv_core.messages import Message, new_id
from picctv_core.typed import ResultField, ResultModel, schema_of
from picctv_server import models, queries
from picctv_server.clips.filesystem import FilesystemClips
from picctv_server.config import ClipSettings, ServerConfig, ServerSettings
from picctv_server.models import MINUTE_NS, SECOND_NS
from picctv_server.processing import Processing
from picctv_server.ranges import ResultFilter
from picctv_server.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection

DOOR = "garage/door"
T0 = 29_000_000 * MINUTE_NS
_sequence = itertools.count(1)


class Blur(ResultModel):
    version = 2

    sharpness: float = Field(ge=0, description="How sharp.", json_schema_extra={"unit": "px"})
    covered: bool = False
    inner: Blur | None = None


def message(
    kind: str, payload: Any, *, plugin: str = "tamper", at_ns: int = T0, camera: str = DOOR
) -> Message:
    return Message(new_id(), "garage", camera, plugin, kind, at_ns, next(_sequence), payload)


def results(items: list[tuple[float, Any]], version: int | None = 1, plugin: str = "tamper") -> Message:
    payload: dict[str, Any] = {"items": [[T0 + round(at_s * SECOND_NS), data] for at_s, data in items]}
    if version is not None:
        payload["version"] = version
    return message("results", payload, plugin=plugin)


@pytest.fixture
def store(database: Connection, tmp_path: Path) -> Store:
    return Store(FilesystemClips(ClipSettings(path=tmp_path / "clips")), SystemClock())


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "any.mp4"
    path.write_bytes(b"video")
    return path


def add_clip(store: Store, mp4: Path, from_s: float, to_s: float, camera: str = DOOR) -> str:
    clip = message("clip", {"trigger": None}, plugin="recording", camera=camera)
    times = {"started_at_ns": T0 + round(from_s * SECOND_NS), "ended_at_ns": T0 + round(to_s * SECOND_NS)}
    store.add_clip(clip, mp4, b"jpeg", frames=1, width=64, height=48, **times)
    return clip.id


def found(
    test: Any, value: float = 1.0, field: str = "score", versions: tuple[int | None, ...] = (1,)
) -> list[float]:
    """Give the beginnings of the clips that a filter finds, in seconds, newest first."""
    clips = queries.clips(result=ResultFilter("tamper", field, versions, test, value))
    return [(clip.started_at_ns - T0) / SECOND_NS for clip in clips]


def test_schema_of_a_model_comes_back_as_it_was(store: Store) -> None:
    for _ in range(2):
        store.add_schema(message("schema", schema_of(Blur)))
    [stored] = queries.result_schemas()
    assert (stored.plugin, stored.version, stored.node, stored.told_at_ns) == ("tamper", 2, "garage", T0)
    assert stored.result_fields == (
        ResultField("sharpness", "number", "Sharpness", "How sharp.", "px", 0.0),
        ResultField("covered", "boolean", "Covered"),
    )
    assert stored.json_schema == schema_of(Blur)["json_schema"]
    assert stored.json_schema["$defs"]["Blur"]["properties"]["inner"]["anyOf"][0] == {"$ref": "#/$defs/Blur"}


def test_field_without_a_chart_comes_back_so_and_older_schemas_have_charts(store: Store) -> None:
    own = {"name": "x", "type": "number", "title": "X"}
    fields = [own, own | {"name": "y", "chart": False}]
    store.add_schema(message("schema", {"version": 1, "fields": fields, "json_schema": {}}))
    [stored] = queries.result_schemas()
    assert [(one.name, one.chart) for one in stored.result_fields] == [("x", True), ("y", False)]
    stored.fields = [{key: one[key] for key in one if key != "chart"} for one in stored.fields]
    assert [one.chart for one in stored.result_fields] == [True, True]


def test_newest_words_about_a_version_count_in_whatever_order_they_come(store: Store) -> None:
    def said(title: str, at_ns: int, version: int = 1) -> Message:
        fields = [{"name": "x", "type": "number", "title": title}]
        return message("schema", {"version": version, "fields": fields, "json_schema": {}}, at_ns=T0 + at_ns)

    for one in (said("new", 5), said("old", 3), said("second", 1, 2), said("newer", 7), said("oldest", 1)):
        store.add_schema(one)
    assert [(one.version, one.result_fields[0].title) for one in queries.result_schemas("tamper")] == [
        (2, "second"),
        (1, "newer"),
    ]
    assert queries.result_schemas("motion") == []


def test_what_a_newer_node_says_is_tolerated(store: Store) -> None:
    fields = [
        {"name": "x", "type": "number", "title": "X", "colour": "red", "minimum": float("-inf")},
        {"name": "y", "type": "text", "title": "Y", "pattern": "a+"},
    ]
    payload = {"version": 1, "fields": fields, "json_schema": {"$ref": "#/x", "$id": 7}, "hash": b"1"}
    store.add_schema(message("schema", payload))
    [stored] = queries.result_schemas()
    assert stored.result_fields == (ResultField("x", "number", "X"),)
    assert stored.json_schema == {"$ref": "#/x", "$id": 7}
    store.add_results(message("results", {"items": [[T0, {"x": 1}]], "version": 1, "colour": "red"}))
    assert queries.results_by_version(DOOR, "tamper", T0, T0 + 1) == {1: [(T0, {"x": 1})]}


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        (None, "the payload"),
        ({"version": 0, "fields": [], "json_schema": {}}, "version"),
        ({"version": True, "fields": [], "json_schema": {}}, "version"),
        ({"version": 2**31, "fields": [], "json_schema": {}}, "version"),
        ({"version": 1, "fields": {}, "json_schema": {}}, "fields"),
        ({"version": 1, "fields": [7], "json_schema": {}}, r"fields\.0"),
        (
            {"version": 1, "fields": [{"name": "", "type": "number", "title": ""}], "json_schema": {}},
            r"fields\.0\.name",
        ),
        (
            {"version": 1, "fields": [{"name": "x", "type": ["number"], "title": ""}], "json_schema": {}},
            r"fields\.0\.type",
        ),
        ({"version": 1, "fields": [], "json_schema": []}, "json_schema"),
        (
            {"version": 1, "fields": [{"name": "x", "type": "number", "title": ""}] * 257, "json_schema": {}},
            "fields",
        ),
    ],
)
def test_schema_of_another_form_is_refused(store: Store, payload: Any, place: str) -> None:
    with pytest.raises(CodecError, match=f"is not of its form: {place}: "):
        store.add_schema(message("schema", payload))
    assert queries.result_schemas() == []


def test_schema_needs_a_plugin_and_results_a_version_that_is_one(store: Store) -> None:
    with pytest.raises(CodecError, match="is of no plugin"):
        store.add_schema(message("schema", schema_of(Blur), plugin=""))
    for version in (0, "1", 1.5, True):
        with pytest.raises(CodecError, match="version"):
            store.add_results(message("results", {"items": [[T0, {}]], "version": version}))


def test_results_keep_the_version_that_they_were_sent_with(store: Store) -> None:
    store.add_results(results([(0, {"x": 1}), (1, {"x": 2})], None))
    store.add_results(results([(3, {"x": 4})], 2))
    store.add_results(results([(2, {"x": 3})], 1))
    within = (DOOR, "tamper", T0, T0 + MINUTE_NS)
    assert queries.results_by_version(*within) == {
        None: [(T0, {"x": 1}), (T0 + SECOND_NS, {"x": 2})],
        1: [(T0 + 2 * SECOND_NS, {"x": 3})],
        2: [(T0 + 3 * SECOND_NS, {"x": 4})],
    }
    assert [data["x"] for _, data in queries.results_between(*within)] == [1, 2, 3, 4]
    assert queries.results_by_version(DOOR, "tamper", T0 + SECOND_NS, T0 + 3 * SECOND_NS) == {
        None: [(T0 + SECOND_NS, {"x": 2})],
        1: [(T0 + 2 * SECOND_NS, {"x": 3})],
    }


def test_server_without_the_plugin_takes_schema_and_results(
    database: Connection, tmp_path: Path, mongo_settings: MongoSettings
) -> None:
    processing = Processing(
        ServerConfig(server=ServerSettings(), mongodb=mongo_settings, clips=ClipSettings(path=tmp_path)),
        FilesystemClips(ClipSettings(path=tmp_path / "clips")),
        SystemClock(),
    )
    for one in (message("schema", schema_of(Blur)), results([(0, {"sharpness": 2.0})], 2)):
        processing.process(one, codec.pack(one.payload))
    [stored] = queries.result_schemas()
    assert (stored.plugin, stored.version) == ("tamper", 2)
    assert list(queries.results_by_version(DOOR, "tamper", T0, T0 + 1)) == [2]


@pytest.mark.parametrize("clip_first", [True, False])
def test_clips_are_found_by_results_within_them_to_the_frame(
    store: Store, mp4: Path, clip_first: bool
) -> None:
    # Clips of 10 s in one minute; the score is the second, but for a peak of 100 just before the second clip.
    items = [(at / 10, {"score": float(at // 10), "covered": at == 25}) for at in range(300)]
    items[99] = (9.9, {"score": 100.0, "covered": False})
    batches = [results(items[at : at + 8]) for at in range(0, 300, 8)]
    random.Random(2).shuffle(batches)

    def clips() -> None:
        for start in (0, 10, 20):
            add_clip(store, mp4, start, start + 10)
        add_clip(store, mp4, 0, 10, camera="garage/yard")

    steps: list[Callable[[], Any]] = [clips, lambda: [store.add_results(batch) for batch in batches * 2]]
    for step in steps if clip_first else reversed(steps):
        step()
    assert found("at-least", 100) == [0]
    assert found("at-least", 19) == [20, 10, 0]
    assert found("at-least", 19.0001) == [20, 0]
    assert found("at-most", 0) == [0]
    assert found("at-most", 10) == [10, 0]
    assert found("true", field="covered") == [0]
    assert found("never-true", field="covered") == [20, 10]
    assert found("is", 0.0, field="covered") == [20, 10]
    assert found("at-least", 0, field="nosuch") == []
    assert found("at-least", 0, versions=(None, 2)) == []
    assert found("at-least", 0, versions=(None, 1)) == [20, 10, 0]


@pytest.mark.parametrize("clip_first", [True, False])
def test_long_clip_has_the_ranges_of_all_its_minutes(store: Store, mp4: Path, clip_first: bool) -> None:
    def batches() -> None:
        for minute in range(-1, 6):
            store.add_results(
                results([(minute * 60 + at, {"score": minute * 60.0 + at}) for at in (0, 29, 30, 59)])
            )

    steps: list[Callable[[], Any]] = [lambda: add_clip(store, mp4, 30, 270), batches]
    for step in steps if clip_first else reversed(steps):
        step()
    [clip] = queries.clips()
    assert clip.ranges == {"tamper": {"1": {"score": {"min": 30.0, "max": 269.0}}}}


def test_versions_are_apart_also_within_one_minute(store: Store, mp4: Path) -> None:
    store.add_results(results([(1, {"score": 5})], 1))
    store.add_results(results([(2, {"score": 500})], 2))
    store.add_results(results([(3, {"score": 7})], None))
    add_clip(store, mp4, 0, 60)
    assert found("at-least", 100, versions=(1, None)) == []
    assert found("at-least", 7, versions=(1, None)) == [0]
    assert found("at-least", 100, versions=(2,)) == [0]
    assert found("is", 5, versions=(1,)) == [0]
    assert found("is", 5, versions=(1, None)) == []
    assert found("is", 5, versions=(1, 9)) == [0]


def test_results_with_odd_names_and_numbers_leave_the_clip_alone(store: Store, mp4: Path) -> None:
    odd = {"a.b": 1, "$c": 2, "": 3, "nan": float("nan"), "huge": 1e301, "text": "1", 5: 1, "ok": True}
    for plugin in ("tamper", "dotted.name", "$where"):
        store.add_results(results([(0, odd)], plugin=plugin))
    add_clip(store, mp4, 0, 10)
    for plugin in ("tamper", "dotted.name", "$where"):
        store.add_results(results([(1, odd)], plugin=plugin))
    [clip] = queries.clips()
    assert clip.ranges == {"tamper": {"1": {"ok": {"min": 1.0, "max": 1.0}}}}


def test_results_that_are_gone_keep_no_clip_from_being_stored(
    store: Store, mp4: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_results(results([(1, {"score": 1})]))
    store.add_results(results([(1, {"score": 5})], plugin="other"))
    models.Analysis.objects(plugin="tamper").update(set__batches__0__data=None)
    add_clip(store, mp4, 0, 10)
    [clip] = queries.clips()
    assert clip.ranges == {"other": {"1": {"score": {"min": 5.0, "max": 5.0}}}}
    assert "can't be read, and no clip is found by them" in caplog.text


def test_results_that_come_live_cost_no_look_at_the_clips_of_the_day(
    store: Store, database: Connection
) -> None:
    database.database["clips"].insert_many(
        {
            "_id": f"{number:032x}",
            "camera": DOOR,
            "started_at_ns": T0 - number * 10 * SECOND_NS,
            "ended_at_ns": T0 - (number - 1) * 10 * SECOND_NS,
        }
        for number in range(1, 8641)
    )
    condition = {
        "camera": DOOR,
        "started_at_ns": {"$lt": T0 + SECOND_NS, "$gt": T0 - queries.MAX_CLIP_NS},
        "ended_at_ns": {"$gt": T0},
    }
    explained = database.database.command(
        "explain", {"find": "clips", "filter": condition}, verbosity="executionStats"
    )
    assert explained["executionStats"]["totalDocsExamined"] == 0
    store.add_results(results([(0.5, {"score": 1})]))
    assert queries.clips(result=ResultFilter("tamper", "score", (1,), "at-least", 1)).count() == 0


def test_ten_thousand_clips_are_filtered_and_paged_in_a_moment(database: Connection) -> None:
    database.database["clips"].insert_many(
        {
            "_id": f"{number:032x}",
            "camera": f"garage/cam{number % 7}",
            "started_at_ns": T0 + number * MINUTE_NS,
            "ended_at_ns": T0 + number * MINUTE_NS + 30 * SECOND_NS,
            "ranges": {"tamper": {"1": {"score": {"min": 0.0, "max": number % 1000 / 1000}}}},
        }
        for number in range(10_000)
    )
    wanted = ResultFilter("tamper", "score", (None, 1), "at-least", 0.999)
    begun = time.perf_counter()
    query = queries.clips(result=wanted)
    count, last = query.count(), [clip.id for clip in query[9:10]]
    seconds = time.perf_counter() - begun
    assert (count, last) == (10, [f"{999:032x}"])
    print(f"10,000 clips filtered, counted and paged in {1000 * seconds:.0f} ms")
    assert seconds < 1.0
