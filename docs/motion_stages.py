"""Draws the pictures of docs/explanation/motion.md: what the motion detector sees, stage by stage.

``python docs/motion_stages.py`` writes them to docs/images. They are drawn from the scenes of `picctv_core.testing`, so that
no real footage is needed, and the same pictures come out each time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_core.testing import scene
from picctv_plugins_motion.align import Aligner, moved_back
from picctv_plugins_motion.background import Background
from picctv_plugins_motion.details import EventDetails
from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.settings import MotionSettings
from picctv_plugins_motion.zones import Zones

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

IMAGES = Path(__file__).resolve().parent / "images"

_SETTINGS = MotionSettings()
_LEARNT = 20  # pictures at the beginning of each scene in which nobody is to be seen


def main(folder: Path = IMAGES) -> int:
    """Write the pictures into a folder."""
    for name, picture in {**walking(), **shaking(), **passing()}.items():
        cv2.imwrite(str(folder / f"motion-{name}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


def walking() -> dict[str, Bytes]:
    """Draw somebody who walks: the picture, the band, the changed cells, the new edges, and the thing."""
    shots = list(scene("walking", seed=1))
    chosen = max(range(len(shots)), key=lambda index: _walkers_area(shots[index].boxes))
    detector = MotionDetector(_SETTINGS)
    found = [detector.apply(shot.frame.luma, shot.frame.captured_at_ns) for shot in shots[: chosen + 1]][-1]
    picture = np.array(shots[chosen].frame.luma)
    background = _learnt([np.array(shot.frame.luma) for shot in shots[:_LEARNT]])
    gradient = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    new = cv2.subtract(gradient, background.contrast)
    boxed = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    boxed[
        cv2.resize(found.mask.astype(np.uint8), picture.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    ] = (
        80,
        160,
        255,
    )
    rows, columns = picture.shape
    for x, y, w, h in found.boxes:
        corner = (round((x + w) * columns), round((y + h) * rows))
        cv2.rectangle(boxed, (round(x * columns), round(y * rows)), corner, (0, 0, 255), 1)
    return {
        "picture": picture,
        "band": cv2.convertScaleAbs(background.tolerance, alpha=3),
        "cells": _cells(picture, background),
        "edges": cv2.convertScaleAbs(new, alpha=3),
        "things": boxed,
    }


def shaking() -> dict[str, Bytes]:
    """Draw a camera in the wind: the changed cells as they are, and after the picture was moved back."""
    pictures = [np.array(shot.frame.luma) for shot in scene("camera shake", seed=1)]
    background = _learnt(pictures[:_LEARNT])
    worst = max(range(len(pictures)), key=lambda index: cv2.countNonZero(_cells(pictures[index], background)))
    shift = Aligner(pictures[0].shape[:2]).shift(pictures[worst], background)
    right, down = (round(part) for part in shift)
    back = moved_back(pictures[worst], right, down, background.value)
    shaken = np.hstack([_cells(pictures[worst], background), _cells(back, background)])
    shaken[:, pictures[0].shape[1] - 1] = 128
    return {"shake": shaken}


def passing() -> dict[str, Bytes]:
    """Draw what is told of an event: the best frame, the box in it, and the way of each thing's feet."""
    detector, details = MotionDetector(_SETTINGS), EventDetails()
    for shot in scene("walking", seed=1):
        luma, at_ns = shot.frame.luma, shot.frame.captured_at_ns
        details.see(detector.apply(luma, at_ns), at_ns, luma)
    told = details.take() or {}
    drawn: Bytes = cv2.imdecode(np.frombuffer(told["picture"], np.uint8), cv2.IMREAD_COLOR)
    scale = np.array([drawn.shape[1], drawn.shape[0]])
    for track in told["tracks"]:
        boxes = np.array([box for _, *box in track["boxes"]])
        feet = boxes[:, :2] + boxes[:, 2:] * [0.5, 1.0]
        cv2.polylines(drawn, [np.round(feet * scale).astype(np.int32)], False, (255, 160, 80), 1, cv2.LINE_AA)
    x, y, w, h = told["best"]["box"]
    corners = np.round([np.multiply((x, y), scale), np.multiply((x + w, y + h), scale)]).astype(int)
    cv2.rectangle(drawn, tuple(corners[0]), tuple(corners[1]), (0, 200, 0), 1)
    return {"event": drawn}


def _walkers_area(boxes: tuple[Any, ...]) -> float:
    """Prefer pictures in which whoever walks is wholly to be seen, and near."""
    return max(((box.right - box.left) * (box.bottom - box.top) for box in boxes if box.moving), default=0.0)


def _learnt(pictures: list[Bytes]) -> Background:
    background = Background(pictures[0], _SETTINGS, Zones(_SETTINGS))
    for seen, picture in enumerate(pictures[1:], 1):
        background.warm_up(picture, seen)
    return background


def _cells(picture: Bytes, background: Background) -> Bytes:
    """Give the changed cells, 255 where changed, as large as the picture."""
    inside = cv2.inRange(picture, background.low, background.high)
    half = (picture.shape[1] // 2, picture.shape[0] // 2)
    cells = cv2.inRange(cv2.resize(inside, half, interpolation=cv2.INTER_AREA), 0, 128)
    whole: Bytes = cv2.resize(cells, picture.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return whole


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
