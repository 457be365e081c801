"""What every drawn scene is made of: a still background, what moves before it, light, noise and lettering."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from picctv_core.sources.luma import plane_of
from picctv_core.sources.scenes.canvas import Canvas, rgb
from picctv_core.sources.scenes.font import text_masks
from picctv_core.sources.scenes.texture import blurred, halved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from picctv_core.sources.scenes.view import View

    Plane = npt.NDArray[np.float32]

_NOISE_MARGIN = 64
_NOISE_SIGMA = 1.7
_BRIGHTEST = 218
_WHITE = rgb(236, 236, 236)
_BLACK = rgb(8, 8, 8)


@dataclass(frozen=True, slots=True)
class Box:
    """Something that is in the picture: the truth for judging detectors.

    Attributes:
        kind: "person", "car" or "van".
        left: of its rectangle, as a part of the picture's width; 0 to 1, cut at the picture's edges.
        top: as a part of the picture's height.
        right: as `left`.
        bottom: as `top`.
        moving: whether it moves now; one that stands or sits is still there.
    """

    kind: str
    left: float
    top: float
    right: float
    bottom: float
    moving: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """One picture of a scene, and what is to be seen in it."""

    picture: VideoFrame
    boxes: tuple[Box, ...]


class Actor(Protocol):
    """Something that moves in a scene for a while."""

    duration: float

    def depth(self, time: float) -> float:
        """Give how far away it is, metres: the far ones are drawn first."""
        ...

    def shadow(self, canvas: Canvas, view: View, time: float, depth: float) -> None:
        """Draw its shadow, of a depth of 0 to 1, at so many seconds since it came."""
        ...

    def draw(
        self, canvas: Canvas, view: View, time: float, light: float
    ) -> tuple[str, bool, tuple[float, float, float, float]]:
        """Draw it, and give its kind, whether it moves, and its rectangle in pixels."""
        ...


@dataclass(frozen=True, slots=True)
class _Occluder:
    """A piece of the background that hides what passes behind it."""

    depth: float
    left: int
    top: int
    mask: Plane


class Stage:
    """A still background in the making: draw on `canvas`, and note what others can pass behind."""

    def __init__(self, view: View, seed: int) -> None:
        """Begin with an empty picture."""
        self.view = view
        self.canvas = Canvas(view.width, view.height)
        self.rng = np.random.default_rng(seed)
        self.chance = random.Random(seed)  # noqa: S311 - a drawing
        self.occluders: list[_Occluder] = []
        self.glow: Plane = np.zeros((view.height, view.width), np.float32)

    def vignette(self, strength: float) -> None:
        """Darken the corners as a lens does; `strength` is by how much, from 0, halfway to them."""
        canvas = self.canvas
        ys = np.linspace(-1, 1, canvas.height, dtype=np.float32)[:, None]
        xs = np.linspace(-1, 1, canvas.width, dtype=np.float32)[None, :]
        falloff = 1 - np.float32(strength) * (xs * xs + ys * ys)
        # Room is left above for the brightest light and the noise.
        canvas.y[:] = np.clip(16 + (canvas.y - 16) * falloff, 17, _BRIGHTEST)

    def standing(self, depth: float, draw: Callable[[], object]) -> None:
        """Draw something that hides what is further away than `depth`, metres."""
        self.canvas.mask = np.zeros_like(self.canvas.y)
        draw()
        mask, self.canvas.mask = self.canvas.mask, None
        self.hidden_by(depth, mask)

    def hidden_by(self, depth: float, mask: Plane) -> None:
        """Let what is drawn already hide what is further away than `depth`, where `mask` is 1."""
        rows, columns = np.nonzero(mask.max(axis=1))[0], np.nonzero(mask.max(axis=0))[0]
        if rows.size:
            top, left = int(rows[0]) & ~1, int(columns[0]) & ~1
            bottom, right = (int(rows[-1]) + 2) & ~1, (int(columns[-1]) + 2) & ~1
            self.occluders.append(_Occluder(depth, left, top, mask[top:bottom, left:right].copy()))


class Casting(Protocol):
    """Knows who is in a scene."""

    def present(self, time: float) -> list[tuple[Actor, float]]:
        """Give those who are there at a time, each with the seconds since it came."""
        ...


class Scene:
    """Draws a scene at any time; the same time and seed always give the same picture.

    Attributes:
        view: the camera.
    """

    def __init__(self, stage: Stage, episodes: Casting, *, shadow: float, light_period_s: float) -> None:
        """Finish the background.

        Args:
            stage: the background; its `glow` is how much brighter each pixel gets in the best light.
            episodes: who comes when.
            shadow: how deep shadows are, 0 to 1.
            light_period_s: how long the light takes to come and go.
        """
        self.view = stage.view
        self._episodes = episodes
        self._shadow = shadow
        self._light_period_s = light_period_s
        self._occluders = sorted(stage.occluders, key=lambda occluder: -occluder.depth)
        canvas = stage.canvas
        self._still = [blurred(plane) for plane in (canvas.y, canvas.u, canvas.v)]
        self._glow = self._still[0] * stage.glow
        rows, columns = canvas.height + _NOISE_MARGIN, canvas.width + _NOISE_MARGIN
        grain = stage.rng.normal(0, 1, (rows, columns)).astype(np.float32)
        # Camera noise is not quite per pixel: sensors interpolate colours and sharpen or smooth afterwards.
        grain = 0.6 * grain + 0.8 * blurred(grain)
        self._grain = grain * np.float32(_NOISE_SIGMA / grain.std()) + np.float32(0.5)
        self._canvas = Canvas(canvas.width, canvas.height)
        self._colour_grain = halved(self._grain[: rows & ~1, : columns & ~1]) * np.float32(0.7) + np.float32(
            0.15
        )

    def light(self, time: float) -> float:
        """Give the light at a time: 0 (dull) to 1 (bright), slowly changing."""
        turn = 2 * math.pi * time / self._light_period_s
        return 0.5 + 0.35 * math.sin(turn) + 0.15 * math.sin(2.7 * turn + 1)

    def render(self, time: float, lettering: Sequence[str] = ()) -> Rendered:
        """Draw the scene.

        Args:
            time: seconds since its begin, not negative.
            lettering: up to two lines that are written into the picture: top left and bottom left.

        Returns:
            The picture, yuv420p in limited range, new memory each time; and the truth.
        """
        canvas, view = self._canvas, self.view
        light = self.light(time)
        np.multiply(self._glow, np.float32(light), out=canvas.y)
        canvas.y += self._still[0]
        np.copyto(canvas.u, self._still[1])
        np.copyto(canvas.v, self._still[2])
        present = sorted(self._episodes.present(time), key=lambda item: -item[0].depth(item[1]))
        for actor, since in present:
            actor.shadow(canvas, view, since, self._shadow * (0.6 + 0.4 * light))
        boxes = []
        for actor, since in present:
            kind, moving, rectangle = actor.draw(canvas, view, since, 0.94 + 0.1 * light)
            self._cover(actor.depth(since), rectangle, light)
            boxes += self._box(kind, rectangle, moving=moving)
        self._add_grain(time)
        for row, line in enumerate(lettering):
            self._write(line, row)
        return Rendered(self._picture(), tuple(boxes))

    def _cover(self, depth: float, rectangle: tuple[float, float, float, float], light: float) -> None:
        """Put back those pieces of the background that stand before something just drawn."""
        canvas = self._canvas
        left, top = max(0, int(rectangle[0]) - 4) & ~1, max(0, int(rectangle[1]) - 4) & ~1
        right, bottom = int(rectangle[2]) + 6 & ~1, int(rectangle[3]) + 6 & ~1
        for occluder in self._occluders:
            if occluder.depth >= depth:
                continue
            height, width = occluder.mask.shape
            x0, y0 = max(left, occluder.left), max(top, occluder.top)
            x1, y1 = min(right, occluder.left + width), min(bottom, occluder.top + height)
            if x0 >= x1 or y0 >= y1:
                continue
            mask = occluder.mask[
                y0 - occluder.top : y1 - occluder.top, x0 - occluder.left : x1 - occluder.left
            ]
            part = canvas.y[y0:y1, x0:x1]
            still = self._still[0][y0:y1, x0:x1] + self._glow[y0:y1, x0:x1] * np.float32(light)
            part += (still - part) * mask
            small = halved(mask)
            for plane, kept in ((canvas.u, self._still[1]), (canvas.v, self._still[2])):
                colours = plane[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2]
                colours += (kept[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] - colours) * small

    def _add_grain(self, time: float) -> None:
        canvas = self._canvas
        offsets = random.Random(round(time * 1000))  # noqa: S311 - a drawing
        right, down = offsets.randrange(_NOISE_MARGIN), offsets.randrange(_NOISE_MARGIN)
        canvas.y += self._grain[down : down + canvas.height, right : right + canvas.width]
        for plane in (canvas.u, canvas.v):
            right, down = offsets.randrange(_NOISE_MARGIN // 2), offsets.randrange(_NOISE_MARGIN // 2)
            grain = self._colour_grain[down : down + canvas.height // 2, right : right + canvas.width // 2]
            np.add(plane, grain, out=plane)

    def _write(self, line: str, row: int) -> None:
        canvas = self._canvas
        size = max(1, round(canvas.height / 300))
        letters, edge = text_masks(line, size)
        left = (4 * size + 1) & ~1
        top = left if row == 0 else (canvas.height - letters.shape[0] - left) & ~1
        width = min(letters.shape[1], (canvas.width - left) & ~1)
        if width > 0 and top + letters.shape[0] <= canvas.height:
            canvas.paint(left, top, edge[:, :width], _BLACK)
            canvas.paint(left, top, letters[:, :width], _WHITE)

    def _picture(self) -> VideoFrame:
        canvas = self._canvas
        picture = VideoFrame(canvas.width, canvas.height, "yuv420p")
        for number, source in enumerate((canvas.y, canvas.u, canvas.v)):
            memory = plane_of(picture, number)[:, : source.shape[1]]
            # The grain's mean of a half makes cutting off the fraction a rounding.
            np.copyto(memory, source, casting="unsafe")
        picture.color_range = ColorRange.MPEG
        picture.colorspace = Colorspace.ITU601
        return picture

    def _box(self, kind: str, rectangle: tuple[float, float, float, float], *, moving: bool) -> list[Box]:
        width, height = self.view.width, self.view.height
        left, right = (min(max(value / width, 0.0), 1.0) for value in (rectangle[0], rectangle[2]))
        top, bottom = (min(max(value / height, 0.0), 1.0) for value in (rectangle[1], rectangle[3]))
        return [Box(kind, left, top, right, bottom, moving)] if left < right and top < bottom else []


class Episodes:
    """Who comes when: one episode after the other, with quiet between them, without an end."""

    def __init__(
        self, seed: int, make: Callable[[random.Random, int], list[tuple[float, Actor]]], first_s: float
    ) -> None:
        """Keep how to make them.

        Args:
            seed: chance.
            make: gives an episode's actors, each with the second at which it comes, from chance and its number.
            first_s: when the first episode begins.
        """
        self._seed = seed
        self._make = make
        self._begins = [first_s]
        self._actors: dict[int, list[tuple[float, Actor]]] = {}

    def present(self, time: float) -> list[tuple[Actor, float]]:
        """Give those who are there at a time, each with the seconds since it came."""
        number = self._number_at(time)
        if number is None:
            return []
        since = time - self._begins[number]
        actors = self._actors_of(number)
        return [(actor, since - begin) for begin, actor in actors if 0 <= since - begin <= actor.duration]

    def _number_at(self, time: float) -> int | None:
        while self._begins[-1] <= time:
            number = len(self._begins) - 1
            length = max(begin + actor.duration for begin, actor in self._actors_of(number))
            quiet = self._chance(number, "quiet").uniform(5.0, 9.0)
            self._begins.append(self._begins[-1] + length + quiet)
        for number in range(len(self._begins) - 2, -1, -1):
            if self._begins[number] <= time:
                return number
        return None

    def _actors_of(self, number: int) -> list[tuple[float, Actor]]:
        if number not in self._actors:
            # Time mostly goes forward: what is over is not kept.
            if len(self._actors) > 8:
                del self._actors[next(iter(self._actors))]
            self._actors[number] = self._make(self._chance(number, "actors"), number)
        return self._actors[number]

    def _chance(self, number: int, what: str) -> random.Random:
        return random.Random(f"{self._seed}/{number}/{what}")  # noqa: S311 - a drawing
