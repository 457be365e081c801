"""Seeing that MongoDB and the clip store agree: no clip without bytes, no bytes without clip, every checksum right.

Beside servers that run. What they change meanwhile is looked at twice, and what is too young to be an orphan is left
alone. What is mended is told, and nothing that may be of worth is deleted: orphans and damaged bytes go into quarantine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_server import payloads
from picctv_server.check import of_clips, of_payloads
from picctv_server.check.findings import Counts, Finding, How

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from picctv_core.clock import Clock
    from picctv_server.clips import ClipStore

__all__ = ["ORPHAN_AGE_S", "Counts", "Finding", "check", "empty_quarantine"]

ORPHAN_AGE_S = 3600.0
"""Bytes younger than this are no orphans: their document may be about to be written."""


def check(
    store: ClipStore,
    clock: Clock,
    counts: Counts,
    *,
    repair: bool = False,
    fast: bool = False,
    orphan_age_s: float = ORPHAN_AGE_S,
    progress: Callable[[str, Counts], None] = lambda _step, _counts: None,
) -> Iterator[Finding]:
    """Check everything; what is found comes as it is found.

    Args:
        store: the clip store.
        clock: the time.
        counts: what was looked at is counted in it.
        repair: whether what is found is mended at once.
        fast: whether checksums are left out, and only sizes compared.
        orphan_age_s: how old bytes have to be before they can be orphans.
        progress: called often, with the step's name.
    """
    how = How(repair, fast, clock.now_ns() / 1e9 - orphan_age_s, counts)
    steps: dict[str, Iterator[Finding | None]] = {
        "clips": of_clips.clips(store, how),
        "the clip store": of_clips.orphans(store, how),
        "leftovers of clips": of_clips.leftovers(store, how),
        "payloads": of_payloads.owners(how),
        "payloads without documents": of_payloads.orphans(how),
        "leftovers of payloads": of_clips.leftovers(payloads.bucket(), how),
    }
    for step, findings in steps.items():
        for found in findings:
            progress(step, counts)
            if found is not None:
                yield found
    for one in (store, payloads.bucket()):
        for entry in one.quarantined():
            counts.quarantined += 1
            counts.quarantined_bytes += entry.bytes


def empty_quarantine(store: ClipStore) -> tuple[int, int]:
    """Remove for good what is in quarantine; give how many names and bytes that were."""
    names = size = 0
    for one in (store, payloads.bucket()):
        for entry in list(one.quarantined()):
            one.release(entry.name)
            names, size = names + 1, size + entry.bytes
    return names, size
