"""A machine whose clock is not set yet: a Raspberry Pi has none that runs while it is off, and learns the time by NTP.

Within a run all times have the same offset to monotonic time, so what is wrong with them is one number. Until the clock is
set, messages wait in the spool. Then the cameras are stopped, what waits is corrected by that number, and they begin again
with the right time. The same happens where the node itself is started again in between: the record of the run has the offset.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from picctv_core.clock import SystemClock
    from picctv_core.node.runs import Away, Record

CAUSE = "the node's clock was set, and its cameras were started again with the right time"

STEP_NS = 2 * 1_000_000_000
"""What is less than this is no step that anybody would have to know of."""

EARLIEST_NS = 1_767_225_600 * 1_000_000_000
"""The beginning of 2026: there was no picctv before, so a clock that says so is not set."""

_TIME_ERROR = 5
"""What adjtimex(2) returns while nothing keeps the clock; NTP's programs, systemd-timesyncd and chrony among them, end that."""

_TIMEX_BYTES = 512
"""More than the kernel's ``struct timex`` takes anywhere; all zero, it only asks."""

_RTC = Path("sys/class/rtc")


@dataclass(frozen=True)
class Unset:
    """That the clock of a run is not known to be right.

    Attributes:
        offset_ns: between monotonic time and the run's clock.
        began_ns: when the first such run of this boot began, by that clock.
        sequence: messages with larger numbers have their times from it.
        away: what is known of the cameras from before, by the right clock: their gaps are told when it is known how long
            they are.
    """

    offset_ns: int
    began_ns: int
    sequence: int
    away: Mapping[str, Away]


def is_kept() -> bool:
    """Say whether the machine's clock is kept by something that knows the time; also where the machine does not tell."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    return bool(ctypes.CDLL(None).adjtimex(timex) != _TIME_ERROR)


def is_right(clock: SystemClock, before: Record | None, boot: str, root: Path = Path("/")) -> bool:
    """Say whether a clock that was just read can be believed.

    One that nothing keeps can't, where it stands before what is known, or where the machine was started since the node
    ran last and has no clock that ran meanwhile: then it goes on where it was, or where a file says that it was.

    Args:
        clock: the node's.
        before: the record of the run before.
        boot: this start of the machine.
        root: where the kernel's folder ``sys`` stands.
    """
    if is_kept():
        return True
    now_ns = clock.now_ns()
    if now_ns < EARLIEST_NS:
        return False
    if before is None or before.boot == boot:
        return True
    has_clock = any((root / _RTC).glob("rtc*"))
    return has_clock and now_ns >= before.at_ns


def shifted(value: Any, shift: Callable[[int], int]) -> Any:
    """Give plain data with its times shifted: whole numbers under a key that ends in ``_ns``, and those at the head of a row.

    Rows, ``[captured_at_ns, ...]``, are the items of results and the units of clips.

    Args:
        value: the payload of a message.
        shift: gives the right time for one that may be wrong; one that is not of the run it leaves as it is.
    """
    if isinstance(value, dict):
        return {key: _shifted_member(key, member, shift) for key, member in value.items()}
    if isinstance(value, list):
        return [shifted(one, shift) for one in value]
    return value


def _shifted_member(key: Any, value: Any, shift: Callable[[int], int]) -> Any:
    if isinstance(key, str) and key.endswith("_ns") and type(value) is int:
        return shift(value)
    if key in {"items", "units"} and isinstance(value, list):
        return [
            [shift(row[0]), *(shifted(one, shift) for one in row[1:])]
            if isinstance(row, list) and row and type(row[0]) is int
            else shifted(row, shift)
            for row in value
        ]
    return shifted(value, shift)
