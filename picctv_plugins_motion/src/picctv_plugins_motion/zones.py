"""Parts of the picture with a name, with a sensitivity of their own, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.settings import MotionSettings, Polygon

    Bytes = npt.NDArray[Any]


class Zones:
    """The zones and the ignored parts of one camera, as masks of any size."""

    def __init__(self, settings: MotionSettings) -> None:
        self._zones = settings.zones
        self._ignored = [*settings.ignore, *(zone.polygon for zone in settings.zones if zone.ignore)]

    def watched(self, shape: tuple[int, ...]) -> Bytes | None:
        """Give 255 for the cells outside all that is ignored; None where all are watched."""
        if not self._ignored:
            return None
        watched = np.full(shape, 255, np.uint8)
        for polygon in self._ignored:
            _fill(watched, polygon, 0)
        return watched

    def sensitive(self, shape: tuple[int, ...]) -> list[tuple[float, Bytes]]:
        """Give each sensitivity that a zone has of its own, and 255 where it holds; later ones win over earlier ones."""
        return [
            (zone.sensitivity, _fill(np.zeros(shape, np.uint8), zone.polygon, 255))
            for zone in self._zones
            if zone.sensitivity is not None and not zone.ignore
        ]

    def named(self, shape: tuple[int, ...]) -> list[tuple[str, Bytes]]:
        """Give the name of each zone that is watched, and 255 where it lies."""
        return [
            (zone.name, _fill(np.zeros(shape, np.uint8), zone.polygon, 255))
            for zone in self._zones
            if not zone.ignore
        ]


def told(settings: MotionSettings) -> dict[str, Any]:
    """Give the payload of the message ``zones``, by which the server learns where the zones of a camera are.

    Returns:
        ``{"zones": [{"name", "polygon", "sensitivity", "ignore"}, ...], "ignore": [polygon, ...]}``; a polygon is a list
        of [x, y] in fractions of the picture, the sensitivity None where a zone has none of its own.
    """
    return settings.model_dump(include={"zones", "ignore"})


def _fill(mask: Bytes, polygon: Polygon, value: int) -> Bytes:
    """Fill a polygon in fractions of the picture; in place."""
    rows, columns = mask.shape
    corners = np.array([[x * columns, y * rows] for x, y in polygon])
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], value)
    return mask
