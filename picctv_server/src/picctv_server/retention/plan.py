"""Which clips go, in which order, and by which rule: found out without touching any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_server.retention.settings import ANY_PLUGIN
from picctv_server.writes import collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.clips.base import Space
    from picctv_server.retention.settings import CameraRetention, RetentionSettings

DAY_NS = 24 * 3600 * 10**9

AGE, CAMERA_MAX, CLIPS_MAX, FREE_MIN = "age", "camera_max", "clips_max", "free_min"

NOT_KEPT = {"kept_by": None}
"""A clip that somebody keeps is never removed."""

_FIELDS = {"camera": 1, "bytes": 1, "started_at_ns": 1, "ended_at_ns": 1, "thumbnail": 1}
_AT_ONCE = 200


@dataclass(frozen=True)
class Going:
    """A clip that goes.

    Attributes:
        id: the clip's.
        camera: its camera.
        rule: ``age``, ``camera_max``, ``clips_max`` or ``free_min``.
        bytes: its size.
        ended_at_ns: its end.
        early: whether its camera's days are not over yet.
    """

    id: str
    camera: str
    rule: str
    bytes: int
    ended_at_ns: int
    early: bool


def clips(settings: RetentionSettings, now_ns: int, space: Space | None) -> Iterator[Going]:
    """Give the clips that go, each once.

    Args:
        settings: the rules.
        now_ns: the time.
        space: the room where the clips are; None where it has no bounds.
    """
    if not settings.enabled:
        return
    cameras = sorted(map(str, collection("clips").distinct("camera")))
    sizes = _sizes(cameras, settings)
    gone: set[str] = set()
    freed = 0

    def take(found: dict[str, Any], rule: str) -> Going:
        nonlocal freed
        gone.add(found["_id"])
        freed += found["bytes"]
        sizes[found["camera"]] -= found["bytes"]
        days = settings.of(found["camera"]).clip_days
        early = days is not None and found["ended_at_ns"] >= now_ns - days * DAY_NS
        return Going(found["_id"], found["camera"], rule, found["bytes"], found["ended_at_ns"], early)

    for camera in cameras:
        too_old = _too_old(settings.of(camera), now_ns)
        for found in () if too_old is None else _oldest({"camera": camera} | too_old):
            yield take(found, AGE)
    for camera in cameras:
        most = settings.of(camera).camera_max
        if most is not None and sizes[camera] > most:
            for found in _oldest({"camera": camera}):
                if sizes[camera] <= most:
                    break
                if found["_id"] not in gone:
                    yield take(found, CAMERA_MAX)

    def over() -> str:
        if settings.clips_max is not None and sum(sizes.values()) > settings.clips_max:
            return CLIPS_MAX
        return FREE_MIN if space is not None and space.free + freed < settings.floor(space) else ""

    if over():
        for found in _oldest({}):
            rule = over()
            if not rule:
                break
            if found["_id"] not in gone:
                yield take(found, rule)


def _sizes(cameras: list[str], settings: RetentionSettings) -> Counter[str]:
    """Give how many bytes each camera's clips have; nothing is counted where no rule asks for it."""
    if settings.clips_max is None and all(settings.of(camera).camera_max is None for camera in cameras):
        return Counter()
    # From the index alone.
    steps: list[dict[str, Any]] = [{"$group": {"_id": "$camera", "bytes": {"$sum": "$bytes"}}}]
    rows = collection("clips").aggregate(steps, hint={"camera": 1, "bytes": 1})
    return Counter({str(row["_id"]): int(row["bytes"]) for row in rows})


def _too_old(own: CameraRetention, now_ns: int) -> dict[str, Any] | None:
    """Give the condition for clips whose days are over; None where they have no end."""
    if own.clip_days is None:
        return None
    longer: list[dict[str, Any]] = []
    for plugin, days in own.days_with_events.items():
        which = {"triggered_by.0": {"$exists": True}} if plugin == ANY_PLUGIN else {"triggered_by": plugin}
        longer.append({**which, "ended_at_ns": {"$gte": _before(now_ns, days)}})
    before = {"$lt": _before(now_ns, own.clip_days)}
    # Its beginning as well, which the index knows.
    condition: dict[str, Any] = {"started_at_ns": before, "ended_at_ns": before}
    return condition | ({"$nor": longer} if longer else {})


def _before(now_ns: int, days: float) -> int:
    return now_ns - round(days * DAY_NS)


def _oldest(which: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give clips that nobody keeps, the oldest first."""
    found = collection("clips").find({**which, **NOT_KEPT}, _FIELDS)
    yield from found.sort([("started_at_ns", 1), ("_id", 1)]).batch_size(_AT_ONCE)
