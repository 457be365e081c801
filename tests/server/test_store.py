"""The store and its queries, on a real MongoDB."""

from __future__ import annotations

import hashlib
import itertools
import random
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.errors import CodecError, StoreError
from picctv_core.messages import Message, new_id
from picctv_server import models, queries
from picctv_server.clips.filesystem import FilesystemClips
from picctv_server.config import ClipSettings
from picctv_server.models import MINUTE_NS, SECOND_NS
from picctv_server.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_server.database import Connection

DOOR = "garage/door"
T0 = 29_000_000 * MINUTE_NS
_sequence = itertools.count(1)


def message(
    kind: str, payload: Any, *, plugin: str = "motion", camera: str = DOOR, at_ns: int = T0
) -> Message:
    return Message(new_id(), "garage", camera, plugin, kind, at_ns, next(_sequence), payload)


def event(
    start_s: float, end_s: float | None, *, event_id: str, plugin: str = "motion", score: float = 1.0
) -> Message:
    payload = {
        "event_id": event_id,
        "started_at_ns": T0 + round(start_s * SECOND_NS),
        "ended_at_ns": None if end_s is None else T0 + round(end_s * SECOND_NS),
        "peak_score": score,
        "peak_at_ns": T0 + round(start_s * SECOND_NS),
        "peak": {"triggered": True, "score": score},
    }
    return message("event", payload, plugin=plugin, at_ns=T0 + round((end_s or start_s) * SECOND_NS))


@pytest.fixture
def store(database: Connection, tmp_path: Path) -> Store:
    return Store(FilesystemClips(ClipSettings(path=tmp_path / "clips")), SystemClock())


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "any.mp4"
    path.write_bytes(b"video" * 1000)
    return path


def add_clip(
    store: Store, mp4: Path, start_s: float, end_s: float, *, camera: str = DOOR, trigger: str | None = None
) -> str:
    clip = message("clip", {"trigger": trigger}, plugin="recording", camera=camera)
    times = {"started_at_ns": T0 + round(start_s * SECOND_NS), "ended_at_ns": T0 + round(end_s * SECOND_NS)}
    for _ in range(2):
        store.add_clip(clip, mp4, b"jpeg", frames=100, width=640, height=480, **times)
    return clip.id


def test_results_come_back_in_order_of_time_from_split_and_repeated_batches(store: Store) -> None:
    # One result every 100 ms for 2.5 minutes in batches of 7 s, which cross the minutes; each sent twice, in any order.
    items = [
        [T0 + n * SECOND_NS // 10, {"triggered": n % 4 == 0, "score": n / 10, "boxes": [[0.1, 0.2]]}]
        for n in range(1500)
    ]
    batches = [message("results", {"items": items[n : n + 70]}) for n in range(0, 1500, 70)] * 2
    random.Random(1).shuffle(batches)
    for batch in batches:
        store.add_results(batch)

    from_ns, to_ns = T0 + 30 * SECOND_NS, T0 + 130 * SECOND_NS
    expected = [(at_ns, data) for at_ns, data in items if from_ns <= at_ns < to_ns]
    assert queries.results_between(DOOR, "motion", from_ns, to_ns) == expected
    assert models.Analysis.objects.count() == 3
    rows = queries.chart(DOOR, "motion", "score", T0, T0 + 3 * MINUTE_NS)
    assert [(row.minute_ns - T0, row.minimum, row.maximum, row.count) for row in rows] == [
        (0, 0.0, 59.9, 600),
        (MINUTE_NS, 60.0, 119.9, 600),
        (2 * MINUTE_NS, 120.0, 149.9, 300),
    ]
    assert [round(row.mean, 6) for row in rows] == [29.95, 89.95, 134.95]
    assert [row.mean for row in queries.chart(DOOR, "motion", "triggered", T0, T0 + 3 * MINUTE_NS)] == [
        0.25
    ] * 3
    assert queries.chart(DOOR, "motion", "boxes", T0, T0 + 3 * MINUTE_NS) == []


def test_results_of_a_whole_day_are_found_through_the_index(store: Store) -> None:
    for minute in range(0, 24 * 60, 60):
        at_ns = T0 + minute * MINUTE_NS
        store.add_results(message("results", {"items": [[at_ns, minute]]}))
    found = queries.results_between(DOOR, "motion", T0, T0 + 24 * 60 * MINUTE_NS)
    assert found == [(T0 + minute * MINUTE_NS, minute) for minute in range(0, 24 * 60, 60)]


def test_results_too_large_for_a_document_are_kept_apart_and_come_back(store: Store) -> None:
    random_map = np.random.default_rng(1).integers(0, 255, (480, 640), dtype=np.uint8)
    # 20 batches of 0.9 MB exceed MongoDB's 16 MiB of a document; one of 3 MB does not even try.
    sizes = [3] * 20 + [10]
    for second, size in enumerate(sizes):
        items = [[T0 + second * SECOND_NS + n, {"map": random_map}] for n in range(size)]
        batch = message("results", {"items": items})
        store.add_results(batch)
        store.add_results(batch)
    found = queries.results_between(DOOR, "motion", T0, T0 + MINUTE_NS)
    assert len(found) == 70
    assert all(np.array_equal(data["map"], random_map) for _, data in found)


def test_results_with_odd_fields_are_stored_and_not_summed_up(store: Store) -> None:
    data = {
        "a.b": 1,
        "$c": 2,
        "": 3,
        "nan": float("nan"),
        "inf": float("inf"),
        "text": "x",
        "big": 2**80,
        "fine": -5,
    }
    store.add_results(message("results", {"items": [[T0, data], [T0 + 1, "no dict"], [T0 + 2, None]]}))
    assert queries.results_between(DOOR, "motion", T0, T0 + 1)[0][1]["big"] == 2**80
    summary = models.Analysis.objects.first().summary
    assert summary == {
        "big": {"min": 2.0**80, "max": 2.0**80, "sum": 2.0**80, "count": 1},
        "fine": {"min": -5.0, "max": -5.0, "sum": -5.0, "count": 1},
    }


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("results", {"items": []}),
        ("results", {"items": [["now", 1]]}),
        ("results", [1, 2]),
        ("event", {"event_id": "e", "started_at_ns": 5, "ended_at_ns": 4}),
        ("event", {"event_id": "../e", "started_at_ns": 5}),
        ("event", {"event_id": "e", "started_at_ns": 5, "details": [1]}),
        ("gap", {"from_ns": 0, "to_ns": 2**63, "cause": "x"}),
        ("notification", {"level": "loud", "title": "x"}),
    ],
)
def test_payload_that_is_not_of_its_form_is_refused(store: Store, kind: str, payload: Any) -> None:
    add = {"results": store.add_results, "event": store.add_event, "gap": store.add_gap}
    with pytest.raises(CodecError, match=f"the {kind} message .* is not of its form"):
        add.get(kind, store.add_notification)(message(kind, payload))


def test_event_keeps_its_end_whatever_comes_late(store: Store) -> None:
    start = event(10, None, event_id="e1")
    update = event(10, None, event_id="e1", score=5.0)
    end = event(10, 20, event_id="e1", score=7.0)
    for order in itertools.permutations([start, update, end]):
        models.Event.objects.delete()
        for one in order:
            store.add_event(one)
        [found] = models.Event.objects
        assert (found.ended_at_ns, found.peak_score, found.peak_result) == (
            T0 + 20 * SECOND_NS,
            7.0,
            {"triggered": True, "score": 7.0},
        )


def test_event_update_is_not_undone_by_an_older_one(store: Store) -> None:
    start, update = event(10, None, event_id="e1"), event(10, None, event_id="e1", score=5.0)
    store.add_event(update)
    store.add_event(start)
    assert models.Event.objects.first().peak_score == 5.0


def with_details(details: Any, **changes: Any) -> Message:
    sent = event(10, 20, event_id="e1")
    sent.payload.update(details=details, **changes)
    return sent


def test_event_has_its_details_and_the_picture_in_them(store: Store) -> None:
    details = {"picture": b"\xff\xd8\xff\xe0 and so on", "boxes": [[0.5, 1]], "array": np.eye(2)}
    start, end = event(10, None, event_id="e1"), with_details(details)
    for order in ([start, end], [end, start], [end, end]):
        models.Event.objects.delete()
        for one in order:
            store.add_event(one)
        found = queries.event("e1")
        assert found is not None
        assert found.event_details is not None
        assert codec.pack(found.event_details) == codec.pack(details)
        assert (found.has_picture, found.picture) == (True, details["picture"])
    listed = models.Event.objects.exclude("details").first()
    assert (listed.event_details, listed.has_picture, listed.picture) == (None, True, None)
    assert queries.event("e2") is None


@pytest.mark.parametrize(
    "details", [None, {}, {"picture": None}, {"picture": b"GIF89a"}, {"picture": "text"}]
)
def test_event_without_a_picture_says_so(store: Store, details: Any) -> None:
    store.add_event(with_details(details))
    found = queries.event("e1")
    assert found is not None
    assert (found.event_details, found.has_picture, found.picture) == (details, False, None)


def test_event_of_an_older_node_has_no_details(store: Store) -> None:
    store.add_event(event(10, 20, event_id="e1"))
    found = queries.event("e1")
    assert found is not None
    assert (found.event_details, found.picture) == (None, None)


def test_event_with_too_many_details_is_stored_without_them(store: Store, caplog: Any) -> None:
    store.add_event(with_details({"picture": b"\xff\xd8\xff" + bytes(2**20)}))
    found = queries.event("e1")
    assert found is not None
    assert (found.ended_at_ns, found.details, found.has_picture) == (T0 + 20 * SECOND_NS, None, False)
    assert "is stored without its details: they take 1048" in caplog.text


def test_events_between_gives_those_that_overlap(store: Store) -> None:
    for number, (start, end) in enumerate([(0, 5), (10, 20), (30, 40), (50, None)]):
        store.add_event(event(start, end, event_id=f"m{number}"))
    store.add_event(event(1, 100, event_id="people0", plugin="people"))

    def found(start: float, end: float, **only: str) -> list[str]:
        return [
            one.id
            for one in queries.events_between(
                DOOR, T0 + int(start * SECOND_NS), T0 + int(end * SECOND_NS), **only
            )
        ]

    assert found(4, 11) == ["m0", "people0", "m1"]
    assert found(5, 10) == ["people0"]
    assert found(12, 15, plugin="motion") == ["m1"]
    assert found(60, 70) == ["people0", "m3"]
    assert found(200, 300, plugin="motion") == ["m3"]
    assert found(0, 1000, plugin="nobody") == []


def test_clip_is_listed_with_its_bytes_and_found_by_time(store: Store, mp4: Path) -> None:
    ids = [add_clip(store, mp4, start, start + 10) for start in (0, 10, 20)]
    other = add_clip(store, mp4, 5, 15, camera="garage/yard", trigger="motion")

    assert [clip.id for clip in queries.clips()] == [ids[2], ids[1], other, ids[0]]
    assert [clip.id for clip in queries.clips(DOOR, T0 + 9 * SECOND_NS, T0 + 11 * SECOND_NS)] == [
        ids[1],
        ids[0],
    ]
    assert [clip.id for clip in queries.clips(DOOR, T0 + 10 * SECOND_NS, T0 + 20 * SECOND_NS)] == [ids[1]]
    clip = queries.clip(ids[1])
    assert clip is not None
    before, after = queries.neighbours(clip)
    assert (before.id, after.id) == (ids[0], ids[2])
    assert queries.neighbours(queries.clip(other)) == (None, None)
    assert (clip.bytes, clip.sha256) == (5000, hashlib.sha256(mp4.read_bytes()).hexdigest())
    with store.clips.open(clip.video_name) as video:
        assert video.read() == mp4.read_bytes()
    assert queries.clip(other).trigger == "motion"
    assert queries.clip("nothing") is None


@pytest.mark.parametrize("clip_first", [True, False])
def test_clip_knows_who_was_triggered_in_it_in_either_order(
    store: Store, mp4: Path, clip_first: bool
) -> None:
    steps = [
        lambda: [add_clip(store, mp4, 0, 10), add_clip(store, mp4, 10, 20), add_clip(store, mp4, 20, 30)],
        lambda: [store.add_event(event(12, end, event_id="e1")) for end in (None, 20)],
        lambda: [store.add_event(event(3, 4, event_id="e2", plugin="people"))],
    ]
    for step in steps if clip_first else reversed(steps):
        step()
    assert [sorted(clip.triggered_by) for clip in queries.clips().order_by("started_at_ns")] == [
        ["people"],
        ["motion"],
        [],
    ]
    assert [clip.started_at_ns for clip in queries.clips(triggered_by="motion")] == [T0 + 10 * SECOND_NS]


def test_clip_of_impossible_times_is_refused(store: Store, mp4: Path) -> None:
    for start, end in ((5, 5), (5, 4), (0, 90_000)):
        with pytest.raises(CodecError, match="not within a day"):
            add_clip(store, mp4, start, end)
    assert queries.clips().count() == 0


def test_batches_of_one_minute_from_many_threads_are_all_there(store: Store) -> None:
    batches = [message("results", {"items": [[T0 + n, {"score": n}]]}) for n in range(40)]
    threads = [
        threading.Thread(
            target=lambda own: [store.add_results(one) for one in own], args=(batches[n::4] + batches[n::8],)
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queries.results_between(DOOR, "motion", T0, T0 + 100) == [
        (T0 + n, {"score": n}) for n in range(40)
    ]
    assert queries.chart(DOOR, "motion", "score", T0, T0 + 1)[0].count == 40


def test_notifications_are_new_once_and_listed_newest_first(database: Connection, tmp_path: Path) -> None:
    heard: list[str] = []
    clips = FilesystemClips(ClipSettings(path=tmp_path / "clips"))
    store = Store(clips, SystemClock(), on_notification=lambda notification: heard.append(notification.title))
    about = message("note", {}, at_ns=T0 + 5)
    first = message(
        "notification", {"level": "warning", "title": "spool is full", "text": "500 MB"}, plugin=""
    )
    for _ in range(2):
        store.add_notification(first)
        store.notify(about, "info", "one")
        store.notify(about, "info", "two")
    assert heard == ["spool is full", "one", "two"]
    latest = queries.latest_notifications(10)
    assert [notification.title for notification in latest][2] == "spool is full"
    assert {(one.title, one.camera, one.plugin, one.at_ns) for one in latest} == {
        ("spool is full", DOOR, "", T0),
        ("one", DOOR, "motion", T0 + 5),
        ("two", DOOR, "motion", T0 + 5),
    }


def test_gaps_of_a_camera_include_those_of_its_node(store: Store) -> None:
    gaps = [("garage/door", 0, 10), ("garage/yard", 0, 10), ("", 5, 15), ("garage/door", 20, 30)]
    for camera, from_ns, to_ns in gaps:
        gap = message("gap", {"from_ns": from_ns, "to_ns": to_ns, "cause": "full", "bytes": 7}, camera=camera)
        store.add_gap(gap)
        store.add_gap(gap)
    found = queries.gaps_between(DOOR, 0, 20)
    assert [(gap.camera, gap.from_ns, gap.to_ns, gap.cause, gap.bytes) for gap in found] == [
        ("garage/door", 0, 10, "full", 7),
        ("", 5, 15, "full", 7),
    ]
    assert len(queries.gaps_between(None, 0, 100)) == 4


@pytest.mark.parametrize("size", [10, 3_000_000, 20_000_000])
def test_message_is_stored_as_it_is_whatever_its_size(store: Store, size: int) -> None:
    note = message("note", {"data": b"x" * size, "n": 2**70})
    assert not store.seen(note.id)
    assert [store.add_message(note), store.add_message(note, codec.pack(note.payload)), store.mark(note)] == [
        True,
        False,
        False,
    ]
    assert store.seen(note.id)
    [found] = models.Message.objects
    assert queries.message_payload(found) == note.payload
    assert found.payload_apart is (size > 1_000_000)


def test_clip_store_that_is_full_leaves_no_clip_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't write"):
        add_clip(store, tmp_path / "not-there.mp4", 0, 10)
    assert queries.clips().count() == 0
