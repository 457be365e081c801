"""The library that makes a program's fsync fail and its wall clock wrong; see ``shim.c``."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


def compiler() -> str | None:
    """Give the C compiler; None where there is none."""
    return shutil.which("cc")


def build(folder: Path) -> Path | None:
    """Compile the library into a folder, and give it; None where there is no C compiler."""
    if (cc := compiler()) is None:
        return None
    library = folder / "shim.so"
    subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


class Control:
    """What one program's library is told; the file outlives the program and its next start.

    Args:
        library: what `build` gave.
        path: the control file; made here.
    """

    def __init__(self, library: Path, path: Path) -> None:
        path.write_bytes(bytes(24))
        self.env = {"LD_PRELOAD": str(library), "PICCTV_FAULTS_CONTROL": str(path)}
        with path.open("r+b") as file:
            self._mapped = mmap.mmap(file.fileno(), 24)

    def step_clock(self, seconds: float) -> None:
        """Set how far the wall clock is off, in seconds."""
        self._mapped[:8] = struct.pack("=q", round(seconds * 1e9))

    def fail_fsync(self, *, fail: bool) -> None:
        """Let fsync and fdatasync fail with an input/output error, or work again."""
        self._mapped[8:16] = struct.pack("=q", int(fail))

    def keep_clock(self, *, kept: bool) -> None:
        """Let the kernel say that something keeps the clock, NTP for example, or that nothing does."""
        self._mapped[16:] = struct.pack("=q", 1 if kept else 2)
