"""Where a plugin's object lives: on its worker's thread, or in a process of its own. The worker calls both alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from picctv_core import plugins, typed
from picctv_core.hookspecs import node as hookspecs
from picctv_core.inputs import RESULTS
from picctv_core.node.events import plain_details

if TYPE_CHECKING:
    import pluggy
    from pydantic import BaseModel

    from picctv_core.camera import Camera

EVENT_ENDED = "picctv_event_ended"


class Host(Protocol):
    """One life of a plugin's object. Used on the worker's thread, but for `kill`.

    Attributes:
        memory_bytes: what its process has in memory; None where it has none of its own.
    """

    memory_bytes: int | None

    def make(self) -> None:
        """Make the object; raises whatever it raises, or ProcessEnded."""
        ...

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook that the plugin implements, and give what it returns; raises as `make`."""
        ...

    def look(self) -> None:
        """See that it is still there; raises ProcessEnded."""
        ...

    def kill(self, reason: str) -> None:
        """End it at once, from any thread, as far as it can be ended: a call that runs raises ProcessEnded then."""
        ...

    def close(self) -> None:
        """Give back what it has taken; it is called no more."""
        ...


class LocalHost:
    """The object on the thread that makes it.

    Args:
        analyzer: the plugin's class.
        name: the plugin's name.
        settings: its settings.
        camera: its camera.
        result: the model of its results, if it declares one.
    """

    memory_bytes: int | None = None

    def __init__(
        self,
        analyzer: Any,
        name: str,
        settings: BaseModel,
        camera: Camera,
        result: type[typed.ResultModel] | None,
    ) -> None:
        self._analyzer = analyzer
        self._name = name
        self._settings = settings
        self._camera = camera
        self._result = result
        self._hooks: pluggy.HookRelay | None = None

    def make(self) -> None:
        """Make the object and look for its hooks."""
        self._hooks = plugins.bind(self._analyzer(self._settings, self._camera), self._name, hookspecs)

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook; a result, and the details of an event, are given as plain data.

        Raises:
            PluginError: a result does not fit the model that the plugin declares; details are none.
            CodecError: details are no plain data.
            Exception: whatever the hook raises.
        """
        if hook == "picctv_camera_started":
            arguments = {"camera": self._camera}
        value = getattr(self._hooks, hook)(**arguments)
        if hook in RESULTS:
            return typed.plain(self._result, value)
        return plain_details(value) if hook == EVENT_ENDED else value

    def look(self) -> None:
        """See nothing: a thread can't end by itself."""

    def kill(self, reason: str) -> None:
        """Do nothing: no thread can be ended from outside."""

    def close(self) -> None:
        """Give nothing back: that was the hooks' business."""
