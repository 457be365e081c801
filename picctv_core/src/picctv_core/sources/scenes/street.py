"""The scene ``street``: a quiet street before houses, with people, cars and vans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.sources.scenes.actors import Driver, Walker
from picctv_core.sources.scenes.paths import Path
from picctv_core.sources.scenes.people import Looks
from picctv_core.sources.scenes.scene import Actor, Episodes, Scene, Stage
from picctv_core.sources.scenes.street_background import FAR_WALK, NEAR_WALK, draw_street
from picctv_core.sources.scenes.vehicles import CAR, VAN, Paint
from picctv_core.sources.scenes.view import View

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_FIRST_S = 3.0
_SUN = (0.75, 0.28)
_NEAR_LANE = 13.4
_FAR_LANE = 17.0
_CROSSING_X = 2.6

Cast = list[tuple[float, Actor]]


def street(width: int, height: int, seed: int) -> Scene:
    """Make the scene."""
    view = View(width, height, lift=5.2, focal=1.25, horizon=0.1)
    stage = Stage(view, seed)
    draw_street(stage)
    writer = _Writer(view)
    return Scene(stage, Episodes(seed, writer.write, _FIRST_S), shadow=0.5, light_period_s=75)


class _Writer:
    """Writes the episodes: who comes, when, and what they do."""

    def __init__(self, view: View) -> None:
        self._view = view

    def write(self, chance: random.Random, number: int) -> Cast:
        """Give an episode's cast; the first ones show everything once, then chance decides."""
        kinds: list[Callable[[random.Random], Cast]] = [
            self._passer_by, self._cross_the_road, self._traffic, self._stop_and_look, self._give_way, self._pair,
        ]  # fmt: skip
        kind = kinds[number] if number < len(kinds) else chance.choice(kinds)
        return kind(chance)

    def _edge(self, z: float, side: int, beyond: float = 0.8) -> float:
        """Give an x just out of the picture at a distance; side is -1 for left, 1 for right."""
        return side * (self._view.half_width(z) + beyond)

    def _walker(self, chance: random.Random, path: Path) -> Walker:
        return Walker(Looks.drawn_from(chance), path, _SUN)

    def _passer_by(self, chance: random.Random) -> Cast:
        side = chance.choice((-1, 1))
        near = chance.uniform(*NEAR_WALK)
        path = Path(self._edge(near, side), near).to(self._edge(near, -side), near, chance.uniform(1.2, 1.5))
        cast: Cast = [(0.0, self._walker(chance, path))]
        if chance.random() < 0.5:
            cast.append((chance.uniform(1, 4), self._car(chance)))
        return cast

    def _pair(self, chance: random.Random) -> Cast:
        side = chance.choice((-1, 1))
        far = chance.uniform(*FAR_WALK)
        speed = chance.uniform(1.2, 1.4)
        cast: Cast = []
        for offset, behind in ((0.0, 0.0), (0.55, 0.25)):
            z = far + offset
            path = Path(self._edge(z, side) + side * behind, z).to(self._edge(z, -side), z, speed)
            cast.append((0.0, self._walker(chance, path)))
        return cast

    def _stop_and_look(self, chance: random.Random) -> Cast:
        side = chance.choice((-1, 1))
        near = chance.uniform(*NEAR_WALK)
        stop = chance.uniform(-1.5, 1.5)
        path = Path(self._edge(near, side), near).to(stop, near, 1.35).wait(chance.uniform(2, 3.5))
        path.to(stop + side * 1.2, near - 0.5, 1.1).wait(1.2).to(self._edge(near, -side), near + 0.2, 1.4)
        return [(0.0, self._walker(chance, path))]

    def _cross_the_road(self, chance: random.Random) -> Cast:
        side = chance.choice((-1, 1))
        near, far = NEAR_WALK[1] - 0.1, FAR_WALK[0] + 0.2
        x = _CROSSING_X + chance.uniform(-0.5, 0.5)
        path = Path(self._edge(near, side), near - 0.4).to(x, near, 1.4).wait(chance.uniform(0.8, 1.6))
        path.to(x + 0.2, far, 1.45).to(self._edge(far, chance.choice((-1, 1))), far + 0.5, 1.4)
        return [(0.0, self._walker(chance, path))]

    def _traffic(self, chance: random.Random) -> Cast:
        cast: Cast = []
        begin = 0.0
        for _ in range(chance.randint(2, 4)):
            cast.append((begin, self._car(chance)))
            begin += chance.uniform(1.2, 2.8)
        return cast

    def _give_way(self, chance: random.Random) -> Cast:
        """A car stops before the crossing for somebody who then crosses."""
        near, far = NEAR_WALK[1] - 0.1, FAR_WALK[0] + 0.2
        x = _CROSSING_X + 0.2
        walk = Path(self._edge(near, 1), near - 0.3).to(x, near, 1.4).wait(2.4).to(x - 0.1, far, 1.5)
        walk.to(self._edge(far, -1), far + 0.4, 1.4)
        stop = _CROSSING_X - 4.6
        begin = self._edge(_NEAR_LANE, -1, 3.5)
        drive = (
            Path(begin, _NEAR_LANE)
            .to(begin + 3, _NEAR_LANE, 6.0)
            .to(stop - 1.5, _NEAR_LANE, 3.5)
            .to(stop, _NEAR_LANE, 1.6)
        )
        drive.wait(5.0).to(stop + 1.5, _NEAR_LANE, 1.8).to(stop + 5, _NEAR_LANE, 4).to(
            self._edge(_NEAR_LANE, 1, 3.5), _NEAR_LANE, 7
        )
        arrives = (x - self._edge(near, 1)) / -1.4
        car = Driver(Paint.drawn_from(chance, CAR), drive, 1)
        return [(0.0, self._walker(chance, walk)), (max(0.0, arrives - 1.5), car)]

    def _car(self, chance: random.Random) -> Driver:
        facing = chance.choice((-1, 1))
        lane = _NEAR_LANE if facing > 0 else _FAR_LANE
        model = VAN if chance.random() < 0.25 else CAR
        path = Path(self._edge(lane, -facing, 3.4), lane).to(
            self._edge(lane, facing, 3.4), lane, chance.uniform(6.5, 9.0)
        )
        return Driver(Paint.drawn_from(chance, model), path, facing)
