"""The best frame of an event: the one that shows people what moved."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    Box = Sequence[float]

CLEARLY = 1.15
"""How many times better a frame must be to be taken instead of the one that is kept: so at the most some thirty frames of
an event are copied, however long it goes on."""

CUT_OFF = 0.3
"""What a thing at the picture's edge, which may be cut off by it, counts of a whole one."""

MAX_WIDTH = 640
"""Columns of the JPEG; a wider frame is scaled down."""

QUALITY = 85

_EDGE = 0.015


class BestFrame:
    """Keeps the best frame of an event, as it goes on."""

    def __init__(self) -> None:
        self._worth = 0.0
        self._luma: npt.NDArray[np.uint8] | None = None
        self._told: dict[str, Any] = {}

    def see(
        self,
        luma: npt.NDArray[np.uint8],
        at_ns: int,
        boxes: Sequence[Box],
        ids: Sequence[int],
        score: float,
    ) -> None:
        """Look at a frame in which something moves; copy it where it is clearly better than the one that is kept.

        Args:
            luma: (rows, columns) uint8; left unchanged and not kept.
            at_ns: when it was captured.
            boxes: each [x, y, w, h] of what moves in it, in fractions of the picture; at least one.
            ids: which thing each shows.
            score: of the frame, 0 to 1.
        """
        total = sum(w * h for _, _, w, h in boxes)
        worth, index = max((_worth(box, total), index) for index, box in enumerate(boxes))
        if score * worth > CLEARLY * self._worth:
            self._worth = score * worth
            self._luma = luma.copy()
            self._told = {"at_ns": at_ns, "box": list(boxes[index]), "id": ids[index], "score": score}

    def told(self) -> dict[str, Any]:
        """Give what the best frame is, as plain data; empty where there was none.

        Returns:
            ``{"best": {"at_ns", "box", "id", "score"}, "picture"}``: when it was captured, where the thing is that it was
            chosen for, which one that is, the frame's score; and the frame as a JPEG, at the most `MAX_WIDTH` wide.
        """
        if self._luma is None:
            return {}
        return {"best": self._told, "picture": _jpeg(self._luma)}


def _worth(box: Box, total: float) -> float:
    """Give how well a frame shows a thing, 0 to 1: whole, and not one of many."""
    x, y, w, h = box
    is_cut_off = x < _EDGE or y < _EDGE or x + w > 1 - _EDGE or y + h > 1 - _EDGE
    # Of what is cut off, the more there is of it, the better.
    return (CUT_OFF * max(w, h) if is_cut_off else 1.0) * math.sqrt(w * h / total)


def _jpeg(luma: npt.NDArray[np.uint8]) -> bytes:
    rows, columns = luma.shape
    width = min(columns, MAX_WIDTH)
    size = (width, max(1, round(rows * width / columns)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()
