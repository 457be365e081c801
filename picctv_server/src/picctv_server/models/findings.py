"""What plugins found: results by the minute, what these are made of, and events."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import mongoengine as me

from picctv_core import codec
from picctv_core.typed import ResultField
from picctv_server.models.base import MINUTE_NS, described, moment

if TYPE_CHECKING:
    import datetime as dt

_FIELD_KEYS = tuple(field.name for field in dataclasses.fields(ResultField))


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

    meta = described("analyses", ("camera", "plugin", "minute_ns"))


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

    meta = described("result_schemas", ("plugin", "version"))

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
        details: what the analyzer said of it once it had ended, packed; see `event_details`. They may take 1 MiB: a list
            of events leaves them out with ``.exclude("details")``.
        has_picture: whether there is a `picture` in them.
    """

    id = me.StringField(primary_key=True)
    camera = me.StringField()
    plugin = me.StringField()
    started_at_ns = me.LongField()
    ended_at_ns = me.LongField()
    peak_score = me.FloatField()
    peak_at_ns = me.LongField()
    peak = me.BinaryField()
    details = me.BinaryField()
    has_picture = me.BooleanField(default=False)

    meta = described("events", ("camera", "plugin", "-started_at_ns"), ("-started_at_ns",))

    @property
    def peak_result(self) -> Any:
        """Give the analyzer's result at the peak; None where there is none."""
        return None if self.peak is None else codec.unpack(self.peak)

    @property
    def event_details(self) -> dict[Any, Any] | None:
        """Give what the analyzer said of it in `picctv_event_ended`; None where that was nothing, or it goes on."""
        return None if self.details is None else codec.unpack(self.details)

    @property
    def picture(self) -> bytes | None:
        """Give the picture of what it is about, a JPEG; None where there is none."""
        return (self.event_details or {}).get("picture") if self.has_picture else None

    @property
    def started_at(self) -> dt.datetime:
        """Give its beginning as a datetime, for people."""
        return moment(self.started_at_ns)


def schema_id(plugin: str, version: int) -> str:
    """Give the id of the `ResultSchema` of a version."""
    return f"{plugin}|{version}"


def analysis_id(camera: str, plugin: str, minute_ns: int) -> str:
    """Give the id of the `Analysis` of a minute."""
    return f"{camera}|{plugin}|{minute_ns // MINUTE_NS}"
