"""Frames in shared memory, so that a plugin in a process of its own sees them without a copy.

The node writes a frame once; everybody looks at it there, read-only. Its place is free again when nobody holds the
frame any more, in this process or, through a frame that the node holds for it, in another.
"""

from __future__ import annotations

import heapq
import mmap
import os
import weakref
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from picctv_core.frames import Frame

if TYPE_CHECKING:
    import numpy.typing as npt

SLOTS = 32
"""Plugins that hold on to more frames than this at a time have the rest as copies."""


class Arena:
    """The shared memory of one camera's frames.

    Args:
        width: columns of a frame.
        height: rows of a frame.
        slots: how many frames have room; what no frame was ever in takes no memory.

    Attributes:
        fd: the memory, open for reading only: what a process inherits. It can map it, and change nothing.
        size: of the memory, in bytes.
    """

    def __init__(self, width: int, height: int, slots: int = SLOTS) -> None:
        self._shape = (height, width)
        self._slot_bytes = -(-width * height // mmap.PAGESIZE) * mmap.PAGESIZE
        self.size = self._slot_bytes * slots
        whole = os.memfd_create("picctv-frames", os.MFD_CLOEXEC)
        try:
            os.ftruncate(whole, self.size)
            # Opened anew, for a mapping can be made writable later on where its descriptor is.
            self.fd = os.open(f"/proc/self/fd/{whole}", os.O_RDONLY | os.O_CLOEXEC)
            self._writable = mmap.mmap(whole, self.size, mmap.MAP_SHARED)
        finally:
            os.close(whole)
        self._shown = mmap.mmap(self.fd, self.size, mmap.MAP_SHARED, mmap.PROT_READ)
        self._start = _address(np.frombuffer(self._shown, np.uint8))
        # The lowest first, so that an arena of which little is used takes little.
        self._free = list(range(slots))
        # Told by finalizers, which run on any thread in the midst of anything: they may take no lock.
        self._returned: deque[int] = deque()
        self._closed = False

    def keep(self, frame: Frame) -> Frame:
        """Give the frame as it stands in shared memory; as it is where there is no room, or it has another shape.

        Called on one thread only, the camera's.
        """
        slot = self._take() if frame.luma.shape == self._shape else None
        if slot is None:
            return frame
        offset = slot * self._slot_bytes
        np.copyto(_view(self._writable, offset, self._shape), frame.luma)
        return Frame(
            lent(self._shown, offset, self._shape, self._returned, slot), frame.captured_at_ns, frame.sequence
        )

    def offset_of(self, frame: Frame) -> int | None:
        """Say at which byte of the memory a frame stands; None if it is not one that `keep` gave."""
        offset = _address(frame.luma) - self._start
        whole = frame.luma.shape == self._shape and frame.luma.flags.c_contiguous
        return offset if whole and 0 <= offset < self.size else None

    def close(self) -> None:
        """Keep no more frames. The memory itself goes with the last one in it."""
        self._closed = True
        os.close(self.fd)

    def _take(self) -> int | None:
        if self._closed:  # and a camera that did not stop in time goes on
            return None
        while self._returned:
            heapq.heappush(self._free, self._returned.popleft())
        return heapq.heappop(self._free) if self._free else None


class ArenaView:
    """The same memory in a plugin's process.

    Args:
        fd: as inherited.
        size: as `Arena.size`.
    """

    def __init__(self, fd: int, size: int) -> None:
        self._shown = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
        self._returned: deque[int] = deque()

    def luma(self, offset: int, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Give the picture that stands at an offset; it is kept there until nothing refers to it any more."""
        return lent(self._shown, offset, shape, self._returned, offset)

    def returned(self) -> list[int]:
        """Give the offsets of the pictures that nothing refers to any more, each once."""
        return [self._returned.popleft() for _ in range(len(self._returned))]


def lent(
    memory: mmap.mmap, offset: int, shape: tuple[int, int], returned: deque[int], number: int
) -> npt.NDArray[np.uint8]:
    """Give a view of memory that appends a number to `returned` when it, and all that was made from it, is gone."""
    view = _view(memory, offset, shape)
    # numpy keeps the array that came first, `view.base`, alive for every view of it, and for no longer.
    weakref.finalize(view.base, returned.append, number).atexit = False
    return view


def _view(memory: mmap.mmap, offset: int, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Give a view as an array of two dimensions above one of a single dimension, which is its base."""
    rows, columns = shape
    return np.frombuffer(memory, np.uint8, rows * columns, offset).reshape(shape)


def _address(array: npt.NDArray[np.uint8]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
