"""The pictures of the page that explains the detector."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

DOCS = Path(__file__).parents[2] / "docs"


def test_pictures_of_the_page_are_those_that_the_script_draws(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DOCS / "motion_stages.py"), str(tmp_path)], check=True)
    page = (DOCS / "explanation" / "motion.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"images/(motion-\w+\.png)", page))
    assert shown == {path.name for path in tmp_path.iterdir()}
    for name in shown:
        drawn, stored = (cv2.imread(str(folder / name)) for folder in (tmp_path, DOCS / "images"))
        # Another release of OpenCV may round otherwise here and there.
        assert np.abs(drawn.astype(int) - stored).mean() < 1.0
