"""The motion plugin's other detector, on the vectors of H.264 encoders: what it finds, and what it and its vectors take.

Files that are H.264 are taken as they are: the vectors are those of the cameras' own encoders. What is not is encoded as a Raspberry Pi
does it, without B-frames and with one reference, by x264: no Pi was there to do it. Run by itself, this module measures instructions.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.codec.context import Flags2
from av.video.frame import PictureType

from picctv_core.sources.vectors import vectors_of
from picctv_core.testing import START_NS
from picctv_plugins_motion.settings import MotionSettings
from picctv_plugins_motion.vectors import VectorDetector
from tests.bench.motion import hard_cases
from tests.bench.motion.accuracy import hard_summary, summary
from tests.bench.motion.costs import CONTENTS, RATE, ROOT, SIZES, Reel
from tests.bench.motion.detectors import OURS
from tests.bench.motion.pictures import decoded, rate_of
from tests.bench.motion.scoring import Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from av.video.frame import VideoFrame

    from picctv_core.frames import MotionVectors
    from tests.bench.motion.hard_cases import Case
    from tests.bench.motion.scoring import Truth

LIKE_A_PI = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "profile": "baseline",
    "bf": "0",
    "refs": "1",
    "g": "60",
    "sc_threshold": "0",
    "crf": "23",
}
"""The key pictures of a Pi come every 60 pictures unless it is told otherwise."""

HARD_SIZE = (640, 480)
"""The drawn scenes are larger here: a far walker in 320x240 would not fill a block."""

_PERIOD_NS = round(1e9 / RATE)
_SETTLED = 12


def measure(folder: Path, truths: dict[str, Truth], cases: list[Case], *, short: bool) -> dict[str, Any]:
    """Give all figures; few of them, of little, where it is only to be shown that they can be made."""
    sizes = list(SIZES)[: 1 if short else None]
    return {
        "footage": on_footage(folder, truths, 30 if short else None),
        "hard_cases": on_hard_cases(cases, [1] if short else [1, 2], 4.0 if short else None),
        "speed": speed(sizes, 1 if short else 7),
        "instructions": None if short else instructions(["640x480", "1920x1080"]),
    }


def encoded(pictures: Iterable[VideoFrame]) -> Iterator[av.Packet[Any]]:
    """Encode pictures, one packet for each."""
    encoder: Any = None
    for number, picture in enumerate(pictures):
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuv420p"
            encoder.time_base, encoder.framerate, encoder.thread_count = Fraction(1, 30), 30, 1
            encoder.options = dict(LIKE_A_PI)
        native = picture.reformat(format="yuv420p")
        native.pts, native.time_base, native.pict_type = number, encoder.time_base, PictureType.NONE
        yield from encoder.encode(native)


def decoder(*, exports: bool) -> Any:
    """Give an H.264 decoder, which tells of motion vectors or does not."""
    made: Any = av.CodecContext.create("h264", "r")
    made.thread_count = 1
    if exports:
        made.flags2 |= Flags2.export_mvs
    return made


def vectors_in(path: Path) -> Iterator[tuple[int, MotionVectors | None]]:
    """Give the number of each picture of a file, and its vectors, with the time by the file's average rate."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        rate, is_h264 = rate_of(stream), stream.codec_context.name == "h264"
        if is_h264:
            stream.codec_context.thread_count = 1
            stream.codec_context.flags2 |= Flags2.export_mvs
            for number, frame in enumerate(container.decode(stream)):
                yield number, vectors_of(frame, START_NS + round(number * 1e9 / rate))
    if not is_h264:
        once_more = decoder(exports=True)
        for number, packet in enumerate(encoded(frame for _, _, frame in decoded(path))):
            for frame in once_more.decode(packet):
                yield number, vectors_of(frame, START_NS + round(number * 1e9 / rate))


def on_footage(folder: Path, truths: dict[str, Truth], limit: int | None) -> dict[str, Any]:
    """Give rates in all and of each file; pictures without vectors, which nobody is asked about, are not scored."""
    found: dict[str, Answers] = {}
    for name in truths:
        detector, answers = VectorDetector(MotionSettings()), Answers()
        for number, vectors in islice(vectors_in(folder / name), limit):
            if vectors is not None:
                _ask(detector, vectors, number, answers)
        found[name] = answers
    return summary({OURS: found}, truths, {OURS: None})[OURS]


def on_hard_cases(cases: list[Case], seeds: list[int], duration_s: float | None) -> dict[str, Any]:
    """Give by case the part of empty pictures that trigger, and that of pictures with somebody."""
    found: dict[str, Any] = {}
    for case in cases:
        runs: list[tuple[Answers, dict[int, bool]]] = []
        for seed in seeds:
            for peopled in (False, True) if case.peopled else (False,):
                detector, answers, labels = VectorDetector(MotionSettings()), Answers(), dict[int, bool]()
                drawn = list(
                    hard_cases.frames(case, peopled=peopled, seed=seed, duration_s=duration_s, size=HARD_SIZE)
                )
                once_more = decoder(exports=True)
                for (number, at_ns, _, moving), packet in zip(
                    drawn, encoded(frame for _, _, frame, _ in drawn), strict=True
                ):
                    for frame in once_more.decode(packet):
                        if (vectors := vectors_of(frame, at_ns)) is not None:
                            _ask(detector, vectors, number, answers)
                            if moving is not None:
                                labels[number] = moving
                runs.append((answers, labels))
        found[case.name] = {OURS: runs}
    return {case: rows[OURS] for case, rows in hard_summary(found, {}).items()}


def _ask(detector: VectorDetector, vectors: MotionVectors, number: int, answers: Answers) -> None:
    began = time.perf_counter()
    found = detector.apply(vectors)
    answers.ms.append(1000 * (time.perf_counter() - began))
    answers.scores[number], answers.decided[number] = found.area, found.triggered


def speed(sizes: list[str], rounds: int) -> dict[str, Any]:
    """Measure ms a picture of what the vectors take, in turn: medians over rounds.

    Returns:
        By size and content: ``decode``, ``decode_export`` (the same, telling of vectors), ``grid`` (making them a grid) and
        ``detect``.
    """
    found: dict[str, Any] = {}
    for size in sizes:
        for content in CONTENTS:
            packets, vectors = _encoded_reel(size, content)
            detector = VectorDetector(MotionSettings())
            for told in vectors:
                detector.apply(told)
            steps: dict[str, Callable[[], int]] = {
                "decode": lambda packets=packets: _decode(packets, exports=False),  # type: ignore[misc]
                "decode_export": lambda packets=packets: _decode(packets, exports=True),  # type: ignore[misc]
            }
            took: dict[str, list[float]] = defaultdict(list)
            frames = [frame for frame in _frames(packets) if vectors_of(frame, 0) is not None]
            for turn in range(1, rounds + 1):
                for name, step in steps.items():
                    began = time.perf_counter()
                    pictures = step()
                    took[name].append(1000 * (time.perf_counter() - began) / pictures)
                began = time.perf_counter()
                for frame in frames:
                    vectors_of(frame, 0)
                took["grid"].append(1000 * (time.perf_counter() - began) / len(frames))
                later = [_later(told, turn * len(packets) * _PERIOD_NS) for told in vectors]
                began = time.perf_counter()
                for told in later:
                    detector.apply(told)
                took["detect"].append(1000 * (time.perf_counter() - began) / len(later))
            found.setdefault(size, {})[content] = {
                name: round(statistics.median(times), 4) for name, times in took.items()
            }
    return found


def _encoded_reel(size: str, content: str) -> tuple[list[bytes], list[MotionVectors]]:
    reel = Reel(SIZES[size], content)
    packets = [bytes(packet) for packet in encoded(reel.frame(number) for number in range(40))]
    vectors = [
        told
        for number, frame in enumerate(_frames(packets))
        if (told := vectors_of(frame, START_NS + number * _PERIOD_NS)) is not None
    ]
    return packets, vectors


def _frames(packets: list[bytes]) -> Iterator[VideoFrame]:
    made = decoder(exports=True)
    for packet in packets:
        yield from made.decode(av.Packet(packet))


def _decode(packets: list[bytes], *, exports: bool) -> int:
    made = decoder(exports=exports)
    return sum(len(made.decode(av.Packet(packet))) for packet in packets)


def _later(told: MotionVectors, by_ns: int) -> MotionVectors:
    return type(told)(told.captured_at_ns + by_ns, told.x, told.y, told.sad, told.predicted)


def instructions(sizes: list[str]) -> dict[str, Any] | None:
    """Count instructions a picture with valgrind, of the grid and of the detector; None where it is not installed."""
    if shutil.which("valgrind") is None or shutil.which("callgrind_control") is None:
        return None
    found: dict[str, Any] = {}
    for size in sizes:
        for content in CONTENTS:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder, "out")
                command = [
                    "valgrind",
                    "--tool=callgrind",
                    "--instr-atstart=no",
                    f"--callgrind-out-file={out}",
                ]
                command += [sys.executable, "-m", "tests.bench.motion.vectors", size, content]
                done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
                assert done.returncode == 0, done.stderr
                pictures = json.loads(done.stdout.splitlines()[-1])
                counted = {}
                for part, name in enumerate(("grid", "detect"), 1):
                    lines = Path(f"{out}.{part}").read_text(encoding="utf-8").splitlines()
                    [total] = [line.split()[1] for line in lines if line.startswith("totals:")]
                    counted[name] = round(int(total) / pictures)
            found.setdefault(size, {})[content] = counted
    return found


def _count(size: str, content: str) -> None:
    """Under callgrind: make it count while a grid is made of vectors, and while a detector looks at them."""
    packets, vectors = _encoded_reel(size, content)
    frames = [frame for frame in _frames(packets) if vectors_of(frame, 0) is not None][_SETTLED:]
    detector = VectorDetector(MotionSettings())
    for told in vectors[:_SETTLED]:
        detector.apply(told)
    for work in (
        lambda: [vectors_of(frame, 0) for frame in frames],
        lambda: [detector.apply(told) for told in vectors[_SETTLED:]],
    ):
        _tell("-i", "on")
        _tell("-z")
        work()
        _tell("-d")
        _tell("-i", "off")
    print(len(frames))


def _tell(*words: str) -> None:
    subprocess.run(["callgrind_control", *words, str(os.getpid())], check=True, capture_output=True)


if __name__ == "__main__":
    _count(*sys.argv[1:])
