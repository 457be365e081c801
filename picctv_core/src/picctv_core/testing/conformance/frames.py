"""Clauses about what an analyzer is given: frames of any size and time, motion vectors, access units."""

from __future__ import annotations

import statistics
import zlib
from typing import TYPE_CHECKING

import numpy as np

from picctv_core.frames import AnalysisFormat, Frame, MotionVectors
from picctv_core.inputs import ANALYZE, VECTORS
from picctv_core.testing.camera import FakeCamera
from picctv_core.testing.clock import FakeClock
from picctv_core.testing.conformance.base import Clauses
from picctv_core.testing.scenes import START_NS
from picctv_core.testing.scenes import scene as make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from picctv_core.testing.runner import AnalyzerRunner

_NS = 1_000_000_000
_SIZES = ((16, 16), (17, 31), (160, 120), (333, 251), (640, 360), (1280, 720))
_GRIDS = ((1, 1), (2, 1), (15, 20), (30, 40), (68, 120))
_PADDING = 24
_RATE = 10.0


class FrameClauses(Clauses):
    """What goes into it."""

    def test_frames_are_left_unchanged(self) -> None:
        """It writes into no frame: other plugins look at the same memory at the same time.

        `frame.luma` is read-only; making it writable, or handing it to a library that writes, changes what the others
        see. Take a copy to draw on. The padding between the rows is not the plugin's either.
        """
        with self._folder() as folder, self._runner(self._camera(folder)) as runner:
            for frame in self._frames():
                padded, memory = _padded(frame)
                before = zlib.crc32(memory.tobytes())
                with self._blaming(f"analysing frame {frame.sequence}, whose rows are padded"):
                    runner.frame(padded)
                if zlib.crc32(memory.tobytes()) != before:
                    self._broken(f"it wrote into frame {frame.sequence}; work on a copy: frame.luma.copy()")

    def test_frames_of_any_size_are_taken(self) -> None:
        """Frames of every size that a camera can be set to are analysed: 16x16 to HD, odd ones and padded rows too.

        ``analysis = "333x251@5"`` is a person's right. Where something can't be done in so small a picture, say nothing
        of it, or raise in `__init__` with the sizes that are possible.
        """
        for width, height in _SIZES:
            with self._folder() as folder:
                runner = self._sized(width, height, folder)
                if not runner.takes(ANALYZE):
                    return
                with self._blaming(f"analysing frames of {width}x{height}"), runner:
                    for frame in make_scene(self.scene, width, height, duration_s=0.3).frames():
                        runner.frame(_padded(frame)[0])

    def test_holes_in_time_are_taken(self) -> None:
        """Frames that are missing, a camera that was away for an hour, and two frames at one time do no harm.

        Frames are dropped when a plugin is late or a network is; durations come from `captured_at_ns`, never from
        counting frames or by dividing by a pause that may be 0.
        """
        frames = self._frames()
        shifts = {len(frames) // 4: 30 * _NS, len(frames) // 2: 3600 * _NS}
        late_ns = skipped = 0
        odd: list[Frame] = []
        for number, frame in enumerate(frames):
            late_ns += shifts.get(number, 0)
            skipped += 100 if number in shifts else 0
            odd.append(Frame(frame.luma, frame.captured_at_ns + late_ns, frame.sequence + skipped))
            if number % 7 == 0:
                skipped += 1
                odd.append(Frame(frame.luma, frame.captured_at_ns + late_ns, frame.sequence + skipped))
        with self._folder() as folder:
            camera = self._camera(folder)
            camera.clock = clock = FakeClock(START_NS)
            with self._runner(camera) as runner:
                for frame in odd:
                    what = f"analysing frame {frame.sequence}, before which frames or time are missing"
                    with self._blaming(what):
                        runner.frame(frame)
                clock.advance(3600)
                with self._blaming("being asked for its health an hour after the last frame"):
                    runner.health()

    def test_time_budget_is_kept(self) -> None:
        """Its median call takes less than a part of the pause between two frames: `time_budget`, all of it by default.

        Measured at 320x240 and 10 frames a second, so at 100 ms. One that is slower gets fewer frames than the camera is
        set to, and the drops show in its status.
        """
        seconds = self._life(units=()).seconds.get(ANALYZE, [])
        allowed = self.time_budget / _RATE
        if seconds and (median := statistics.median(seconds)) > allowed:
            self._broken(
                f"its median frame takes {1000 * median:.1f} ms, {1000 * allowed:.1f} ms are allowed; do less, or set "
                "time_budget and tell people a lower analysis rate"
            )

    def test_motion_vectors_are_taken(self) -> None:
        """Motion vectors of every size, without what some encoders don't tell, and with holes in time, are taken.

        `vectors.sad` and `vectors.predicted` may be None, rows may be padded, pictures may be missing, and a camera that
        comes back may have another size. All arrays are left unchanged: other plugins look at them at the same time.
        """
        with self._folder() as folder, self._runner(self._camera(folder)) as runner:
            if not runner.takes(VECTORS):
                return
            for vectors in _odd_vectors():
                arrays = [
                    array
                    for array in (vectors.x, vectors.y, vectors.sad, vectors.predicted)
                    if array is not None
                ]
                before = [array.tobytes() for array in arrays]
                what = f"taking motion vectors of {vectors.x.shape[1]}x{vectors.x.shape[0]} blocks"
                with self._blaming(what):
                    runner.vectors(vectors)
                if before != [array.tobytes() for array in arrays]:
                    self._broken(f"{what}, it wrote into them; work on a copy")

    def test_access_units_are_taken(self) -> None:
        """Video that begins between key units, has a hole, or changes its size does no harm.

        A node starts while a camera runs; a network drops; a camera is set to another size and comes back.
        """
        units = self._units()
        later = [
            type(unit)(unit.captured_at_ns + 3600 * _NS, unit.is_key, unit.annexb)
            for unit in self._units(160, 120)
        ]
        odd = [*units[1 : len(units) // 3], *units[len(units) // 2 :], *later]
        with self._folder() as folder, self._runner(self._camera(folder)) as runner:
            for number, unit in enumerate(odd):
                with self._blaming(f"taking access unit {number} of a video with holes"):
                    runner.unit(unit)

    def _sized(self, width: int, height: int, folder: Path) -> AnalyzerRunner:
        form = AnalysisFormat(width, height, _RATE)
        return self._runner(FakeCamera(folder / "data", FakeClock(START_NS), analysis=form))


def _odd_vectors() -> Iterator[MotionVectors]:
    chance = np.random.default_rng(1)
    at_ns = START_NS
    for rows, columns in _GRIDS:
        for number in range(6):
            at_ns += (0, 100_000_000, 3600 * _NS)[number % 3]
            x, y = chance.integers(-128, 128, (2, rows, columns + 1), np.int8)[..., :-1]
            sad = chance.integers(0, 65_280, (rows, columns), np.uint16) if number % 2 else None
            predicted = chance.random((rows, columns)) < 0.9 if number > 3 else None
            for array in (x, y, sad, predicted):
                if array is not None:
                    array.flags.writeable = False
            yield MotionVectors(at_ns, x, y, sad, predicted)


def _padded(frame: Frame) -> tuple[Frame, npt.NDArray[np.uint8]]:
    """Give a copy of a frame with padded rows, and the memory that it lies in, the padding included."""
    rows, columns = frame.luma.shape
    memory = np.full((rows, columns + _PADDING), 0xA5, np.uint8)
    memory[:, :columns] = frame.luma
    view = memory[:, :columns]
    view.flags.writeable = False
    return Frame(view, frame.captured_at_ns, frame.sequence), memory
