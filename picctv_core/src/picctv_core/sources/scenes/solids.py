"""Flat pieces and blocks of a drawn room, given in metres."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picctv_core.sources.scenes.canvas import Color
    from picctv_core.sources.scenes.scene import Stage


def quad(
    stage: Stage,
    corners: list[tuple[float, float, float]],
    color: Color,
    soft: float = 0.6,
    opacity: float = 1.0,
) -> None:
    """Draw a flat, convex piece with corners of x, up and z."""
    stage.canvas.polygon([stage.view.point(*corner) for corner in corners], color, soft=soft, opacity=opacity)


def block(
    stage: Stage, x: tuple[float, float], up: tuple[float, float], z: tuple[float, float], color: Color
) -> None:
    """Draw a block: its top, the side that looks to the middle, and its front."""
    (x0, x1), (u0, u1), (z0, z1) = x, up, z
    quad(stage, [(x0, u1, z0), (x1, u1, z0), (x1, u1, z1), (x0, u1, z1)], color.lit(1.18))
    side = x0 if x0 > 0 else x1
    if x0 > 0 or x1 < 0:
        quad(
            stage,
            [(side, u0, z0), (side, u1, z0), (side, u1, z1), (side, u0, z1)],
            color.lit(0.72 if x0 > 0 else 1.0),
        )
    quad(stage, [(x0, u0, z0), (x1, u0, z0), (x1, u1, z0), (x0, u1, z0)], color.lit(0.86))
