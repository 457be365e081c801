"""The drawn room's still background: walls, floor, window and door."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from picctv_core.sources.scenes.canvas import rgb
from picctv_core.sources.scenes.room_furniture import draw_furniture
from picctv_core.sources.scenes.solids import quad
from picctv_core.sources.scenes.texture import clouds, halved

if TYPE_CHECKING:
    from picctv_core.sources.scenes.scene import Stage

WALL_Z = 6.2
LEFT_X, RIGHT_X = -2.75, 3.0
# The door: the middle's x, its width, and the z of the wall that it is in.
DOOR = (-1.75, 0.95, WALL_Z)
_PLANKS_M = 0.19
_WINDOW = (3.2, 4.9, 0.85, 2.2)


def draw_room(stage: Stage) -> None:
    """Draw everything that stands still."""
    _walls(stage)
    _floor(stage)
    _door(stage)
    _window(stage)
    draw_furniture(stage, WALL_Z)
    stage.vignette(0.12)


def _walls(stage: Stage) -> None:
    canvas = stage.canvas
    wall = rgb(186, 180, 164)
    quad(stage, [(LEFT_X, 0, WALL_Z), (RIGHT_X, 0, WALL_Z), (RIGHT_X, 4, WALL_Z), (LEFT_X, 4, WALL_Z)], wall)
    for x, light in ((LEFT_X, 1.05), (RIGHT_X, 0.74)):
        quad(stage, [(x, 0, 1.0), (x, 0, WALL_Z), (x, 4, WALL_Z), (x, 4, 1.0)], wall.lit(light))
    canvas.y += 4 * clouds(stage.rng, canvas.height, canvas.width, 4, 3)
    # Corners take less light.
    for x in (LEFT_X, RIGHT_X):
        foot, top = stage.view.point(x, 0, WALL_Z), stage.view.point(x, 4, WALL_Z)
        canvas.polygon([(foot[0] - 7, foot[1]), (foot[0] + 7, foot[1]), (top[0] + 7, top[1]), (top[0] - 7, top[1])],
                       rgb(60, 54, 46), soft=9, opacity=0.22)  # fmt: skip


def _floor(stage: Stage) -> None:
    canvas, view = stage.canvas, stage.view
    x, z = view.ground()
    floor = (z < WALL_Z) & (x > LEFT_X) & (x < RIGHT_X)
    plank = np.floor(x / _PLANKS_M)
    shift = np.sin(plank * 12.9898) * 43758.5453
    along = z / 1.35 + (shift - np.floor(shift))
    piece = np.floor(along)
    tint = np.sin(plank * 12.9898 + piece * 78.233) * 43758.5453
    tint = (tint - np.floor(tint)).astype(np.float32) - 0.5
    grain = clouds(stage.rng, canvas.height, canvas.width * 4, 160, 2)[:, ::4]
    tone = 118 + 20 * tint + 4 * grain + 5 * clouds(stage.rng, canvas.height, canvas.width, 5, 3)
    seam = (np.abs(x / _PLANKS_M - np.round(x / _PLANKS_M)) * _PLANKS_M < 0.0022 * z) | (
        np.abs(along - np.round(along)) * 1.35 < 0.003 * z
    )
    tone = np.where(seam, tone - 20, tone)
    # The window's light lies on the floor to its left, and reflects towards the camera.
    shine = np.exp(-(((x - 1.3) / 1.5) ** 2 + ((z - 4.4) / 1.6) ** 2))
    tone = tone + 26 * shine
    canvas.y = np.where(floor, tone, canvas.y).astype(np.float32)
    part = halved(floor.astype(np.float32))
    canvas.u += (116 + 3 * halved(tint) - canvas.u) * part
    canvas.v += (139 + 2 * halved(tint) - canvas.v) * part
    canvas.u, canvas.v = canvas.u.astype(np.float32), canvas.v.astype(np.float32)
    skirting = rgb(214, 210, 198)
    h = 0.09
    quad(
        stage,
        [(LEFT_X, 0, WALL_Z), (RIGHT_X, 0, WALL_Z), (RIGHT_X, h, WALL_Z), (LEFT_X, h, WALL_Z)],
        skirting.lit(0.92),
    )
    for side, light in ((LEFT_X, 1.0), (RIGHT_X, 0.75)):
        quad(
            stage, [(side, 0, 1.5), (side, 0, WALL_Z), (side, h, WALL_Z), (side, h, 1.5)], skirting.lit(light)
        )


def _door(stage: Stage) -> None:
    """An open door: the hall behind is dark, and the leaf stands against the wall of the hall."""
    x, width, z = DOOR
    left, right = x - width / 2, x + width / 2
    frame = rgb(216, 212, 202)
    quad(
        stage, [(left - 0.1, 0, z), (right + 0.1, 0, z), (right + 0.1, 2.15, z), (left - 0.1, 2.15, z)], frame
    )
    quad(stage, [(left, 0, z), (right, 0, z), (right, 2.05, z), (left, 2.05, z)], rgb(58, 54, 50))
    # The hall's floor, seen through the door, and its far wall.
    quad(stage, [(left, 0, z), (right, 0, z), (right, 0, z + 1.1), (left, 0, z + 1.1)], rgb(92, 72, 54))
    base = stage.view.point(x, 0, z + 1.1)[1]
    a, b = stage.view.point(left, 0, z), stage.view.point(right, 0, z)
    stage.canvas.polygon([(a[0], base - 3), (b[0], base - 3), (b[0], base), (a[0], base)], rgb(120, 116, 108))
    stage.canvas.shadow(
        [(a[0], a[1] - 60), (b[0], a[1] - 60), (b[0], a[1]), (a[0], a[1])], soft=18, depth=0.25
    )
    quad(
        stage,
        [(left, 0.02, z), (left + 0.05, 0.02, z), (left + 0.14, 2.04, z + 0.7), (left, 2.05, z)],
        rgb(170, 164, 150),
    )
    # Those in the hall are seen only through the door: the wall about it hides them.
    mask = np.ones_like(stage.canvas.y)
    top = stage.view.point(x, 2.05, z)[1]
    l, r = round(a[0]), round(b[0])  # noqa: E741
    mask[max(0, round(top)) : math.ceil(stage.view.point(x, 0, z)[1]), l:r] = 0
    foot = math.ceil(stage.view.point(x, 0, z)[1])
    mask[foot:] = 0
    stage.hidden_by(WALL_Z - 0.02, mask)


def _window(stage: Stage) -> None:
    x, (z0, z1, low, high) = RIGHT_X, _WINDOW
    frame = rgb(226, 224, 216)
    quad(
        stage,
        [
            (x, low - 0.1, z0 - 0.1),
            (x, low - 0.1, z1 + 0.1),
            (x, high + 0.1, z1 + 0.1),
            (x, high + 0.1, z0 - 0.1),
        ],
        frame,
    )
    quad(stage, [(x, low, z0), (x, low, z1), (x, high, z1), (x, high, z0)], rgb(232, 236, 238))
    canvas = stage.canvas
    quad(
        stage,
        [(x, low, z0), (x, low, z1), (x, low + 0.45, z1), (x, low + 0.45, z0)],
        rgb(150, 172, 140),
        soft=5,
        opacity=0.75,
    )
    middle = (z0 + z1) / 2
    for z in (z0, middle, z1):
        quad(stage, [(x, low, z - 0.03), (x, low, z + 0.03), (x, high, z + 0.03), (x, high, z - 0.03)], frame)
    quad(
        stage,
        [
            (x - 0.12, low - 0.14, z0 - 0.12),
            (x - 0.12, low - 0.14, z1 + 0.12),
            (x, low - 0.08, z1 + 0.12),
            (x, low - 0.08, z0 - 0.12),
        ],
        frame,
    )
    # Curtains at both sides, in folds.
    for begin, end in ((z0 - 0.34, z0 + 0.08), (z1 - 0.02, z1 + 0.36)):
        folds = 7
        for fold in range(folds):
            a, b = begin + (end - begin) * fold / folds, begin + (end - begin) * (fold + 1) / folds
            cloth = rgb(142, 108, 88).lit(0.82 + 0.3 * (fold % 2) + 0.06 * math.sin(fold * 2.1))
            quad(
                stage,
                [
                    (x - 0.05, 0.12, a),
                    (x - 0.05, 0.12, b),
                    (x - 0.05, high + 0.2, b),
                    (x - 0.05, high + 0.2, a),
                ],
                cloth,
                soft=1.0,
            )
    # What grows brighter with the day: the panes most, the floor's patch of sun, then all the room.
    rows, columns = np.indices(canvas.y.shape, dtype=np.float32)
    px, py = stage.view.point(x, (low + high) / 2, middle)
    near = np.exp(
        -(((columns - px) / (0.42 * canvas.width)) ** 2 + ((rows - py) / (0.6 * canvas.height)) ** 2)
    )
    stage.glow = (0.045 + 0.1 * near).astype(np.float32)
    gx, gz = stage.view.ground()
    sun = np.clip(1 - np.abs((gx + 0.2 + 0.25 * (gz - 4.0)) / 0.5) ** 6, 0, 1) * np.clip(
        1 - np.abs((gz - 3.9) / 0.62) ** 6, 0, 1
    )
    bar = np.clip(np.abs(gz - 3.9) / 0.05 - 0.4, 0, 1)
    stage.glow += (0.3 * sun * bar).astype(np.float32)
