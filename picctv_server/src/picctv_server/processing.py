"""What happens to a message on the server: its plugin's processor, or the store as it is; then those who listen."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bson.errors import InvalidDocument
from pymongo.errors import DocumentTooLarge, PyMongoError

from picctv_core import codec, messages
from picctv_core.errors import CodecError, PluginError, StoreError
from picctv_core.hookspecs import server as hookspecs
from picctv_core.plugins import Plugin, Status, bind, check_usable, implements
from picctv_server.database import describe
from picctv_server.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pluggy

    from picctv_core.clock import Clock
    from picctv_server.clips import ClipStore
    from picctv_server.config import ServerConfig
    from picctv_server.models import Notification

log = logging.getLogger(__name__)

# What is wrong with the machine and not with the message.
_MACHINE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


class NotNowError(StoreError):
    """The message can't be stored at the moment: MongoDB is away, a disk is full. It can be tried again at will."""


class ProcessorError(PluginError):
    """A processor raised what no processor should. It is tried again a few times."""


@dataclass(frozen=True)
class _Processor:
    plugin: Plugin
    hooks: pluggy.HookRelay


class Processing:
    """Processes messages, on any number of threads at once.

    Attributes:
        store: where they go.
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
        made = [_make(plugin, settings, self.store) for plugin, settings in config.processors]
        check_usable([*config.problems, *(one for one in made if isinstance(one, Plugin))], strict=strict)
        self._processors = {one.plugin.name: one for one in made if isinstance(one, _Processor)}
        self._listeners = _those_with(self._processors.values(), "picctv_message_stored")
        self._notifiers = _those_with(self._processors.values(), "picctv_notification")
        for processor in self._processors.values():
            log.info("plugin %s: enabled", processor.plugin.describe())
        self._as_usual: dict[str, Callable[[messages.Message], None]] = {
            messages.RESULTS: self.store.add_results,
            messages.EVENT: self.store.add_event,
            messages.GAP: self.store.add_gap,
            messages.NOTIFICATION: self.store.add_notification,
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
            message = replace(envelope, payload=codec.unpack(packed))
            if self._process(message) or self._store_as_usual(message):
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
        except (PyMongoError, StoreError, OSError) as error:
            raise NotNowError(_why_not_now(error)) from error
        if is_new:
            self._tell(self._listeners, "picctv_message_stored", message=message)

    def _process(self, message: messages.Message) -> bool:
        processor = self._processors.get(message.plugin)
        if processor is None:
            return False
        try:
            return processor.hooks.picctv_process_message(message=message, store=self.store) is True
        except (CodecError, PyMongoError, InvalidDocument, StoreError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
                raise
            log.debug("where it came from", exc_info=error)
            raise ProcessorError(
                f"plugin {processor.plugin.describe()} failed with the {message.kind} message {message.id} of "
                f"{message.camera or message.node}: {type(error).__name__}: {error}"
            ) from error

    def _store_as_usual(self, message: messages.Message) -> bool:
        """Store a message of a kind that picctv itself knows; False for any other."""
        add = self._as_usual.get(message.kind)
        if add is None:
            return False
        add(message)
        return True

    def _notified(self, notification: Notification) -> None:
        self._tell(self._notifiers, "picctv_notification", notification=notification)

    def _tell(self, listeners: list[_Processor], hook: str, **arguments: Any) -> None:
        for listener in listeners:
            try:
                getattr(listener.hooks, hook)(**arguments)
            except Exception:
                log.exception(
                    "plugin %s failed in %s; what it was told of stays stored",
                    listener.plugin.describe(),
                    hook,
                )


def _make(plugin: Plugin, settings: Any, store: Store) -> _Processor | Plugin:
    """Make a plugin's processor; give the plugin with its fault where it can't be made."""
    try:
        made = plugin.object(settings, store)
        return _Processor(plugin, bind(made, plugin.name, hookspecs))
    except PluginError as error:
        return replace(plugin, status=Status.FAILING, detail=str(error))
    except Exception as error:
        log.debug("where it came from", exc_info=error)
        return replace(plugin, status=Status.FAILING, detail=f"{type(error).__name__}: {error}")


def _those_with(processors: Iterable[_Processor], hook: str) -> list[_Processor]:
    return [processor for processor in processors if implements(processor.hooks, hook)]


def _why_not_now(error: Exception) -> str:
    return describe(error) if isinstance(error, PyMongoError) else str(error)
