"""Retention: what is old goes, and the disk never fills; steadily, in small steps, and never what somebody keeps.

One server process at a time does it (`picctv_server.housekeeping`). A clip's document goes first, then its bytes: a
server that is killed in between leaves bytes without a clip, which `picctv server check` finds, and never a clip that
can't be played. What retention removed is no gap: nothing was lost against anybody's will.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_server.clips.base import Space
from picctv_server.models import Clip, moment
from picctv_server.retention import plan, records
from picctv_server.retention.settings import CameraRetention, RetentionSettings
from picctv_server.retention.watch import Watch
from picctv_server.writes import collection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_core.clock import Clock
    from picctv_server.alarms import Alarms
    from picctv_server.clips import ClipStore
    from picctv_server.retention.plan import Going

__all__ = ["CameraRetention", "Removed", "Retention", "RetentionSettings"]

log = logging.getLogger(__name__)

CLIPS_AT_ONCE = 20
RECORDS_AT_ONCE = 500
"""So much goes in one step; a step comes every two seconds."""

PASS_SECONDS = 60.0
RECORDS_PASS_SECONDS = 600.0
EXPIRE_SECONDS = 3600.0
WATCH_SECONDS = 60.0
EARLY_SECONDS = 24 * 3600.0


@dataclass
class Removed:
    """What went, or would go.

    Attributes:
        clips: how many, by camera and rule.
        bytes: the same in bytes.
        records: how many documents, by kind and camera.
    """

    clips: Counter[tuple[str, str]] = field(default_factory=Counter)
    bytes: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, going: Going) -> None:
        """Count a clip."""
        self.clips[going.camera, going.rule] += 1
        self.bytes[going.camera, going.rule] += going.bytes


class Retention:
    """Removes what goes.

    Args:
        settings: the rules.
        store: where the bytes of clips are.
        alarms: tells people.
        clock: the time.
        expire: has plugins remove what they stored by themselves, and what is older than a time in UTC nanoseconds.
        monotonic: seconds of a clock that never runs backwards.
    """

    def __init__(
        self,
        settings: RetentionSettings,
        store: ClipStore,
        alarms: Alarms,
        clock: Clock,
        expire: Callable[[int], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._expire = expire
        self._monotonic = monotonic
        self._watch = Watch()
        self._freed: deque[tuple[float, int]] = deque()
        self._going: Iterator[Going] | None = None
        self._due: Iterator[records.Due] | None = None
        self._early_s = monotonic()
        self._next_s = dict.fromkeys(("clips", "records", "expire", "watch"), float("-inf"))

    def step(self) -> None:
        """Do the next small piece. Call it every two seconds."""
        if not self._settings.enabled:
            return
        if self._is_time("watch", WATCH_SECONDS):
            self._look()
        self._step_clips()
        self._step_records()
        if self._is_time("expire", EXPIRE_SECONDS):
            self._expire_plugins()

    def run(self, told: Callable[[Going], None] = lambda _: None) -> Removed:
        """Do everything that is to be done now; give what went.

        Args:
            told: called with each clip that went.
        """
        removed = Removed()
        for going in plan.clips(self._settings, self._clock.now_ns(), self._space()):
            if self._remove(going):
                removed.add(going)
                told(going)
        for due in records.due(self._settings, self._clock.now_ns()):
            while count := due.remove(RECORDS_AT_ONCE):
                removed.records[due.kind, due.camera] += count
        if self._settings.enabled:
            self._expire_plugins()
        return removed

    def dry_run(self) -> Removed:
        """Give what would go now, without touching anything."""
        removed = Removed()
        for going in plan.clips(self._settings, self._clock.now_ns(), self._space()):
            removed.add(going)
        for due in records.due(self._settings, self._clock.now_ns()):
            if count := due.count():
                removed.records[due.kind, due.camera] += count
        return removed

    def _is_time(self, what: str, every_s: float) -> bool:
        now_s = self._monotonic()
        if now_s < self._next_s[what]:
            return False
        self._next_s[what] = now_s + every_s
        return True

    def _step_clips(self) -> None:
        if self._going is None:
            if not self._is_time("clips", PASS_SECONDS):
                return
            self._going = plan.clips(self._settings, self._clock.now_ns(), self._space())
        for _ in range(CLIPS_AT_ONCE):
            going = next(self._going, None)
            if going is None:
                self._going = None
                return
            self._remove(going)

    def _step_records(self) -> None:
        if self._due is None:
            if not self._is_time("records", RECORDS_PASS_SECONDS):
                return
            self._due = records.due(self._settings, self._clock.now_ns())
        due = next(self._due, None)
        if due is None:
            self._due = None
        elif due.remove(RECORDS_AT_ONCE) == RECORDS_AT_ONCE:
            # There is more of the kind: it has the next step, too.
            self._due = _again(due, self._due)

    def _remove(self, going: Going) -> bool:
        """Remove a clip unless somebody has just said that it is kept; give whether it went."""
        clip = Clip(id=going.id)
        if not collection("clips").delete_one({"_id": going.id, **plan.NOT_KEPT}).deleted_count:
            return False
        self._store.delete(clip.video_name)
        self._store.delete(clip.thumbnail_name)
        self._freed.append((self._monotonic(), going.bytes))
        log.debug("clip %s of %s is removed by the rule %s", going.id, going.camera, going.rule)
        if going.early:
            self._early_s = self._monotonic()
            days = self._settings.of(going.camera).clip_days
            self._alarms.begin(
                "retention:early",
                "warning",
                f"Clips go before their {days:g} days are over, for want of room",
                f"The first one is of {going.camera}, of {moment(going.ended_at_ns):%Y-%m-%d %H:%M} UTC; the rule is "
                f"{going.rule}. Make room for the clips, or record less: see [retention] in server.toml.",
            )
        return True

    def _space(self) -> Space | None:
        """Give the room, with what was deleted and does not show yet."""
        found = self._store.space()
        if found is None:
            return None
        since_s = self._monotonic() - self._store.frees_after_s
        while self._freed and self._freed[0][0] <= since_s:
            self._freed.popleft()
        return Space(found.total, found.free + sum(size for _, size in self._freed))

    def _look(self) -> None:
        """See how fast the disk fills, and tell before it is full."""
        space = self._space()
        if space is None:
            return
        floor = self._settings.floor(space)
        self._watch.look(space, self._monotonic())
        hours = self._watch.hours_left(floor)
        warning = self._settings.full_warning_hours
        if hours is not None and 0 < hours <= warning:
            self._alarms.begin(
                "retention:filling",
                "warning",
                f"The disk of the clips is full in about {_about(hours)} at this rate",
                f"{space.free:,} of {space.total:,} bytes are free. When no more than {floor:,} are left, the oldest clips "
                "go, one by one: see [retention] in server.toml.",
            )
        elif space.free > 2 * floor and (hours is None or hours > 2 * warning):
            # Not sooner: where the oldest clips go all the time, what is free stays about at the floor.
            self._alarms.end("retention:filling")
        if self._monotonic() - self._early_s > EARLY_SECONDS:
            self._alarms.end("retention:early")
        if space.free <= floor and self._going is None and not _something_to_remove():
            self._alarms.begin(
                "retention:stuck",
                "error",
                "The disk of the clips is nearly full, and no clip may be removed",
                f"{space.free:,} bytes are free, {floor:,} are to stay free. Make room: all clips that are left are kept by "
                "somebody, or there are none.",
            )
        elif space.free > floor:
            self._alarms.end("retention:stuck")

    def _expire_plugins(self) -> None:
        days = self._settings.plugin_days or self._settings.results_days
        if days is not None:
            self._expire(self._clock.now_ns() - round(days * plan.DAY_NS))


def _again(due: records.Due, rest: Iterator[records.Due]) -> Iterator[records.Due]:
    yield due
    yield from rest


def _something_to_remove() -> bool:
    return collection("clips").find_one(plan.NOT_KEPT, {"_id": 1}) is not None


def _about(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} minutes"
    return "an hour" if round(hours) == 1 else f"{round(hours)} hours"
