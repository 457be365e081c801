"""Keeping a clip: it stays, whatever the rules of retention say, until somebody lets it go."""

from __future__ import annotations

from picctv_server.models import Clip, moment

MAX_WHY = 200
"""Characters of a reason."""


def keep(clip_id: str, who: str, at_ns: int, why: str = "") -> bool:
    """Keep a clip; give whether there is one. Who kept it first, and why, stays.

    Args:
        clip_id: the clip.
        who: keeps it; not empty.
        at_ns: since when.
        why: why, in that person's words.
    """
    values = {"set__kept_by": who, "set__kept_at": moment(at_ns), "set__kept_why": why[:MAX_WHY]}
    Clip.objects(id=clip_id, kept_by=None).update(**values)
    return Clip.objects(id=clip_id).first() is not None


def let_go(clip_id: str) -> bool:
    """Keep a clip no longer than the rules say; give whether there is one."""
    Clip.objects(id=clip_id).update(unset__kept_by=1, unset__kept_at=1, unset__kept_why=1)
    return Clip.objects(id=clip_id).first() is not None
