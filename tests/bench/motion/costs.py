"""What the detectors take: time, memory and instructions, each of all on the same pictures."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from av.video.frame import VideoFrame

from picctv_core.sources.luma import luma_of
from picctv_core.testing import START_NS, scene
from tests.bench.motion.detectors import FRIGATE, GREY, OURS, detectors
from tests.bench.motion.pictures import Feed, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.motion.detectors import Detector

ROOT = Path(__file__).resolve().parents[3]
SIZES = {"640x480": (640, 480), "1280x720": (1280, 720), "1920x1080": (1920, 1080)}
CONTENTS = {"quiet": "still", "busy": "walking"}
RATIOS = {"of_mog2_grey": GREY, "of_frigate": FRIGATE}
"""The detectors, where they are installed, of whose time the others' are parts: the most accurate peer, and the fastest."""

THROUGH_THE_TAP = f"{OURS}, scaling included"
RATE = 10.0
DRAWN = 12
NOISE = 1.7
_PERIOD_NS = round(1e9 / RATE)
_WALKING_FROM = 45


class Reel:
    """A dozen pictures of one size, forth and back without end, at ten a second.

    They are drawn at 640x480 and enlarged, with the noise of a sensor of the whole size.

    Args:
        size: columns and rows.
        content: "quiet", or "busy" with somebody who walks all the time.
    """

    def __init__(self, size: tuple[int, int], content: str) -> None:
        rng = np.random.default_rng(5)
        drawn = scene(CONTENTS[content], 640, 480, RATE)
        self._frames = []
        for number in range(DRAWN):
            # `scene` gives brightness; colours are the same grey, for those who want three planes
            luma = cv2.resize(
                np.asarray(drawn.shot(_WALKING_FROM + number).frame.luma),
                size,
                interpolation=cv2.INTER_LINEAR,
            )
            noisy = luma + NOISE * rng.standard_normal(luma.shape, np.float32)
            grey = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
            chroma = np.full((grey.shape[0] // 2, grey.shape[1]), 128, np.uint8)
            self._frames.append(VideoFrame.from_ndarray(np.vstack([grey, chroma]), "yuv420p"))
        self._pictures = [Picture(0, 0, luma_of(frame), frame) for frame in self._frames]
        for picture in self._pictures:
            assert picture.colours.ndim == 3  # made now, not while it is measured

    def frame(self, number: int) -> VideoFrame:
        """Give the decoded frame of a number, from 0 on without end."""
        return self._frames[self._place(number)]

    def picture(self, number: int) -> Picture:
        """Give the picture of a number, with its own time."""
        picture = self._pictures[self._place(number)]
        picture.number, picture.captured_at_ns = number, START_NS + number * _PERIOD_NS
        return picture

    @staticmethod
    def _place(number: int) -> int:
        step = number % (2 * DRAWN - 2)
        return step if step < DRAWN else 2 * DRAWN - 2 - step


class Timed:
    """One detector on one reel, that goes on where it stopped."""

    def __init__(self, detector: Detector, reel: Reel, *, tap: bool = False) -> None:
        self._detector, self._reel = detector, reel
        self._feed = Feed(as_node=True) if tap else None
        self._number = 0
        self.means_ms: list[float] = []
        self.triggered = 0

    def run(self, pictures: int, *, measured: bool = True) -> None:
        """Show it some pictures, and note the mean time of one: learning that comes now and then is in it."""
        numbers = range(self._number, self._number + pictures)
        self._number += pictures
        took = 0.0
        for number in numbers:
            shown, frame = self._reel.picture(number), self._reel.frame(number)
            began = time.perf_counter()
            picture = shown if self._feed is None else self._feed.take(frame, number, shown.captured_at_ns)
            assert picture is not None, "ten a second are what a node takes"
            found = self._detector.apply(picture)
            took += time.perf_counter() - began
            self.triggered += bool(found.triggered)
        if measured:
            self.means_ms.append(1000 * took / pictures)


def speed(sizes: list[str], rounds: int, pictures: int) -> dict[str, Any]:
    """Measure ms a picture: medians over rounds, all detectors in turn in each, so that what else the machine does meets all alike."""
    found: dict[str, Any] = {}
    for size in sizes:
        for content in CONTENTS:
            reel = Reel(SIZES[size], content)
            timed = {name: Timed(make(), reel) for name, make in detectors().items()}
            timed[THROUGH_THE_TAP] = Timed(detectors()[OURS](), reel, tap=True)
            for one in timed.values():
                one.run(pictures, measured=False)
            for _ in range(rounds):
                for one in timed.values():
                    one.run(pictures)
            found.setdefault(size, {})[content] = {
                name: {
                    "ms": round(statistics.median(one.means_ms), 4),
                    "ms_least": round(min(one.means_ms), 4),
                }
                | {
                    ratio: round(
                        statistics.median(
                            a / b for a, b in zip(one.means_ms, timed[other].means_ms, strict=True)
                        ),
                        4,
                    )
                    for ratio, other in RATIOS.items()
                    if other in timed
                }
                for name, one in timed.items()
            }
            found[size][content][OURS]["triggered"] = round(
                timed[OURS].triggered / ((rounds + 1) * pictures), 3
            )
    return found


def memory(sizes: list[str], names: list[str]) -> dict[str, dict[str, int]]:
    """Measure by how much a fresh process grows, at most, while a detector sees its first thirty pictures (bytes)."""
    return {
        size: {name: int(json.loads(_alone("memory", size, name).splitlines()[-1])) for name in names}
        for size in sizes
    }


def instructions(
    size: str, names: list[str], pictures: int, contents: list[str]
) -> dict[str, dict[str, int]] | None:
    """Count instructions a picture with valgrind, which knows no more than AVX2; None where it is not installed."""
    if shutil.which("valgrind") is None or shutil.which("callgrind_control") is None:
        return None
    found: dict[str, dict[str, int]] = {}
    for content in contents:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out")
            valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
            _alone("instructions", size, content, str(pictures), *names, under=valgrind)
            # one dump for each detector, in order; the last one, without a number, is of the end
            for number, name in enumerate(names, 1):
                [total] = [
                    line.split()[1]
                    for line in Path(f"{out}.{number}").read_text(encoding="utf-8").splitlines()
                    if line.startswith("totals:")
                ]
                found.setdefault(name, {})[content] = round(int(total) / pictures)
    return found


def _alone(*arguments: str, under: list[str] | None = None) -> str:
    command = [*(under or []), sys.executable, "-m", "tests.bench.motion.alone", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(reel: Reel, first: int, pictures: int) -> Iterator[Picture]:
    """Give some pictures of a reel."""
    for number in range(first, first + pictures):
        yield reel.picture(number)
