"""The houses of the drawn street: walls, windows, doors and shops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from picctv_core.sources.scenes.canvas import Color, rgb
from picctv_core.sources.scenes.texture import clouds

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.sources.scenes.scene import Stage

    # Draws a rectangle on a house's front: from x, to x, from, to (metres), colour, then softness and opacity.
    Panel = Callable[..., None]

HOUSES_Z = 25.5

# Each house: from x, to x, how high (metres), wall colour, whether it is of brick.
_HOUSES = (
    (-22.0, -9.3, 11.5, rgb(176, 160, 138), False),
    (-9.3, -1.4, 9.4, rgb(142, 88, 70), True),
    (-1.4, 6.2, 12.5, rgb(190, 182, 168), False),
    (8.6, 22.0, 10.2, rgb(150, 108, 84), True),
)


def draw_houses(stage: Stage) -> None:
    """Draw the row of houses."""
    for index, house in enumerate(_HOUSES):
        _house(stage, index, *house)


def _house(
    stage: Stage, index: int, left: float, right: float, high: float, wall: Color, brick: bool
) -> None:
    view, canvas = stage.view, stage.canvas
    z = HOUSES_Z
    (x0, y0), (x1, y1) = view.point(left, high, z), view.point(right, 0, z)
    canvas.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], wall)
    _wall_texture(stage, (x0, y0, x1, y1), brick=brick)
    scale = view.scale(z)

    def panel(
        a: float, b: float, low: float, top: float, color: Color, soft: float = 0.6, opacity: float = 1.0
    ) -> None:
        p, q = view.point(a, top, z), view.point(b, low, z)
        canvas.polygon([p, (q[0], p[1]), q, (p[0], q[1])], color, soft=soft, opacity=opacity)

    trim = wall.lit(1.18)
    panel(left - 0.15, right + 0.15, high - 0.1, high + 0.28, trim.lit(0.95))
    panel(left, right, high - 0.45, high - 0.1, wall.lit(0.72), soft=1.5)
    panel(left, right, 3.45, 3.62, trim)
    panel(left, right, 3.3, 3.45, wall.lit(0.75), soft=1.2)
    panel(left, right, 0, 0.5, wall.lit(0.72))
    count = max(2, round((right - left) / 2.2))
    pitch = (right - left) / count
    floors = [up for up in (4.15, 6.95, 9.75) if up + 1.7 < high]
    for floor in floors:
        for number in range(count):
            middle = left + (number + 0.5) * pitch
            _window(stage, panel, middle, floor, 0.52, 1.55)
    _ground_floor(stage, panel, index, left, right)
    if index:
        # A pipe where two houses meet, and the shade that it throws.
        top, foot = view.point(left + 0.18, high - 0.4, z), view.point(left + 0.18, 0, z)
        canvas.capsule(
            (top[0] + 0.09 * scale, top[1]),
            (foot[0] + 0.09 * scale, foot[1]),
            (1.2, 1.2),
            wall.lit(0.6),
            soft=1.2,
        )
        canvas.capsule(top, foot, (0.05 * scale, 0.05 * scale), rgb(92, 92, 90), shade=10)


def _wall_texture(stage: Stage, box: tuple[float, float, float, float], *, brick: bool) -> None:
    canvas, view = stage.canvas, stage.view
    left, top = max(0, round(box[0])), max(0, round(box[1]))
    right, bottom = min(canvas.width, round(box[2])), min(canvas.height, round(box[3]))
    if left >= right or top >= bottom:
        return
    part = canvas.y[top:bottom, left:right]
    part += 6 * clouds(stage.rng, canvas.height, canvas.width, 9, 4)[top:bottom, left:right]
    part += stage.rng.normal(0, 1.2, part.shape).astype(np.float32)
    if brick:
        scale = view.scale(HOUSES_Z)
        rows = (np.arange(top, bottom, dtype=np.float32) / (0.16 * scale))[:, None]
        columns = (np.arange(left, right, dtype=np.float32) / (0.42 * scale))[None, :]
        course = np.floor(rows)
        number = np.floor(columns + 0.5 * (course % 2))
        tint = np.sin(number * 12.9898 + course * 78.233) * 43758.5453
        part += ((tint - np.floor(tint)) - 0.5) * 13
        joint = (rows - course < 0.3) | (columns + 0.5 * (course % 2) - number < 0.1)
        part += np.where(joint, np.float32(7), np.float32(0))


def _window(stage: Stage, panel: Panel, middle: float, low: float, half: float, high: float) -> None:
    chance = stage.chance
    panel(middle - half - 0.16, middle + half + 0.16, low - 0.14, low + high + 0.2, rgb(206, 202, 192))
    panel(middle - half, middle + half, low, low + high, rgb(44, 52, 60))
    # The sky in the upper part of the glass, and curtains behind some.
    panel(
        middle - half,
        middle + half,
        low + high * chance.uniform(0.35, 0.6),
        low + high,
        rgb(110, 126, 140),
        5,
        0.55,
    )
    if chance.random() < 0.55:
        cloth = rgb(196, 190, 176).lit(chance.uniform(0.5, 0.8))
        width = half * chance.uniform(0.35, 0.8)
        panel(middle - half, middle - half + width, low, low + high, cloth, 1.5, 0.8)
        panel(middle + half - width * 0.7, middle + half, low, low + high, cloth, 1.5, 0.8)
    panel(middle - half, middle + half, low + high - 0.14, low + high, rgb(20, 24, 28), 1.2, 0.7)
    for at in (middle - half, middle, middle + half):
        panel(at - 0.04, at + 0.04, low, low + high, rgb(216, 214, 206))
    panel(
        middle - half, middle + half, low + high * 0.62 - 0.03, low + high * 0.62 + 0.03, rgb(216, 214, 206)
    )
    panel(middle - half - 0.22, middle + half + 0.22, low - 0.2, low - 0.08, rgb(188, 184, 174))
    panel(middle - half - 0.2, middle + half + 0.2, low - 0.36, low - 0.2, rgb(50, 46, 42), 1.5, 0.4)


def _ground_floor(stage: Stage, panel: Panel, index: int, left: float, right: float) -> None:
    door = left + (right - left) * (0.2 if index % 2 else 0.78)
    panel(door - 0.72, door + 0.72, 0, 2.75, rgb(196, 190, 178))
    panel(
        door - 0.55,
        door + 0.55,
        0.05,
        2.6,
        (rgb(64, 40, 34), rgb(38, 56, 50), rgb(46, 48, 66), rgb(80, 62, 44))[index],
    )
    panel(door - 0.4, door + 0.4, 1.9, 2.45, rgb(120, 130, 136), 1.2)
    panel(door - 0.4, door - 0.06, 0.3, 1.7, rgb(30, 26, 24), 1.5, 0.4)
    panel(door + 0.06, door + 0.4, 0.3, 1.7, rgb(30, 26, 24), 1.5, 0.4)
    if index in (1, 2):
        a, b = (door + 1.2, right - 0.5) if index == 1 else (left + 0.5, door - 1.2)
        panel(a, b, 0.5, 2.75, rgb(56, 60, 60))
        panel(a + 0.12, b - 0.12, 0.75, 2.55, rgb(48, 56, 60))
        for _ in range(16):
            # Things in the shop's window.
            x, w = stage.chance.uniform(a + 0.2, b - 0.5), stage.chance.uniform(0.12, 0.4)
            up = stage.chance.uniform(0.3, 1.0)
            goods = rgb(*(stage.chance.uniform(50, 170) for _ in range(3)))
            panel(x, x + w, 0.8, 0.8 + up, goods, 1.2, 0.7)
        panel(a + 0.12, b - 0.12, 1.7, 2.55, rgb(128, 142, 150), 7, 0.4)
        for part in (1 / 3, 2 / 3):
            x = a + (b - a) * part
            panel(x - 0.04, x + 0.04, 0.6, 2.6, rgb(72, 74, 72))
        awning = rgb(128, 50, 46) if index == 1 else rgb(54, 88, 76)
        for stripe in range(12):
            x, w = a - 0.15 + (b - a + 0.3) * stripe / 12, (b - a + 0.3) / 12
            panel(x, x + w, 2.62, 3.25, awning if stripe % 2 else rgb(206, 200, 186))
        panel(a - 0.1, b + 0.1, 2.42, 2.62, rgb(16, 18, 20), 2, 0.5)
    else:
        for middle in (left + (right - left) * 0.3, left + (right - left) * 0.56):
            _window(stage, panel, middle, 1.0, 0.6, 1.6)
