"""Calls of one plugin's hooks on one camera: measured, and kept from doing harm when they raise."""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from picctv_core.errors import PicctvError, SpoolError
from picctv_core.node.repeats import Repeats
from picctv_core.plugins import Status

if TYPE_CHECKING:
    import pluggy

log = logging.getLogger(__name__)

MAX_FAILURES = 10
"""So many failures one after another, without a call that went well, end in quarantine."""

HANGING_S = 10.0
"""A hook that has not returned for so long shows in the plugin's status."""

_WINDOW = 500

FAILED: Final = object()
"""What `Calls.call` gives in place of the return of a hook that raised."""


class Timing:
    """How long the calls of a hook take: all are counted, the newest 500 are measured."""

    def __init__(self) -> None:
        self.calls = 0
        self._newest_ms: deque[float] = deque(maxlen=_WINDOW)

    def add(self, duration_ms: float) -> None:
        """Note a call."""
        self.calls += 1
        self._newest_ms.append(duration_ms)

    def summary(self) -> dict[str, float]:
        """Give the number of calls; and mean, 95th percentile and maximum in milliseconds."""
        newest = sorted(self._newest_ms)
        if not newest:
            return {"calls": 0}
        return {
            "calls": self.calls,
            "ms_mean": round(sum(newest) / len(newest), 3),
            "ms_p95": round(newest[int(0.95 * (len(newest) - 1))], 3),
            "ms_max": round(newest[-1], 3),
        }


class Calls:
    """Calls hooks, one at a time; used on the plugin's worker, looked at from elsewhere.

    Attributes:
        failures: how many calls have raised in all.
        consecutive: how many of them since one went well.
        last_error: the last failure, in one line.
    """

    def __init__(self, who: str) -> None:
        self.failures = 0
        self.consecutive = 0
        self.last_error = ""
        self._who = who
        self._timings: dict[str, Timing] = {}
        self._repeats = Repeats()
        self._running: tuple[str, float] | None = None

    def call(self, hook: pluggy.HookCaller, *, counts: bool = True, **kwargs: Any) -> Any:
        """Call a hook and give what it returns, or `FAILED` if it raised; None where the plugin does not implement it.

        Args:
            hook: the plugin's own hook caller.
            counts: whether a failure, or success, counts towards quarantine.
            kwargs: the hook's arguments.
        """
        if not hook.get_hookimpls():
            return None
        name = hook.name.removeprefix("picctv_")
        started_s = time.perf_counter()
        self._running = name, started_s
        try:
            value = hook(**kwargs)
        except SpoolError as error:
            # The disk is full: no fault of the plugin's, and said by the spool already.
            log.debug("%s: %s: %s", self._who, name, error)
            return FAILED
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            self.failed(name, error, counts=counts)
            return FAILED
        finally:
            self._running = None
            self._timings.setdefault(name, Timing()).add((time.perf_counter() - started_s) * 1000)
        if counts:
            self.consecutive = 0
        return value

    def failed(self, name: str, error: BaseException, *, counts: bool = True) -> None:
        """Note a failure, and log it unless it is a repetition."""
        self.failures += 1
        self.last_error = f"{name}: {one_line(error)}"
        self.consecutive += counts
        innermost = next(reversed(traceback.extract_tb(error.__traceback__)), None)
        key = name, type(error), innermost and (innermost.filename, innermost.lineno)
        if number := self._repeats.count(key):
            log.error(
                "%s: %s%s",
                self._who,
                self.last_error,
                f" (for the {number}th time)" if number > 1 else "",
                exc_info=error if number == 1 and not isinstance(error, PicctvError) else None,
            )

    def status(self) -> tuple[Status, str]:
        """Say how it goes at this moment."""
        if (running := self._running) is not None:
            name, started_s = running
            if (for_s := time.perf_counter() - started_s) > HANGING_S:
                return Status.FAILING, f"{name} has not returned for {for_s:.0f} s"
        if self.consecutive:
            return Status.FAILING, self.last_error
        return Status.ENABLED, ""

    def timing(self) -> dict[str, dict[str, float]]:
        """Give the figures of every hook that was called; on the worker only."""
        return {name: timing.summary() for name, timing in self._timings.items()}


def one_line(error: BaseException) -> str:
    """Give an error in one line: its text if it is one of ours, its type and text otherwise."""
    text = " ".join(str(error).split())
    return text if isinstance(error, PicctvError) else f"{type(error).__name__}: {text}".removesuffix(": ")
