"""Events: stretches of time in which an analyzer was triggered, made from its results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.errors import PluginError
from picctv_core.frames import EndedEvent
from picctv_core.messages import MAX_DETAILS_BYTES, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

_NS = 1_000_000_000

DEFAULT_GAP_S = 2.0
"""An event goes on through pauses of the trigger up to this length."""

_LONG_NS = 60 * _NS
_UPDATE_NS = 30 * _NS


@dataclass
class _Open:
    event_id: str
    started_at_ns: int
    triggered_at_ns: int
    sent_at_ns: int
    peak_at_ns: int
    peak: Any
    peak_score: float | None


class EventTracker:
    """Turns one analyzer's results into payloads of the kind ``event``.

    Pure logic in capture time: it knows no clock, so a file that is read faster than it was filmed has the same events.

    Args:
        details: asked for the details of each event that ends, as `plain_details` gives them; None where there is nobody
            to ask.
        gap_s: an event goes on through pauses of the trigger up to this length.
    """

    def __init__(
        self,
        details: Callable[[EndedEvent], dict[str, Any] | None] | None = None,
        gap_s: float = DEFAULT_GAP_S,
    ) -> None:
        self._details = details
        self._gap_ns = round(gap_s * _NS)
        self._open: _Open | None = None

    def reach(self, captured_at_ns: int) -> list[dict[str, Any]]:
        """Take that a frame has come, before it is looked at, and give the payload to send where it ends an event.

        Whatever will be said about the frame, it is too late for that event. So an analyzer hears of the end before it
        sees what may begin the next one.
        """
        if self._open is not None and captured_at_ns - self._open.triggered_at_ns > self._gap_ns:
            return self.close()
        return []

    def see(self, captured_at_ns: int, data: Any) -> list[dict[str, Any]]:
        """Take what was said about a frame, None included, and give the payloads to send for it.

        Args:
            captured_at_ns: the frame's capture time.
            data: the result; its ``"triggered"`` and ``"score"`` count.
        """
        said = data if isinstance(data, dict) else {}
        payloads = self.reach(captured_at_ns)
        if said.get("triggered") is True:
            payloads += self._triggered(captured_at_ns, data, _number(said.get("score")))
        return payloads

    def close(self) -> list[dict[str, Any]]:
        """End the event that is open, if there is one: its last trigger was its end."""
        if (event := self._open) is None:
            return []
        self._open = None
        ended = EndedEvent(
            event.event_id, event.started_at_ns, event.triggered_at_ns, event.peak_at_ns, event.peak_score
        )
        details = None if self._details is None else self._details(ended)
        return [_payload(event, event.triggered_at_ns, details)]

    def _triggered(self, at_ns: int, data: Any, score: float | None) -> list[dict[str, Any]]:
        if (event := self._open) is None:
            self._open = _Open(new_id(), at_ns, at_ns, at_ns, at_ns, data, score)
            return [_payload(self._open, None)]
        event.triggered_at_ns = max(at_ns, event.triggered_at_ns)
        if score is not None and (event.peak_score is None or score > event.peak_score):
            event.peak_at_ns, event.peak, event.peak_score = at_ns, data, score
        if at_ns - event.started_at_ns > _LONG_NS and at_ns - event.sent_at_ns >= _UPDATE_NS:
            event.sent_at_ns = at_ns
            return [_payload(event, None)]
        return []


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def plain_details(value: Any) -> dict[str, Any] | None:
    """Check what `picctv_event_ended` returned, and give it as everybody will read it.

    Raises:
        CodecError: it is no plain data.
        PluginError: it is no dict, or too large.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise PluginError(f"the details of an event are a dict or None, not a {type(value).__name__}")
    packed = codec.pack(value)
    if len(packed) > MAX_DETAILS_BYTES:
        raise PluginError(
            f"the details of an event take {len(packed)} bytes, {MAX_DETAILS_BYTES} is the most: "
            "keep fewer of them, or send the rest with camera.emit"
        )
    details: dict[str, Any] = codec.unpack(packed)
    return details


def _payload(event: _Open, ended_at_ns: int | None, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "started_at_ns": event.started_at_ns,
        "ended_at_ns": ended_at_ns,
        "peak_score": event.peak_score,
        "peak_at_ns": event.peak_at_ns,
        "peak": event.peak,
        "details": details,
    }
