"""The scene ``room``: a living room seen from a corner of its ceiling; somebody comes in, sits down, leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.sources.scenes.actors import Walker
from picctv_core.sources.scenes.paths import Path
from picctv_core.sources.scenes.people import Looks
from picctv_core.sources.scenes.room_background import DOOR, draw_room
from picctv_core.sources.scenes.room_furniture import CHAIR
from picctv_core.sources.scenes.scene import Actor, Episodes, Scene, Stage
from picctv_core.sources.scenes.view import View

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_FIRST_S = 4.0
# The light comes in through the window on the right.
_SUN = (-0.42, 0.06)
_SPEED_M_S = 1.15

Cast = list[tuple[float, Actor]]


def room(width: int, height: int, seed: int) -> Scene:
    """Make the scene."""
    view = View(width, height, lift=2.75, focal=0.98, horizon=0.02)
    stage = Stage(view, seed)
    draw_room(stage)
    return Scene(stage, Episodes(seed, _write, _FIRST_S), shadow=0.34, light_period_s=50)


def _write(chance: random.Random, number: int) -> Cast:
    """Give an episode's cast; the first ones show everything once, then chance decides."""
    kinds: list[Callable[[random.Random], Cast]] = [_look_around, _sit_down, _fetch_something, _two_people]
    kind = kinds[number] if number < len(kinds) else chance.choice(kinds)
    return kind(chance)


def _entering() -> Path:
    """Begin in the dark of the hall, behind the wall, and step through the door."""
    return (
        Path(DOOR[0] - 0.9, DOOR[2] + 0.75)
        .to(DOOR[0], DOOR[2] + 0.6, _SPEED_M_S)
        .to(DOOR[0] + 0.1, DOOR[2] - 0.5, _SPEED_M_S)
    )


def _leaving(path: Path) -> Path:
    path.to(DOOR[0] + 0.1, DOOR[2] - 0.5, _SPEED_M_S).to(DOOR[0], DOOR[2] + 0.6, _SPEED_M_S)
    return path.to(DOOR[0] - 0.9, DOOR[2] + 0.75, _SPEED_M_S)


def _look_around(chance: random.Random) -> Cast:
    path = (
        _entering().to(-0.6, 4.5, _SPEED_M_S).wait(chance.uniform(1, 2)).to(-0.9, 3.4, _SPEED_M_S).wait(1.2)
    )
    path.to(-1.5, 4.2, _SPEED_M_S)
    return [(0.0, Walker(Looks.drawn_from(chance), _leaving(path), _SUN))]


def _sit_down(chance: random.Random) -> Cast:
    path = _entering().to(CHAIR[0] - 0.75, CHAIR[1] + 0.05, _SPEED_M_S).to(CHAIR[0] - 0.02, CHAIR[1], 0.8)
    begin = path.duration
    path.wait(chance.uniform(6, 9))
    end = path.duration
    path.to(CHAIR[0] - 0.75, CHAIR[1] + 0.1, 0.9)
    looks = Looks.drawn_from(chance)
    return [(0.0, Walker(looks, _leaving(path), _SUN, seated=(begin - 0.1, end + 0.1), seat_heading=0.0))]


def _fetch_something(chance: random.Random) -> Cast:
    path = _entering().to(0.2, 5.15, _SPEED_M_S).to(0.5, 5.3, 0.8).wait(chance.uniform(2, 3))
    path.to(0.0, 4.7, _SPEED_M_S).wait(0.6)
    return [(0.0, Walker(Looks.drawn_from(chance), _leaving(path), _SUN))]


def _two_people(chance: random.Random) -> Cast:
    first = _entering().to(-0.5, 3.9, _SPEED_M_S).wait(5.5)
    second = _entering().to(-1.5, 4.4, _SPEED_M_S).wait(3.0)
    return [
        (0.0, Walker(Looks.drawn_from(chance), _leaving(first), _SUN)),
        (1.6, Walker(Looks.drawn_from(chance), _leaving(second), _SUN)),
    ]
