"""The page of the delivery benchmark, made from what `./run bench delivery` has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "delivery.json"


def page() -> Iterator[str]:
    """Show the figures."""
    figures: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    machine = figures["machine"]
    yield "# How fast delivery is\n"
    yield (
        "How fast messages get from `emit` on a node to their acknowledgement, which says that a majority of MongoDB's members "
        "has them in its journal; and beside it what no program on the same machine can be faster than. "
        "`./run bench delivery` measures anew, `./run docs` makes this page of it.\n"
    )
    yield (
        f"Measured on {machine['date']} with Python {machine['python']}, on {machine['cores']} cores of {machine['cpu']}; the "
        f"load average before was {machine['load_before']}: where that is more than a little, other work took part of the cores, and only what is counted in CPU time says much. Nodes, servers and MongoDB share these cores. Nodes are real "
        "spools and uplinks without cameras, in two processes. It is one run.\n"
    )
    yield from _emit(figures["emit"])
    yield from _results(figures["results"])
    yield from _clips(figures["clips"])
    yield from _growth(figures)
    yield from _notification(figures["notification"])


def _emit(figures: dict[str, Any]) -> Iterator[str]:
    yield "## Durable on the node\n"
    yield (
        "Messages with a second of results each. `emit` returns when the message is on the disk; what several threads emit at "
        f"a time shares an fsync. Appending the same bytes to a file, each time with `fdatasync`, the disk does "
        f"{figures['syncs_a_s']} times a second.\n"
    )
    yield "| threads that emit | emits a second | of what the disk syncs | median, ms | 95 of 100 within, ms |\n|---:|---:|---:|---:|---:|"
    for threads, row in figures["threads"].items():
        ratio = row["emits_a_s"] / figures["syncs_a_s"]
        yield f"| {threads} | {row['emits_a_s']} | {ratio:.2f} | {row['ms_p50']} | {row['ms_p95']} |"
    yield ""


def _results(figures: dict[str, Any]) -> Iterator[str]:
    peer, each = figures["insert_many"], figures["results_a_message"]
    yield "## Results\n"
    yield (
        f"A message holds {each} results. pymongo's `insert_many`, a hundred documents at a time with the same write concern, "
        f"does {peer['messages_a_s']} documents a second of one message each with its payload packed, or "
        f"{peer['results_a_s']} of one result each.\n"
    )
    yield (
        "| nodes | messages a second | of `insert_many` | results a second | of `insert_many` | node, CPU ms a message | "
        "server | MongoDB | memory of a node, MB (PSS) | of the server |"
    )
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for nodes, row in figures["nodes"].items():
        results = row["messages_a_s"] * each
        yield (
            f"| {nodes} | {row['messages_a_s']} | {row['messages_a_s'] / peer['messages_a_s']:.2f} | {results} | "
            f"{results / peer['results_a_s']:.2f} | {row['node_cpu_ms']} | {row['server_cpu_ms']} | {row['mongod_cpu_ms']} | "
            f"{row['nodes_pss_bytes'] / int(nodes) / 1e6:.1f} | {row['server_pss_bytes'] / 1e6:.1f} |"
        )
    one = figures["nodes"]["1"]
    node, server, mongod = (one[f"{who}_cpu_ms"] * 1000 / each for who in ("node", "server", "mongod"))
    yield (
        f"\nSo a result of one node costs {node:.0f} µs of CPU time on the node, {server:.0f} in the server and {mongod:.0f} in "
        "MongoDB. On the node that is packing, the spool's transactions and its check sums; in the server reading and checking "
        "what came, the minute's summary, and the questions to MongoDB whether a message was stored before. Each of fifty nodes "
        "has a spool of its own and shares its fsyncs with nobody, and here all of them are on one machine.\n"
    )


def _clips(figures: dict[str, Any]) -> Iterator[str]:
    copy = figures["copy"]["bytes_a_s"]
    yield "## Clips\n"
    yield (
        f"Clips of {figures['clip_bytes'] / 1e6:g} MB. A clip is written to the node's spool, sent, made an MP4 with a "
        "thumbnail, and written to the clip store, each time forced to the disk. Copying files of the same size with `fsync` "
        f"moves {copy / 1e6:.0f} MB a second.\n"
    )
    yield "| nodes | MB a second | of the copy | node, CPU ms a clip | server | MongoDB |\n|---:|---:|---:|---:|---:|---:|"
    for nodes, row in figures["nodes"].items():
        yield (
            f"| {nodes} | {row['bytes_a_s'] / 1e6:.1f} | {row['bytes_a_s'] / copy:.2f} | {row['node_cpu_ms']} | "
            f"{row['server_cpu_ms']} | {row['mongod_cpu_ms']} |"
        )
    yield (
        "\nA copy writes each byte once. On its way from a node to the store a byte of video is written five times: into the spool's "
        "journal and file, into the MP4 and the clip store's file, and over the network; and it is summed up on each leg.\n"
    )


def _growth(figures: dict[str, Any]) -> Iterator[str]:
    yield "## More nodes, more servers\n"
    yield "The same number of messages of results in all, from more and more nodes to one server; and from fifty nodes to more servers.\n"
    yield "| nodes | servers | messages a second | memory of a server, MB (PSS) |\n|---:|---:|---:|---:|"
    rows = [(nodes, "1", row) for nodes, row in figures["growth"].items()]
    rows += [("50", servers, row) for servers, row in figures["servers"].items()]
    for nodes, servers, row in rows:
        memory = row["server_pss_bytes"] / int(servers) / 1e6
        yield f"| {nodes} | {servers} | {row['messages_a_s']} | {memory:.1f} |"
    yield ""


def _notification(figures: dict[str, Any]) -> Iterator[str]:
    yield "## Notifications\n"
    yield (
        f"From `emit` on a node to the open start page in Chromium, {figures['count']} one after another: median "
        f"{figures['ms_p50']} ms, 95 of 100 within {figures['ms_p95']} ms, at the most {figures['ms_max']} ms. The page hears "
        "of it by a server-sent event and loads itself again, four times a second at the most.\n"
    )
