"""What the two drivers have in common: how they are run, and go over to other settings."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from picctv_core.errors import SourceError
from picctv_core.sources.luma import AnalysisTap

if TYPE_CHECKING:
    from types import TracebackType

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink
    from picctv_core.sources.pi.settings import PiSettings


class Session(Protocol):
    """A camera that is open and running, from `__enter__` to `__exit__`."""

    def __enter__(self) -> Self:
        """Open the camera and let it run."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    def step(self, stop: threading.Event) -> None:
        """Do what there is to do until the next picture, or for a moment; return at once when stopped.

        Raises:
            SourceError: the camera gives nothing any more.
        """
        ...

    def change(self, settings: Any) -> bool:
        """Go over to other settings; False where the camera has to be opened anew for them."""
        ...


class PiSource(ABC):
    """One camera module. Each driver says what it needs, whether it has it, and how it opens the camera."""

    Settings: ClassVar[type[PiSettings]]
    needs: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, settings: PiSettings, analysis: AnalysisFormat, clock: Clock) -> None:
        """Keep the settings; open nothing yet."""
        self._settings = settings
        self._analysis = analysis
        self._clock = clock
        self._tap = AnalysisTap(analysis)
        self._changed = threading.Event()

    @staticmethod
    @abstractmethod
    def missing() -> str:
        """Say why it can't run here, and the way out; nothing where it can."""

    @abstractmethod
    def session(self, sink: Sink) -> Session:
        """Make what opens the camera. Called only where nothing is missing."""

    def change(self, settings: PiSettings) -> None:
        """Go over to other settings while running, from any thread; those of the video's form open the camera anew."""
        self._settings = settings
        self._changed.set()

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read the camera until `stop` is set, and give everything to `sink`.

        Raises:
            SourceError: it can't be opened, or gives nothing any more.
        """
        if missing := self.missing():
            raise SourceError(f"the driver {self.name} can't run here: {missing}", retry=False)
        while not stop.is_set():
            self._changed.clear()
            with self.session(sink) as session:
                while not stop.is_set():
                    session.step(stop)
                    if self._changed.is_set():
                        self._changed.clear()
                        if not session.change(self._settings):
                            break
