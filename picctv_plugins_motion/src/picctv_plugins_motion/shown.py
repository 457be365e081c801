"""Events and heat maps as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from picctv_plugins_motion.models import MotionEvent
from picctv_plugins_motion.text import duration
from picctv_server import queries
from picctv_server.models import Camera, Event
from picctv_web import times

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from picctv_server.models import Clip

SECOND = 1_000_000_000

_FIELDS = ("id", "camera", "started_at_ns", "ended_at_ns", "peak_score", "peak_at_ns", "has_picture")


@dataclass(frozen=True)
class ShownEvent:
    """One event.

    Attributes:
        event: the stored event, without its details.
        title: the camera's title.
        width: columns of the camera's picture.
        height: rows of it.
        clip: the clip that shows its beginning, or its peak; None while there is none.
        more: what was kept of it once it was over; None while it goes on, and where a node is older.
    """

    event: Event
    title: str
    width: int
    height: int
    clip: Clip | None
    more: MotionEvent | None

    @property
    def clock(self) -> str:
        """When it began: the time of day."""
        return f"{times.local(self.event.started_at_ns):%H:%M:%S}"

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
    def zones(self) -> list[str]:
        """The zones in which something moved."""
        return list(self.more.zones) if self.more is not None else []

    @property
    def url(self) -> str:
        """Where to watch it; empty where no clip shows it."""
        return clip_url(self.clip, self.event.started_at_ns) if self.clip is not None else ""

    @property
    def picture_url(self) -> str:
        """Its picture: of its best moment, or else that of its clip; empty where there is none."""
        if self.event.has_picture:
            return str(reverse("event-picture", args=(self.event.id,)))
        return str(reverse("clip-thumbnail", args=(self.clip.id,))) if self.clip is not None else ""

    @property
    def box(self) -> Box | None:
        """Where the moving thing is in its picture; None where that is not known."""
        if not self.event.has_picture or self.more is None or not self.more.box:
            return None
        left, top, width, height = self.more.box
        return Box(left * self.width, top * self.height, width * self.width, height * self.height)


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the picture."""

    left: float
    top: float
    width: float
    height: float


def titles() -> dict[str, str]:
    """Give the title of each camera."""
    return {camera.id: camera.title or camera.id for camera in queries.cameras()}


def events(ids: Iterable[str]) -> list[ShownEvent]:
    """Give the events of these ids, in this order, with the titles of their cameras, and the clips that show them."""
    wanted = list(ids)
    known = {camera.id: camera for camera in queries.cameras()}
    # Without tracks and pictures, which are a thousand times the rest.
    stored = Event.objects.only(*_FIELDS).in_bulk(wanted)
    more = MotionEvent.objects.in_bulk(wanted)
    found = []
    for event in (stored[own] for own in wanted if own in stored):
        camera = known.get(event.camera, Camera(id=event.camera))
        title, (width, height) = camera.title or camera.id, size_of(camera)
        found.append(ShownEvent(event, title, width, height, _clip_of(event), more.get(event.id)))
    return found


def size_of(camera: Camera) -> tuple[int, int]:
    """Give columns and rows of a camera's picture; those of most where they are not known yet."""
    return (camera.width, camera.height) if camera.width and camera.height else (640, 480)


def heat_view(camera: Camera, day: dt.date | None = None) -> dict[str, Any]:
    """Give what the template of a heat map needs.

    Args:
        camera: the camera.
        day: the day that it shows; None for the last hour, day or week, as people choose.
    """
    names = camera.id.split("/", 1)
    width, height = size_of(camera)
    return {
        "url": reverse("plugins:motion:heat", args=names),
        "day": day,
        "picture": f"{reverse('camera-picture', args=names)}?at={camera.picture_at_ns or 0}",
        "width": width,
        "height": height,
    }


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
