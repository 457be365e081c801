"""What is told of an event once it has ended: where it was, who went where, and how that looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_plugins_motion.best import BestFrame
from picctv_plugins_motion.tracks import Tracks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from picctv_plugins_motion.detector import Detection


class EventDetails:
    """Gathers the details of the event that goes on. What it keeps is bounded, however long that is."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._zones: dict[str, None] = {}
        self._tracks = Tracks()
        self._best = BestFrame()

    def see(self, found: Detection, captured_at_ns: int, luma: npt.NDArray[np.uint8] | None) -> list[int]:
        """Take what was found in a picture; nothing moving in it is nothing to take.

        Args:
            found: what the detector says of it.
            captured_at_ns: when it was captured.
            luma: the picture, (rows, columns) uint8; left unchanged. None where there is none to show.

        Returns:
            Which thing each box shows, in the order of the boxes: numbers that stay the same until `take`.
        """
        if not found.boxes:
            return []
        self._zones.update(dict.fromkeys(found.zones))
        ids = self._tracks.see(found.boxes, captured_at_ns)
        if luma is not None:
            self._best.see(luma, captured_at_ns, found.boxes, ids, found.score)
        return ids

    def take(self) -> dict[str, Any] | None:
        """Give the details of the event that has ended, and begin with the next one.

        Returns:
            ``zones``, the names of those touched, in the order in which they were; ``tracks``, see `Tracks.told`; and
            where there was a picture ``best`` and ``picture``, see `BestFrame.told`. None where nothing was seen.
        """
        tracks = self._tracks.told()
        if not tracks:
            return None
        details = {"zones": list(self._zones), "tracks": tracks, **self._best.told()}
        self._begin()
        return details
