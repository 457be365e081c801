"""Scenes in a street before houses: people walk, a car parks, nothing happens."""

from __future__ import annotations

import random
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from picctv_core.sources.scenes import scene as drawn
from picctv_core.sources.scenes.actors import Driver, Walker
from picctv_core.sources.scenes.paths import Path
from picctv_core.sources.scenes.people import Looks
from picctv_core.sources.scenes.street_background import FAR_WALK, NEAR_WALK, draw_street
from picctv_core.sources.scenes.vehicles import CAR, Paint
from picctv_core.sources.scenes.view import View
from picctv_core.testing.scenes.base import Scene

if TYPE_CHECKING:
    from picctv_core.sources.scenes import Rendered
    from picctv_core.sources.scenes.scene import Actor

Cast = list[tuple[float, "Actor"]]

_SUN = (0.75, 0.28)
_SHADOW = 0.5
_LIGHT_PERIOD_S = 75.0
_KERB_LANE = 12.9


class Played:
    """Who comes when, each once, in seconds since the scene's begin."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    def present(self, time: float) -> list[tuple[Actor, float]]:
        """Give those who are there at a time, each with the seconds since it came."""
        return [(actor, time - begin) for begin, actor in self._cast if 0 <= time - begin <= actor.duration]


class Street(Scene):
    """A street; what is drawn beyond its edges lies outside the picture.

    Attributes:
        margin: pixels that are drawn around the picture, of which a scene may show some.
    """

    margin: ClassVar[int] = 0

    def _draw(self, time_s: float, number: int) -> Rendered:  # noqa: ARG002 - other scenes need it
        return self._stage.render(time_s)

    def _cast(self, chance: random.Random) -> Cast:  # noqa: ARG002 - other scenes need it
        """Give who comes when."""
        return []

    @cached_property
    def _view(self) -> View:
        edge = 2 * self.margin
        return View(self._columns + edge, self._rows + edge, lift=5.2, focal=1.25, horizon=0.1)

    @cached_property
    def _stage(self) -> drawn.Scene:
        stage = drawn.Stage(self._view, self.seed)
        draw_street(stage)
        cast = Played(self._cast(random.Random(f"{self.name}/{self.seed}")))  # noqa: S311 - a drawing
        return drawn.Scene(stage, cast, shadow=_SHADOW, light_period_s=_LIGHT_PERIOD_S)

    def _edge(self, z: float, side: int, beyond: float) -> float:
        """Give an x just out of the picture at a distance; side is -1 for left, 1 for right."""
        return side * (self._view.half_width(z) + beyond)

    def _walker(self, chance: random.Random, z: float, side: int, *, behind: float = 0.0) -> Walker:
        """Give somebody who comes from a side and goes straight through the picture."""
        path = Path(self._edge(z, side, 0.8 + behind), z)
        path.to(self._edge(z, -side, 0.8), z, chance.uniform(1.2, 1.5))
        return Walker(Looks.drawn_from(chance), path, _SUN)


class Walking(Street):
    """People walk through a street: one near after two seconds, later a pair far away; in between nobody is there."""

    name = "walking"
    length_s = 32.0

    def _cast(self, chance: random.Random) -> Cast:
        side = chance.choice((-1, 1))
        near, far = chance.uniform(*NEAR_WALK), chance.uniform(*FAR_WALK)
        first = self._walker(chance, near, side)
        begin = 2.0 + first.duration + 3.0
        pair = [(begin, self._walker(chance, far + off, -side, behind=off)) for off in (0.0, 0.55)]
        return [(2.0, first), *pair]


class Parking(Street):
    """A car comes after two seconds, parks before the houses for a quarter of a minute, and leaves again.

    It stays in the truth while it stands there, as a thing that does not move.
    """

    name = "parking"
    length_s = 32.0

    def _cast(self, chance: random.Random) -> Cast:
        begin, end = self._edge(_KERB_LANE, -1, 3.0), self._edge(_KERB_LANE, 1, 3.0)
        stop = chance.uniform(-1.0, 1.5)
        path = Path(begin, _KERB_LANE).to(stop - 2.0, _KERB_LANE, 4.5).to(stop, _KERB_LANE, 1.5)
        path.wait(15.0).to(stop + 1.5, _KERB_LANE, 1.4).to(end, _KERB_LANE, 5.0)
        return [(2.0, Driver(Paint.drawn_from(chance, CAR), path, 1))]


class Still(Street):
    """An empty street in slowly changing daylight, with the faint noise of a good camera."""

    name = "still"
    length_s = 20.0
