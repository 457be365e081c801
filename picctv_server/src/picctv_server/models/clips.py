"""A stored stretch of video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mongoengine as me

from picctv_server.models.base import SECOND_NS, described, moment

if TYPE_CHECKING:
    import datetime as dt


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
        kept_by: who keeps it, whatever `[retention]` says; None where nobody does.
        kept_at: since when.
        kept_why: why, in that person's words.
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
    kept_by = me.StringField()
    kept_at = me.DateTimeField()
    kept_why = me.StringField()

    meta = described(
        "clips",
        ("camera", "-started_at_ns", "-id"),
        ("-started_at_ns", "-id"),
        ("triggered_by", "-started_at_ns"),
        ("camera", "triggered_by", "-started_at_ns"),
        # Results mostly come before the clip that they belong to: none of the camera's clips ends later, and this shows it
        # without a look at those of a whole day.
        ("camera", "ended_at_ns"),
        # How much room each camera takes.
        ("camera", "bytes"),
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
