"""Synthetic video with known truth, for testing plugins: see `scene` and `SCENES`."""

from __future__ import annotations

import difflib
from typing import Any

from picctv_core.sources.scenes import Box
from picctv_core.testing.scenes.base import START_NS, Scene, Shot
from picctv_core.testing.scenes.disturbed import CameraShake, DarkNoise, LightSwitched, Rain
from picctv_core.testing.scenes.street import Parking, Still, Walking

__all__ = ["SCENES", "START_NS", "Box", "Scene", "Shot", "scene"]

SCENES: dict[str, type[Scene]] = {
    kind.name: kind for kind in (Walking, Parking, LightSwitched, Rain, DarkNoise, CameraShake, Still)
}
"""Every scene, by its name."""


def scene(name: str, width: int = 320, height: int = 240, rate: float = 10.0, **options: Any) -> Scene:
    """Make a scene.

    Args:
        name: one of `SCENES`.
        width: pixels.
        height: pixels.
        rate: pictures a second.
        options: ``seed``, ``start_ns`` and ``duration_s``; see `Scene`.

    Raises:
        ValueError: there is no such scene, or a number is out of range.
    """
    kind = SCENES.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, SCENES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SCENES)}"
        raise ValueError(f"there is no scene {name!r}; {hint}")
    return kind(width, height, rate, **options)
