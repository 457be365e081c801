"""What came of an analyzer's run."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from picctv_core import typed
from picctv_core.messages import EVENT, RESULTS, SCHEMA, Message
from picctv_core.testing.messages import make_message
from picctv_core.timing import quantile

if TYPE_CHECKING:
    from picctv_core.frames import Result
    from picctv_core.testing.camera import FakeCamera

_BATCH_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the calls of one hook took, in milliseconds of wall time.

    Attributes:
        calls: how many there were.
        ms_mean: their mean.
        ms_p50: their median.
        ms_p95: what 95 of 100 did not exceed.
        ms_max: the longest.
    """

    calls: int
    ms_mean: float
    ms_p50: float
    ms_p95: float
    ms_max: float

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        """Sum up at least one duration, in seconds."""
        ms = sorted(1000 * one for one in seconds)
        return cls(len(ms), statistics.fmean(ms), statistics.median(ms), quantile(ms, 0.95), ms[-1])


@dataclass
class Run:
    """What an analyzer said and sent while it ran.

    Attributes:
        camera: the camera that it ran on.
        model: the model of its results; None where it declares none.
        results: what it said, frame by frame, as the server reads it; frames that it said nothing about are left out.
        events: the events that its trigger marks make, each as it was sent last.
        event_payloads: every payload of the kind ``event`` that the node would have sent, in order.
        health: what it said last of its health; None where it says nothing.
        seconds: how long each call of a hook took, by the hook's name.
    """

    camera: FakeCamera
    model: type[typed.ResultModel] | None = None
    results: list[Result] = field(default_factory=list)
    event_payloads: list[dict[str, Any]] = field(default_factory=list)
    health: Any = None
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def data(self) -> list[Any]:
        """Give the results without their times."""
        return [result.data for result in self.results]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Give each event once, as it was sent last."""
        newest = {payload["event_id"]: payload for payload in self.event_payloads}
        return list(newest.values())

    @property
    def messages(self) -> list[Message]:
        """Give what the analyzer emitted by itself, in order."""
        return list(self.camera.messages)

    @property
    def timing(self) -> dict[str, Timing]:
        """Give how long the calls took, for each hook that was called."""
        return {hook: Timing.of(seconds) for hook, seconds in self.seconds.items() if seconds}

    @property
    def sent(self) -> list[Message]:
        """Give every message that the node would have sent: the results' schema, results, events, and what was emitted.

        Results come in batches of a second. Feed a processor with them, or a store.
        """
        payloads: list[tuple[str, Any, int]] = []
        version = {} if self.model is None else {"version": self.model.version}
        if self.model is not None and self.results:
            payloads.append((SCHEMA, typed.schema_of(self.model), self.results[0].captured_at_ns))
        batch: list[list[Any]] = []
        for result in self.results:
            if batch and result.captured_at_ns - batch[0][0] >= _BATCH_NS:
                payloads.append((RESULTS, {"items": batch, **version}, batch[0][0]))
                batch = []
            batch.append([result.captured_at_ns, result.data])
        if batch:
            payloads.append((RESULTS, {"items": batch, **version}, batch[0][0]))
        payloads += [(EVENT, payload, payload["started_at_ns"]) for payload in self.event_payloads]
        own = self.camera.messages
        return [
            *own,
            *(
                make_message(
                    kind,
                    payload,
                    plugin=self.camera.plugin,
                    node=self.camera.node,
                    camera=self.camera.name,
                    captured_at_ns=at_ns,
                    sequence=len(own) + number,
                )
                for number, (kind, payload, at_ns) in enumerate(payloads)
            ),
        ]
