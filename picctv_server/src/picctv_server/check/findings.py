"""What a check finds, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: ``missing`` or ``damaged`` (bytes that a document speaks of), ``thumbnail`` (one that is not there),
            ``orphan`` (bytes that no document speaks of), ``leftover`` (what a crash left of bytes), ``unreadable`` (the
            disk, or MongoDB, can't say now).
        name: which bytes.
        detail: what it is about, in one line.
        bytes: how many bytes are meant.
        mended: what was done about it; empty where nothing was.
    """

    kind: str
    name: str
    detail: str
    bytes: int = 0
    mended: str = ""


@dataclass
class Counts:
    """How much was looked at.

    Attributes:
        clips: clips.
        clip_bytes: their bytes, as their documents say.
        payloads: payloads that are kept apart.
        entries: names in the clip store.
        others: those of them that are no clip's: a plugin's own, left alone.
        quarantined: names in quarantine, in the clip store and among the payloads.
        quarantined_bytes: their bytes.
    """

    clips: int = 0
    clip_bytes: int = 0
    payloads: int = 0
    entries: int = 0
    others: int = 0
    quarantined: int = 0
    quarantined_bytes: int = 0


@dataclass(frozen=True)
class How:
    """How a check is made.

    Attributes:
        repair: whether what is found is mended.
        fast: whether checksums are left out.
        old_before_s: what was written later is too young to be an orphan, in seconds since the epoch: it may be being written.
        counts: what is counted on the way.
    """

    repair: bool
    fast: bool
    old_before_s: float
    counts: Counts = field(default_factory=Counts)
