"""Apprise, and nothing of it in any log.

Its addresses are secrets as a whole: tokens, passwords and telephone numbers stand anywhere in them. Its own log lines,
and those of the libraries that it sends with, repeat parts of them. So these loggers are silent in this process.
"""

from __future__ import annotations

import logging

import apprise

# By name, as some of them make their loggers only when they are first used. Levels hold for all loggers below a name.
for _name in ("apprise", "oauthlib", "paho", "requests_oauthlib", "slixmpp", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

_TYPES = {
    "info": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "error": apprise.NotifyType.FAILURE,
}


class Service:
    """One address of Apprise.

    Attributes:
        scheme: the service's short name, the only part of its address that may be shown.

    Raises:
        ValueError: Apprise can't use the address.
    """

    def __init__(self, url: str) -> None:
        services = apprise.Apprise(asset=apprise.AppriseAsset(app_id="picctv"))
        if not services.add(url) or len(services) != 1:  # it takes several addresses in one text
            raise ValueError("Apprise can't use this address")
        # Asked by itself: through the Apprise object it would run in a pool of threads that Python's end waits for.
        self._service = services[0]
        self.scheme = url.partition("://")[0]

    def send(self, level: str, title: str, text: str) -> bool:
        """Send a notification, and say whether that worked."""
        return bool(self._service.notify(body=text, title=title, notify_type=_TYPES[level]))


def is_known(url: str) -> bool:
    """Say whether Apprise can use an address; nothing is sent."""
    try:
        Service(url)
    except ValueError:
        return False
    return True
