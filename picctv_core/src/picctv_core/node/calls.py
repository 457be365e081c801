"""Calls of one plugin's hooks on one camera: measured, and kept from doing harm when they raise."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from picctv_core.errors import PicctvError, SpoolError, one_line
from picctv_core.node.repeats import Repeats
from picctv_core.plugins import Status
from picctv_core.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

MAX_FAILURES = 10
"""So many failures of a hook one after another, without a call of it that went well, end in quarantine."""

FAILED: Final = object()
"""What `Calls.call` gives in place of the return of a hook that raised."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a plugin raised, as it is told to people; it can have been in another process.

    Attributes:
        line: its text if it is one of picctv's own errors, its type and text otherwise.
        traceback: where it came from; empty for errors that are meant for people as they are.
        place: what is the same for each repetition of it.
    """

    line: str
    traceback: str
    place: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an error; one that was in another process as it was described there."""
        if isinstance(error, HookRaised):
            return error.failure
        innermost = next(reversed(traceback.extract_tb(error.__traceback__)), None)
        told = "" if isinstance(error, PicctvError) else "".join(traceback.format_exception(error)).rstrip()
        return cls(
            one_line(error),
            told,
            f"{type(error).__name__} {innermost.filename}:{innermost.lineno}"
            if innermost
            else type(error).__name__,
        )


class HookRaised(Exception):  # noqa: N818 - it says what happened elsewhere
    """A plugin's hook raised, in the plugin's own process."""

    def __init__(self, failure: Failure) -> None:
        """Keep what was raised."""
        self.failure = failure
        super().__init__(failure.line)


class ProcessEnded(Exception):  # noqa: N818 - a plugin's process may end; it is begun again
    """The plugin's process is no more; the text says why."""


class Calls:
    """Calls hooks, one at a time; used on the plugin's worker, looked at from elsewhere.

    Args:
        who: the plugin, for log lines.
        time_budget_s: a call that takes longer shows in the plugin's status.

    Attributes:
        failures: how many calls have raised in all.
        in_a_row: for each hook how many of them since a call of it went well.
        last_error: the last failure, in one line.
    """

    def __init__(self, who: str, time_budget_s: float) -> None:
        self.failures = 0
        self.in_a_row: Counter[str] = Counter()
        self.last_error = ""
        self._who = who
        self._time_budget_s = time_budget_s
        self._timings: dict[str, Timing] = {}
        self._repeats = Repeats()
        self._running: tuple[str, float] | None = None

    def call(self, name: str, function: Callable[[], Any], *, counts: bool = True) -> Any:
        """Call a hook and give what it returns, or `FAILED` if it raised.

        Args:
            name: the hook's name, without its prefix.
            function: what calls it.
            counts: whether a failure, or success, counts towards quarantine.

        Raises:
            ProcessEnded: it ran in a process, and that is no more.
        """
        started_s = time.perf_counter()
        self._running = name, started_s
        try:
            value = function()
        except SpoolError as error:
            # The disk is full: no fault of the plugin's, and said by the spool already.
            log.debug("%s: %s: %s", self._who, name, error)
            return FAILED
        except ProcessEnded:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises stays its own failure
            self.failed(name, error, counts=counts)
            return FAILED
        finally:
            self._running = None
            self._timings.setdefault(name, Timing()).add((time.perf_counter() - started_s) * 1000)
        if counts:
            self.in_a_row.pop(name, None)
        return value

    def failed(self, name: str, error: BaseException, *, counts: bool = True) -> None:
        """Note a failure, and log it unless it is a repetition."""
        failure = Failure.of(error)
        self.failures += 1
        self.last_error = f"{name}: {failure.line}"
        if counts:
            self.in_a_row[name] += 1
        if number := self._repeats.count((name, failure.place)):
            again = f" (for the {number}th time)" if number > 1 else ""
            told = f"\n{failure.traceback}" if number == 1 and failure.traceback else ""
            log.error("%s: %s%s%s", self._who, self.last_error, again, told)

    @property
    def most_in_a_row(self) -> int:
        """Give the failures in a row of the hook that has most of them."""
        return max(self.in_a_row.values(), default=0)

    def status(self) -> tuple[Status, str]:
        """Say how it goes at this moment."""
        if (running := self._running) is not None:
            name, started_s = running
            if (for_s := time.perf_counter() - started_s) > self._time_budget_s:
                return Status.FAILING, f"{name} has not returned for {for_s:.0f} s"
        if self.in_a_row:
            return Status.FAILING, self.last_error
        return Status.ENABLED, ""

    def timing(self) -> dict[str, dict[str, float]]:
        """Give the figures of every hook that was called; on the worker only."""
        return {name: timing.summary() for name, timing in self._timings.items()}
