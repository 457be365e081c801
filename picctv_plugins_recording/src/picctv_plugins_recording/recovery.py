"""Clips that were being made when the node, or the plugin's process, was killed: sent as far as they are on the disk."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError, SpoolError
from picctv_core.messages import CLIP, GAP, gap_payload
from picctv_plugins_recording import clip_file
from picctv_plugins_recording.clip import clip_payload

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.camera import Camera

log = logging.getLogger(__name__)

CUT_OFF_CAUSE = (
    "the recording was cut off: what came after the last whole group of pictures on the disk is lost"
)

_AT_LEAST_NS = 5 * 1_000_000_000


class Recovery:
    """The clips that earlier runs have left behind at one camera.

    What is missing after one that was cut off becomes a gap from its end until this run began. Both messages have ids that
    are always the same for the same clip, so that a second crash, before its file is removed, changes nothing.
    """

    def __init__(self, camera: Camera) -> None:
        """Find them: this run begins now."""
        self._camera = camera
        self._began_ns = camera.clock.now_ns()
        self._left = clip_file.left_behind(camera.data)
        self._said = False

    def send(self) -> int:
        """Send what is left, and give how many clips that were. One that the node can't keep now waits for the next call."""
        sent = 0
        left, self._left = self._left, []
        for path in left:
            try:
                sent += self._send(path)
            except SpoolError as error:
                self._left.append(path)
                if not self._said:
                    log.warning("%s: the clip in %s stays there: %s", self._camera.id, path, error)
                self._said = True
                continue
            except (CodecError, OSError) as error:
                log.error("%s: a clip in the making is lost: %s", self._camera.id, error)  # noqa: TRY400 - said, not broken
            path.unlink(missing_ok=True)
        return sent

    def _send(self, path: Path) -> bool:
        camera = self._camera
        found = clip_file.read(path)
        payload: dict[str, Any] | None = None
        if found.units:
            payload = clip_payload(found.units, found.trigger, camera.video)
            payload |= found.ending or {}
            camera.emit(CLIP, payload, captured_at_ns=payload["started_at_ns"], message_id=found.id)
            log.warning("%s: a clip in the making was saved, with %d pictures", camera.id, len(found.units))
        if found.ending is None:
            from_ns = payload["ended_at_ns"] if payload is not None else found.started_at_ns
            # Where the clock was set back in between, until when the other run went on is not known.
            to_ns = self._began_ns if self._began_ns > from_ns else from_ns + _AT_LEAST_NS
            gap = gap_payload(from_ns, to_ns, CUT_OFF_CAUSE)
            gap_id = hashlib.sha256(f"gap after {found.id}".encode()).hexdigest()[:32]
            camera.emit(GAP, gap, captured_at_ns=from_ns, message_id=gap_id)
        return payload is not None
