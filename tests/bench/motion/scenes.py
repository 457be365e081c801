"""Scenes that make detectors see what is not there, and one with what they overlook: made of the testing kit's street."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from picctv_core.sources.luma import plane_of
from picctv_core.testing.scenes.disturbed import CameraShake
from picctv_core.testing.scenes.street import Street

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_core.sources.scenes import Rendered

    Plane = npt.NDArray[np.float32]

_BLACK, _WHITE, _GREY = 16, 235, 128


class Disturbed(Street):
    """The kit's empty street with its brightness changed in some way."""

    length_s = 24.0

    def _draw(self, time_s: float, number: int) -> Rendered:
        rendered = super()._draw(time_s, number)
        target = plane_of(rendered.picture, 0)[:, : rendered.picture.width]
        rng = np.random.default_rng([self.seed, number])
        luma = self._disturbed(target.astype(np.float32) - _BLACK, time_s, rng) + np.float32(_BLACK + 0.5)
        np.copyto(target, np.clip(luma, _BLACK, _WHITE), casting="unsafe")
        if (colour := self._colour(time_s)) != 1:
            for number_of_plane in (1, 2):
                plane = plane_of(rendered.picture, number_of_plane)
                np.copyto(
                    plane, _GREY + (plane.astype(np.float32) - _GREY) * np.float32(colour), casting="unsafe"
                )
        return rendered

    def _colour(self, time_s: float) -> float:
        """Give how much of the colours is left, 0 to 1."""
        return 1.0

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        """Give the picture changed; `luma` is 0 for black, and may be changed in place."""
        raise NotImplementedError

    @cached_property
    def _grid(self) -> tuple[Plane, Plane]:
        """The place of each pixel in picture heights, down and across."""
        down, across = np.mgrid[: self._rows, : self._columns].astype(np.float32) / np.float32(self._rows)
        return down, across


class Clouds(Disturbed):
    """Shadows of clouds drift over the street, each with soft edges, and the sun behind them comes and goes."""

    name = "clouds"
    length_s = 40.0

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        down, across = self._grid
        along = across + 0.3 * down - 0.12 * time_s
        shade = 0.5 + 0.5 * np.sin(2 * np.pi * along / 1.7 + 1.0)
        whole = 0.86 + 0.14 * math.cos(2 * math.pi * time_s / 20)
        lit: Plane = luma * (whole * (1 - 0.3 * shade * shade)).astype(np.float32)
        return lit


class Night(Disturbed):
    """A street at night with a lamp: a quarter of the light, and noise new in each picture."""

    light, noise = 0.28, 2.5

    def _colour(self, time_s: float) -> float:
        return 0.3

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        dark = luma * np.float32(self.light) + np.float32(6)
        dark = self._seen(dark, time_s, rng)
        return dark + np.float32(self.noise) * rng.standard_normal(dark.shape, np.float32)

    def _seen(self, dark: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        return dark


class Headlights(Night):
    """A car outside the picture turns: every seven seconds its light sweeps over the street and the houses."""

    name = "headlights"
    length_s = 34.0

    def _seen(self, dark: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        down, across = self._grid
        since = (time_s - 5.0) % 7.0
        if time_s < 5.0 or since > 3.0:
            return dark
        at = -0.4 + 2.2 * since / 3.0
        beam = np.exp(-(((across - at) / 0.28) ** 2) - ((down - 0.62) / 0.22) ** 2)
        # it lights what is there: the texture stays, brighter
        lit: Plane = dark * (1 + 2.6 * beam) + 14 * beam
        return lit


class RainAtNight(Night):
    """Rain in the light of the camera's own infrared lamps: bright streaks, other ones in each picture."""

    name = "rain at night"

    def _seen(self, dark: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        streaks = np.zeros_like(dark)
        rows, columns = dark.shape
        for _ in range(rng.poisson(26)):
            x, y = rng.uniform(0, columns), rng.uniform(-0.1 * rows, rows)
            length = rng.uniform(0.04, 0.16) * rows
            ends = ((round(x), round(y)), (round(x + 0.15 * length), round(y + length)))
            cv2.line(streaks, *ends, float(rng.uniform(25, 80)), max(1, round(columns / 400)), cv2.LINE_AA)
        return dark + streaks


class Insects(Night):
    """Insects near the lens at night: every three seconds one crosses within half a second, large, bright, out of focus."""

    name = "insects"
    length_s = 34.0

    def _seen(self, dark: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        turn, since = divmod(time_s - 4.0, 3.0)
        if turn < 0 or since > 0.5:
            return dark
        chance = np.random.default_rng([self.seed, int(turn), 7])
        start, end = chance.uniform([0, -0.1], [1.33, 1.1]), chance.uniform([0, -0.1], [1.33, 1.1])
        down, across = self._grid
        x, y = start + (end - start) * since / 0.5
        radius = chance.uniform(0.03, 0.07)
        spot = np.exp(-((((across - x) / radius) ** 2 + ((down - y) / (0.7 * radius)) ** 2) ** 2))
        lit: Plane = dark + (chance.uniform(50, 110) * spot).astype(np.float32)
        return lit


class IrCut(Disturbed):
    """A camera goes over to infrared after eight seconds, and back after eighteen.

    Through the filter's turn the picture is black for two tenths of a second; then brightness is another function of what is there (leaves
    and cloth are bright in infrared), lit from the camera, and the exposure settles within a second.
    """

    name = "IR-cut"
    changes_s = (8.0, 18.0)
    length_s = 28.0

    def _colour(self, time_s: float) -> float:
        to_infrared, back = self.changes_s
        return 0.0 if to_infrared <= time_s < back else 0.8

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        to_infrared, back = self.changes_s
        dusk = luma * np.float32(0.55)
        if time_s < to_infrared:
            return dusk
        infrared = time_s < back
        since = time_s - (to_infrared if infrared else back)
        if since < 0.2:
            return luma * np.float32(0.02)
        exposure = np.float32(1 + 0.6 * math.exp(-since / 0.35))
        if not infrared:
            return dusk * exposure
        down, across = self._grid
        lamp = 0.45 + 0.75 * np.exp(-((across - 0.67) ** 2 + (down - 0.6) ** 2) / 0.35)
        other = 150 * (luma / 200) ** 0.6 + 18 * np.sin(luma / 9)
        lit: Plane = (other * lamp * exposure).astype(np.float32)
        return lit


class Sway(Disturbed):
    """A tree before the street: its crown takes a quarter of the picture and sways, the tips most, in gusts."""

    name = "tree sway"
    length_s = 34.0

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        leaves, opaque = self._tree
        down, across = self._grid
        gust = 0.5 + 0.5 * math.sin(2 * math.pi * time_s / 9.0)
        reach = np.float32(self._rows) * (0.004 + 0.014 * gust) * np.clip((0.75 - down) / 0.75, 0, 1)
        sway = reach * (
            np.sin(2 * np.pi * (0.55 * time_s + across)) + 0.4 * np.sin(2 * np.pi * (1.7 * time_s + 3 * down))
        )
        x = (across * self._rows + sway).astype(np.float32)
        y = (down * self._rows + 0.3 * sway).astype(np.float32)
        crown, cover = (
            cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for plane in (leaves, opaque)
        )
        noise = np.float32(1.7) * cover * rng.standard_normal(luma.shape, np.float32)
        seen: Plane = luma * (1 - cover) + crown * cover + noise
        return seen

    @cached_property
    def _tree(self) -> tuple[Plane, Plane]:
        """Leaves, light and dark, and where they hide what is behind, 0 to 1."""
        rng = np.random.default_rng([self.seed, 11])
        down, across = self._grid
        size = self._rows / 240
        fine = cv2.GaussianBlur(rng.standard_normal(down.shape, np.float32), (0, 0), 1.6 * size)
        leaves = 70 + 28 * fine / fine.std()
        inside = 1 - (((across - 0.3) / 0.36) ** 2 + ((down - 0.33) / 0.33) ** 2)
        holes = cv2.GaussianBlur(rng.standard_normal(down.shape, np.float32), (0, 0), 4 * size)
        cover = np.clip(4 * (inside + 0.25 * holes / holes.std()), 0, 1)
        return leaves.astype(np.float32), cover.astype(np.float32)


class Jitter(CameraShake):
    """A camera on a trembling pole: each picture lies up to a pixel from the last, all the time."""

    name = "jitter"

    def _moved(self, time_s: float) -> tuple[float, float]:
        rng = np.random.default_rng([self.seed, round(1000 * time_s)])
        right, down = np.clip(rng.normal(0, 0.5, 2), -1, 1) * self._columns / 320
        return float(right), float(down)


class Noisy(Night):
    """What `encoded` makes H.264 noise of: dusk, and a sensor that is not made for it."""

    name = "H.264 noise"
    light, noise = 0.4, 8.0


class FarWalkers(Disturbed):
    """Walkers of 6 % of the picture's height, one after another, in coats from dark to light; 0.8 of their height a second."""

    name = "far walkers"
    tall, every_s, walking_s = 0.06, 11.0, 8.0
    coats = (20.0, 50.0, 75.0, 120.0, 160.0, 195.0)
    length_s = 4.0 + every_s * len(coats)

    def walker(self, time_s: float) -> int | None:
        """Give who walks at a time, from 0; None while nobody does."""
        turn, since = divmod(time_s - 4.0, self.every_s)
        return int(turn) if 0 <= turn < len(self.coats) and since <= self.walking_s else None

    def _disturbed(self, luma: Plane, time_s: float, rng: np.random.Generator) -> Plane:
        who = self.walker(time_s)
        if who is None:
            return luma
        since = (time_s - 4.0) % self.every_s
        side = 1 if who % 2 else -1
        tall = self.tall * self._rows
        middle = self._columns * (0.2 + 0.12 * who)
        x = middle + side * 0.8 * tall * (since - self.walking_s / 2)
        feet = self._rows * (0.52 + 0.06 * (who % 3)) + tall
        drawn = 8
        figure = np.zeros((round(1.2 * tall * drawn), round(tall * drawn)), np.float32)
        cover = np.zeros_like(figure)
        _draw_walker(figure, cover, since * 2 * math.pi * 0.9, self.coats[who], drawn * tall)
        left, top = x - 0.5 * tall, feet - 1.1 * tall
        place = np.array([[1 / drawn, 0, left], [0, 1 / drawn, top]], np.float32)
        # scaled down by areas first, or thin legs would be lost between the samples
        size = (self._columns, self._rows)
        soft_figure, soft_cover = (
            cv2.warpAffine(cv2.GaussianBlur(plane, (0, 0), drawn / 2), place, size)
            for plane in (figure, cover)
        )
        seen: Plane = luma * (1 - soft_cover) + soft_figure
        return seen


def _draw_walker(figure: Plane, cover: Plane, phase: float, coat: float, tall: float) -> None:
    middle, top = figure.shape[1] / 2, 0.1 * tall
    hip = (round(middle), round(top + 0.52 * tall))

    def put(plane: Plane, coat: float, trousers: float, skin: float) -> None:
        for side in (-1, 1):
            foot = (round(middle + side * 0.17 * tall * math.sin(phase)), round(top + tall))
            cv2.line(plane, hip, foot, trousers, max(1, round(0.09 * tall)))
        body = (round(middle), round(top + 0.34 * tall))
        cv2.ellipse(plane, body, (round(0.115 * tall), round(0.22 * tall)), 0, 0, 360, coat, -1)
        cv2.circle(plane, (round(middle), round(top + 0.07 * tall)), round(0.065 * tall), skin, -1)

    put(figure, coat, 0.6 * coat, 120.0)
    put(cover, 1.0, 1.0, 1.0)
