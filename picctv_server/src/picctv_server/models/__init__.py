"""What is stored, as mongoengine documents.

Times that end in ``_ns`` are UTC nanoseconds since the epoch; the other times are aware datetimes, for things that only
people compare. Writing is the business of `picctv_server.store` and `picctv_server.presence`; everybody else reads.

A plugin keeps data of its own in documents of its own, with ``"db_alias": ALIAS`` and a collection whose name begins with
the plugin's. `ALIAS` is the name of the process's connection to picctv's database, in the server and beside the web
interface. It is public: it stays.

Indexes are made by `picctv_server.database.make_indexes`, never on the way, so that reading stays reading.
"""

from __future__ import annotations

from picctv_server.models.base import ALIAS, MINUTE_NS, SECOND_NS, moment
from picctv_server.models.clips import Clip
from picctv_server.models.common import Alarm, Lease
from picctv_server.models.findings import Analysis, Event, ResultSchema, analysis_id, schema_id
from picctv_server.models.ledger import Gap, Message, Notification, SetAside
from picctv_server.models.machines import OFFLINE_AFTER, Camera, Node, NodeToken, ServerStatus

__all__ = [
    "ALIAS",
    "DOCUMENTS",
    "MINUTE_NS",
    "OFFLINE_AFTER",
    "SECOND_NS",
    "Alarm",
    "Analysis",
    "Camera",
    "Clip",
    "Event",
    "Gap",
    "Lease",
    "Message",
    "Node",
    "NodeToken",
    "Notification",
    "ResultSchema",
    "ServerStatus",
    "SetAside",
    "analysis_id",
    "moment",
    "schema_id",
]

DOCUMENTS = (
    Node,
    Camera,
    Clip,
    Analysis,
    Event,
    Notification,
    Gap,
    NodeToken,
    Message,
    SetAside,
    ResultSchema,
    ServerStatus,
    Lease,
    Alarm,
)
