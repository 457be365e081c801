"""Measures detectors in a process of their own: `python -m tests.bench.motion.alone WHAT ...`."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.bench.motion.costs import SIZES, Reel, shown
from tests.bench.motion.detectors import detectors

SEEN = 30
SETTLED = 25


def memory(size: str, name: str) -> None:
    """Print by how many bytes the process grew at most while a detector saw its first pictures."""
    reel = Reel(SIZES[size], "busy")
    make = detectors()[name]
    # an own one has loaded what all share: libraries, and OpenCV's buffers
    tiny = Reel((64, 48), "busy")
    other = make()
    for picture in shown(tiny, 0, 3):
        other.apply(picture)
    # what was freed meanwhile goes back to the system; a detector that took it up would seem to need nothing
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: proc(5)
    before = _status("VmRSS")
    detector = make()
    for picture in shown(reel, 0, SEEN):
        detector.apply(picture)
    print(max(0, _status("VmHWM") - before))


def instructions(size: str, content: str, pictures: str, *names: str) -> None:
    """Under callgrind: make it count while each detector sees so many pictures, and dump what it counted."""
    reel = Reel(SIZES[size], content)
    for name in names:
        detector = detectors()[name]()
        for picture in shown(reel, 0, SETTLED):
            detector.apply(picture)
        _tell("-i", "on")
        _tell("-z")
        for picture in shown(reel, SETTLED, int(pictures)):
            detector.apply(picture)
        _tell("-d")
        _tell("-i", "off")


def _status(key: str) -> int:
    found = re.search(
        rf"^{key}:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found, f"no {key} in /proc/self/status"
    return int(found[1]) * 1024


def _tell(*words: str) -> None:
    subprocess.run(["callgrind_control", *words, str(os.getpid())], check=True, capture_output=True)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    (memory if what == "memory" else instructions)(*arguments)
