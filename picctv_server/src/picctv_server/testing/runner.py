"""Running a processor in a test: with the server's own processing, store and MongoDB, and without swallowing errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.config import Settings
from picctv_core.errors import PluginError
from picctv_core.messages import Message
from picctv_core.plugins import SERVER, Plugin, Status
from picctv_core.testing.runner import installed, plugin_name
from picctv_server.config import ClipSettings, MongoSettings, ServerConfig, ServerSettings
from picctv_server.processing import Processing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from picctv_core.clock import Clock
    from picctv_server.clips import ClipStore


class ProcessorRunner:
    """One processor, and what a server does with messages around it.

    Args:
        processor: the class, or the name of an installed plugin.
        clips: the clip store.
        clock: the time.
        settings: keys and values as in ``server.toml``.
        name: the plugin's name; messages of others are not the processor's to process. Where not given, that of the class
            without ``Processor``, in lower case.

    Attributes:
        name: the plugin's name.
        plugin: the processor's object.
        store: where its messages go, and what it was made with.

    Raises:
        pydantic.ValidationError: the settings have faults.
        PluginError: it can't be made, or a hook or an argument of one is misspelt.
    """

    def __init__(
        self,
        processor: type[Any] | str,
        clips: ClipStore,
        clock: Clock,
        *,
        settings: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> None:
        kind = installed(processor, SERVER) if isinstance(processor, str) else processor
        self.name = name or (processor if isinstance(processor, str) else plugin_name(kind))
        self.plugin: Any = None

        def make(settings: Any, store: Any) -> Any:
            self.plugin = kind(settings, store)
            return self.plugin

        entry = Plugin(self.name, SERVER, "under test", "0", "", Status.ENABLED, object=make)
        told = getattr(kind, "Settings", Settings).model_validate(dict(settings or {}))
        # Only the plugins of a configuration are read by the processing; the connection is the process's own.
        config = ServerConfig(
            server=ServerSettings(),
            mongodb=MongoSettings(uri="mongodb://localhost"),
            clips=ClipSettings(store="gridfs"),
            processors=((entry, told),),
        )
        self._processing = Processing(config, clips, clock, strict=True)
        self.store = self._processing.store

    def process(self, messages: Message | Iterable[Message]) -> None:
        """Give one message or more, as a node sends them: processed, stored, and told to who listens.

        The same message twice is stored once, as on a server.

        Raises:
            CodecError: the message can never be stored.
            PluginError: the processor failed; also in a hook whose errors a server only logs.
        """
        for message in [messages] if isinstance(messages, Message) else messages:
            self._processing.process(replace(message, payload=None), codec.pack(message.payload))
            processor = self._processing.processors.of(self.name)
            if processor is not None and (failed := processor.state()).status is Status.FAILING:
                raise PluginError(f"plugin {self.name}: {failed.detail}")
