"""The street's still background: houses, pavements, road, trees, a lamp and a parked car."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from picctv_core.sources.scenes.canvas import rgb
from picctv_core.sources.scenes.street_houses import HOUSES_Z, draw_houses
from picctv_core.sources.scenes.texture import clouds, halved
from picctv_core.sources.scenes.vehicles import CAR, Paint, Vehicle

if TYPE_CHECKING:
    from picctv_core.sources.scenes.scene import Stage

ROAD = (12.4, 20.6)
NEAR_WALK = (8.6, 11.2)
FAR_WALK = (22.0, 24.4)
_STRIPES = (1.2, 4.0)


def draw_street(stage: Stage) -> None:
    """Draw everything that stands still."""
    _sky(stage)
    draw_houses(stage)
    _ground(stage)
    for x, size in ((-6.6, 1.0), (7.6, 1.15)):
        stage.standing(21.6, partial(_tree, stage, x, 21.6, size))
    parked = Vehicle(Paint(CAR, rgb(66, 88, 84)))
    z = ROAD[1] - 1.95
    parked.shadow(stage.canvas, stage.view, -10.6, z, 0.4)
    stage.standing(z, lambda: parked.draw(stage.canvas, stage.view, -10.6, z, 1, 0.96))
    stage.standing(11.9, lambda: _lamp(stage, -4.4, 11.9))
    stage.standing(11.2, lambda: _bin(stage, 4.95, 11.2))
    stage.vignette(0.13)
    canvas = stage.canvas
    stage.glow += 0.07 + 0.02 * clouds(stage.rng, canvas.height, canvas.width, 2, 1)


def _sky(stage: Stage) -> None:
    canvas = stage.canvas
    rows = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    drift = clouds(stage.rng, canvas.height, canvas.width, 4)
    canvas.y[:] = 196 + 18 * rows + 7 * drift
    canvas.u[:] = 134 - 2 * halved(drift)
    canvas.v[:] = 124
    # Far trees close the gap between the houses.
    view = stage.view
    for _ in range(160):
        x, up = stage.chance.uniform(5.5, 9.5) * 1.5, stage.chance.uniform(0, 6.5)
        radius = stage.chance.uniform(0.3, 0.7) * view.scale(40)
        shade = stage.chance.uniform(0.75, 1.1)
        canvas.ellipse(
            view.point(x, up, 40), (radius, radius * 0.8), rgb(98, 112, 84).lit(shade), soft=2.5, opacity=0.7
        )


def _ground(stage: Stage) -> None:
    canvas, view = stage.canvas, stage.view
    x, z = view.ground()
    patches = clouds(stage.rng, canvas.height, canvas.width, 5, 4)
    fine = stage.rng.normal(0, 1, canvas.y.shape).astype(np.float32)
    detail = np.clip(14 / z, 0.3, 1.6).astype(np.float32)
    brightness = np.where((z > ROAD[0]) & (z < ROAD[1]), np.float32(92), np.float32(142))
    brightness = brightness + patches * 7 + fine * 2.6 * detail
    road = (z > ROAD[0]) & (z < ROAD[1])
    # Wheels polish two tracks in each lane, and drops of oil darken its middle.
    for lane in (14.3, 17.9):
        for offset, depth in ((-0.8, 5.0), (0.8, 5.0), (0.0, -5.0)):
            brightness += np.where(road, depth * np.exp(-(((z - lane - offset) / 0.32) ** 2)), 0).astype(
                np.float32
            )
    slabs = ~road
    across, along = x / 0.9, z / 0.75
    seam_x = np.abs(across - np.round(across)) * 0.9 < 0.012 * np.maximum(1, z / 11)
    seam_z = np.abs(along - np.round(along)) * 0.75 < 0.004 * z
    number = np.sin(np.round(across - 0.5) * 12.9898 + np.round(along - 0.5) * 78.233) * 43758.5453
    brightness += np.where(slabs, ((number - np.floor(number)) - 0.5) * 9, 0)
    brightness -= np.where(slabs & (seam_x | seam_z), 20 * np.clip(12 / z, 0.2, 1), 0)
    worn = np.clip(0.75 + 0.35 * patches, 0.3, 1)
    paint = np.zeros_like(brightness)
    dash = np.abs(z - 16.45) < 0.09
    paint = np.where(dash & (np.mod(x + 50, 4.0) < 2.2), 1.0, paint)
    stripe = (
        (x > _STRIPES[0])
        & (x < _STRIPES[1])
        & (np.mod(z - ROAD[0], 1.0) < 0.52)
        & (z > ROAD[0] + 0.3)
        & (z < ROAD[1] - 0.2)
    )
    paint = np.where((x > _STRIPES[0]) & (x < _STRIPES[1]), 0.0, paint)
    paint = np.where(stripe, 1.0, paint)
    brightness += (paint * worn * road * 82).astype(np.float32)
    for kerb in ROAD:
        edge = np.abs(z - kerb - (0.1 if kerb == ROAD[1] else -0.1)) < 0.16
        brightness = np.where(edge, 158 + patches * 6 + fine * 2, brightness)
        gutter = (np.abs(z - kerb + (0.22 if kerb == ROAD[1] else -0.22)) < 0.16) & road
        brightness = np.where(gutter, brightness * 0.78, brightness)
    top = math.ceil(view.point(0, 0, HOUSES_Z)[1])
    canvas.y[top:] = brightness[top:]
    half = (top + 1) // 2
    canvas.u[half:] = 127 - 1.2 * halved(patches)[half:]
    canvas.v[half:] = np.where(halved(road.astype(np.float32))[half:] > 0.5, 127.5, 129.5)
    # Where the houses meet the pavement it is darker, and a manhole lies in the road.
    foot = view.point(0, 0, HOUSES_Z)[1]
    canvas.shadow(
        [(0, foot - 2), (canvas.width, foot - 2), (canvas.width, foot + 6), (0, foot + 6)], soft=5, depth=0.35
    )
    scale = view.scale(14.2)
    middle = view.point(-3.6, 0, 14.2)
    canvas.ellipse(middle, (0.36 * scale, 0.12 * scale), rgb(52, 52, 52), opacity=0.8)
    canvas.ellipse(middle, (0.3 * scale, 0.095 * scale), rgb(84, 82, 80), opacity=0.8)
    if top:
        # The houses' own long shadow over the far pavement.
        a, b = view.point(-40, 0, HOUSES_Z), view.point(40, 0, FAR_WALK[0] + 0.6)
        canvas.shadow([a, (b[0], a[1]), b, (a[0], b[1])], soft=2.5, depth=0.2)


def _tree(stage: Stage, x: float, z: float, size: float) -> None:
    canvas, view, chance = stage.canvas, stage.view, stage.chance
    scale = view.scale(z)
    foot, fork = view.point(x, 0, z), view.point(x + 0.1, 3.2 * size, z)
    canvas.ellipse(
        (foot[0] + 0.5 * scale, foot[1]),
        (1.3 * scale, 0.3 * scale),
        rgb(40, 40, 36),
        soft=0.2 * scale,
        opacity=0.35,
    )
    canvas.capsule(foot, fork, (0.17 * scale * size, 0.11 * scale * size), rgb(82, 68, 54), shade=14)
    for dx, up in ((-0.9, 4.6), (0.9, 4.8), (0.1, 5.4)):
        canvas.capsule(
            fork, view.point(x + dx * size, up * size, z), (0.08 * scale, 0.03 * scale), rgb(74, 62, 50)
        )
    # The crown is made of clumps, each lit from above and the left, each before darker ones.
    clumps = [
        (chance.uniform(-1.15, 1.15), chance.uniform(-0.95, 1.05), chance.uniform(0.55, 0.95))
        for _ in range(13)
    ]
    leaves = []
    for clump_x, clump_up, reach in clumps:
        raised = clump_up * (1 - 0.35 * abs(clump_x))
        for _ in range(42):
            angle, far = chance.uniform(0, 2 * math.pi), math.sqrt(chance.random())
            aside, above = math.cos(angle) * far * reach, math.sin(angle) * far * reach * 0.8
            light = (
                0.62 + 0.1 * raised + 0.24 * above / reach - 0.1 * aside / reach + chance.uniform(-0.1, 0.1)
            )
            leaves.append((light, (clump_x + aside) * size, (4.7 + raised + above) * size))
    for light, dx, up in sorted(leaves):
        radius = chance.uniform(0.07, 0.18) * scale
        color = rgb(96 + chance.uniform(-8, 12), 116 + chance.uniform(-8, 8), 66).lit(light + 0.12)
        canvas.ellipse(view.point(x + dx, up, z), (radius, radius * 0.75), color, soft=1.0, opacity=0.9)


def _lamp(stage: Stage, x: float, z: float) -> None:
    canvas, view = stage.canvas, stage.view
    scale = view.scale(z)
    metal = rgb(70, 74, 74)
    canvas.capsule(view.point(x, 0, z), view.point(x, 0.9, z), (0.11 * scale, 0.09 * scale), metal, shade=16)
    canvas.capsule(
        view.point(x, 0.9, z), view.point(x, 7.5, z), (0.065 * scale, 0.05 * scale), metal, shade=16
    )


def _bin(stage: Stage, x: float, z: float) -> None:
    canvas, view = stage.canvas, stage.view
    scale = view.scale(z)
    canvas.ellipse(
        view.point(x + 0.2, 0, z + 0.05), (0.5 * scale, 0.13 * scale), rgb(24, 24, 24), soft=4, opacity=0.5
    )
    canvas.capsule(
        view.point(x, 0.22, z), view.point(x, 0.7, z), (0.2 * scale, 0.24 * scale), rgb(44, 62, 52), shade=18
    )
    canvas.ellipse(view.point(x, 0.92, z), (0.25 * scale, 0.09 * scale), rgb(72, 90, 80))
    canvas.ellipse(view.point(x, 0.92, z), (0.19 * scale, 0.06 * scale), rgb(18, 20, 20))
