"""The card on the page of a clip: when the picture changed, with links that seek there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.hookspecs.web import Panel
from picctv_server.queries import events_between

from picctv_new_plugin import NAME

if TYPE_CHECKING:
    from picctv_server.models import Clip

SECOND = 1_000_000_000


def clip_panel(clip: Clip) -> Panel:
    """Give the card of a clip."""
    events = events_between(clip.camera, clip.started_at_ns, clip.ended_at_ns, NAME)
    # An event may have begun before the clip did.
    starts = [max(0.0, (event.started_at_ns - clip.started_at_ns) / SECOND) for event in events]
    template = "new_plugin/clip_panel.html"
    return Panel("changes", "New plugin", template, {"starts": starts})
