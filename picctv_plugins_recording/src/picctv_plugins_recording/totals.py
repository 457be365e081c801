"""How much is recorded, counted by MongoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from picctv_server.models import Clip

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Total:
    """What is stored of one camera.

    Attributes:
        camera: its id.
        clips: how many clips.
        triggered: how many of them were recorded because of a trigger.
        seconds: their length together.
        bytes: their size together.
        first_ns: where the oldest begins.
        last_ns: where the newest ends.
    """

    camera: str
    clips: int
    triggered: int
    seconds: float
    bytes: int
    first_ns: int
    last_ns: int

    @property
    def hours(self) -> float:
        """Their length together in hours."""
        return self.seconds / 3600

    @property
    def rate(self) -> float:
        """Bytes a second of video."""
        return self.bytes / self.seconds if self.seconds else 0.0


def totals(camera: str | None = None) -> list[Total]:
    """Count the clips of each camera, or of one, sorted by id."""
    which = {} if camera is None else {"camera": camera}
    pipeline: list[dict[str, Any]] = [
        {"$match": which},
        {
            "$group": {
                "_id": "$camera",
                "clips": {"$sum": 1},
                # A missing trigger, and none, are both less than any text.
                "triggered": {"$sum": {"$cond": [{"$gt": ["$trigger", None]}, 1, 0]}},
                "length": {"$sum": {"$subtract": ["$ended_at_ns", "$started_at_ns"]}},
                "bytes": {"$sum": "$bytes"},
                "first": {"$min": "$started_at_ns"},
                "last": {"$max": "$ended_at_ns"},
            }
        },
        {"$sort": {"_id": 1}},
    ]
    return [
        Total(
            camera=row["_id"],
            clips=row["clips"],
            triggered=row["triggered"],
            seconds=row["length"] / SECOND,
            bytes=row["bytes"],
            first_ns=row["first"],
            last_ns=row["last"],
        )
        for row in Clip.objects.aggregate(pipeline)
    ]
