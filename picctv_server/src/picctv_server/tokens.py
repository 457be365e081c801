"""Node tokens: what a node shows to be let in.

A token is 32 random bytes, so a plain SHA-256 of it is as good as a slow password hash: nobody guesses it. It is found
by that hash through an index; how long the search takes tells only about hashes, and to make one with a wanted
beginning helps nobody to the secret. So no comparison in constant time is needed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from picctv_core.errors import StoreError
from picctv_server.models import NodeToken

if TYPE_CHECKING:
    from picctv_core.clock import Clock

_NODE = re.compile(r"(?=.{1,64}$)[a-z0-9]+(?:-[a-z0-9]+)*")


def create(node: str, clock: Clock) -> str:
    """Make a token for a node, and give the secret: it is kept nowhere and can't be shown again.

    A node may have several good ones, so that a new one can be set before the old one is revoked.

    Raises:
        StoreError: that is no name for a node.
    """
    if not _NODE.fullmatch(node):
        raise StoreError(
            f"{node!r} is no name for a node: lower-case letters and digits, with single hyphens between them"
        )
    secret = secrets.token_urlsafe(32)
    NodeToken(sha256=_hash(secret), node=node, created_at=_now(clock)).save(force_insert=True)
    return secret


def verify(secret: str) -> str | None:
    """Give the name of the node whose token this is; None where it is nobody's, or was revoked."""
    found = NodeToken.objects(sha256=_hash(secret), revoked_at=None).first()
    return None if found is None else str(found.node)


def listed() -> list[NodeToken]:
    """Give all tokens, by node and age; none has its secret."""
    return list(NodeToken.objects.order_by("node", "created_at"))


def revoke(node: str, clock: Clock) -> int:
    """Take back all of a node's tokens; give how many were good until now. An open connection ends with its next status."""
    return int(NodeToken.objects(node=node, revoked_at=None).update(set__revoked_at=_now(clock)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now(clock: Clock) -> dt.datetime:
    return dt.datetime.fromtimestamp(clock.now_ns() / 1e9, dt.UTC)
