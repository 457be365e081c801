"""A campaign: faults by a schedule that a seed gives, one after another or two at a time, and what became of the data."""

from __future__ import annotations

import logging
import random
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError

from tests.faults import kinds, record, stored
from tests.faults.compare import compare
from tests.faults.network import CAMERAS, NODE, Network, new_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.faults.compare import Verdict

log = logging.getLogger(__name__)

UP_S = 60.0
RECOVER_S = 90.0
"""A network that does not deliver again so long after a fault has not recovered."""

SHORTEST_S = 1.0
PAUSES_S = (0.5, 3.0)
PAIRS = 0.2
"""The share of steps in which two faults happen at a time."""

_BATCH_NS, _LATER_NS = 3_000_000_000, 120_000_000_000


@dataclass(frozen=True)
class Fault:
    """One fault of a schedule.

    Attributes:
        kind: its name in `kinds.KINDS`.
        target: what it happens to.
        hold_s: how long it lasts.
        seed: of the chance within it.
    """

    kind: str
    target: str
    hold_s: float
    seed: int


@dataclass(frozen=True)
class Done:
    """A step of the schedule that was done: its faults, and how long the network took to deliver again."""

    faults: tuple[Fault, ...]
    recovered_s: float | None


def schedule(
    choices: Sequence[tuple[kinds.Kind, str]], seed: int
) -> Iterator[tuple[float, tuple[Fault, ...]]]:
    """Give steps without end: a pause in seconds, and the faults that begin together after it.

    Each kind and target comes once in each round, in an order of its own.
    """
    chance = random.Random(seed)
    while True:
        deck = list(choices)
        chance.shuffle(deck)
        while deck:
            together = 2 if chance.random() < PAIRS and len(deck) > 1 else 1
            yield (
                chance.uniform(*PAUSES_S),
                tuple(
                    Fault(
                        kind.name,
                        target,
                        round(chance.uniform(SHORTEST_S, kind.longest_s), 1),
                        chance.randrange(2**32),
                    )
                    for kind, target in (deck.pop() for _ in range(together))
                ),
            )


def run(seed: int, *, minutes: float, faults: int) -> tuple[dict[str, Any], Path]:
    """Run a campaign; give its report, and the folder with all that is left of it.

    Args:
        seed: gives the schedule.
        minutes: no new fault begins later.
        faults: how many are enough.
    """
    folder = new_folder()
    log.info("seed %d, in %s", seed, folder)
    began_s = time.monotonic()
    done: list[Done] = []
    with Network(folder, seed) as network:
        assert _delivers(network, network.newest_sequence(), UP_S) is not None, (
            f"nothing is delivered; see {folder}"
        )
        choices = kinds.possible(network)
        for pause_s, together in schedule(choices, seed):
            if time.monotonic() - began_s > 60 * minutes or sum(len(step.faults) for step in done) >= faults:
                break
            time.sleep(pause_s)
            done.append(_step(network, together))
        set_aside = network.drain()
        network.node.terminate()
        counts = {name: asdict(proxy.counts) for name, proxy in network.link.items()}
        ends = {
            name: daemon.ended_by_itself for name, daemon in network.daemons.items() if daemon.ended_by_itself
        }
        verdict = compare(record.read(network.record), stored.read(network.mongodb, network.clips), set_aside)
        report = _report(seed, time.monotonic() - began_s, done, verdict)
        report["verdict"]["disagreements"] = int(network.disagree())
        left_out = {kind.needs for kind in kinds.KINDS.values()} - {kind.needs for kind, _ in choices}
    return report | {"left_out": sorted(left_out), "link": counts, "ended_by_itself": ends}, folder


def _step(network: Network, together: tuple[Fault, ...]) -> Done:
    names = " and ".join(f"{fault.kind} ({fault.target}, {fault.hold_s:g} s)" for fault in together)
    log.info("%s", names)
    with ExitStack() as happening:
        began_s = time.monotonic()
        # what ends last is entered first
        for fault in sorted(together, key=lambda fault: -fault.hold_s):
            inject = kinds.KINDS[fault.kind].inject
            happening.enter_context(inject(network, fault.target, random.Random(fault.seed)))
            happening.callback(_sleep_until, began_s + fault.hold_s)
    recovered_s = _delivers(network, network.newest_sequence(), RECOVER_S)
    if recovered_s is None:
        log.error("nothing is delivered %g s after %s", RECOVER_S, names)
    else:
        log.info("delivers again after %.1f s", recovered_s)
    return Done(together, recovered_s)


def _sleep_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.monotonic()))


def _delivers(network: Network, after: int, timeout_s: float) -> float | None:
    """Wait until something is stored of each camera that it gives from now on; say how long that took.

    Args:
        network: the network.
        after: only messages of a higher sequence count.
        timeout_s: None is given after so many seconds.
    """
    began_s = time.monotonic()
    sizes = {path: path.stat().st_size for path in network.record.glob("*.record")}
    waited = {f"{NODE}/{name}" for name in CAMERAS}
    while time.monotonic() - began_s < timeout_s:
        for camera in sorted(waited):
            at_ns = _first_result_since(network.record, camera, sizes)
            if at_ns is not None and _is_stored(network, camera, at_ns, after):
                waited.discard(camera)
        if not waited:
            return time.monotonic() - began_s
        time.sleep(0.2)
    return None


def _first_result_since(folder: Path, camera: str, sizes: dict[Path, int]) -> int | None:
    path = folder / (camera.replace("/", "+") + ".record")
    if not path.exists():
        return None
    with path.open("rb") as file:
        file.seek(sizes.get(path, 0))
        for line in file:
            if line.startswith(b"result "):
                return int(line.split()[1])
    return None


def _is_stored(network: Network, camera: str, at_ns: int, after: int) -> bool:
    wanted = {
        "camera": camera,
        "kind": "results",
        # a later one will do: the first may have been lost with a fault that came before
        "captured_at_ns": {"$gt": at_ns - _BATCH_NS, "$lt": at_ns + _LATER_NS},
        "sequence": {"$gt": after},
    }
    try:
        return network.database.messages.find_one(wanted, {"_id": 1}) is not None
    except PyMongoError:
        return False


def _report(seed: int, seconds: float, done: Sequence[Done], verdict: Verdict) -> dict[str, Any]:
    by_kind: dict[str, list[Done]] = {}
    for step in done:
        for fault in step.faults:
            by_kind.setdefault(f"{fault.kind}: {fault.target}", []).append(step)
    return {
        "seed": seed,
        "seconds": round(seconds),
        "faults": sum(len(step.faults) for step in done),
        "by_kind": {
            name: {
                "times": len(steps),
                "not_recovered": sum(step.recovered_s is None for step in steps),
                "recovered_s_p50": _rounded(statistics.median(times)) if times else None,
                "recovered_s_max": _rounded(max(times)) if times else None,
            }
            for name, steps in sorted(by_kind.items())
            for times in [[step.recovered_s for step in steps if step.recovered_s is not None]]
        },
        "data": {"given": verdict.given, "stored": verdict.stored, "in_gaps": verdict.in_gaps},
        "verdict": verdict.faults | {"not_recovered": sum(step.recovered_s is None for step in done)},
        "examples": verdict.examples,
    }


def _rounded(seconds: float) -> float:
    return round(seconds, 1)
