"""How the machine itself does: how hot it is, and whether it is held back for that or for want of power."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path("/")

_ZONES = "sys/class/thermal"
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_SYNCHRONIZED = "run/systemd/timesync/synchronized"

# The firmware of a Raspberry Pi: documentation of `vcgencmd get_throttled`. Bit 16 and up are the same since the boot.
_NOW = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
_SINCE_BOOT = 16


def state(root: Path = ROOT) -> dict[str, Any]:
    """Give what the machine tells of itself; what it does not tell is left out.

    Args:
        root: where the kernel's folders ``sys`` and ``run`` stand.

    Returns:
        ``temperature_c``: of its hottest part, in degrees Celsius; ``load``: how many processes wanted to run at a time
        in the last minute; on a Raspberry Pi ``throttled``: why it is held back now, and ``throttled_since_boot``: why it
        ever was; where systemd sets the clock ``clock_set``: whether it has.
    """
    found: dict[str, Any] = {"load": round(os.getloadavg()[0], 2)}
    degrees = [
        value
        for zone in (root / _ZONES).glob("thermal_zone*")
        if (value := _number(zone / "temp")) is not None
    ]
    if degrees:
        found["temperature_c"] = round(max(degrees) / 1000, 1)
    bits = _number(root / _THROTTLED, 16)
    if bits is not None:
        found["throttled"] = [name for bit, name in _NOW.items() if bits >> bit & 1]
        found["throttled_since_boot"] = [name for bit, name in _NOW.items() if bits >> _SINCE_BOOT >> bit & 1]
    if (root / _SYNCHRONIZED).parent.is_dir():
        found["clock_set"] = (root / _SYNCHRONIZED).exists()
    return found


def _number(path: Path, base: int = 10) -> int | None:
    """Read a number from one of the kernel's files; None where there is none, or the part behind it does not answer."""
    try:
        return int(path.read_text(encoding="ascii").strip(), base)
    except (OSError, ValueError):
        return None
