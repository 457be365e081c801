"""Frigate's motion detector, loaded from a checkout of its repository that the user names: `PICCTV_FRIGATE=/path/to/frigate`.

Frigate is no package that pip could install, and none of its code is here. `make version` in the checkout writes `frigate/version.py`, which its modules
import; `.tools/bin/uv pip install --python .nox/bench scipy ruamel.yaml unidecode requests psutil py3nvml pyyaml` brings what else they ask for. While it is
imported, Frigate prints the names of object detectors that it does without.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.motion.pictures import Picture

FOLDER = "PICCTV_FRIGATE"
RATE = 5
"""Frigate's default pictures a second; its detector asks for it, and makes no use of it."""


class FrigateError(Exception):
    """Frigate's detector can't be loaded; the message says why, and what would help."""


def _modules() -> tuple[Any, Any, Any]:
    """Import the detector, the configuration and the version of the checkout.

    Raises:
        FrigateError: there is no checkout, or something that it needs is missing.
    """
    named = os.environ.get(FOLDER)
    if not named:
        raise FrigateError(f"set {FOLDER} to a checkout of its repository")
    folder = Path(named).resolve()
    if not (folder / "frigate" / "motion" / "improved_motion.py").is_file():
        raise FrigateError(f"{FOLDER}={named} is no checkout of its repository")
    if not (folder / "frigate" / "version.py").is_file():
        raise FrigateError(f"run `make version` in {named}")
    sys.path.append(str(folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it is warned of while it is imported is not for us to mend
            return (
                importlib.import_module("frigate.motion.improved_motion"),
                importlib.import_module("frigate.config.config"),
                importlib.import_module("frigate.version"),
            )
    except ImportError as error:
        raise FrigateError(
            f"{error}; `.tools/bin/uv pip install --python .nox/bench` what it names"
        ) from error
    finally:
        sys.path.remove(str(folder))


def lacking() -> str | None:
    """Say why Frigate's detector is left out, and what would bring it; None where it can be used."""
    try:
        _modules()
    except FrigateError as error:
        return str(error)
    return None


def version() -> str:
    """Give the version of the checkout, with its commit.

    Raises:
        FrigateError: it can't be loaded.
    """
    return str(_modules()[2].VERSION)


class Frigate:
    """Frigate's detector ("improved motion") with its own default settings.

    It is given the luma, which is all that it looks at of an I420 picture.

    Raises:
        FrigateError: it can't be loaded.
    """

    def __init__(self) -> None:
        self._improved, self._config, _ = _modules()
        self._detector: Any = None

    def area(self, picture: Picture) -> float:
        """Look at the next picture.

        Returns:
            The part of the picture in the boxes that it gives, 0 to 1; 0 while it calibrates, for then Frigate looks for nothing in them.
        """
        rows, columns = picture.luma.shape
        if self._detector is None:
            config = self._config.RuntimeMotionConfig(frame_shape=(rows, columns))
            self._detector = self._improved.ImprovedMotionDetector((rows, columns), config, RATE)
        boxes = self._detector.detect(picture.luma)
        if self._detector.is_calibrating():
            return 0.0
        covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
        return float(min(1.0, covered / (rows * columns)))
