"""What Linux tells of a process, and does to it."""

from __future__ import annotations

import contextlib
import os
import select
import signal

_PAGE = os.sysconf("SC_PAGESIZE")


def exits(pid: int, timeout_s: float) -> bool:
    """Wait until a process of ours has ended, but not longer than so many seconds; leave it to be seen off."""
    fd = os.pidfd_open(pid)
    try:
        waiting = select.poll()
        waiting.register(fd, select.POLLIN)
        return bool(waiting.poll(1000 * timeout_s))
    finally:
        os.close(fd)


def kill_group(pid: int) -> None:
    """End a process and all of its group; nothing where they have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def told(code: int) -> str:
    """Say how a process ended, from what `subprocess.Popen.wait` gave."""
    if code >= 0:
        return f"ended with exit code {code}"
    number = signal.Signals(-code)
    return f"ended by {number.name} ({(signal.strsignal(number) or '').lower()})"


def resident_bytes(pid: int) -> int:
    """Read how much memory a process of ours has; 0 for one that has ended. See proc(5), statm."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:  # noqa: PTH123 - ten times a second
            return int(statm.read().split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0
