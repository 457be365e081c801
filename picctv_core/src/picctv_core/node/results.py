"""The way of one analyzer's results: to the other plugins at once, to the server in batches, and as events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core import codec, typed
from picctv_core.frames import Result
from picctv_core.messages import EVENT, RESULTS, SCHEMA
from picctv_core.node.events import EventTracker

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.frames import EndedEvent
    from picctv_core.node.plugin_camera import PluginCamera

BATCH_S = 1.0
_MAX_BATCH_ITEMS = 1000
_MAX_BATCH_BYTES = 2**20

_IDLE_S = 10.0
"""An event is ended when not a single frame was analysed for so long: the camera is away."""


class ResultFlow:
    """Takes what an analyzer says, frame by frame. Used on the analyzer's worker only.

    Args:
        camera: the camera in the analyzer's name.
        publish: takes each result; gives it to the camera's other plugins.
        model: the model that the analyzer declares of its results; None where it declares none. The server is told of
            it once, before the first results. What is added has been through `picctv_core.typed.plain` already, which
            is called where the analyzer runs.
        details: asked for the details of each event that ends; see `EventTracker`.
    """

    def __init__(
        self,
        camera: PluginCamera,
        publish: Callable[[Result], None],
        model: type[typed.ResultModel] | None = None,
        details: Callable[[EndedEvent], dict[str, Any] | None] | None = None,
    ) -> None:
        self._camera = camera
        self._publish = publish
        self._version = None if model is None else model.version
        self._untold = None if model is None else typed.schema_of(model)
        self._events = EventTracker(details)
        self._items: list[list[Any]] = []
        self._bytes = 0
        self._batch_begun_s = 0.0
        self._seen_s = 0.0

    def reach(self, captured_at_ns: int) -> None:
        """Take that a frame has come, before it is looked at: it may be too late for the event that is open."""
        self._send_events(self._events.reach(captured_at_ns))

    def add(self, captured_at_ns: int, data: Any) -> None:
        """Take what was said about a frame, as plain data; None is nothing.

        Raises:
            CodecError: it is no plain data; then nobody gets it.
        """
        now_s = self._seen_s = self._camera.clock.monotonic()
        if data is not None:
            packed = codec.pack(data)
            # What the others hear is what the server reads, and stays so if the analyzer goes on using its own object.
            data = codec.unpack(packed)
            self._publish(Result(self._camera.id, self._camera.plugin, captured_at_ns, data))
            if not self._items:
                self._batch_begun_s = now_s
            self._items.append([captured_at_ns, data])
            self._bytes += len(packed)
        self._send_events(self._events.see(captured_at_ns, data))
        self.tick()

    def tick(self) -> None:
        """Send what has waited long enough; the first time the model of the results, where there is one."""
        if self._untold is not None:
            schema, self._untold = self._untold, None
            self._camera.try_to(self._camera.emit, SCHEMA, schema)
        now_s = self._camera.clock.monotonic()
        full = len(self._items) >= _MAX_BATCH_ITEMS or self._bytes >= _MAX_BATCH_BYTES
        if self._items and (full or now_s - self._batch_begun_s >= BATCH_S):
            self._send_batch()
        if now_s - self._seen_s > _IDLE_S:
            self._send_events(self._events.close())

    def close(self) -> None:
        """Send all that is open."""
        if self._items:
            self._send_batch()
        self._send_events(self._events.close())

    def _send_batch(self) -> None:
        items, self._items, self._bytes = self._items, [], 0
        payload: dict[str, Any] = {"items": items}
        if self._version is not None:
            payload["version"] = self._version
        self._camera.try_to(self._camera.emit, RESULTS, payload, captured_at_ns=items[0][0])

    def _send_events(self, payloads: list[dict[str, Any]]) -> None:
        for payload in payloads:
            at_ns = payload["started_at_ns"]
            self._camera.try_to(self._camera.emit, EVENT, payload, captured_at_ns=at_ns)
