"""Drawn scenes that stand in for a camera, with the truth of what is in them."""

from __future__ import annotations

from typing import Literal

from picctv_core.sources.scenes.room import room
from picctv_core.sources.scenes.scene import Box, Rendered, Scene
from picctv_core.sources.scenes.street import street

__all__ = ["Box", "Rendered", "Scene", "make_scene"]


def make_scene(name: Literal["street", "room"], width: int, height: int, seed: int) -> Scene:
    """Make a scene.

    Args:
        name: which one.
        width: pixels, even.
        height: pixels, even.
        seed: chance; the same seed gives the same scene.
    """
    return (street if name == "street" else room)(width, height, seed)
