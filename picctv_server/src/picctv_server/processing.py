"""What happens to a message on the server: its plugin's processor, or the store as it is; then those who listen."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bson.errors import InvalidDocument
from pymongo.errors import DocumentTooLarge, PyMongoError

from picctv_core import codec, messages
from picctv_core.errors import CodecError, PluginError, StoreError, one_line
from picctv_server import aside, contents
from picctv_server.alarms import Alarms
from picctv_server.failures import NotNowError, ProcessorError, is_machines, why_not_now
from picctv_server.processors import Processors
from picctv_server.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from picctv_core.clock import Clock
    from picctv_core.plugins import Plugin
    from picctv_server.clips import ClipStore
    from picctv_server.config import ServerConfig
    from picctv_server.models import Notification
    from picctv_server.processors import Processor

log = logging.getLogger(__name__)

# What a processor may raise without failing: the message can never be stored.
_NOT_THE_PROCESSORS = (CodecError, InvalidDocument)


class Processing:
    """Processes messages, on any number of threads at once.

    Attributes:
        store: where they go.
        processors: the plugins' server parts.
        alarms: tells people what is wrong, once.
    """

    def __init__(self, config: ServerConfig, clips: ClipStore, clock: Clock, *, strict: bool = False) -> None:
        """Make the processors, and log a line for each.

        Args:
            config: names them, with their settings.
            clips: the clip store.
            clock: the time.
            strict: whether a plugin that can't be used is an error.

        Raises:
            PluginError: there is one, and `strict` was asked for.
        """
        self.store = Store(clips, clock, on_notification=self._notified)
        self.alarms = Alarms(self.store, clock)
        self._clock = clock
        self._name = config.server.name
        self.processors = Processors(config.processors, config.idle, self.store, strict=strict)
        self._listeners = self.processors.with_hook("picctv_message_stored")
        self._notifiers = self.processors.with_hook("picctv_notification")
        self._as_usual: dict[str, Callable[[messages.Message], None]] = {
            messages.RESULTS: self.store.add_results,
            messages.EVENT: self.store.add_event,
            messages.GAP: self.store.add_gap,
            messages.NOTIFICATION: self.store.add_notification,
            messages.SCHEMA: self.store.add_schema,
        }

    def process(self, envelope: messages.Message, packed: bytes) -> None:
        """Process and store a message; when this returns, the node may forget it.

        Args:
            envelope: the message without its payload.
            packed: the payload, packed.

        Raises:
            CodecError: the message can never be stored; the text says why.
            NotNowError: it can't be stored at the moment.
            ProcessorError: its plugin's processor failed.
        """
        try:
            if self.store.seen(envelope.id):
                return
        except PyMongoError as error:
            raise NotNowError(why_not_now(error)) from error
        try:
            self.store_message(envelope, packed)
        except ProcessorError:
            # It is there already where it came again, because its node did not hear of it. Asked only now: the many that
            # are stored need not wait for it. One that can be stored by now leaves there by `aside.drop_stored`.
            if not self._is_aside(envelope.id):
                raise

    def process_together(
        self, several: Sequence[tuple[messages.Message, bytes]]
    ) -> tuple[set[str], dict[str, ProcessorError]]:
        """Process and store messages with few questions to MongoDB.

        All of this can be done again, so it is no harm where something of a message was stored.

        Args:
            several: envelopes and packed payloads.

        Returns:
            The ids of those that the node may forget, and how the processor failed with others, by their ids. The rest is
            for `process`, which says what is wrong with it.
        """
        failures: dict[str, ProcessorError] = {}
        ids = [envelope.id for envelope, _ in several]
        try:
            # in this order, as in `process`
            kept = aside.those_of(ids)
            kept |= self.store.those_seen(ids)
            stored: list[messages.Message] = []
            results: list[tuple[messages.Message, contents.Results]] = []
            for envelope, packed in several:
                if envelope.id in kept:
                    continue
                try:
                    found = self._begun(envelope, packed)
                except ProcessorError as error:
                    failures[envelope.id] = error
                    continue
                if found is not None:
                    message, said = found
                    if said is None:
                        stored.append(message)
                    else:
                        results.append((message, said))
            if results:
                self.store.add_results_together(results)
            marked = [*stored, *(message for message, _ in results)]
            new = self.store.mark_together(marked) if marked else set()
            if len(new) < len(marked):
                # somebody else has marked them, and may still wait for the majority
                kept |= self.store.those_seen([message.id for message in marked if message.id not in new])
        except Exception as error:  # noqa: BLE001 - whatever it is, `process` meets it again, and for one message
            log.debug("%d messages can't be stored together: %s", len(several), one_line(error, PluginError))
            return set(), failures
        for message in marked:
            if message.id in new:
                self._tell(self._listeners, "picctv_message_stored", message=message)
        return kept | new, failures

    def _begun(
        self, envelope: messages.Message, packed: bytes
    ) -> tuple[messages.Message, contents.Results | None] | None:
        """Do of a message what is done for it alone; give it, and the results in it that are still to be stored.

        None for one that has to be stored by itself.

        Raises:
            ProcessorError: its plugin's processor failed.
        """
        try:
            message = replace(envelope, payload=codec.unpack(packed))
            if self._process(message):
                return message, None
            if message.kind == messages.RESULTS:
                return message, contents.read(message, contents.Results)
            return (message, None) if self._store_as_usual(message) else None
        except CodecError:
            return None

    def set_aside(
        self, envelope: messages.Message, packed: bytes, failure: ProcessorError, tries: int
    ) -> None:
        """Keep a message that a processor failed with; when this returns, the node may forget it.

        People are told once, when the first message of a plugin goes aside.

        Args:
            envelope: the message without its payload.
            packed: the payload, packed.
            failure: what `process` raised, the last time.
            tries: how often it was tried.

        Raises:
            NotNowError: it can't be kept at the moment.
        """
        try:
            aside.put(envelope, packed, failure, tries, server=self._name, at_ns=self._clock.now_ns())
            aside.tell(self.alarms, envelope, failure)
        except (PyMongoError, StoreError, OSError) as error:
            raise NotNowError(why_not_now(error)) from error

    def store_message(self, envelope: messages.Message, packed: bytes, *, as_is: bool = False) -> None:
        """Process and store a message, also one that is set aside; see `process`.

        Args:
            envelope: the message without its payload.
            packed: the payload, packed.
            as_is: whether it is stored as if its plugin had no server part.
        """
        try:
            message = replace(envelope, payload=codec.unpack(packed))
            if (not as_is and self._process(message)) or self._store_as_usual(message):
                is_new = self.store.mark(message)
            else:
                # A clip too, where no recording plugin is installed: it is kept, whoever may read it one day.
                is_new = self.store.add_message(message, packed)
        except (CodecError, ProcessorError, NotNowError):
            raise
        except (InvalidDocument, DocumentTooLarge) as error:
            raise CodecError(
                f"MongoDB can't have the {envelope.kind} message {envelope.id}: {error}"
            ) from error
        except Exception as error:
            if is_machines(error):
                raise NotNowError(why_not_now(error)) from error
            raise _failed("picctv's own storing", None, envelope, error) from error
        if is_new:
            self._tell(self._listeners, "picctv_message_stored", message=message)
        elif not self.store.seen(envelope.id):
            raise NotNowError("MongoDB has the message, but not yet on a majority of its members")

    def expire(self, before_ns: int) -> None:
        """Have plugins remove what they stored by themselves, and what is older than a time in UTC nanoseconds."""
        self._tell(self.processors.with_hook("picctv_expire"), "picctv_expire", before=before_ns)

    def _is_aside(self, message_id: str) -> bool:
        try:
            return aside.has(message_id)
        except PyMongoError as error:
            raise NotNowError(why_not_now(error)) from error

    def _process(self, message: messages.Message) -> bool:
        processor = self.processors.of(message.plugin)
        if processor is None:
            return False
        try:
            done = processor.call(
                "picctv_process_message", _NOT_THE_PROCESSORS, message=message, store=self.store
            )
        except _NOT_THE_PROCESSORS:
            raise
        except Exception as error:
            if is_machines(error):
                raise
            log.debug("where it came from", exc_info=error)
            raise _failed(
                f"plugin {processor.plugin.describe()}", processor.plugin, message, error
            ) from error
        return done is True

    def _store_as_usual(self, message: messages.Message) -> bool:
        """Store a message of a kind that picctv itself knows; False for any other."""
        add = self._as_usual.get(message.kind)
        if add is None:
            return False
        add(message)
        return True

    def _notified(self, notification: Notification) -> None:
        self._tell(self._notifiers, "picctv_notification", notification=notification)

    def _tell(self, listeners: Sequence[Processor], hook: str, **arguments: Any) -> None:
        for listener in listeners:
            try:
                listener.call(hook, **arguments)
            except Exception:
                log.exception(
                    "plugin %s failed in %s; nothing else depends on it",
                    listener.plugin.describe(),
                    hook,
                )


def _failed(who: str, plugin: Plugin | None, message: messages.Message, error: Exception) -> ProcessorError:
    return ProcessorError(
        f"{who} failed with the {message.kind} message {message.id} of {message.camera or message.node}: "
        f"{one_line(error, PluginError)}",
        plugin,
    )
