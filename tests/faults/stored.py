"""What the store has at the end, read as people would get it: pictures out of the MP4 files, results, gaps."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import av

from picctv_core import codec, h264
from picctv_core.errors import StoreError
from picctv_server import clips, database, queries
from picctv_server.models import Analysis, Clip, Gap, Notification, SetAside
from tests.faults.record import Item, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from picctv_server.config import ClipSettings, MongoSettings

_LENGTH_BYTES = 4
WITNESS = "witness"


@dataclass(frozen=True, slots=True)
class GapItem:
    """A gap of the store."""

    camera: str
    plugin: str
    from_ns: int
    to_ns: int
    cause: str


@dataclass
class Stored:
    """Everything that the store has.

    Attributes:
        items: what came from cameras, as often as it is there.
        gaps: the gaps.
        out_of_order: how many things stand before others that were captured earlier.
        set_aside: how many messages the server has set aside.
        unreadable: clips that are listed and can't be read, or are not the bytes that their document says.
    """

    items: list[Item] = field(default_factory=list)
    gaps: list[GapItem] = field(default_factory=list)
    out_of_order: int = 0
    set_aside: int = 0
    unreadable: list[str] = field(default_factory=list)


def read(mongodb: MongoSettings, clip_settings: ClipSettings) -> Stored:
    """Read the whole store."""
    stored = Stored()
    with database.connect(mongodb):
        store = clips.open_store(clip_settings)
        for clip in Clip.objects.order_by("camera", "started_at_ns", "id"):
            try:
                with store.open(clip.video_name) as file:
                    data = file.read()
            except StoreError as error:
                stored.unreadable.append(str(error))
                continue
            if hashlib.sha256(data).hexdigest() != clip.sha256:
                stored.unreadable.append(f"the bytes of clip {clip.id} are not those that were stored")
                continue
            _take(stored, list(_units(clip, data)))
        for minute in Analysis.objects(plugin=WITNESS).order_by("camera", "minute_ns").as_pymongo():
            for _, results in queries.batches_of(minute):
                packed = [(at_ns, codec.pack(result)) for at_ns, result in results]
                _take(
                    stored,
                    [
                        Item("result", minute["camera"], at_ns, digest("result", data), len(data))
                        for at_ns, data in packed
                    ],
                )
        for said in Notification.objects(plugin=WITNESS):
            title = said.title.encode()
            item = Item("notification", said.camera, said.at_ns, digest("notification", title), len(title))
            stored.items.append(item)
        stored.set_aside = SetAside.objects.count()
        stored.gaps = [
            GapItem(gap.camera, gap.plugin, gap.from_ns, gap.to_ns, gap.cause)
            for gap in Gap.objects.order_by("from_ns")
        ]
    return stored


def _take(stored: Stored, items: list[Item]) -> None:
    """Add what stands together in one document, in the order in which it stands there."""
    stored.out_of_order += sum(later.at_ns <= earlier.at_ns for earlier, later in pairwise(items))
    stored.items += items


def _units(clip: Clip, data: bytes) -> Iterator[Item]:
    with av.open(io.BytesIO(data), "r") as video:
        for packet in video.demux(video=0):
            if packet.pts is None or packet.time_base is None:
                continue  # the end of the stream
            at_ns = clip.started_at_ns + round(packet.pts * packet.time_base * 1_000_000_000)
            annexb = h264.from_lengths(bytes(packet), _LENGTH_BYTES)
            yield Item("unit", clip.camera, at_ns, digest("unit", annexb), packet.size)
