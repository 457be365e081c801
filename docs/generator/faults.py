"""The page of the fault suite and of the endurance run, made from what `./run faults` and `./run endurance` have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"

MEANINGS = {
    "missing": "pictures, results and notifications that were given, are not stored, and lie in no gap",
    "duplicated": "things that are stored more than once",
    "out_of_order": "things that stand before others that were captured earlier",
    "wrong_time": "things that are stored with another time than they were captured at",
    "altered": "things in the store that no camera gave",
    "unreadable": "clips that are listed and can't be read, or are not the bytes that were stored",
    "set_aside": "messages that node or server set aside, though all of them were good",
    "gaps_without_cause": "gaps in which nothing is missing",
    "gaps_too_wide": "gaps that reach further than 2.5 s over what is stored",
    "causes_without_gap": "silences of a camera of more than 2 s that no gap tells of",
    "disagreements": "whether MongoDB and the clip store disagree after one `picctv server check` with `--repair`",
    "not_recovered": "faults after which not all cameras were delivered again within 90 s",
}


def page() -> Iterator[str]:
    """Show the figures of both."""
    yield "# What is lost when things go wrong\n"
    yield (
        "The last long run of `./run faults`, and of `./run endurance`. [Work on picctv](../how-to/develop.md#the-fault-suite) "
        "says how they work; [delivery](../explanation/delivery.md) says what is kept when.\n"
    )
    yield from _faults(json.loads((BENCHMARKS / "faults.json").read_text(encoding="utf-8")))
    yield from _endurance(json.loads((BENCHMARKS / "endurance.json").read_text(encoding="utf-8")))


def _faults(figures: dict[str, Any]) -> Iterator[str]:
    data = figures["data"]
    yield "## Faults\n"
    yield (
        f"{figures['faults']} faults in {figures['seconds'] / 60:.0f} minutes with the seed {figures['seed']}, on "
        f"{figures['machine']['date']}: three cameras of five pictures a second, two servers, three MongoDBs. "
        f"The cameras gave {data['given']} pictures, results and notifications; {data['stored']} of them are in the store "
        f"as they were given, {data['in_gaps']} stand there as gaps with their cause.\n"
    )
    if figures["left_out"]:
        yield f"Left out, for the machine could not have them: {', '.join(figures['left_out'])}.\n"
    yield "All of these are to be 0:\n"
    yield "| count | of | |\n|---:|---|---|"
    for name, count in figures["verdict"].items():
        yield f"| {count} | {name.replace('_', ' ')} | {MEANINGS[name]} |"
    yield "\n### By kind\n"
    yield (
        "How long it took from the end of the fault until something new of every camera was in the store; what the cameras "
        "gave meanwhile came later.\n"
    )
    yield "| fault | of | times | recovered after (median), s | at the most, s |\n|---|---|---:|---:|---:|"
    for name, row in figures["by_kind"].items():
        kind, _, target = name.partition(": ")
        yield f"| {kind} | {target} | {row['times']} | {row['recovered_s_p50']} | {row['recovered_s_max']} |"
    yield ""
    if figures["ended_by_itself"]:
        ends = "; ".join(
            f"{name} {len(codes)} times" for name, codes in sorted(figures["ended_by_itself"].items())
        )
        yield (
            f"Ended by themselves and were started again: {ends}. MongoDB ends itself when `fsync` fails, which is the only "
            "safe thing that it can do.\n"
        )


def _endurance(figures: dict[str, Any]) -> Iterator[str]:
    cameras = figures["cameras"]
    yield "## Endurance\n"
    yield (
        f"{cameras['fast']} cameras of 640x480 at 25 pictures a second and {cameras['slow']} of 160x120 at one, drawn, "
        f"encoded, analysed for motion, recorded and offered live by one node, for {figures['minutes']:g} minutes on "
        f"{figures['machine']['cores']} cores, on {figures['machine']['date']}. The first quarter is warm-up; of the rest, "
        "the medians of the first and the last third. Memory is what is of no file: how much a process is charged for libraries depends on who else uses them. That of node and server may grow by 5 %; MongoDB's grows until its "
        "cache of 256 MB is full.\n"
    )
    yield (
        "| process | CPU, % of one core | memory, MB: first | last | change | descriptors: first | last | threads: first | last |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, row in figures["processes"].items():
        first, last = row["memory_bytes"]["first"], row["memory_bytes"]["last"]
        yield (
            f"| {name} | {row['cpu_percent']} | {first / 1e6:.1f} | {last / 1e6:.1f} | {100 * (last / first - 1):+.1f} % | "
            f"{row['fds']['first']} | {row['fds']['last']} | {row['threads']['first']} | {row['threads']['last']} |"
        )
    latency = figures["latency_ms"]
    yield (
        f"\nFrom capture to stored, 95 of 100 messages of results took {latency['first']} ms in the first and "
        f"{latency['last']} ms in the last third. A second of it is the wait for others: a message holds a second of results "
        "and has the time of the first.\n"
    )
    if figures["faults"]:
        yield "What has grown:\n"
        yield from (f"- {fault}" for fault in figures["faults"])
