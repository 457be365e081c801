"""What a node does about a clock that is not set yet: messages wait, and are corrected when it is; see `boot_clock`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from picctv_core.messages import GAP, gap_payload
from picctv_core.node.boot_clock import STEP_NS, Unset, is_kept, is_right
from picctv_core.node.runs import Away, this_boot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_core.clock import SystemClock
    from picctv_core.node.runs import Record
    from picctv_core.node.spool import Spool
    from picctv_core.node.watch import Notifier

SET = "The clock of a node was set"
NOT_SET = "The clock of a node is not set"

_AHEAD_NS = 60 * 1_000_000_000
"""A clip ends when its last picture does, and that may be a while from now."""


def look_at_clock(
    clock: SystemClock, before: Record | None, spool: Spool, notifier: Notifier, cameras: Iterable[str]
) -> tuple[Record | None, Unset | None]:
    """Say whether a clock that was just read can be believed; if so, correct what an earlier run had by a wrong one.

    Args:
        clock: the node's.
        before: the record of the run before.
        spool: the node's.
        notifier: tells people what was corrected.
        cameras: the ids of the node's cameras.

    Returns:
        The record as the run that begins has to see it, and that its clock is not known to be right; None where it is.
    """
    boot = this_boot()
    if before is not None and (unset := before.unset) is not None:
        if before.boot != boot.id:
            text = "It was never set while the machine ran before: the times of that run stay wrong."
            notifier.notify("warning", NOT_SET, text)
        elif is_kept() or abs(clock.offset_ns - unset.offset_ns) >= STEP_NS:
            return _correct(clock, before, unset, spool, notifier), None
        else:
            return before, unset
    if is_right(clock, before, boot.id):
        return before, None
    newest, began_ns = spool.newest_results().result(), clock.now_ns()
    away: dict[str, Away] = {}
    if before is not None:
        away = {name: found for name in cameras if (found := before.away(name, newest, boot)) is not None}
        # How long the cameras were away is told when the clock is set; until then, they are away since now.
        since = {name: Away(began_ns, "") for name in away}
        before = replace(
            before, at_ns=began_ns, is_stopped=True, cause=before.ended_by(boot), cameras=since, unset=None
        )
    return before, Unset(clock.offset_ns, began_ns, spool.beat().result().given, away)


def _correct(clock: SystemClock, before: Record, unset: Unset, spool: Spool, notifier: Notifier) -> Record:
    step_ns = clock.offset_ns - unset.offset_ns
    made = spool.beat().result().given - unset.sequence
    ended_ns = clock.now_ns() - step_ns + _AHEAD_NS
    corrected = spool.correct(
        step_ns, sequence=unset.sequence, began_ns=unset.began_ns, ended_ns=ended_ns
    ).result()
    began_ns = unset.began_ns + step_ns
    for camera, away in unset.away.items():
        if away.from_ns < began_ns:
            payload = gap_payload(away.from_ns, began_ns, away.cause)
            spool.post(camera=camera, plugin="", kind=GAP, payload=payload, captured_at_ns=away.from_ns)
    way = "behind" if step_ns > 0 else "ahead"
    text = (
        f"It was not set when the node started, and was {abs(step_ns) / 1e9:.1f} s {way}. "
        f"The times of {corrected} messages from before were corrected."
    )
    if made > corrected:
        text += f" {made - corrected} had gone to the server already, with the wrong times."
    notifier.notify("warning", SET, text)
    return before.corrected(step_ns)


class ClockHold:
    """Holds messages back until the clock is set, or that has taken too long.

    Args:
        clock: the node's.
        spool: the node's; it gives nothing to be sent from now on.
        notifier: tells people that it has taken too long.
        wait_s: how long that is.
    """

    def __init__(self, clock: SystemClock, spool: Spool, notifier: Notifier, wait_s: float) -> None:
        self._clock = clock
        self._spool = spool
        self._notifier = notifier
        self._wait_s = wait_s
        self._until_s = clock.monotonic() + wait_s
        spool.is_held_back = True

    def look(self) -> bool:
        """Say whether the clock was set; call it about once a second."""
        if is_kept() or abs(self._clock.step_ns()) >= STEP_NS:
            return True
        if self._spool.is_held_back and self._clock.monotonic() >= self._until_s:
            self.end()
            text = (
                f"Messages have waited for it for {self._wait_s:.0f} s and are sent now. Their times are wrong "
                "until it is set; then the cameras are started again with the right time."
            )
            self._notifier.notify("warning", NOT_SET, text)
        return False

    def end(self) -> None:
        """Hold nothing back any more."""
        self._spool.is_held_back = False
        self._spool.on_append()
