"""What is stored, as mongoengine documents.

Times that end in ``_ns`` are UTC nanoseconds since the epoch; the other times are aware datetimes, for things that only
people compare. Writing is the business of `picctv_server.store` and `picctv_server.presence`; everybody else reads.

A plugin keeps data of its own in documents of its own, with ``"db_alias": ALIAS`` and a collection whose name begins with
the plugin's. `ALIAS` is the name of the process's connection to picctv's database, in the server and beside the web
interface. It is public: it stays.

Indexes are made by `picctv_server.database.make_indexes`, never on the way, so that reading stays reading.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import mongoengine as me

from picctv_core import codec
from picctv_core.typed import ResultField

ALIAS = "picctv"
"""The connection to picctv's database: ``db_alias`` of every document, those of plugins included. It stays as it is."""

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

OFFLINE_AFTER = dt.timedelta(seconds=30)
"""A node says something every few seconds; one that was silent for this long is away."""

_FIELD_KEYS = tuple(field.name for field in dataclasses.fields(ResultField))


def _meta(collection: str, *indexes: Any, ordering: str | None = None) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "db_alias": ALIAS,
        "collection": collection,
        "auto_create_index": False,
        "indexes": [{"fields": list(index)} if isinstance(index, tuple) else index for index in indexes],
        # A field that a newer server of the same cluster wrote is none of our business.
        "strict": False,
    }
    if ordering:
        meta["ordering"] = [ordering]
    return meta


class Node(me.Document):
    """A machine with cameras, as it last spoke of itself.

    Attributes:
        name: the node's name.
        version: of its picctv-core.
        last_seen_at: when it last said anything.
        status: the rest of its newest status, for example ``{"spool": {"messages", "bytes"}}``.
    """

    name = me.StringField(primary_key=True)
    version = me.StringField(default="")
    last_seen_at = me.DateTimeField()
    status = me.DictField()

    meta = _meta("nodes", ordering="name")

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the node was heard of lately."""
        return _lately(self.last_seen_at, now)


class Camera(me.Document):
    """A camera, as its node last spoke of it.

    Attributes:
        id: ``node/camera``.
        node: its node's name.
        title: what people call it.
        state: ``running``, ``connecting``, ``failed`` or ``ended``, as the node said; see `online`.
        detail: why, where there is something to say.
        width: columns of its video, 0 while unknown.
        height: rows of its video, 0 while unknown.
        rate: nominal pictures a second, 0 while unknown.
        plugins: how the plugins do on it, ``{name: {"status", "detail", "distribution", "version", "isolation", "uses",
            "restarts", "memory_bytes", "health", "counts", "timing"}}``; ``health`` is what the plugin said of itself.
        last_seen_at: when its node last spoke of it.
        picture: its newest picture, JPEG.
        picture_at_ns: when that was captured.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    title = me.StringField(default="")
    state = me.StringField(default="")
    detail = me.StringField(default="")
    width = me.IntField(default=0)
    height = me.IntField(default=0)
    rate = me.FloatField(default=0.0)
    plugins = me.DictField()
    last_seen_at = me.DateTimeField()
    picture = me.BinaryField()
    picture_at_ns = me.LongField()

    meta = _meta("cameras", ("node",), ordering="id")

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the camera's node was heard of lately; if not, `state` is what it was then."""
        return _lately(self.last_seen_at, now)


class Clip(me.Document):
    """A stored stretch of video.

    The bytes are in the clip store, under `video_name` and `thumbnail_name`.

    Attributes:
        id: the id of the message that brought it.
        camera: ``node/camera``.
        plugin: who recorded it.
        trigger: the plugin that made it be recorded; None for continuous recording.
        started_at_ns: capture time of its first picture.
        ended_at_ns: capture time of its last picture, plus that picture's length.
        width: columns of the picture.
        height: rows of the picture.
        frames: how many pictures.
        bytes: size of the MP4.
        sha256: of the MP4, hexadecimal.
        thumbnail: whether there is one.
        triggered_by: the plugins with an event in it.
        ranges: between what each number in the results within it lies, ``{plugin: {version: {field: {"min", "max"}}}}``;
            version is a text, ``"0"`` where the plugin declares no model; true counts as 1.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    plugin = me.StringField()
    trigger = me.StringField()
    started_at_ns = me.LongField()
    ended_at_ns = me.LongField()
    width = me.IntField()
    height = me.IntField()
    frames = me.IntField()
    bytes = me.LongField()
    sha256 = me.StringField()
    thumbnail = me.BooleanField(default=False)
    triggered_by = me.ListField(me.StringField())
    ranges = me.DictField()

    meta = _meta(
        "clips",
        ("camera", "-started_at_ns", "-id"),
        ("-started_at_ns", "-id"),
        ("triggered_by", "-started_at_ns"),
        ("camera", "triggered_by", "-started_at_ns"),
        # Results mostly come before the clip that they belong to: none of the camera's clips ends later, and this shows it
        # without a look at those of a whole day.
        ("camera", "ended_at_ns"),
    )

    @property
    def video_name(self) -> str:
        """Give the name of its MP4 in the clip store."""
        return f"{self.id}.mp4"

    @property
    def thumbnail_name(self) -> str:
        """Give the name of its thumbnail, a JPEG, in the clip store."""
        return f"{self.id}.jpg"

    @property
    def duration_s(self) -> float:
        """Give its length in seconds."""
        return float(self.ended_at_ns - self.started_at_ns) / SECOND_NS

    @property
    def started_at(self) -> dt.datetime:
        """Give its beginning as a datetime, for people."""
        return moment(self.started_at_ns)


class Analysis(me.Document):
    """A minute of one plugin's results for one camera.

    Attributes:
        id: `analysis_id`.
        camera: ``node/camera``.
        plugin: whose results.
        minute_ns: the minute's beginning.
        batches: ``{"message_id", "from_ns", "to_ns", "version", "data"}`` in order of arrival; ``version`` is that of the
            results' `ResultSchema`, None where the plugin declares none; ``data`` is the packed list of
            ``[captured_at_ns, result]``, or None where it is too large for here: then it is the payload named
            ``message_id:minute_ns``.
        summary: for each number in the results, ``{field: {"min", "max", "sum", "count"}}``; true counts as 1.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    plugin = me.StringField()
    minute_ns = me.LongField()
    batches = me.ListField(me.DictField())
    summary = me.DictField()

    meta = _meta("analyses", ("camera", "plugin", "minute_ns"))


class Event(me.Document):
    """A stretch of time in which an analyzer was triggered.

    Attributes:
        id: the event's id.
        camera: ``node/camera``.
        plugin: the analyzer.
        started_at_ns: when it began.
        ended_at_ns: when it ended; None while it goes on.
        peak_score: the highest score; None where results have none.
        peak_at_ns: when that was.
        peak: the result of that time, packed; see `peak_result`.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    plugin = me.StringField()
    started_at_ns = me.LongField()
    ended_at_ns = me.LongField()
    peak_score = me.FloatField()
    peak_at_ns = me.LongField()
    peak = me.BinaryField()

    meta = _meta("events", ("camera", "plugin", "-started_at_ns"), ("-started_at_ns",))

    @property
    def peak_result(self) -> Any:
        """Give the analyzer's result at the peak; None where there is none."""
        return None if self.peak is None else codec.unpack(self.peak)

    @property
    def started_at(self) -> dt.datetime:
        """Give its beginning as a datetime, for people."""
        return moment(self.started_at_ns)


class Notification(me.Document):
    """A line for people.

    Attributes:
        id: of the message that brought it, or derived from the one that it was made for.
        node: the node that it is about.
        camera: ``node/camera``, or empty when it is about the node itself.
        plugin: who says it; empty for picctv itself.
        level: ``info``, ``warning`` or ``error``.
        title: the line.
        text: more, where there is more.
        at_ns: the time that it speaks of.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    level = me.StringField()
    title = me.StringField()
    text = me.StringField(default="")
    at_ns = me.LongField()

    meta = _meta("notifications", ("-at_ns", "-id"), ("camera", "-at_ns"))

    @property
    def at(self) -> dt.datetime:
        """Give its time as a datetime, for people."""
        return moment(self.at_ns)


class Gap(me.Document):
    """A stretch of time for which something is missing.

    Attributes:
        id: of the message that told of it.
        node: the node that it happened on.
        camera: ``node/camera``, or empty when it is about the node itself.
        plugin: whose data is missing; empty for picctv itself.
        from_ns: its beginning.
        to_ns: its end.
        cause: why.
        bytes: how much is missing, where that is known; else 0.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    from_ns = me.LongField()
    to_ns = me.LongField()
    cause = me.StringField()
    bytes = me.LongField(default=0)

    meta = _meta("gaps", ("camera", "-from_ns"), ("-from_ns",))


class NodeToken(me.Document):
    """What a node shows to be let in; the secret itself is nowhere but on the node.

    Attributes:
        sha256: of the secret, hexadecimal.
        node: the node's name.
        created_at: when it was made.
        revoked_at: when it was taken back; None while it is good.
    """

    sha256 = me.StringField(primary_key=True)
    node = me.StringField()
    created_at = me.DateTimeField()
    revoked_at = me.DateTimeField()

    meta = _meta("node_tokens", ("node", "created_at"))


class Message(me.Document):
    """A message that is stored: it is never stored again.

    Attributes:
        id: unique over all nodes and all time.
        node: the node's name.
        camera: ``node/camera``, or empty.
        plugin: who sent it; empty for picctv itself.
        kind: what the payload is.
        captured_at_ns: the time that it speaks of.
        sequence: counts the node's messages.
        stored_at: when it was.
        payload: packed, where the message is stored as it is; else None.
        payload_apart: whether it is stored as it is, but too large for here: then the payload has the message's id.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    kind = me.StringField()
    captured_at_ns = me.LongField()
    sequence = me.LongField()
    stored_at = me.DateTimeField()
    payload = me.BinaryField()
    payload_apart = me.BooleanField(default=False)

    meta = _meta("messages", ("camera", "plugin", "kind", "-captured_at_ns"), ("stored_at",))


class ResultSchema(me.Document):
    """What a plugin's results of one version are made of, as a node last told.

    Attributes:
        id: `schema_id`.
        plugin: whose results.
        version: of the model; results name it.
        fields: its numbers and booleans, each with the keys of `picctv_core.typed.ResultField`.
        packed_json_schema: the whole model as JSON schema, packed; see `json_schema`.
        node: the node that told.
        told_at_ns: when.
    """

    id = me.StringField(primary_key=True)
    plugin = me.StringField()
    version = me.IntField()
    fields = me.ListField(me.DictField())
    # Packed, because MongoDB reads a "$ref" in a document as something else.
    packed_json_schema = me.BinaryField()
    node = me.StringField()
    told_at_ns = me.LongField()

    meta = _meta("result_schemas", ("plugin", "version"))

    @property
    def json_schema(self) -> dict[str, Any]:
        """Give the model as JSON schema."""
        found: dict[str, Any] = codec.unpack(self.packed_json_schema)
        return found

    @property
    def result_fields(self) -> tuple[ResultField, ...]:
        """Give its numbers and booleans."""
        # An older server stored fewer keys: those have their defaults.
        return tuple(
            ResultField(**{key: own[key] for key in _FIELD_KEYS if key in own}) for own in self.fields
        )


class ServerStatus(me.Document):
    """A server process, as it last spoke of itself; it does so about every ten seconds.

    Attributes:
        id: ``host:port`` of the process.
        name: what the server calls itself; several processes may have one name.
        version: of its picctv-server.
        last_seen_at: when it last said anything. What was silent for a day is forgotten.
        plugins: how the plugins' server parts do in it, each with all of these keys: ``{name: {"status", "detail",
            "distribution", "version", "health", "calls", "failures", "ms_mean", "ms_p50", "ms_p95", "ms_max"}}``.
            ``status`` is a `picctv_core.plugins.Status`; ``health`` is what `picctv_health` said, a dict; ``calls`` and
            ``failures`` count the calls of its other hooks since the start; the milliseconds are those of the newest 500
            of them, None where there was none. A plugin that the settings name and nobody brings is in it too, its
            distribution and version empty.
    """

    id = me.StringField(primary_key=True)
    name = me.StringField()
    version = me.StringField(default="")
    last_seen_at = me.DateTimeField()
    plugins = me.DictField()

    meta = _meta(
        "server_statuses", {"fields": ["last_seen_at"], "expireAfterSeconds": 24 * 3600}, ordering="id"
    )

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the server was heard of lately."""
        return _lately(self.last_seen_at, now)


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
    ResultSchema,
    ServerStatus,
)


def schema_id(plugin: str, version: int) -> str:
    """Give the id of the `ResultSchema` of a version."""
    return f"{plugin}|{version}"


def analysis_id(camera: str, plugin: str, minute_ns: int) -> str:
    """Give the id of the `Analysis` of a minute."""
    return f"{camera}|{plugin}|{minute_ns // MINUTE_NS}"


def moment(at_ns: int) -> dt.datetime:
    """Give UTC nanoseconds as an aware datetime, cut to microseconds."""
    return dt.datetime.fromtimestamp(at_ns // SECOND_NS, dt.UTC) + dt.timedelta(
        microseconds=at_ns % SECOND_NS // 1000
    )


def _lately(seen: dt.datetime | None, now: dt.datetime | None) -> bool:
    return seen is not None and (now or dt.datetime.now(dt.UTC)) - seen < OFFLINE_AFTER
