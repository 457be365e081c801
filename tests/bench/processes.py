"""What the processes of a demo take of the machine, as Linux counts it in ``/proc``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """What a process has in memory.

    Attributes:
        rss_bytes: all of its pages.
        pss_bytes: the same, but a page that n processes share counts for an n-th.
        own_bytes: of those the ones that are of no file: what it shares of its libraries depends on who else runs.
    """

    rss_bytes: int
    pss_bytes: int
    own_bytes: int


def of_demo(data: Path) -> dict[str, int]:
    """Find the processes of a demo by its data folder, which is in the command line of each.

    Returns:
        The process ids by what the process is: supervisor, mongod, server, node or web.
    """
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                continue
            if any(str(data) in word for word in words):
                found[_name(words)] = int(entry.name)
    return found


def descendants(pid: int) -> set[int]:
    """Find the children of a process, their children, and so on."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found: set[int] = set()
    wanted = {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted}
        found |= wanted
    return found


def memory(pid: int) -> Memory:
    """Read what a process has in memory now."""
    text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    kib = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    own = kib["Pss_Anon"] + kib["Pss_Shmem"]
    return Memory(rss_bytes=kib["Rss"] * 1024, pss_bytes=kib["Pss"] * 1024, own_bytes=own * 1024)


def cpu_s(pid: int) -> float:
    """Read how long all threads of a process have run until now, in s."""
    user, system = _stat(pid)[11:13]
    return (int(user) + int(system)) / TICKS_PER_S


def written_bytes(pid: int) -> int:
    """Read what a process has had written to disks until now, in bytes; a file system in memory counts nothing."""
    counts = dict(line.split(": ") for line in (PROC / str(pid) / "io").read_text("ascii").splitlines())
    return int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"])


def descriptors(pid: int) -> int:
    """Count the files, sockets and the like that a process has open."""
    return len(list((PROC / str(pid) / "fd").iterdir()))


def threads(pid: int) -> int:
    """Count the threads of a process."""
    return len(list((PROC / str(pid) / "task").iterdir()))


def _stat(pid: int) -> list[str]:
    """Read ``/proc/PID/stat`` from its third field on, see proc(5); the second can hold spaces and brackets."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _name(words: list[str]) -> str:
    if Path(words[0]).name == "mongod":
        return "mongod"
    command = words[words.index("picctv_core") + 1]
    return "supervisor" if command == "demo" else command
