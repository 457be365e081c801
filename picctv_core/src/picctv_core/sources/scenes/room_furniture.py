"""What stands in the drawn room: bookcase, pictures, rug, plant, table and chairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from picctv_core.sources.scenes.canvas import rgb
from picctv_core.sources.scenes.solids import block, quad

if TYPE_CHECKING:
    from picctv_core.sources.scenes.scene import Stage

# The x and z of the middle of the chair that people sit down on.
CHAIR = (0.28, 3.55)
# The table: from x, to x, from z, to z.
_TABLE = (0.72, 2.0, 3.1, 4.1)


def draw_furniture(stage: Stage, wall_z: float) -> None:
    """Draw it all; the far wall is at `wall_z`."""
    stage.standing(5.75, lambda: _shelf(stage, wall_z))
    _pictures(stage, wall_z)
    _rug(stage)
    stage.standing(5.6, lambda: _plant(stage, -0.62, 5.8))
    _contact(stage, _TABLE[0] - 0.1, _TABLE[1] + 0.1, _TABLE[2] - 0.05, _TABLE[3] + 0.1)
    _contact(stage, CHAIR[0] - 0.3, CHAIR[0] + 0.3, CHAIR[1] - 0.25, CHAIR[1] + 0.28)
    stage.standing(4.3, lambda: _chair(stage, 1.4, 4.35, back=(0.0, 0.22)))
    # Who sits on this chair sits before its back, which is at its left, and behind the table's edge.
    _chair(stage, CHAIR[0], CHAIR[1], back=(-0.22, 0.0))
    stage.standing(3.3, lambda: _table(stage))


def _shelf(stage: Stage, wall_z: float) -> None:
    """A bookcase at the far wall."""
    chance = stage.chance
    wood = rgb(112, 80, 54)
    x0, x1, z0, z1, high = 0.15, 1.75, 5.8, wall_z, 1.62
    block(stage, (x0, x1), (0, high), (z0, z1), wood)
    for level in range(4):
        low = 0.06 + level * 0.39
        quad(
            stage,
            [
                (x0 + 0.04, low, z0),
                (x1 - 0.04, low, z0),
                (x1 - 0.04, low + 0.345, z0),
                (x0 + 0.04, low + 0.345, z0),
            ],
            rgb(44, 32, 24),
        )
        at = x0 + 0.06
        while at < x1 - 0.12:
            thick, tall = chance.uniform(0.025, 0.06), chance.uniform(0.2, 0.31)
            if chance.random() < 0.12:
                at += chance.uniform(0.05, 0.2)
                continue
            cover = rgb(
                *chance.choice(
                    (
                        (140, 52, 44),
                        (52, 76, 112),
                        (62, 94, 72),
                        (176, 156, 112),
                        (86, 76, 92),
                        (200, 196, 184),
                        (44, 46, 50),
                    )
                )
            )
            quad(
                stage,
                [(at, low, z0), (at + thick, low, z0), (at + thick, low + tall, z0), (at, low + tall, z0)],
                cover.lit(chance.uniform(0.75, 1.05)),
                soft=0.5,
            )
            at += thick + 0.004
    # A vase on top.
    foot = stage.view.point(1.4, high + 0.02, 6.0)
    scale = stage.view.scale(6.0)
    stage.canvas.ellipse(
        (foot[0], foot[1] - 0.1 * scale), (0.09 * scale, 0.13 * scale), rgb(70, 100, 116), shade=14
    )
    stage.canvas.ellipse((foot[0], foot[1] - 0.24 * scale), (0.05 * scale, 0.03 * scale), rgb(60, 88, 104))


def _pictures(stage: Stage, wall_z: float) -> None:
    chance = stage.chance
    for x0, x1, low, high in ((-0.75, -0.15, 1.35, 1.95), (0.5, 1.35, 1.82, 2.3)):
        quad(
            stage,
            [
                (x0 + 0.03, low - 0.04, wall_z),
                (x1 + 0.05, low - 0.04, wall_z),
                (x1 + 0.05, high, wall_z),
                (x0 + 0.03, high, wall_z),
            ],
            rgb(60, 56, 50),
            soft=2,
            opacity=0.4,
        )
        quad(
            stage,
            [(x0, low, wall_z), (x1, low, wall_z), (x1, high, wall_z), (x0, high, wall_z)],
            rgb(64, 50, 38),
        )
        quad(
            stage,
            [
                (x0 + 0.05, low + 0.05, wall_z),
                (x1 - 0.05, low + 0.05, wall_z),
                (x1 - 0.05, high - 0.05, wall_z),
                (x0 + 0.05, high - 0.05, wall_z),
            ],
            rgb(172, 182, 184),
        )
        for part in (0.25, 0.45, 0.6):
            y = low + 0.05 + (high - low - 0.1) * (0.7 - part)
            shade = rgb(chance.uniform(70, 120), chance.uniform(96, 130), chance.uniform(84, 110))
            quad(
                stage,
                [
                    (x0 + 0.05, low + 0.05, wall_z),
                    (x1 - 0.05, low + 0.05, wall_z),
                    (x1 - 0.05, y + 0.04, wall_z),
                    (x0 + 0.05, y + 0.1, wall_z),
                ],
                shade,
                opacity=0.7,
            )


def _rug(stage: Stage) -> None:
    x0, x1, z0, z1 = -1.75, -0.15, 3.0, 4.75
    for inset, color in (
        (0.0, rgb(122, 62, 54)),
        (0.09, rgb(188, 170, 138)),
        (0.13, rgb(116, 54, 50)),
        (0.42, rgb(60, 66, 82)),
        (0.46, rgb(128, 72, 60)),
    ):
        quad(
            stage,
            [
                (x0 + inset, 0, z0 + inset),
                (x1 - inset, 0, z0 + inset),
                (x1 - inset, 0, z1 - inset),
                (x0 + inset, 0, z1 - inset),
            ],
            color,
        )
    canvas = stage.canvas
    gx, gz = stage.view.ground()
    inside = (gx > x0) & (gx < x1) & (gz > z0) & (gz < z1)
    weave = stage.rng.normal(0, 2.2, canvas.y.shape) + 5 * np.sin(gx * 28) * np.sin(gz * 28)
    canvas.y += np.where(inside, weave, 0).astype(np.float32)


def _contact(stage: Stage, x0: float, x1: float, z0: float, z1: float) -> None:
    """The dark under furniture."""
    quad(stage, [(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1)], rgb(20, 14, 10), soft=9, opacity=0.38)


def _table(stage: Stage) -> None:
    x0, x1, z0, z1 = _TABLE
    wood = rgb(150, 108, 70)
    for x, z in ((x1 - 0.1, z1 - 0.1), (x0 + 0.04, z1 - 0.1), (x0 + 0.04, z0 + 0.04), (x1 - 0.1, z0 + 0.04)):
        block(stage, (x, x + 0.06), (0, 0.7), (z, z + 0.06), wood.lit(0.8))
    block(stage, (x0, x1), (0.7, 0.745), (z0, z1), wood)
    top = stage.view.point
    canvas = stage.canvas
    for index in range(9):
        z = z0 + (z1 - z0) * (index + 0.5) / 9
        canvas.capsule(
            top(x0 + 0.02, 0.745, z), top(x1 - 0.02, 0.745, z), (0.5, 0.5), wood.lit(1.08), soft=0.8
        )
    scale = stage.view.scale(3.6)
    cup = top(1.05, 0.78, 3.62)
    canvas.ellipse(
        (cup[0] - 8, cup[1] + 4), (0.1 * scale, 0.045 * scale), rgb(60, 42, 28), soft=4, opacity=0.5
    )
    canvas.capsule(
        (cup[0], cup[1]),
        (cup[0], cup[1] - 0.06 * scale),
        (0.04 * scale, 0.045 * scale),
        rgb(214, 214, 208),
        shade=12,
    )
    canvas.ellipse((cup[0], cup[1] - 0.085 * scale), (0.043 * scale, 0.02 * scale), rgb(70, 46, 32))
    quad(
        stage,
        [(1.3, 0.748, 3.35), (1.62, 0.748, 3.4), (1.58, 0.748, 3.75), (1.26, 0.748, 3.7)],
        rgb(206, 206, 200),
    )
    quad(
        stage,
        [(1.33, 0.749, 3.4), (1.47, 0.749, 3.42), (1.44, 0.749, 3.55), (1.31, 0.749, 3.53)],
        rgb(112, 128, 142),
    )


def _chair(stage: Stage, x: float, z: float, back: tuple[float, float]) -> None:
    wood = rgb(104, 72, 48)
    half = 0.21
    legs = [(x + dx, z + dz) for dz in (half - 0.05, -half) for dx in (-half, half - 0.05)]
    for leg_x, leg_z in legs:
        block(stage, (leg_x, leg_x + 0.045), (0, 0.44), (leg_z, leg_z + 0.045), wood.lit(0.82))
    bx, bz = x + back[0], z + back[1]
    wide, deep = (0.04, half) if back[0] else (half, 0.04)

    def rest() -> None:
        block(stage, (bx - wide, bx + wide), (0.78, 0.92), (bz - deep, bz + deep), wood.lit(1.1))
        block(stage, (bx - wide, bx + wide), (0.58, 0.66), (bz - deep, bz + deep), wood.lit(1.0))
        for end in (-1, 1):
            px, pz = (
                bx + (end * (wide - 0.02) if wide > deep else 0),
                bz + (end * (deep - 0.02) if deep > wide else 0),
            )
            block(stage, (px - 0.022, px + 0.022), (0.44, 0.93), (pz - 0.022, pz + 0.022), wood)

    if back[1] > 0:
        rest()
    block(stage, (x - half, x + half), (0.42, 0.46), (z - half, z + half), wood.lit(1.15))
    if back[1] <= 0:
        rest()


def _plant(stage: Stage, x: float, z: float) -> None:
    canvas, view, chance = stage.canvas, stage.view, stage.chance
    scale = view.scale(z)
    foot = view.point(x, 0.02, z)
    canvas.ellipse(
        (foot[0] - 0.08 * scale, foot[1]), (0.26 * scale, 0.09 * scale), rgb(20, 14, 10), soft=6, opacity=0.5
    )
    canvas.capsule(
        view.point(x, 0.12, z),
        view.point(x, 0.32, z),
        (0.12 * scale, 0.17 * scale),
        rgb(160, 98, 70),
        shade=18,
    )
    canvas.ellipse(view.point(x, 0.43, z), (0.17 * scale, 0.05 * scale), rgb(52, 38, 28))
    root = view.point(x, 0.42, z)
    for index in range(30):
        angle = math.pi * (0.08 + 0.84 * (index + chance.uniform(-0.4, 0.4)) / 29)
        reach = chance.uniform(0.35, 0.8) * (0.75 + 0.3 * math.sin(angle))
        middle = (
            root[0] + 0.55 * math.cos(angle) * reach * scale * 0.7,
            root[1] - math.sin(angle) * reach * scale * 0.75,
        )
        tip = (
            root[0] + math.cos(angle) * reach * scale,
            root[1] - math.sin(angle) * reach * scale * 0.95 + 0.1 * scale * abs(math.cos(angle)),
        )
        color = rgb(66, 104, 56).lit(chance.uniform(0.65, 1.2))
        canvas.capsule(root, middle, (0.9, 0.022 * scale), color)
        canvas.capsule(middle, tip, (0.03 * scale, 0.5), color.lit(1.08), shade=6)
