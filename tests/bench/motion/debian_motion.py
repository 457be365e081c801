"""Debian's `motion`, the program, on the same files.

It reads a file as a network camera, at the file's own pace, and in setup mode logs how many pixels have changed each time that this is another number.
Its log is stamped as it arrives, and laid over the file between the moments at which motion opens it and reaches its end: exact to some tenths of a
second. Motion looks three times a second until it sees something, whatever the rate; what it said last holds until it says something else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import time
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

import av

from tests.bench.motion.pictures import length_of

if TYPE_CHECKING:
    from collections.abc import Iterable

THRESHOLD_PIXELS = 1500
"""Motion's default, whatever the picture's size."""

AT_ONCE = 4
_CHANGES = re.compile(r"Changes: +(\d+)")


def available() -> str | None:
    """Give the version; None where it is not installed."""
    program = shutil.which("motion")
    if program is None:
        return None
    said = subprocess.run([program, "-h"], capture_output=True, text=True)
    found = re.search(r"(?i)motion version (\S+?),", said.stdout + said.stderr)
    return found[1] if found else "unknown"


def watch(paths: Iterable[Path]) -> dict[str, dict[int, float]]:
    """Let motion see files, some at a time, each as long as it lasts.

    Returns:
        By the file's name and the number of each frame: the part of the picture that has changed.
    """
    waiting = sorted(paths, key=lambda path: -_seconds(path))
    found: dict[str, dict[int, float]] = {}

    def work() -> None:
        while True:
            try:
                path = waiting.pop(0)
            except IndexError:
                return
            found[path.name] = _watch_one(path)

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _seconds(path: Path) -> float:
    rate, count = length_of(path)
    return count / rate


def pixels(path: Path) -> int:
    """Give how many pixels the pictures of a file have."""
    width, height = _size(path)
    return width * height


def _size(path: Path) -> tuple[int, int]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        return stream.codec_context.width, stream.codec_context.height


def _watch_one(path: Path) -> dict[int, float]:
    rate, count = length_of(path)
    width, height = _size(path)
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "motion.conf")
        lines = {
            "daemon": "off",
            "setup_mode": "on",
            "log_level": "7",
            "native_language": "off",
            "netcam_url": f"file://{path.resolve()}",
            "width": width,
            "height": height,
            "framerate": max(2, round(rate)),
            "target_dir": folder,
            "picture_output": "off",
            "movie_output": "off",
            "webcontrol_port": 0,
            "stream_port": 0,
        }
        settings.write_text("".join(f"{key} {value}\n" for key, value in lines.items()), encoding="utf-8")
        return _laid_over(_changes(settings, 3 * count / rate + 20), count, width * height)


def _changes(settings: Path, limit_s: float) -> list[tuple[float, int]]:
    """Run motion once through its file: what it says, each with the time as a part of the file, 0 to 1."""
    said: list[tuple[float, int]] = []
    began = ended = 0.0
    with subprocess.Popen(
        ["motion", "-n", "-s", "-c", str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        guard = threading.Timer(limit_s, process.terminate)
        guard.start()
        assert process.stdout is not None
        for line in process.stdout:
            now = time.monotonic()
            if not began and re.search(r"Camera .* connected", line):
                began = now
            elif not ended and "End of file" in line:
                ended = now
                process.terminate()
            elif not ended and (found := _CHANGES.search(line)):
                said.append((now, int(found[1])))
        guard.cancel()
    assert began, f"motion did not open its file: {settings}"
    assert ended, f"motion did not reach the end of its file: {settings}"
    return [((now - began) / (ended - began), changes) for now, changes in said]


def _laid_over(said: list[tuple[float, int]], count: int, pixels: int) -> dict[int, float]:
    times = [at for at, _ in said]
    scores = {}
    for number in range(count):
        last = bisect_right(times, (number + 0.5) / count) - 1
        scores[number] = said[last][1] / pixels if last >= 0 else 0.0
    return scores
