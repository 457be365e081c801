"""The hooks of a plugin's server part: a *processor*.

The entry point (group ``picctv.server``) is a class, made once in each server process as ``Plugin(settings, store)``:
``settings`` is an object of the class's own ``Settings`` model, ``store`` the server's `picctv_server.store.Store`.

Hooks are called on worker threads, several at a time: what an object shares between calls needs a lock. In which order
messages are processed is not defined, not even of those of one camera: go by their times, never by their order. With
several server processes, each has an object of its own, and a message is processed by the one that got it.

What processors are given from the store, such as a `Notification`, is described in the reference of the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core.hookspecs import hookspec

if TYPE_CHECKING:
    from picctv_core.messages import Message


@hookspec(firstresult=True)
def picctv_process_message(message: Message, store: Any) -> bool | None:
    """Process one of the plugin's own messages, before the node is told that it may forget it.

    Called for each message whose ``plugin`` is this plugin's name. A server that dies between processing and the
    acknowledgement gets the message again: key what you store on ``message.id``, as the store's own methods do, and
    processing twice does no harm.

    Returns:
        True when the message is stored as it should be. Anything else: the server stores the message as it is.

    Raises:
        picctv_core.errors.CodecError: the message can never be processed; the node sets it aside with this reason.
        OSError, pymongo.errors.PyMongoError: where it tells of the machine (a full disk, a MongoDB that is away), the
            message is tried until it works, and the node keeps it meanwhile.
        Exception: anything else is a failure of the plugin: the message is tried three times, then the server sets it
            aside, with the traceback, to be processed again when somebody asks. Nobody else's messages wait for that.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class LoudNotes:
        ...     @hookimpl
        ...     def picctv_process_message(self, message, store):
        ...         if message.kind != "note":
        ...             return None
        ...         store.notify(message, "info", message.payload["text"].upper())
        ...         return True
    """


@hookspec
def picctv_message_stored(message: Message) -> None:
    """Hear that a message, of whatever plugin, is stored.

    Called after the store confirmed it, once for each message, except that a server that dies just then may leave it
    out. What it returns is ignored; when it raises, that is logged and the message stays stored.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Tally:
        ...     stored = 0
        ...     @hookimpl
        ...     def picctv_message_stored(self):
        ...         self.stored += 1
    """


@hookspec
def picctv_notification(notification: Any) -> None:
    """Deliver a notification elsewhere: mail, chat, a siren.

    Called at most once for each new `picctv_server.models.Notification`, of whatever plugin, after it is stored and before
    the node hears that its message is. So a server that dies just then leaves it out, and no notification comes twice. The
    order is not fixed: `notification.at_ns` says when each was. What it returns is ignored; when it raises, that is logged and
    the notification stays in the web.

    The processing of the message waits for it: leave what takes long, such as sending, to a thread of your own, and end
    that in `picctv_server_stopped`.

    Args:
        notification: `level` is ``"info"``, ``"warning"`` or ``"error"``; `plugin` is empty for what picctv itself says.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Printer:
        ...     @hookimpl
        ...     def picctv_notification(self, notification):
        ...         print(notification.level, notification.title)
    """


@hookspec
def picctv_expire(before: int) -> None:
    """Remove what the plugin stored by itself and that is older than a time.

    Called about once an hour, in one of the server processes, where ``[retention]`` in ``server.toml`` has ``plugin_days``
    or ``results_days``; without them nothing is too old. What picctv's store keeps is removed by the server itself.

    Args:
        before: UTC nanoseconds since the epoch; what ended earlier may go.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Diary:
        ...     def __init__(self):
        ...         self.pages = {1: "old", 9: "new"}
        ...     @hookimpl
        ...     def picctv_expire(self, before):
        ...         self.pages = {at: text for at, text in self.pages.items() if at >= before}
    """


@hookspec(firstresult=True)
def picctv_health() -> dict[str, Any] | None:
    """Say how it goes: a small dict of texts and numbers, shown beside the plugin's status in the web.

    Called about every ten seconds, beside other hooks. Time budget: a few milliseconds. One that takes longer than a second
    is left alone: until it has returned it is not called again, and the status is *failing*. So it is when it raises.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Sender:
        ...     sent = 0
        ...     @hookimpl
        ...     def picctv_health(self):
        ...         return {"sent": self.sent}
    """


@hookspec
def picctv_server_stopped() -> None:
    """End: give back what was taken, and send what still waits.

    Called once when the server stops, after the last message was processed and after every other hook; only a call that
    hangs for 3 seconds is not waited for. It is not called in a server that is killed, crashes, or never came to run.
    Time budget: 3 seconds, which all processors share, each on a thread of its own; one that takes longer is left
    behind, and that is logged. What it returns is ignored; when it raises, that is logged and the others go on.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> class Connected:
        ...     def __init__(self, settings, store):
        ...         self.is_open = True
        ...     @hookimpl
        ...     def picctv_server_stopped(self):
        ...         self.is_open = False
    """
