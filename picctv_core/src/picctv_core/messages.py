"""What leaves a node: an envelope and a payload.

A message's id is its identity everywhere: on the wire it may arrive twice, in the store it stands once.
Its kind says what the payload is. The kinds below are made and understood by picctv itself; a plugin may emit
any other kind, and reads it in its own server part.

========================  ==========================================================================================
kind                      payload
========================  ==========================================================================================
``results``               ``{"items": [[captured_at_ns, data], ...]}``: about a second of an analyzer's results; with
                          ``"version"`` where the plugin declares a model of them
``schema``                ``{"version", "fields", "json_schema"}``: the model of a plugin's results, sent when a camera
                          starts; see `picctv_core.typed.schema_of`
``event``                 ``{"event_id", "started_at_ns", "ended_at_ns", "peak_score", "peak_at_ns", "peak", "details"}``:
                          sent when it starts (``ended_at_ns`` is None), now and then while a long one goes on, and
                          when it ends, under one ``event_id``; ``details`` is a dict where it ended and its analyzer
                          said more about it (`picctv_event_ended`), else None
``clip``                  ``{"started_at_ns", "ended_at_ns", "width", "height", "trigger", "peak_at_ns", "units"}``;
                          units are ``[captured_at_ns, is_key, annexb]`` in decoding order; ``trigger`` is a plugin's
                          name, or None for continuous recording; ``peak_at_ns`` the time of its best picture, or None
``gap``                   ``{"from_ns", "to_ns", "cause", "bytes"}``
``notification``          ``{"level", "title", "text"}``; level is ``info``, ``warning`` or ``error``
========================  ==========================================================================================
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

RESULTS = "results"
EVENT = "event"
CLIP = "clip"
GAP = "gap"
SCHEMA = "schema"
NOTIFICATION = "notification"

LEVELS = ("info", "warning", "error")

MAX_DETAILS_BYTES = 2**20
"""The details of an event take no more than this, packed."""

_PRIORITIES = {GAP: 0, NOTIFICATION: 0, CLIP: 2}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a node.

    Attributes:
        id: unique over all nodes and all time.
        node: the node's name.
        camera: the camera's id, ``node/camera``; empty when the message is about the node itself.
        plugin: the plugin that sent it; empty when picctv itself did.
        kind: what the payload is.
        captured_at_ns: the time that it speaks of, UTC nanoseconds since the epoch.
        sequence: counts the node's messages, rising; a hole on the server is a message still to come, or one
            that was only in the memory of a node that was killed.
        payload: plain data that `picctv_core.codec` can pack.
    """

    id: str
    node: str
    camera: str
    plugin: str
    kind: str
    captured_at_ns: int
    sequence: int
    payload: Any


def new_id() -> str:
    """Make a message id: 32 hexadecimal digits, random, so that no two nodes need to agree."""
    return uuid.uuid4().hex


def priority(kind: str) -> int:
    """Give the class that a kind is sent in: 0 goes first, 2 (video) last."""
    return _PRIORITIES.get(kind, 1)


def gap_payload(from_ns: int, to_ns: int, cause: str, lost_bytes: int = 0) -> dict[str, Any]:
    """Give the payload of a gap: from when to when something is missing, why, and how many bytes of it were there."""
    return {"from_ns": from_ns, "to_ns": to_ns, "cause": cause, "bytes": lost_bytes}


def notification_payload(level: str, title: str, text: str = "") -> dict[str, Any]:
    """Give the payload of a notification.

    Raises:
        ValueError: there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}; levels are {', '.join(LEVELS)}")
    return {"level": level, "title": title, "text": text}
