"""When the node ran: a record beside the spool, renewed every few seconds, that tells the next start what it missed.

Each camera has its time in it: from when on nothing is known of the camera yet. While it gives pictures that is the time of
the record itself; while it is away, it stays where it was. So a gap that is still open when the node is killed is told
by the next run, with what came on top.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from picctv_core.durable import replace_file
from picctv_core.errors import SpoolError
from picctv_core.node.boot_clock import Unset
from picctv_core.node.health import INTERVAL_S as INTERVAL_OF_HEALTH_S
from picctv_core.node.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from picctv_core.clock import Clock
    from picctv_core.node.spool import Spool

log = logging.getLogger(__name__)

FILE = "alive.json"
INTERVAL_S = 2.0

LAZY_INTERVAL_S = 10.0
"""The same where the disk is to be written as little as can be."""

STOPPED_CAUSE = "the node was stopped"
KILLED_CAUSE = "the node was killed"
POWER_CAUSE = "the node's machine lost power, or was restarted without stopping the node"

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_AT_WORK_NS = 3 * 1_000_000_000
"""A plugin that sent results so short before the end had more of them in memory."""


_UNNOTICED_NS = round(INTERVAL_OF_HEALTH_S * 1e9)
"""So much later a plugin may notice that its camera has gone silent, and send what it has in memory."""


class Boot(NamedTuple):
    """Which start of the machine this is, empty where the system does not say, and for how long it has been up.

    The time since the start goes on, in nanoseconds, however the wall clock is set.
    """

    id: str
    up_ns: int


class Away(NamedTuple):
    """From when on a camera is not known of, UTC nanoseconds, and why.

    Where a killed node's clock was ahead, the first picture after can be of an earlier time: what was lost then ends with
    `latest_ns` at the latest.
    """

    from_ns: int
    cause: str
    latest_ns: int = 0


@dataclass(frozen=True)
class Record:
    """What the file holds.

    Attributes:
        at_ns: when it was written, UTC nanoseconds.
        boot: which start of the machine that was.
        up_ns: for how long the machine had been up then.
        is_stopped: whether the node ended in good order then.
        sequence: the largest number of a message that the spool's file knew.
        given: the number of the newest message, on the disk or not.
        began_ns: when the node was started, UTC nanoseconds.
        delay_s: for how many seconds after its capture something could be in memory only.
        interval_s: how many seconds after it the next record would have come.
        cause: why the node ended, where it knew; empty otherwise.
        unset: that its times are not known to be right; None where they are.
        waiting_from_ns: from when on something waited; None where nothing did.
        cameras: the time of each camera, and why it was away; the cause is empty where it was not.
    """

    at_ns: int
    boot: str
    is_stopped: bool
    sequence: int
    waiting_from_ns: int | None
    cameras: dict[str, Away]
    given: int = 0
    began_ns: int = 0
    delay_s: float = 0.0
    interval_s: float = INTERVAL_S
    up_ns: int = 0
    cause: str = ""
    unset: Unset | None = None

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """Read the record of the run before; None where there is none, or none that can be read."""
        try:
            found = json.loads(path.read_bytes())
            cameras = _read_away(found["cameras"])
            waiting_from_ns = found["waiting_from_ns"]
            return cls(
                at_ns=int(found["at_ns"]),
                boot=str(found["boot"]),
                is_stopped=bool(found["is_stopped"]),
                sequence=int(found["sequence"]),
                waiting_from_ns=None if waiting_from_ns is None else int(waiting_from_ns),
                cameras=cameras,
                # of a version that had everything on the disk
                given=int(found.get("given", 0)),
                began_ns=int(found.get("began_ns", 0)),
                delay_s=float(found.get("delay_s", 0.0)),
                interval_s=float(found.get("interval_s", INTERVAL_S)),
                up_ns=int(found.get("up_ns", 0)),
                cause=str(found.get("cause", "")),
                unset=_read_unset(found.get("unset")),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s can't be read, so it is not known when the node ran last: %s", path, error)
            return None

    def write(self, path: Path) -> None:
        """Write it; raises an OSError where that fails, and then the one before is still there."""
        replace_file(path, json.dumps(asdict(self)).encode())

    @property
    def witness(self) -> Witness:
        """Give what it knows of the spool."""
        return Witness(self.sequence, self.given, self.waiting_from_ns, self.at_ns, tuple(self.cameras))

    def away(self, camera: str, newest: Mapping[tuple[str, str], int], boot: Boot) -> Away | None:
        """Give from when on a camera is not known of, as the run that begins sees it; None where it is new.

        Args:
            camera: its id.
            newest: until when the spool knows of results, of each camera and plugin.
            boot: this start of the machine.
        """
        if (known := self.cameras.get(camera)) is None:
            return None
        cause = self.ended_by(boot)
        if known.cause:
            again = known.cause.endswith(cause)
            silent_ns = self._safe_ns(self.at_ns) - _UNNOTICED_NS if self.delay_s else known.from_ns
            from_ns = known.from_ns if self.is_stopped else min(known.from_ns, silent_ns)
            return Away(from_ns, known.cause if again else f"{known.cause}; then {cause}", known.latest_ns)
        if self.is_stopped:
            return Away(known.from_ns, cause)
        results = [to_ns for (whose, _), to_ns in newest.items() if whose == camera]
        alive_ns = max([known.from_ns, *results])
        # Of plugins that were at work, what is missing begins with the oldest of their newest results.
        from_ns = min([alive_ns, *(to_ns for to_ns in results if to_ns > alive_ns - _AT_WORK_NS)])
        return Away(self._safe_ns(from_ns), cause, self._latest_ns(alive_ns, boot))

    def _latest_ns(self, alive_ns: int, boot: Boot) -> int:
        """Give until when the node may have gone on, by the clock of its time."""
        latest_ns = alive_ns + round(self.interval_s * 1e9)
        if boot.id == self.boot and self.up_ns:
            # Records are left out where something is being lost: the node may have run for long after its last one.
            latest_ns = max(latest_ns, self.at_ns + boot.up_ns - self.up_ns)
        return latest_ns

    def ended_by(self, boot: Boot) -> str:
        """Give why the node ended, as the run that begins with this start of the machine sees it."""
        if self.cause:
            return self.cause
        return STOPPED_CAUSE if self.is_stopped else KILLED_CAUSE if boot.id == self.boot else POWER_CAUSE

    def corrected(self, step_ns: int) -> Record:
        """Give it with its own times right; those from before the run were."""
        if (unset := self.unset) is None:
            return self

        def shift(at_ns: int) -> int:
            return at_ns + step_ns if unset.began_ns <= at_ns <= self.at_ns else at_ns

        cameras = {name: away._replace(from_ns=shift(away.from_ns)) for name, away in self.cameras.items()}
        at_ns, began_ns = self.at_ns + step_ns, self.began_ns + step_ns
        return replace(self, at_ns=at_ns, began_ns=began_ns, cameras=cameras, unset=None)

    def _safe_ns(self, alive_ns: int) -> int:
        """Give until when everything was on the disk or acknowledged, from a time at which the node was alive."""
        return alive_ns if not self.delay_s else max(self.began_ns, alive_ns - round(self.delay_s * 1e9))


def _read_away(found: dict[str, Any]) -> dict[str, Away]:
    return {
        name: Away(int(from_ns), str(cause), int(latest_ns))
        for name, (from_ns, cause, latest_ns) in found.items()
    }


def _read_unset(found: dict[str, Any] | None) -> Unset | None:
    if found is None:
        return None
    numbers = {name: int(found[name]) for name in ("offset_ns", "began_ns", "sequence")}
    return Unset(**numbers, away=_read_away(found["away"]))


def this_boot() -> Boot:
    """Give which start of the machine this is."""
    try:
        name = _BOOT_ID.read_text().strip()
    except OSError:
        name = ""
    return Boot(name, time.clock_gettime_ns(time.CLOCK_BOOTTIME))


class Heartbeat:
    """Keeps the record of this run, on a thread of its own.

    Args:
        path: the file.
        spool: the node's spool.
        clock: the time.
        cameras: gives of each camera since when and why it is away, None where it is not.
        unset: that the clock is not known to be right.
        interval_s: seconds from one record to the next; what suits the spool's durability, where it is not given.
    """

    def __init__(
        self,
        path: Path,
        spool: Spool,
        clock: Clock,
        cameras: Mapping[str, Callable[[], Away | None]],
        *,
        interval_s: float | None = None,
        unset: Unset | None = None,
    ) -> None:
        self._path = path
        self._spool = spool
        self._clock = clock
        self._cameras = cameras
        self._interval_s = interval_s or (LAZY_INTERVAL_S if spool.delay_s else INTERVAL_S)
        self._unset = unset
        self._began_ns = clock.now_ns()
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write the first record, and go on."""
        self.beat()
        self._thread.start()

    def stop(self, cause: str = "") -> None:
        """Write the last record: the node ends in good order. The cameras have ended, and their gaps are told.

        Args:
            cause: why it ends; empty where people want it to.
        """
        self._stop.set()
        self._thread.join()
        try:
            self._spool.flush()
        except SpoolError as error:
            log.warning("what is in memory only can't be written to the disk: %s", error)
        else:
            self.beat(is_stopped=True, cause=cause)

    def beat(self, *, is_stopped: bool = False, cause: str = "") -> None:
        """Write a record, unless something is being lost that stands nowhere yet: then the one before is the truth."""
        # In this order: a camera that is back by now has its gap in the spool before the spool answers.
        away = {name: ask() for name, ask in self._cameras.items()}
        at_ns, boot = self._clock.now_ns(), this_boot()
        try:
            beat = self._spool.beat(self._cameras).result()
            if beat.is_losing:
                return
            cameras = {name: found or Away(at_ns, "") for name, found in away.items()}
            record = Record(
                at_ns=at_ns,
                boot=boot.id,
                up_ns=boot.up_ns,
                is_stopped=is_stopped,
                sequence=beat.sequence,
                waiting_from_ns=beat.waiting_from_ns,
                cameras=cameras,
                given=beat.given,
                began_ns=self._began_ns,
                delay_s=self._spool.delay_s,
                interval_s=self._interval_s,
                cause=cause,
                unset=self._unset,
            )
            record.write(self._path)
        except (SpoolError, OSError) as error:
            if not self._failing:
                log.warning("%s can't be written: %s", self._path, error)
            self._failing = True
        else:
            self._failing = False

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.beat()
