"""Why motion triggered: what it said of each frame of a clip, small enough to be drawn over the video as it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_plugins_motion import history
from picctv_plugins_motion.reports import Seen, seen
from picctv_server import queries

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_server.models import Clip

SECOND = 1_000_000_000

PAGE_S = 30
"""A long clip is read in pieces: as many seconds of it are less than a thousand frames, and about 100 kB."""


def page(clip: Clip, number: int) -> dict[str, Any]:
    """Give what was said of the frames of a piece of a clip.

    Args:
        clip: the clip.
        number: which piece, from 0.

    Returns:
        Plain data for JSON: ``page`` and ``pages``; ``zones`` and ``ignore`` of the camera; ``names`` of zones;
        and ``frames``, each ``[seconds into the clip, whether it triggered (0 or 1), score, area, boxes, ids of the boxes,
        indices of its zones in names, mask]``. The mask is None, or its rows and columns and then how many cells follow each
        other that do not move, that move, that do not, and so on.
    """
    from_ns = clip.started_at_ns + number * PAGE_S * SECOND
    to_ns = min(from_ns + PAGE_S * SECOND, clip.ended_at_ns)
    names: dict[str, int] = {}
    told = history.zones(clip.camera)
    frames = [
        _frame((at_ns - clip.started_at_ns) / SECOND, said, names)
        for at_ns, result in queries.results_between(clip.camera, "motion", from_ns, to_ns)
        if (said := seen(result)) is not None
    ]
    return {
        "page": number,
        "pages": pages(clip),
        "zones": told.zones,
        "ignore": told.ignore,
        "names": list(names),
        "frames": frames,
    }


def pages(clip: Clip) -> int:
    """Give how many pieces a clip has."""
    return int(-(-(clip.ended_at_ns - clip.started_at_ns) // (PAGE_S * SECOND)))


def run_lengths(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Give how many cells in a row are false, then true, then false, and so on, row by row: what is connected is few runs.

    Args:
        mask: (rows, columns) bool.
    """
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs: list[int] = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    return [0, *runs] if flat[0] else runs


def _frame(at_s: float, said: Seen, names: dict[str, int]) -> list[Any]:
    mask = None if said.mask is None else [*said.mask.shape, *run_lengths(said.mask)]
    return [
        round(at_s, 3),
        int(said.triggered),
        said.score,
        said.area,
        [[round(edge, 4) for edge in box] for box in said.boxes],
        said.ids if len(said.ids) == len(said.boxes) else [],
        [names.setdefault(zone, len(names)) for zone in said.zones],
        mask,
    ]
