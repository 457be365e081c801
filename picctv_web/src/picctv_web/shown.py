"""Cameras and clips as the pages show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from picctv_server import queries
from picctv_web import times

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable

    from picctv_server.models import Camera, Clip

_KINDS = {"running": "good", "connecting": "warn", "failed": "bad", "offline": "bad", "ended": "info"}


@dataclass(frozen=True)
class ShownCamera:
    """A camera with its state as people read it.

    Attributes:
        camera: the stored camera.
        state: ``running``, ``connecting``, ``failed``, ``ended``, or ``offline`` where its node is silent.
        kind: the colour of the state: ``good``, ``info``, ``warn`` or ``bad``.
        detail: why, in one line.
    """

    camera: Camera
    state: str
    kind: str
    detail: str

    @property
    def id(self) -> str:
        """The camera's id, ``node/camera``."""
        return str(self.camera.id)

    @property
    def title(self) -> str:
        """Its title; its id where it has none."""
        return str(self.camera.title or self.camera.id)

    @property
    def url(self) -> str:
        """The address of its page."""
        return str(reverse("camera", args=split_id(self.id)))

    @property
    def picture_url(self) -> str:
        """The address of its newest picture, another one for each picture; empty where there is none yet."""
        if not self.camera.picture_at_ns:
            return ""
        return f"{reverse('camera-picture', args=split_id(self.id))}?at={self.camera.picture_at_ns}"


@dataclass(frozen=True)
class ShownClip:
    """A clip with its camera's title and its length.

    Attributes:
        clip: the stored clip.
        title: its camera's title.
        note: what its results were, where they were asked for.
    """

    clip: Clip
    title: str
    note: str = ""

    @property
    def id(self) -> str:
        """The clip's id."""
        return str(self.clip.id)

    @property
    def seconds(self) -> float:
        """The clip's length."""
        return seconds_of(self.clip)

    @property
    def url(self) -> str:
        """The address of the watch page."""
        return str(reverse("clip", args=(self.id,)))

    @property
    def file_name(self) -> str:
        """The name under which it is saved: camera and local start, safe on every file system."""
        start = times.local(self.clip.started_at_ns)
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', self.clip.camera)}-{start:%Y-%m-%d-%H%M%S}.mp4"


def split_id(camera_id: str) -> tuple[str, str]:
    """Split ``node/camera`` into its two names."""
    node, _, camera = camera_id.partition("/")
    return node, camera


def seconds_of(clip: Clip) -> float:
    """Give a clip's length in seconds."""
    return max(0.0, clip.duration_s)


def camera(stored: Camera, now: dt.datetime | None = None) -> ShownCamera:
    """Give a camera with its state.

    Args:
        stored: the camera.
        now: the time; the wall clock's where it is None.
    """
    if not stored.online(now):
        seen = stored.last_seen_at
        since = f"on {times.text(times.from_datetime(seen))}" if seen else "never"
        return ShownCamera(stored, "offline", "bad", f"its node was last heard of {since}")
    return ShownCamera(stored, stored.state, _KINDS.get(stored.state, "info"), stored.detail or "")


def cameras() -> list[ShownCamera]:
    """List all cameras, sorted by id."""
    return sorted((camera(stored) for stored in queries.cameras()), key=lambda found: found.id)


def clips(
    stored: Iterable[Clip], known: Iterable[ShownCamera], note: Callable[[Clip], str] = lambda _: ""
) -> list[ShownClip]:
    """Give clips with the titles of their cameras.

    Args:
        stored: the clips.
        known: the cameras.
        note: says more about a clip.
    """
    titles = {found.id: found.title for found in known}
    return [ShownClip(clip, titles.get(clip.camera, clip.camera), note(clip)) for clip in stored]
