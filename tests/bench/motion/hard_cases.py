"""The hard cases: scenes that make detectors see what is not there, the same pictures on every run.

Each is drawn twice: empty, and with somebody who walks through it in front of the camera. A detector that keeps quiet by seeing
nothing at all is good at the first and bad at the second. Some of them are the testing kit's scenes, the others are those of `scenes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import av

from picctv_core.testing.scenes.disturbed import CameraShake, DarkNoise, LightSwitched, Rain
from tests.bench.motion.scenes import (
    Clouds,
    FarWalkers,
    Headlights,
    Insects,
    IrCut,
    Jitter,
    Noisy,
    RainAtNight,
    Sway,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

    from picctv_core.testing.scenes.base import Scene
    from picctv_core.testing.scenes.street import Cast

SETTLED_S = 3.0
"""What is said before this is not scored: every detector has to see a background first."""

WALKER_S = 6.0
_SIDES_OUT = 0.15


@dataclass(frozen=True)
class Case:
    """One hard case.

    Attributes:
        name: what it is called.
        kind: the scene.
        encoded_qp: it is given as H.264 of this quantiser; None where it is given as drawn.
        peopled: whether it is also drawn with somebody in it.
    """

    name: str
    kind: type[Scene]
    encoded_qp: int | None = None
    peopled: bool = True


CASES = tuple(
    Case(kind.name, kind, qp, peopled)
    for kind, qp, peopled in (
        # nobody is to be seen in it, by eye either
        (DarkNoise, None, False),
        (Noisy, 34, True),
        (Clouds, None, True),
        (LightSwitched, None, False),
        (Headlights, None, True),
        (IrCut, None, True),
        (Sway, None, True),
        (Jitter, None, True),
        (CameraShake, None, True),
        (Rain, None, True),
        (RainAtNight, None, True),
        (Insects, None, True),
        (FarWalkers, None, False),
    )
)


def frames(
    case: Case,
    *,
    peopled: bool,
    seed: int,
    duration_s: float | None = None,
    size: tuple[int, int] = (320, 240),
) -> Iterator[tuple[int, int, VideoFrame, bool | None]]:
    """Draw a case.

    Args:
        case: which one.
        peopled: with somebody who walks through it.
        seed: chance.
        duration_s: seconds; the scene's own length where not given.
        size: columns and rows.

    Yields:
        For each picture its number from 0, its time (ns), the frame, and whether it certainly shows something that moves; None where that
        is not certain or not to be scored.
    """
    kind: Any = _peopled(case.kind) if peopled else case.kind
    scene = kind(*size, seed=seed, duration_s=duration_s)
    drawn = (scene._draw(number / scene.rate, number).picture for number in range(len(scene)))
    pictures = drawn if case.encoded_qp is None else encoded(drawn, case.encoded_qp)
    for number, picture in enumerate(pictures):
        time_s = number / scene.rate
        captured_at_ns = scene.start_ns + round(number * 1e9 / scene.rate)
        yield number, captured_at_ns, picture, _moving(scene, time_s, peopled=peopled)


def _moving(scene: Any, time_s: float, *, peopled: bool) -> bool | None:
    if time_s < SETTLED_S:
        return None
    if isinstance(scene, FarWalkers):
        # half a second on each side is given to those who are slow to begin or to end
        now = scene.walker(time_s)
        return now is not None if scene.walker(time_s - 0.5) == now == scene.walker(time_s + 0.5) else None
    if not peopled:
        return False
    since, duration = time_s - WALKER_S, scene.walk_s
    if since < 0 or since > duration:
        return False if since < -0.5 or since > duration + 1.0 else None
    return True if _SIDES_OUT * duration <= since <= (1 - _SIDES_OUT) * duration else None


def _peopled(kind: type[Scene]) -> type[Scene]:
    """Give the same scene, with somebody who walks through it after six seconds, near the camera."""

    class Peopled(kind):  # type: ignore[valid-type, misc]
        @cached_property
        def walk_s(self) -> float:
            """How long it takes from where nothing is seen to where nothing is seen."""
            _ = self._stage
            return float(self._walker_in.duration)

        def _cast(self, chance: random.Random) -> Cast:
            self._walker_in = self._walker(chance, 11.0, 1)
            return [(WALKER_S, self._walker_in)]

    return Peopled


def encoded(pictures: Iterator[VideoFrame], qp: int) -> Iterator[VideoFrame]:
    """Encode as cheap cameras do, a key frame every five seconds at ten a second, and decode again."""
    encoder: Any = None
    decoder: Any = av.CodecContext.create("h264", "r")
    for number, picture in enumerate(pictures):
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height = picture.width, picture.height
            encoder.pix_fmt, encoder.framerate = "yuv420p", 10
            encoder.time_base, encoder.thread_count = Fraction(1, 10), 1
            encoder.options = {
                "preset": "veryfast",
                "tune": "zerolatency",
                "qp": str(qp),
                "g": "50",
                "sc_threshold": "0",
            }
        picture.pts, picture.time_base = number, encoder.time_base
        for packet in encoder.encode(picture):
            yield from decoder.decode(packet)
    for packet in encoder.encode(None):
        yield from decoder.decode(packet)
    yield from decoder.decode(None)
