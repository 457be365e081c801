"""The detectors that are compared, each behind the same small interface.

OpenCV's come with it. The others are there where somebody has installed them; otherwise they are left out, and it is said how they would get there. None
of their code is here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.settings import MotionSettings
from tests.bench.motion import frigate_checkout

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.motion.pictures import Bytes, Picture

OURS = "picctv"
GREY = "MOG2 grey"
FRIGATE = "Frigate"
DVR_SCAN_SCORE = 0.15
SCREEN = DVR_SCAN_SCORE / 255
"""The default of OpenCV's detectors, which have none for a whole picture: DVR-Scan's, 0.06 % of the picture."""

SENSITIVITIES = (0.0, 0.25, 0.75, 1.0)
"""Of our detector, beside the default 0.5: the points of its curve."""

_THREE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Found:
    """What a detector says about one picture.

    Attributes:
        score: the part of the picture that it takes for moving, 0 to 1.
        triggered: its own decision; None where it makes none and the benchmark compares the score with a threshold.
        mask: (rows, columns) uint8, more than 0 where something moves, in any size; None where there is none.
    """

    score: float
    triggered: bool | None
    mask: Bytes | None


class Detector(Protocol):
    """What is compared. One object sees the pictures of one file, in order."""

    def apply(self, picture: Picture) -> Found:
        """Look at the next picture, on one thread."""


class Subtractor:
    """One of OpenCV's background subtractors, and a 3x3 open against single pixels."""

    def __init__(self, made: Any, *, colour: bool) -> None:
        self._made = made
        self._colour = colour

    def apply(self, picture: Picture) -> Found:
        mask = self._made.apply(picture.colours if self._colour else picture.luma)
        # 127 is a shadow
        _, mask = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _THREE), np.uint8)
        return Found(cv2.countNonZero(mask) / mask.size, None, mask)


class DvrScan:
    """DVR-Scan's detector as its scanner makes it: MOG2 on grey, an open by the picture's width, the mean of the mask."""

    def __init__(self) -> None:
        self._detector: Any = None

    def apply(self, picture: Picture) -> Found:
        if self._detector is None:
            rows, columns = picture.luma.shape
            kernel = 7 if columns >= 1920 else 5 if columns >= 1280 else 3
            subtractor = importlib.import_module("dvr_scan.subtractor").SubtractorMOG2(kernel_size=kernel)
            detector = importlib.import_module("dvr_scan.detector")
            self._detector = detector.MotionDetector(subtractor, (columns, rows), 1, None)
        found = self._detector.update(picture.colours)
        return Found(float(found.score) / 255, None, found.subtracted)


class Ours:
    """The motion plugin's detector, by its public interface."""

    def __init__(self, **settings: Any) -> None:
        self._detector = MotionDetector(MotionSettings(**settings))

    def apply(self, picture: Picture) -> Found:
        found = self._detector.apply(picture.luma, picture.captured_at_ns)
        mask = getattr(found, "mask", None)
        return Found(found.area, bool(found.triggered), None if mask is None else mask.astype(np.uint8))


class Frigate:
    """Frigate's detector, from a checkout: any box is motion."""

    def __init__(self) -> None:
        self._detector = frigate_checkout.Frigate()

    def apply(self, picture: Picture) -> Found:
        return Found(self._detector.area(picture), None, None)


def _mog2_colour() -> Detector:
    return Subtractor(cv2.createBackgroundSubtractorMOG2(), colour=True)


def _mog2_grey() -> Detector:
    return Subtractor(cv2.createBackgroundSubtractorMOG2(detectShadows=False), colour=False)


def _knn_colour() -> Detector:
    return Subtractor(cv2.createBackgroundSubtractorKNN(), colour=True)


def _cnt_grey() -> Detector:
    contributed: Any = vars(cv2)["bgsegm"]
    return Subtractor(contributed.createBackgroundSubtractorCNT(isParallel=False), colour=False)


def detectors() -> dict[str, Callable[[], Detector]]:
    """Give what makes each detector that is installed, by its name; ours first."""
    cv2.setNumThreads(1)
    found: dict[str, Callable[[], Detector]] = {
        OURS: Ours,
        "MOG2 colour": _mog2_colour,
        GREY: _mog2_grey,
        "KNN colour": _knn_colour,
    }
    optional: dict[str, Callable[[], Detector]] = {
        "DVR-Scan": DvrScan,
        "CNT grey": _cnt_grey,
        FRIGATE: Frigate,
    }
    lacking = missing()
    return found | {name: make for name, make in optional.items() if name not in lacking}


def missing() -> dict[str, str]:
    """Give the detectors that are not installed, each with what would install it."""
    lacking = {}
    try:
        importlib.import_module("dvr_scan.detector")
    except ImportError:
        lacking["DVR-Scan"] = (
            # its own dependencies would bring another OpenCV
            ".tools/bin/uv pip install --python .nox/bench --no-deps dvr-scan scenedetect screeninfo tqdm platformdirs"
        )
    if not hasattr(getattr(cv2, "bgsegm", None), "createBackgroundSubtractorCNT"):
        lacking["CNT grey"] = (
            ".tools/bin/uv pip install --python .nox/bench --no-deps --reinstall opencv-contrib-python-headless"
        )
    if (why := frigate_checkout.lacking()) is not None:
        lacking[FRIGATE] = why
    return lacking


def thresholds() -> dict[str, float | None]:
    """Give from which score on each installed detector takes a picture for motion by default; None where it decides by itself."""
    own = {OURS: None, FRIGATE: 0.0}
    return {name: own.get(name, SCREEN) for name in detectors()}


def swept() -> dict[float, Callable[[], Detector]]:
    """Give ours at other sensitivities than the default."""
    return {value: partial(Ours, sensitivity=value) for value in SENSITIVITIES}
