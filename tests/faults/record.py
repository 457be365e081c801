"""The camera's own record of what it gave, which the campaign compares the store with.

A line is written for each thing before the node gets it, so whatever happens to the node, the record has it. It needs no
fsync: programs are killed here, the machine is not.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from picctv_core import h264

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["unit", "result", "notification"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NOT_OF_THE_PICTURE = {h264.SPS, h264.PPS, h264.ACCESS_UNIT_DELIMITER}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a camera gave.

    Attributes:
        kind: what it is.
        camera: ``node/camera``.
        at_ns: its capture time, UTC nanoseconds since the epoch.
        digest: of its content, so that two things of the same time are told apart.
        bytes: its size.
    """

    kind: Kind
    camera: str
    at_ns: int
    digest: str
    bytes: int


class Record:
    """The record of one camera, to be written to; it goes on where an earlier run of the node ended."""

    def __init__(self, folder: Path, camera: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = camera.replace("/", "+") + ".record"
        self._file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, kind: Kind, at_ns: int, content: bytes) -> None:
        """Write down what is about to be given."""
        # One write, so that no kill leaves half a line.
        os.write(self._file, f"{kind} {at_ns} {digest(kind, content)} {len(content)}\n".encode())


def read(folder: Path) -> list[Item]:
    """Give all that the cameras of a folder have written down, camera by camera and in order."""
    found = []
    for path in sorted(folder.glob("*.record")):
        camera = path.stem.replace("+", "/")
        for line in path.read_text(encoding="ascii").splitlines():
            kind, at_ns, own, size = line.split()
            [known] = [known for known in KINDS if known == kind]
            found.append(Item(known, camera, int(at_ns), own, int(size)))
    return found


def digest(kind: Kind, content: bytes) -> str:
    """Give what tells a content from others.

    Of an access unit it is the picture that counts: an MP4 has its parameter sets and its start codes elsewhere.
    """
    if kind == "unit":
        units = h264.iterate_nal_units(content)
        content = h264.to_annexb([unit for unit in units if h264.nal_type(unit) not in _NOT_OF_THE_PICTURE])
    return hashlib.sha256(content).hexdigest()[:20]
