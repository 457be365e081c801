"""The hooks of a plugin's server part: a *processor*.

The entry point (group ``picctv.server``) is a class, made once in each server process as ``Plugin(settings, store)``:
``settings`` is an object of the class's own ``Settings`` model, ``store`` the server's `picctv_server.store.Store`.

Hooks are called on worker threads, several at a time: what an object shares between calls needs a lock.
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
        Exception: anything else means *not now*: the message is not acknowledged, and comes again later.

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

    Called once for each new `picctv_server.models.Notification`, after it is stored. What it returns is ignored; when
    it raises, that is logged and the notification stays in the web.

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

    Called about once an hour while old data is kept for a limited time only. What picctv's store keeps is removed by
    the server itself.

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
