"""Scenes in which nothing moves and the picture changes all the same: light, rain, noise, a shaking camera."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_core.sources.luma import plane_of
from picctv_core.sources.scenes import Rendered
from picctv_core.sources.scenes import scene as drawn
from picctv_core.sources.scenes.room_background import draw_room
from picctv_core.sources.scenes.texture import blurred
from picctv_core.sources.scenes.view import View
from picctv_core.testing.scenes.base import Scene
from picctv_core.testing.scenes.street import Played, Street

if TYPE_CHECKING:
    import numpy.typing as npt
    from av.video.frame import VideoFrame

    Plane = npt.NDArray[np.float32]

_BLACK, _WHITE, _GRAY = 16, 235, 128
_SIZE = 320.0

# How many, how long (of the height), how wide (pixels of 320), how bright (levels). A drop falls with some 8 m/s. Exposed
# for a hundredth of a second, it draws a line of 8 cm and covers each place of it for a small part of that time only: the
# longer and nearer a streak, the fainter it is. Far drops are short, thin and as bright as the sky that they show.
_DROPS = ((400, (0.02, 0.06), (0.6, 1.2), (6.0, 20.0)), (30, (0.08, 0.22), (1.0, 2.4), (4.0, 14.0)))
_VEIL = 0.9


def _change(picture: VideoFrame, luma: Plane, colour: float = 1.0) -> Rendered:
    """Give a picture of nothing that moves other brightness, and paler (below 1) colours; in place."""
    target = plane_of(picture, 0)[:, : picture.width]
    np.copyto(target, np.clip(luma + np.float32(0.5), _BLACK, _WHITE), casting="unsafe")
    if colour != 1.0:
        for number in (1, 2):
            plane = plane_of(picture, number)
            np.copyto(
                plane, _GRAY + (plane.astype(np.float32) - _GRAY) * np.float32(colour), casting="unsafe"
            )
    return Rendered(picture, ())


def _luma(picture: VideoFrame) -> Plane:
    return plane_of(picture, 0)[:, : picture.width].astype(np.float32)


class LightSwitched(Scene):
    """An empty room in which the lamp goes off after six seconds and on again after fourteen.

    Daylight from the window on the right stays. The camera's exposure follows each switch within about a second.
    """

    name = "light switched"
    length_s = 24.0
    changes_s = (6.0, 14.0)

    def _draw(self, time_s: float, number: int) -> Rendered:  # noqa: ARG002 - other scenes need it
        off, on = self.changes_s
        picture = self._stage.render(time_s).picture
        luma = _luma(picture) - _BLACK
        across = np.linspace(0, 1, luma.shape[1], dtype=np.float32)[None, :]
        if time_s < off:
            return Rendered(picture, ())
        if time_s < on:
            exposure = 1.5 - 0.5 * math.exp(-(time_s - off) / 0.4)
            return _change(
                picture, _BLACK + luma * (0.22 + 0.2 * across * across) * np.float32(exposure), 0.6
            )
        exposure = 1.0 + 0.5 * math.exp(-(time_s - on) / 0.4)
        return _change(picture, _BLACK + luma * np.float32(exposure))

    @cached_property
    def _stage(self) -> drawn.Scene:
        stage = drawn.Stage(View(self._columns, self._rows, lift=2.75, focal=0.98, horizon=0.02), self.seed)
        draw_room(stage)
        return drawn.Scene(stage, Played([]), shadow=0.34, light_period_s=50)


class Rain(Street):
    """Heavy rain before an empty street: in each picture other drops, near ones as long faint streaks."""

    name = "rain"
    length_s = 20.0

    def _draw(self, time_s: float, number: int) -> Rendered:
        picture = super()._draw(time_s, number).picture
        luma = _luma(picture)
        rng = np.random.default_rng([self.seed, number])
        size = max(luma.shape[1] / _SIZE, 0.25)
        # What falls far away is too small to be drops and takes contrast; the sensor's noise is not less for it.
        luma = luma * np.float32(_VEIL) + np.float32(14)
        luma += np.float32(1.7 * math.sqrt(1 - _VEIL**2)) * rng.standard_normal(luma.shape, np.float32)
        for count, lengths, widths, light in _DROPS:
            _rain(luma, rng, count, lengths, (widths[0] * size, widths[1] * size), light)
        return _change(picture, luma, 0.8)


def _rain(
    luma: Plane,
    rng: np.random.Generator,
    count: int,
    lengths: tuple[float, float],
    widths: tuple[float, float],
    light: tuple[float, float],
) -> None:
    """Add streaks to a picture: each a slanting line, brightest in its middle."""
    rows, columns = luma.shape
    length = np.maximum(2.0, rng.uniform(*lengths, count) * rows)[:, None, None]
    width = np.maximum(1.0, np.round(rng.uniform(*widths, count)))[:, None, None]
    top = rng.uniform(-0.2 * rows, rows, count)[:, None, None]
    left = rng.uniform(0, columns, count)[:, None, None]
    slant = rng.uniform(0.12, 0.2, count)[:, None, None]  # the wind comes from one side
    brightness = rng.uniform(*light, count)[:, None, None]
    along = np.arange(int(length.max()) + 1)[None, :, None]
    aside = np.arange(int(width.max()))[None, None, :]
    down, across = (top + along).astype(int), (left + slant * along).astype(int) + aside
    down, across = np.broadcast_arrays(down, across)
    seen = (along <= length) & (aside < width) & (down >= 0) & (down < rows) & (across < columns)
    added = np.broadcast_to(brightness * np.sin(np.pi * np.clip(along / length, 0.05, 0.95)), down.shape)
    np.add.at(luma, (down[seen], across[seen]), added[seen].astype(np.float32))


class DarkNoise(Street):
    """A street at night that the camera hardly sees: little light, strong noise new in each picture, a few hot pixels."""

    name = "dark noise"
    length_s = 20.0

    def _draw(self, time_s: float, number: int) -> Rendered:
        picture = super()._draw(time_s, number).picture
        luma = _luma(picture)
        rng = np.random.default_rng([self.seed, number])
        noise = rng.standard_normal(luma.shape, np.float32)
        # Cameras smooth what they can't see: part of their noise comes in blotches.
        noise = np.float32(5.0) * noise + np.float32(9.0) * blurred(noise)
        luma = _BLACK + np.float32(18) + (luma - _BLACK) * np.float32(0.14) + noise
        luma[self._hot] += np.float32(60)
        return _change(picture, luma, 0.2)

    @cached_property
    def _hot(self) -> tuple[npt.NDArray[np.int64], ...]:
        rng = np.random.default_rng([self.seed, 2**31])
        count = max(1, self._rows * self._columns // 10_000)
        return rng.integers(0, self._rows, count), rng.integers(0, self._columns, count)


class CameraShake(Street):
    """An empty street from a camera on a pole in the wind: gusts move the picture by up to a hundredth of its width.

    It stands still for four seconds first, and again between the gusts.
    """

    name = "camera shake"
    length_s = 24.0
    margin = 16

    def _draw(self, time_s: float, number: int) -> Rendered:
        whole = super()._draw(time_s, number).picture
        right, down = self._moved(time_s)
        picture = type(whole)(self._columns, self._rows, "yuv420p")
        picture.color_range, picture.colorspace = whole.color_range, whole.colorspace
        for part, scale in ((0, 1), (1, 2), (2, 2)):
            source = plane_of(whole, part)[:, : whole.width // scale].astype(np.float32)
            target = plane_of(picture, part)[:, : self._columns // scale]
            shifted = _shifted(
                source, self.margin / scale + right / scale, self.margin / scale + down / scale
            )
            np.copyto(
                target, shifted[: target.shape[0], : target.shape[1]] + np.float32(0.5), casting="unsafe"
            )
        return Rendered(picture, ())

    def _moved(self, time_s: float) -> tuple[float, float]:
        """Give by how many pixels the picture is moved to the right and down."""
        turn = 2 * math.pi * time_s
        gust = max(0.0, math.sin(math.pi * (time_s - 4.0) / 6.0)) if time_s >= 4.0 else 0.0
        reach = min(self._columns / 100, self.margin - 2.0) * gust
        phase = float(self.seed)
        right = 0.7 * math.sin(1.7 * turn + phase) + 0.3 * math.sin(4.3 * turn + 2 * phase)
        down = 0.5 * math.sin(2.3 * turn + 3 * phase)
        return reach * right, reach * down


def _shifted(plane: Plane, left: float, top: float) -> Plane:
    """Give a plane from a place on that lies between its pixels, each a mean of the four around it."""
    x, y = int(left), int(top)
    over: Any = np.float32(left - x)
    under: Any = np.float32(top - y)
    part = plane[y:, x:]
    rows: Plane = part[:-1] * (1 - under) + part[1:] * under
    shifted: Plane = rows[:, :-1] * (1 - over) + rows[:, 1:] * over
    return shifted
