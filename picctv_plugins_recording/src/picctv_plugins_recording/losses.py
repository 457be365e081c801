"""What could not be recorded, kept until it can be said."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picctv_core.errors import SpoolError

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_plugins_recording.clip_file import ClipFile

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Loss:
    from_ns: int
    to_ns: int
    cause: str
    bytes: int
    files: list[ClipFile] = field(default_factory=list)


class Losses:
    """Stretches of video that are lost, each to become a gap.

    A gap is a message like any other: while the node's disk is full, it can't be sent either. So it waits here, and
    what is lost for the same reason without a break grows one gap instead of making many. What is on the disk of a lost clip
    stays there until its gap is kept: a node that is killed before that knows of the clip by nothing else.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._losses: list[_Loss] = []

    def note(
        self, from_ns: int, to_ns: int, cause: str, lost_bytes: int, file: ClipFile | None = None
    ) -> None:
        """Remember a lost stretch, and the file of the clip that it was."""
        files = [file] if file is not None else []
        last = self._losses[-1] if self._losses else None
        if last is not None and last.cause == cause:
            last.from_ns = min(last.from_ns, from_ns)
            last.to_ns = max(last.to_ns, to_ns)
            last.bytes += lost_bytes
            last.files += files
            return
        log.warning("%s: video is lost: %s", self._camera.id, cause)
        self._losses.append(_Loss(from_ns, to_ns, cause, lost_bytes, files))

    def report(self) -> None:
        """Send what there is as gaps; what can't be sent now stays."""
        while self._losses:
            loss = self._losses[0]
            try:
                self._camera.gap(loss.from_ns, loss.to_ns, loss.cause, loss.bytes)
            except SpoolError as error:
                log.debug("%s: the gap can't be kept yet: %s", self._camera.id, error)
                return
            self._losses.pop(0)
            for file in loss.files:
                file.remove()
