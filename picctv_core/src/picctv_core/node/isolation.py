"""What the node and a plugin's process have agreed on; the lines between them are `picctv_core.node.pipe`.

On the first line the node asks, and the process answers, one after another:

==========================================  ===========================================================================
head, body                                  meaning
==========================================  ===========================================================================
``[value, group]``, pickled `Setup`         make the object of this entry point; the first, once
``[hook, video, *arguments]``, body         call a hook; ``video`` is what `camera.video` is from now on
``[returned, "returned"]``, packed value    it returned; ``returned`` are the offsets of frames that it has given back
``[returned, "raised", *failure]``          it raised; see `picctv_core.node.calls.Failure`
``[returned, "full", text]``                it raised a SpoolError
==========================================  ===========================================================================

On the second the process asks: ``[kind, captured_at_ns]`` with a packed payload is a message to be kept. The answer
``[id, ""]`` comes when the spool has it; ``[text, error]`` says why it can't be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.errors import CodecError, SpoolError

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.frames import AnalysisFormat

ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (CodecError, SpoolError, ValueError, TypeError)
}
"""What `emit` raises as it is; anything else of the node's comes as a PicctvError."""


@dataclass(frozen=True)
class Setup:
    """All that a plugin's process is told.

    Attributes:
        path: where the node imports from.
        log_level: how much it logs.
        clock_offset_ns: as `picctv_core.clock.SystemClock` takes it.
        memory_max: how many bytes may be added to what is there once the plugin has been made.
        arena_size: of the shared memory, in bytes; 0 where there is none.
        plugin: the plugin's name.
        node: the node's name.
        name: the camera's name.
        title: what people call it.
        analysis: size and rate of the frames.
        data: the plugin's directory for this camera.
        delay_s: for how many seconds something may be in memory only.
    """

    path: list[str]
    log_level: int
    clock_offset_ns: int
    memory_max: int
    arena_size: int
    plugin: str
    node: str
    name: str
    title: str
    analysis: AnalysisFormat
    data: Path
    delay_s: float
