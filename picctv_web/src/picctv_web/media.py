"""Videos, thumbnails and pictures of cameras."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags
from django.views.decorators.http import require_safe

from picctv_core.clock import SystemClock
from picctv_core.errors import StoreError
from picctv_server import clips as clip_stores
from picctv_server import keeping, queries
from picctv_web import cameras, ranges, shown, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from picctv_server.clips import ClipStore
    from picctv_server.config import ClipSettings

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024

# The clip store of this process, opened once at its start.
_opened: list[ClipStore] = []


def open_clip_store(settings: ClipSettings) -> None:
    """Open the clip store from which this process serves.

    Raises:
        StoreError: its place can't be used.
        PluginError: there is no such driver.
    """
    use_clip_store(clip_stores.open_store(settings))


def use_clip_store(store: ClipStore) -> None:
    """Serve from this clip store from now on."""
    _opened[:] = [store]


@require_safe
async def video(request: HttpRequest, clip_id: str) -> HttpResponseBase:
    """Serve a clip's MP4, whole or in part; ``?download`` makes the browser save it, and keeps the clip."""
    clip = await asyncio.to_thread(watch.find, clip_id)
    if "download" in request.GET and request.method == "GET":
        # Whoever takes a clip away needs it, and may have to show where it came from.
        who = (await request.auser()).get_username()
        await asyncio.to_thread(keeping.keep, clip_id, who, SystemClock().now_ns(), "downloaded")
    (store,) = _opened
    name, etag = clip.video_name, f'"{clip.sha256}"'
    try:
        size = await asyncio.to_thread(store.size, name)
    except StoreError as error:
        log.warning("clip %s: %s", clip_id, error)
        raise Http404("the video of this clip is gone") from error
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Content-Disposition": content_disposition_header(
            "download" in request.GET, shown.ShownClip(clip, "").file_name
        ),
    }
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers=headers)
    try:
        part = _wanted(request, etag, size)
    except ranges.UnsatisfiableRangeError:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    status = 200
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
        status = 206
    part = part or ranges.Part(0, size)
    headers["Content-Length"] = str(part.length)
    headers["Content-Type"] = "video/mp4"
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(_read(store, name, part), status=status, headers=headers)


@require_safe
def thumbnail(request: HttpRequest, clip_id: str) -> HttpResponse:
    """Serve a clip's thumbnail."""
    clip = watch.find(clip_id)
    (store,) = _opened
    try:
        with store.open(clip.thumbnail_name) as reader:
            return _picture(request, reader.read(), f'"{clip.id}"')
    except StoreError:
        return _no_picture()


@require_safe
def camera_picture(request: HttpRequest, node: str, camera: str) -> HttpResponse:
    """Serve a camera's newest picture."""
    found = cameras.find(node, camera)
    if not found.picture:
        return _no_picture()
    return _picture(request, bytes(found.picture), f'"{found.picture_at_ns}"')


@require_safe
def event_picture(request: HttpRequest, event_id: str) -> HttpResponse:
    """Serve the picture of what an event is about. It comes with the event's end, and stays the same."""
    event = queries.event(event_id)
    if event is None or (picture := event.picture) is None:
        return _no_picture()
    return _picture(request, picture, f'"{event.id}"')


def _wanted(request: HttpRequest, etag: str, size: int) -> ranges.Part | None:
    """Give the part that is asked for; None for all of it."""
    header = request.headers.get("Range")
    # If-Range: a part only of the very file that the browser has the rest of.
    if header is None or request.headers.get("If-Range", etag) != etag:
        return None
    return ranges.parse(header, size)


async def _read(store: ClipStore, name: str, part: ranges.Part) -> AsyncIterator[bytes]:
    """Read a part of a clip in chunks, each in a thread: a slow disk or a slow browser holds up nobody else."""
    reader = await asyncio.to_thread(store.open, name)
    try:
        await asyncio.to_thread(reader.seek, part.start)
        left = part.length
        while left:
            chunk = await asyncio.to_thread(reader.read, min(CHUNK_BYTES, left))
            if not chunk:
                raise StoreError(f"{name} in the clip store ends {left} bytes early")
            left -= len(chunk)
            yield chunk
    finally:
        reader.close()


def _picture(request: HttpRequest, content: bytes, etag: str) -> HttpResponse:
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(content, content_type="image/jpeg", headers={"ETag": etag})


def _no_picture() -> HttpResponse:
    """Answer 404 with a picture that says so, for the place on the page."""
    path = finders.find("picctv/nopicture.svg")
    content = Path(path).read_bytes() if isinstance(path, str) else b""
    return HttpResponse(content, content_type="image/svg+xml", status=404)
