"""Whether it is night: by the clock, or by how little light there is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picctv_core.sources.pi.settings import Look, PiSettings

_NS = 1_000_000_000

REFERENCE_LUX, REFERENCE_SHUTTER_US, REFERENCE_BRIGHTNESS = 998.0, 27685.0, 0.194
"""In so much light, exposed for so long without amplification, the Pi's second camera module (IMX219) gives a picture so
bright, as a part of the brightest; the numbers are of libcamera's tuning for that sensor. Other sensors differ by a factor
that does not matter for telling night from day."""

_GAMMA = 2.2


def lux_of(shutter_us: float, gain: float, brightness: float) -> float | None:
    """Estimate the light from how a picture was exposed, and how bright it became; None where the camera does not say yet.

    Args:
        shutter_us: the exposure time in microseconds.
        gain: analogue and digital amplification together.
        brightness: the mean of the luma, 0 to 255.
    """
    if shutter_us <= 0 or gain <= 0:
        return None
    # what the sensor saw, before the picture was made for eyes
    linear = float((brightness / 255) ** _GAMMA)
    exposed = (REFERENCE_SHUTTER_US / (shutter_us * gain)) * (linear / REFERENCE_BRIGHTNESS)
    return REFERENCE_LUX * exposed


class DayOrNight:
    """Follows day and night at one camera. It knows no clock: times come with each call.

    Attributes:
        night: whether it is night now.
    """

    def __init__(self, settings: PiSettings) -> None:
        self.settings = settings
        self.night = False
        self._other_since_ns: int | None = None

    @property
    def look(self) -> Look:
        """How the picture is to be exposed now."""
        return self.settings.night.look if self.night else self.settings.look

    def see(self, now_ns: int, lux: float | None) -> bool:
        """Take note of a time and how light it is; say whether day became night, or night day.

        Args:
            now_ns: UTC nanoseconds since the epoch.
            lux: the light; None where the camera does not tell.
        """
        night = self._is_night(now_ns, lux)
        changed = night is not self.night
        self.night = night
        return changed

    def _is_night(self, now_ns: int, lux: float | None) -> bool:
        rules = self.settings.night
        if rules.mode == "schedule":
            # the time zone of the machine, as people who write 21:00 mean it
            now = datetime.fromtimestamp(now_ns / _NS).time()  # noqa: DTZ006
            if rules.begins <= rules.ends:
                return rules.begins <= now < rules.ends
            return now >= rules.begins or now < rules.ends
        if rules.mode == "light" and lux is not None:
            return self._by_light(now_ns, lux)
        return self.night and rules.mode == "light"

    def _by_light(self, now_ns: int, lux: float) -> bool:
        rules = self.settings.night
        other = lux > rules.above_lux if self.night else lux < rules.below_lux
        if not other:
            self._other_since_ns = None
            return self.night
        if self._other_since_ns is None:
            self._other_since_ns = now_ns
        if now_ns - self._other_since_ns < rules.for_s * _NS:
            return self.night
        self._other_since_ns = None
        return not self.night
