"""The kinds of faults: each is a context manager that lets one happen when it is entered, and mends it at its end."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.network import SERVERS, Network
from tests.faults.proxy import Line

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.faults.daemons import Daemon

Inject = Callable[[Network, str, "random.Random"], AbstractContextManager[None]]

MONGO = ("primary", "secondary")
PROCESSES = ("node", *SERVERS, *MONGO)
LINKS = ("link",)
"""Both ways to the servers at once; the names of the servers are the ways to them alone."""

SLOW = Line(delay_s=1.0, bytes_per_s=256_000 / 8, loss=0.05)


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        name: what it is called.
        targets: what it can happen to.
        inject: makes the context manager.
        needs: what the network must have for it: a disk of its own, or the library below the processes.
        longest_s: how long it lasts at the most.
    """

    name: str
    targets: tuple[str, ...]
    inject: Inject
    needs: str = ""
    longest_s: float = 6.0


KINDS: dict[str, Kind] = {}


def kind(
    name: str, targets: tuple[str, ...], *, needs: str = "", longest_s: float = 6.0
) -> Callable[[Callable[[Network, str, random.Random], Iterator[None]]], Inject]:
    """Register a generator function as a kind of fault."""

    def register(function: Callable[[Network, str, random.Random], Iterator[None]]) -> Inject:
        inject = contextlib.contextmanager(function)
        KINDS[name] = Kind(name, targets, inject, needs, longest_s)
        return inject

    return register


def possible(network: Network) -> list[tuple[Kind, str]]:
    """Give each kind with each of its targets that can happen on this machine."""
    has = {"": True, "disk": bool(network.disks), "shim": network.shim is not None}
    return [(found, target) for found in KINDS.values() if has[found.needs] for target in found.targets]


def _daemon(network: Network, target: str) -> Daemon | None:
    """Give a process; None where there is no such member of the replica set just now."""
    if target == "primary":
        return network.mongo.primary()
    if target == "secondary":
        return network.mongo.secondary()
    return network.daemons[target]


# Processes -------------------------------------------------------------------------------------------------------


@kind("kill", PROCESSES)
def _kill(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    daemon = _daemon(network, target)
    if daemon is not None:
        daemon.kill()
    yield
    if daemon is not None:
        daemon.start()


@kind("stop", ("node", *SERVERS))
def _stop(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    network.daemons[target].terminate()
    yield
    network.daemons[target].start()


@kind("freeze", PROCESSES, longest_s=8.0)
def _freeze(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    daemon = _daemon(network, target)
    if daemon is not None:
        daemon.freeze()
    yield
    if daemon is not None:
        daemon.thaw()


@kind("kill everything", ("all",), longest_s=3.0)
def _kill_everything(network: Network, _target: str, chance: random.Random) -> Iterator[None]:
    daemons = list(network.daemons.values())
    chance.shuffle(daemons)
    for daemon in daemons:
        daemon.kill()
    yield
    chance.shuffle(daemons)
    for daemon in daemons:
        daemon.start()


@kind("failover", ("replica set",), longest_s=2.0)
def _failover(network: Network, _target: str, _chance: random.Random) -> Iterator[None]:
    network.mongo.step_down()
    yield


# The link --------------------------------------------------------------------------------------------------------


@kind("cut", LINKS, longest_s=2.0)
def _cut(network: Network, _target: str, chance: random.Random) -> Iterator[None]:
    for _ in range(chance.randint(1, 4)):
        for proxy in network.link.values():
            proxy.cut("rst" if chance.random() < 0.5 else "fin")
        time.sleep(chance.uniform(0.0, 1.0))
    yield


@kind("refuse", (*LINKS, *SERVERS))
def _refuse(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    ways = [proxy for name, proxy in network.link.items() if target in {name, *LINKS}]
    for proxy in ways:
        proxy.refuse()
        proxy.cut("rst")
    yield
    for proxy in ways:
        proxy.accept()


@kind("stall", (*LINKS, *SERVERS), longest_s=8.0)
def _stall(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    ways = [proxy for name, proxy in network.link.items() if target in {name, *LINKS}]
    for proxy in ways:
        proxy.stall()
    yield
    for proxy in ways:
        proxy.flow()


@kind("delay", LINKS)
def _delay(network: Network, _target: str, chance: random.Random) -> Iterator[None]:
    line = Line(delay_s=chance.uniform(0.1, 2.0))
    yield from _lines(network, line)


@kind("slow line", LINKS, longest_s=8.0)
def _slow(network: Network, _target: str, _chance: random.Random) -> Iterator[None]:
    yield from _lines(network, SLOW)


def _lines(network: Network, line: Line) -> Iterator[None]:
    for proxy in network.link.values():
        proxy.set_lines(line)
    yield
    for proxy in network.link.values():
        proxy.set_lines()


@kind("lose answers", LINKS)
def _lose_answers(network: Network, _target: str, _chance: random.Random) -> Iterator[None]:
    for proxy in network.link.values():
        proxy.lose_answers()
    yield
    for proxy in network.link.values():
        proxy.cut("rst")
        proxy.lose_answers(lose=False)


@kind("corrupt", ("up", "down"), longest_s=4.0)
def _corrupt(network: Network, target: str, chance: random.Random) -> Iterator[None]:
    for proxy in network.link.values():
        proxy.corrupt("up" if target == "up" else "down", chance.randint(1, 5))
    yield


# The machine -----------------------------------------------------------------------------------------------------


@kind("disk full", ("node", "clips"), needs="disk", longest_s=10.0)
def _disk_full(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    filling = network.disks[target] / "filling"
    block = bytes(2**16)
    with (
        filling.open("wb", buffering=0) as file,
        contextlib.suppress(OSError),
    ):  # the last one says that it is full
        while True:
            file.write(block)
    # to the last byte: what is left over between two blocks would hold a message
    with filling.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while os.write(file.fileno(), b"x" * 512):
            pass
    yield
    filling.unlink()


@kind("fsync fails", ("node", *SERVERS, *MONGO), needs="shim")
def _fsync_fails(network: Network, target: str, _chance: random.Random) -> Iterator[None]:
    daemon = _daemon(network, target)
    if daemon is not None and daemon.control is not None:
        daemon.control.fail_fsync(fail=True)
    yield
    if daemon is not None and daemon.control is not None:
        daemon.control.fail_fsync(fail=False)


@kind("clock steps", ("node", *SERVERS), needs="shim")
def _clock_steps(network: Network, target: str, chance: random.Random) -> Iterator[None]:
    """Step the clock there; half of the time the process is killed, and starts with the stepped clock."""
    daemon = network.daemons[target]
    assert daemon.control is not None
    daemon.control.step_clock(chance.choice((-1, 1)) * chance.uniform(5.0, 120.0))
    if chance.random() < 0.5:
        time.sleep(2)
        daemon.kill()
        daemon.start()
    yield
    daemon.control.step_clock(0.0)
