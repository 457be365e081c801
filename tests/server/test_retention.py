"""Retention: what goes by which rule, in which order, how steadily, and what never goes."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from picctv_core.cli import main
from picctv_core.messages import CLIP, EVENT, Message, new_id
from picctv_server import check, keeping, models, payloads, queries
from picctv_server import database as databases
from picctv_server.alarms import Alarms
from picctv_server.clips.base import Space
from picctv_server.clips.filesystem import FilesystemClips
from picctv_server.config import ClipSettings
from picctv_server.presence import Presence
from picctv_server.retention import CLIPS_AT_ONCE, Retention, RetentionSettings, plan, records
from picctv_server.retention.watch import Watch
from picctv_server.store import Store
from picctv_server.wire import Status

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.testing import FakeClock
    from picctv_server.config import MongoSettings
    from picctv_server.database import Connection

DAY = plan.DAY_NS
NOW = 21_000 * DAY
ROOM = Space(10**12, 10**12)
GB = 10**9


class SmallDisk(FilesystemClips):
    """A real clip store on a disk that is as small as a test needs it."""

    total = 10_000

    def space(self) -> Space:
        used = sum(entry.bytes for entry in self.entries() if entry.name.endswith(".mp4"))
        return Space(self.total, self.total - used)


@pytest.fixture
def disk(tmp_path: Path) -> SmallDisk:
    return SmallDisk(ClipSettings(path=tmp_path / "clips"))


@pytest.fixture
def store(database: Connection, disk: SmallDisk, picctv_clock: FakeClock) -> Store:
    return Store(disk, picctv_clock)


def add(
    store: Store, tmp_path: Path, days: float, camera: str = "garage/door", size: int = 1000, event: str = ""
) -> str:
    """Store a clip that ended so many days ago, with an event of a plugin in it where one is named."""
    start = NOW - round(days * DAY)
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"x" * size)
    message = Message(new_id(), "garage", camera, "recording", CLIP, start, 1, {"trigger": None})
    if event:
        said = {"event_id": new_id(), "started_at_ns": start - 5, "ended_at_ns": start - 1, "peak": None}
        store.add_event(Message(new_id(), "garage", camera, event, EVENT, start, 1, said))
    store.add_clip(
        *(message, path, b"jpeg"),
        frames=1, width=16, height=16, started_at_ns=start - 10**9, ended_at_ns=start,
    )  # fmt: skip
    return message.id


def going(space: Space | None = ROOM, **settings: Any) -> list[tuple[str, str]]:
    return [(one.id, one.rule) for one in plan.clips(RetentionSettings(**settings), NOW, space)]


def test_everything_stays_until_the_disk_is_nearly_full(store: Store, tmp_path: Path) -> None:
    old, older = add(store, tmp_path, 100), add(store, tmp_path, 4000)
    assert going() == []
    assert going(None) == []
    assert going(Space(100 * GB, 2 * GB)) == []
    assert going(Space(100 * GB, 2 * GB - 1)) == [(older, "free_min")]
    assert going(Space(100 * GB, 2 * GB - 1001)) == [(older, "free_min"), (old, "free_min")]
    # On a small disk 2 GB would be all of it.
    assert going(Space(10 * GB, GB // 2)) == []
    assert going(Space(10 * GB, GB // 2 - 1)) == [(older, "free_min")]
    assert going(Space(100 * GB, GB), free_min="1 GB") == []
    assert going(Space(100 * GB, 0), enabled=False) == []


def test_age_counts_from_the_end_and_longer_with_events(store: Store, tmp_path: Path) -> None:
    plain = add(store, tmp_path, 10.1)
    motion = add(store, tmp_path, 10, event="motion")
    people = add(store, tmp_path, 31, event="people")
    young = add(store, tmp_path, 6.99)
    assert going(clip_days=7) == [(people, "age"), (plain, "age"), (motion, "age")]
    assert going(clip_days=7, days_with_events={"motion": 30}) == [(people, "age"), (plain, "age")]
    assert going(clip_days=7, days_with_events={"any": 40}) == [(plain, "age")]
    assert young not in str(going(clip_days=7))


def test_first_pattern_that_fits_a_camera_holds(store: Store, tmp_path: Path) -> None:
    door, yard, barn = (
        add(store, tmp_path, 10, camera) for camera in ("garage/door", "garage/yard", "barn/cow")
    )
    cameras = {"garage/door": {"clip_days": 20}, "garage/*": {"clip_days": 5, "camera_max": "1 MB"}}
    assert going(clip_days=9, cameras=cameras) == [(barn, "age"), (yard, "age")]
    assert going(cameras=cameras) == [(yard, "age")]
    assert door


def test_room_is_made_from_the_oldest_on(store: Store, tmp_path: Path) -> None:
    ids = [add(store, tmp_path, days) for days in (5, 4, 3, 2, 1)]
    other = add(store, tmp_path, 6, "barn/cow")
    assert going(camera_max=3000) == [(own, "camera_max") for own in ids[:2]]
    assert going(clips_max=3000) == [(own, "clips_max") for own in (other, *ids[:2])]
    # What goes by an earlier rule makes room for the later ones.
    assert going(clip_days=3.5, clips_max=3000) == [(own, "age") for own in (other, *ids[:2])]
    assert going(clips_max=6000) == []


def test_clip_that_somebody_keeps_never_goes(store: Store, tmp_path: Path) -> None:
    kept, other = add(store, tmp_path, 100), add(store, tmp_path, 50)
    assert keeping.keep(kept, "ann", NOW, "for the police")
    keeping.keep(kept, "bob", NOW, "other words")
    clip = models.Clip.objects.get(id=kept)
    assert (clip.kept_by, clip.kept_why) == ("ann", "for the police")
    tight = {"clip_days": 1, "clips_max": 1, "camera_max": 1}
    assert going(Space(GB, 0), **tight) == [(other, "age")]
    keeping.let_go(kept)
    assert going(Space(GB, 0), **tight) == [(kept, "age"), (other, "age")]
    assert not keeping.keep("nosuch", "ann", NOW)


class Rig:
    """Makes the retention of a server, at a time that stands still.

    Attributes:
        expired: what plugins were told to remove.
        now_s: what the clock for pauses shows.
    """

    def __init__(self, store: Store, disk: SmallDisk, clock: FakeClock) -> None:
        self._parts = (disk, Alarms(store, clock), clock)
        self.expired: list[int] = []
        self.now_s = 0.0

    def retention(self, **settings: Any) -> Retention:
        values = RetentionSettings(**{"free_min": 1, **settings})
        return Retention(values, *self._parts, self.expired.append, lambda: self.now_s)


@pytest.fixture
def rig(store: Store, disk: SmallDisk, picctv_clock: FakeClock) -> Rig:
    picctv_clock.advance((NOW - picctv_clock.now_ns()) / 1e9)
    return Rig(store, disk, picctv_clock)


def test_run_removes_documents_and_bytes_and_leaves_the_store_in_order(
    store: Store, disk: SmallDisk, tmp_path: Path, rig: Rig, picctv_clock: FakeClock
) -> None:
    ids = [add(store, tmp_path, days) for days in range(1, 6)]
    retention = rig.retention(clip_days=2.5)
    dry = retention.dry_run()
    assert dry.clips == {("garage/door", "age"): 3}
    assert dry.bytes.total() == 3000
    assert models.Clip.objects.count() == 5
    assert retention.run() == dry
    assert sorted(clip.id for clip in models.Clip.objects) == sorted(ids[:2])
    assert list(check.check(disk, picctv_clock, check.Counts(), orphan_age_s=-(10**9))) == []
    assert models.Gap.objects.count() == 0
    assert retention.run().clips.total() == 0


def test_steps_are_small_and_pause_between_passes(store: Store, tmp_path: Path, rig: Rig) -> None:
    for number in range(CLIPS_AT_ONCE * 2 + 3):
        add(store, tmp_path, 10 + number / 100, size=10)
    retention = rig.retention(clip_days=2)
    left = []
    for _ in range(4):
        retention.step()
        left.append(models.Clip.objects.count())
    assert left == [CLIPS_AT_ONCE + 3, 3, 0, 0]
    add(store, tmp_path, 10)
    retention.step()
    assert models.Clip.objects.count() == 1
    rig.now_s += 61
    retention.step()
    assert models.Clip.objects.count() == 0


def test_clip_that_is_kept_while_a_pass_runs_stays(store: Store, tmp_path: Path, rig: Rig) -> None:
    ids = [add(store, tmp_path, 30 - number, size=10) for number in range(CLIPS_AT_ONCE + 2)]
    retention = rig.retention(clip_days=2)
    retention.step()
    keeping.keep(ids[-1], "ann", NOW)
    retention.step()
    assert [clip.id for clip in models.Clip.objects] == [ids[-1]]


def test_full_disk_keeps_its_floor_and_tells_when_clips_go_early(
    store: Store, disk: SmallDisk, tmp_path: Path, rig: Rig
) -> None:
    retention = rig.retention(clip_days=30, free_min=4000)
    ids = [add(store, tmp_path, 20 - number) for number in range(8)]
    retention.step()
    assert sorted(clip.id for clip in models.Clip.objects) == sorted(ids[2:])
    retention.step()
    rig.now_s += 61
    add(store, tmp_path, 1)
    retention.step()
    assert disk.space().free == 4000
    (told,) = queries.latest_notifications()
    assert told.title == "Clips go before their 30 days are over, for want of room"


def test_disk_that_fills_is_told_of_once_and_early(
    store: Store, disk: SmallDisk, tmp_path: Path, rig: Rig
) -> None:
    retention = rig.retention(full_warning_hours=6)
    for minute in range(30):
        add(store, tmp_path, 1 - minute / 1e4, size=30)
        rig.now_s = minute * 60.0
        retention.step()
    (told,) = queries.latest_notifications()
    # 10,000 bytes, of which 330 are taken after the 10 minutes that a rate needs, 30 a minute.
    assert told.title == "The disk of the clips is full in about 5 hours at this rate"
    assert told.level == "warning"


def test_disk_full_of_what_is_kept_is_told_of(store: Store, tmp_path: Path, rig: Rig) -> None:
    for _ in range(3):
        keeping.keep(add(store, tmp_path, 5, size=3000), "ann", NOW)
    retention = rig.retention(free_min=2000)
    retention.step()
    assert [one.title for one in queries.latest_notifications()] == [
        "The disk of the clips is nearly full, and no clip may be removed"
    ]
    assert models.Clip.objects.count() == 3


def test_rate_needs_its_time() -> None:
    watch = Watch()
    watch.look(Space(1000, 900), 0)
    watch.look(Space(1000, 800), 599)
    assert watch.hours_left(100) is None
    watch.look(Space(1000, 800), 600)
    assert watch.hours_left(100) == pytest.approx(700 / (100 / 600) / 3600)
    assert watch.hours_left(800) == 0.0
    watch.look(Space(1000, 950), 700)
    assert watch.hours_left(100) is None


def at(days: float) -> int:
    return NOW - round(days * DAY)


def test_records_go_when_their_days_are_over(store: Store, tmp_path: Path, rig: Rig) -> None:
    models.Camera(id="garage/door", node="garage").save()
    kept = add(store, tmp_path, 20)
    keeping.keep(kept, "ann", NOW)
    for days in (1, 20, 30):
        large = {"x": b"x" * 2_000_000 if days == 30 else b""}
        payload = {"items": [[at(days) - 1, large]]}
        store.add_results(Message(new_id(), "garage", "garage/door", "p", "results", at(days), 1, payload))
        said = {"event_id": new_id(), "started_at_ns": at(days) - 2, "ended_at_ns": at(days) - 1}
        store.add_event(Message(new_id(), "garage", "garage/door", "p", EVENT, at(days), 1, said))
        gap = {"from_ns": at(days) - 2, "to_ns": at(days) - 1, "cause": "x"}
        store.add_gap(Message(new_id(), "garage", "garage/door", "p", "gap", at(days), 1, gap))
        note = {"level": "info", "title": str(days), "text": ""}
        store.add_notification(Message(new_id(), "garage", "", "p", "notification", at(days), 1, note))
    assert len(list(payloads.bucket().entries())) == 1
    retention = rig.retention(results_days=10, events_days=10, gaps_days=25, notifications_days=5)
    dry = retention.dry_run()
    assert dry.records == {
        ("results", "garage/door"): 1,
        ("events", "garage/door"): 1,
        ("gaps", ""): 1,
        ("notifications", ""): 2,
    }
    assert retention.run().records == dry.records
    # Those of 20 days ago are within the clip that somebody keeps.
    assert sorted(one.minute_ns for one in models.Analysis.objects) == sorted(
        (at(days) - 1) // models.MINUTE_NS * models.MINUTE_NS for days in (1, 20)
    )
    assert models.Event.objects.count() == 2
    assert [one.title for one in queries.latest_notifications()] == ["1"]
    assert list(payloads.bucket().entries()) == []
    assert rig.expired == [at(10)]


def test_ids_stay_while_their_node_may_send_the_messages_again(
    database: Connection, store: Store, picctv_clock: FakeClock
) -> None:
    message = Message(new_id(), "garage", "garage/door", "p", "note", NOW, 1, {"text": "x"})
    picctv_clock.advance((NOW - picctv_clock.now_ns()) / 1e9)
    store.add_message(message)
    store.mark(replace(message, id=new_id()))
    presence = Presence(picctv_clock)
    waits = Status(type="status", at_ns=NOW, spool={"messages": 3, "bytes": 9})
    empty = Status(type="status", at_ns=NOW, spool={"messages": 0, "bytes": 0})

    def due(days: float, **settings: Any) -> dict[str, int]:
        now_ns = NOW + round(days * DAY)
        return {
            one.kind: one.count() for one in records.due(RetentionSettings(**settings), now_ns) if one.count()
        }

    presence.update("garage", waits)
    assert due(100) == {}
    presence.update("garage", empty)
    # The status was made before these were stored, for all we know.
    assert due(100) == {}
    picctv_clock.advance(3600)
    presence.update("garage", empty)
    assert due(100) == {"message_ids": 1}
    assert due(80) == {}
    # A payload that is stored as it is goes by a rule of its own; the id stays.
    assert due(80, messages_days=70) == {"messages": 1}
    for one in records.due(RetentionSettings(messages_days=70), NOW + 80 * DAY):
        one.remove(10)
    assert queries.message_payload(models.Message.objects.get(id=message.id)) is None
    assert due(100) == {"message_ids": 2}
    for one in records.due(RetentionSettings(), NOW + 100 * DAY):
        one.remove(10)
    assert models.Message.objects.count() == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"days_with_events": {"motion": 3}}, "days_with_events needs clip_days"),
        (
            {"clip_days": 7, "days_with_events": {"motion": 3}},
            "days_with_events of motion is less than clip_days",
        ),
        (
            {"clip_days": 7, "cameras": {"a/*": {"clip_days": 90, "days_with_events": {"any": 60}}}},
            "cameras.a/\\*: days_with_events of any is less than clip_days",
        ),
        ({"clip_days": 0}, "greater than 0"),
        ({"clips_max": "many"}, "could not parse value and unit"),
    ],
)
def test_rules_that_make_no_sense_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RetentionSettings(**settings)


def test_override_alone_may_prolong_what_holds_for_all() -> None:
    found = RetentionSettings(clip_days=7, cameras={"a/*": {"days_with_events": {"any": 60}}}).of("a/b")
    assert (found.clip_days, found.days_with_events) == (7, {"any": 60})


def test_command_shows_and_removes(
    store: Store,
    mongo_settings: MongoSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    database: Connection,
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        f'[mongodb]\nuri = "{mongo_settings.uri}"\ndatabase = "{mongo_settings.database}"\n[clips]\npath = "clips"\n'
        "[retention]\nfree_min = 1\nclip_days = 30\n"
    )
    now_ns = int(dt.datetime.now(dt.UTC).timestamp()) * 10**9
    for days in (1, 100):
        add(store, tmp_path, (NOW - now_ns) / DAY + days)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["server", "retention", *arguments, "--config", str(config)])
        databases.connect(mongo_settings)  # the command has closed the process's connection
        return code, capsys.readouterr().out

    code, said = run("--dry-run", "--json")
    assert code == 0
    assert json.loads(said) == {
        "clips": [{"camera": "garage/door", "rule": "age", "clips": 1, "bytes": 1000}],
        "records": [],
        "total": {"clips": 1, "bytes": 1000},
    }
    assert run("--dry-run")[1].splitlines() == [
        "garage/door\tage\t1 clips\t1,000 bytes",
        "1 clips would go, 1,000 bytes",
    ]
    assert models.Clip.objects.count() == 2
    assert run("--now")[1].splitlines()[-1] == "1 clips went, 1,000 bytes"
    assert models.Clip.objects.count() == 1
