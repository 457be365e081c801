"""Messages of which a part is here: what a connection had begun when it ended goes on over the node's next one.

In this process only, and for some minutes: on another server, or later, the message begins again.
"""

from __future__ import annotations

import asyncio

from picctv_server.wire import Assembler

KEEP_S = 600.0
KEEP_BYTES = 64 * 2**20
"""What all nodes that are away may leave here, together."""


class Halves:
    """The begun messages of all nodes. Used on the event loop only."""

    def __init__(self) -> None:
        self._of_node: dict[str, Assembler] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def take(self, node: str) -> Assembler:
        """Give the assembler for a node's new connection, with what the one before had begun.

        The one before may seem to be there still, for a server hears last of a link that is gone. What it had is taken away.
        """
        self._forget_timer(node)
        before = self._of_node.get(node)
        made = self._of_node[node] = Assembler() if before is None else before.moved()
        return made

    def ended(self, node: str, assembler: Assembler) -> None:
        """Note that a connection has ended; what it had begun is kept for a while, if there is room for it."""
        if self._of_node.get(node) is not assembler:
            return
        away = sum(self._of_node[other].held_bytes for other in self._timers)
        if assembler.held_bytes and away + assembler.held_bytes <= KEEP_BYTES:
            self._timers[node] = asyncio.get_running_loop().call_later(KEEP_S, self._drop, node)
        else:
            del self._of_node[node]

    def _drop(self, node: str) -> None:
        self._forget_timer(node)
        del self._of_node[node]

    def _forget_timer(self, node: str) -> None:
        if (timer := self._timers.pop(node, None)) is not None:
            timer.cancel()
