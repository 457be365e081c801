"""The server part of recording: clips become MP4 files with a thumbnail."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictBytes,
    StrictInt,
    StrictStr,
    ValidationError,
)

from picctv_core.config import Settings
from picctv_core.errors import CodecError
from picctv_core.frames import AccessUnit
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import CLIP
from picctv_plugins_recording.mux import write_mp4
from picctv_plugins_recording.thumbnail import thumbnail

if TYPE_CHECKING:
    from picctv_core.messages import Message


class ProcessorSettings(Settings):
    """The settings of the recording plugin's server part: there are none yet."""


class ClipPayload(BaseModel):
    """What a ``clip`` message holds; see `picctv_core.messages`."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    started_at_ns: StrictInt
    ended_at_ns: StrictInt
    trigger: StrictStr | None = None
    peak_at_ns: StrictInt | None = None
    units: list[tuple[StrictInt, StrictBool, StrictBytes]] = Field(min_length=1)


class RecordingProcessor:
    """Stores clips."""

    Settings: ClassVar[type[ProcessorSettings]] = ProcessorSettings

    def __init__(self, settings: ProcessorSettings, store: Any) -> None:
        self._settings = settings
        self._store = store

    @hookimpl
    def picctv_process_message(self, message: Message, store: Any) -> bool | None:
        """Make an MP4 and a thumbnail of a clip, and give both to the store.

        Raises:
            CodecError: it is no clip that can be played.
        """
        if message.kind != CLIP:
            return None
        clip, units = read_clip(message)
        with tempfile.TemporaryDirectory(prefix="picctv-clip-") as folder:
            path = Path(folder) / "clip.mp4"
            try:
                video = write_mp4(units, clip.started_at_ns, clip.ended_at_ns, path)
                picture = thumbnail(units, clip.peak_at_ns)
            except CodecError as error:
                raise CodecError(f"{_name(message)}: {error}") from error
            store.add_clip(
                message,
                mp4=path,
                thumbnail=picture,
                frames=video.frames,
                width=video.width,
                height=video.height,
                started_at_ns=clip.started_at_ns,
                ended_at_ns=clip.ended_at_ns,
            )
        return True


def read_clip(message: Message) -> tuple[ClipPayload, list[AccessUnit]]:
    """Check a clip's payload, and give it with its units.

    Raises:
        CodecError: it is not of the form that `picctv_core.messages` tells, or its times are impossible.
    """
    try:
        clip = ClipPayload.model_validate(message.payload)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise CodecError(f"{_name(message)} is damaged: {place or 'payload'}: {detail['msg']}") from error
    units = [AccessUnit(*unit) for unit in clip.units]
    first_ns = min(unit.captured_at_ns for unit in units)
    last_ns = max(unit.captured_at_ns for unit in units)
    if clip.started_at_ns != first_ns or clip.ended_at_ns <= last_ns:
        raise CodecError(
            f"{_name(message)} is damaged: its units lie from {first_ns} to {last_ns}, "
            f"it says from {clip.started_at_ns} to {clip.ended_at_ns}"
        )
    return clip, units


def _name(message: Message) -> str:
    return f"the clip {message.id} of {message.camera}"
