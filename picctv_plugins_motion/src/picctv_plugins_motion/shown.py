"""Events as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from picctv_plugins_motion.text import duration
from picctv_server import queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_server.models import Clip, Event

SECOND = 1_000_000_000


@dataclass(frozen=True)
class ShownEvent:
    """One event.

    Attributes:
        event: the stored event.
        camera: the camera's title.
        clip: the clip that shows its beginning, or its peak; None while there is none.
    """

    event: Event
    camera: str
    clip: Clip | None

    @property
    def duration(self) -> str:
        """How long it lasted."""
        if self.event.ended_at_ns is None:
            return "goes on"
        return duration((self.event.ended_at_ns - self.event.started_at_ns) / SECOND)

    @property
    def score(self) -> int | None:
        """The peak in percent."""
        return None if self.event.peak_score is None else round(100 * self.event.peak_score)

    @property
    def url(self) -> str:
        """Where to watch it; empty where no clip shows it."""
        return clip_url(self.clip, self.event.started_at_ns) if self.clip is not None else ""


def titles() -> dict[str, str]:
    """Give the title of each camera."""
    return {camera.id: camera.title or camera.id for camera in queries.cameras()}


def events(stored: Iterable[Event]) -> list[ShownEvent]:
    """Give events with the titles of their cameras, and the clips that show them."""
    known = titles()
    return [ShownEvent(event, known.get(event.camera, event.camera), _clip_of(event)) for event in stored]


def clip_at(camera: str, at_ns: int) -> Clip | None:
    """Give a clip that shows a camera at a time; None where there is none."""
    found: Clip | None = queries.clips(camera, at_ns, at_ns + 1).first()
    return found


def clip_url(clip: Clip, at_ns: int) -> str:
    """Give the address of a clip's page, at a time."""
    seconds = max(0.0, (at_ns - clip.started_at_ns) / SECOND)
    return f"{reverse('clip', args=(clip.id,))}#t={seconds:.2f}"


def _clip_of(event: Event) -> Clip | None:
    found = clip_at(event.camera, event.started_at_ns)
    if found is None and event.peak_at_ns is not None:
        found = clip_at(event.camera, event.peak_at_ns)
    return found
