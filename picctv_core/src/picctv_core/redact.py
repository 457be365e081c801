"""Addresses as they may be shown: a camera's password never reaches a log, a page or a process list."""

from __future__ import annotations

import re

_STARS = "***"
# The last @ ends the user's part: passwords with an @ or a / in them are seen in cameras' addresses, and
# showing too little of an address does no harm.
_USER = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^:@]*):.*@(?=[^@]*$)", re.DOTALL)
_FIELD = re.compile(
    r"(?P<name>(?<![A-Za-z])(?:password|passwd|passwort|pwd|pass|token|secret|auth|api_?key|key)=)[^&_\s#]*",
    re.IGNORECASE,
)


def redact_url(url: str) -> str:
    """Give an address without its password, and without passwords and tokens in its query.

    Args:
        url: any address, or a path, which comes back as it is.

    Returns:
        For example ``rtsp://admin:***@door.lan/stream?token=***``.
    """
    if "://" not in url:
        return url
    shown = _USER.sub(lambda match: f"{match['scheme']}{match['user']}:{_STARS}@", url)
    return _FIELD.sub(lambda match: f"{match['name']}{_STARS}", shown)
