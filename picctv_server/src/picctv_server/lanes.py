"""What one connection's messages wait in until they are stored: a lane for each plugin's processor, one for the rest.

So a processor that is slow, that fails or that hangs keeps nobody waiting but its own plugin.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from picctv_core.errors import CodecError
from picctv_server.failures import NotNowError, ProcessorError

if TYPE_CHECKING:
    from picctv_server.ingest import Ingest
    from picctv_server.wire import Arrived

log = logging.getLogger(__name__)

PROCESSOR_TRIES = 3
"""How often a message is given to a processor that fails with it, before it goes aside."""

LAST_RETRY_SECONDS = 2.0

_WORKERS = 4

_TOGETHER, _TOGETHER_BYTES = 64, 256 * 1024
"""So many messages that wait are stored at once at the most, and no more once they have so many bytes: an acknowledgement for
one comes with those for all."""


class Answers(Protocol):
    """Who tells the node."""

    def stored(self, message_id: str) -> None:
        """Say that a message is stored."""

    def reject(self, message_id: str, reason: str) -> None:
        """Say that a message can never be stored."""


class Lanes:
    """The lanes of one connection.

    Args:
        ingest: the server's side of all connections.
        answers: hears what became of each message.
        group: the lanes' tasks run in it, until it is cancelled.
    """

    def __init__(self, ingest: Ingest, answers: Answers, group: asyncio.TaskGroup) -> None:
        self._ingest = ingest
        self._answers = answers
        self._group = group
        self._lanes: dict[str, asyncio.Queue[Arrived]] = {}

    def put(self, arrived: Arrived) -> None:
        """Let a message wait for its turn."""
        name = self._ingest.lane_of(arrived.envelope.plugin)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = asyncio.Queue()
            for _ in range(_WORKERS):
                self._group.create_task(self._work(name, lane))
        lane.put_nowait(arrived)

    async def _work(self, name: str, lane: asyncio.Queue[Arrived]) -> None:
        while True:
            several = [await lane.get()]
            size = len(several[0].packed)
            while not lane.empty() and len(several) < _TOGETHER and size < _TOGETHER_BYTES:
                several.append(lane.get_nowait())
                size += len(several[-1].packed)
            if len(several) == 1:
                await self._store(name, several[0])
            else:
                for arrived, failure in await self._store_together(name, several):
                    await self._store(name, arrived, failure)

    async def _store_together(
        self, name: str, several: list[Arrived]
    ) -> list[tuple[Arrived, ProcessorError | None]]:
        """Store messages that wait, as many of them as can be at once; give the others, and how a processor failed."""
        ingest = self._ingest
        pairs = [(arrived.envelope, arrived.packed) for arrived in several]
        stored, failures = await ingest.in_thread(ingest.processing.process_together, pairs, lane=name)
        left = []
        for arrived in several:
            if arrived.envelope.id in stored:
                ingest.went_well(arrived.envelope.plugin, lane=name)
                self._answers.stored(arrived.envelope.id)
            else:
                left.append((arrived, failures.get(arrived.envelope.id)))
        return left

    async def _store(self, name: str, arrived: Arrived, failure: ProcessorError | None = None) -> None:
        """Store a message, or have it set aside or rejected, however long MongoDB is away.

        Args:
            name: the lane's.
            arrived: the message.
            failure: how its processor has failed with it once, together with others.
        """
        ingest, envelope = self._ingest, arrived.envelope
        pause_s, tries = ingest.retry_s, int(failure is not None)
        while True:
            try:
                if failure is None:
                    await ingest.in_thread(ingest.processing.process, envelope, arrived.packed, lane=name)
                    ingest.went_well(envelope.plugin, lane=name)
                    self._answers.stored(envelope.id)
                    return
            except NotNowError as error:
                ingest.store_is_away(str(error), lane=name)
            except ProcessorError as error:
                failure = error
                tries += 1
            except CodecError as error:
                self._answers.reject(envelope.id, str(error))
                return
            if failure is not None:
                if tries < ingest.tries_of(envelope.plugin):
                    log.warning("%s; trying again", failure)
                    failure = None
                elif await self._set_aside(name, arrived, failure, tries):
                    return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_RETRY_SECONDS)

    async def _set_aside(self, name: str, arrived: Arrived, failure: ProcessorError, tries: int) -> bool:
        """Have a message kept aside; False where that is not possible now."""
        ingest, envelope = self._ingest, arrived.envelope
        try:
            await ingest.in_thread(
                ingest.processing.set_aside, envelope, arrived.packed, failure, tries, lane=name
            )
        except NotNowError as error:
            ingest.store_is_away(str(error), lane=name)
            return False
        ingest.went_aside(envelope.plugin, failure)
        self._answers.stored(envelope.id)
        return True
