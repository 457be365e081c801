"""The motion detector: pictures in, moving things out.

The way of one picture:

1. It is halved by 2x2 means until it is about 320 columns wide, so that the cost does not grow with the camera.
2. Each pixel is compared with its band of background values (`background`), and 2x2 pixels make a cell.
3. A cell counts when this picture and that of a moment before agree about it or about a neighbour: noise does not come
   twice.
4. Only where cells remain: connected blobs, large enough, with edges that the background lacks, and not standing still
   from the first (`blobs`).
5. Things in which nothing has changed for some seconds do not move any more (`liveness`).
6. A few times a second the background learns, everywhere except where things are; what stays put for long joins it.

Nothing here knows of cameras, threads or settings files, nothing is random: the same pictures at the same times always
give the same detections.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_plugins_motion import blobs
from picctv_plugins_motion.align import moved_back
from picctv_plugins_motion.background import Background
from picctv_plugins_motion.cells import Cells
from picctv_plugins_motion.light import Light
from picctv_plugins_motion.litter import Litter
from picctv_plugins_motion.liveness import Liveness
from picctv_plugins_motion.moments import SECOND, Moment, Moments
from picctv_plugins_motion.persistence import STEP_S, Persistence
from picctv_plugins_motion.shift import Shift
from picctv_plugins_motion.shrink import Shrinker
from picctv_plugins_motion.view import View
from picctv_plugins_motion.zones import Zones

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.settings import MotionSettings

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

LEARN_S = 0.25
"""How often the background learns, in seconds."""

HOLD_S = 1.0
"""For how long after a detection a thing of half the size is enough."""

BREAK_S = 2.0
"""Pictures further apart than this have nothing to say about each other."""

CHANGED_SCENE = 0.6
"""The part of the cells that, changed at once, means that the picture as a whole became another."""

MOMENT_S = 0.08
"""How long before a picture the one lies that it is compared with: the last one at ten a second, the third at thirty."""


OTHER_S = 1.5
"""For how long the view must be another, for the camera to have been moved or covered."""


MUCH = 0.1
"""The part of the cells that must be changed for the view to be looked at."""

VIEW_S = 1.0
"""How often the view is learnt, in seconds."""

YOUNG_S = 0.3
"""For how long after the warm-up there are too few pictures to compare with, to say that nothing moves any more."""

LIGHT_S = 1.0
"""After how long the light on a part of the picture is followed, in seconds."""

_NEIGHBOURS = np.ones((5, 5), np.uint8)


@dataclass(frozen=True)
class Detection:
    """What the detector found in one picture.

    Attributes:
        triggered: whether something moves.
        score: how much, from 0 (nothing) to 1.
        area: the changed part of the picture, 0 to 1.
        boxes: [x, y, w, h] of each moving thing in fractions of the picture, the largest first.
        mask: (rows, columns) bool, where something moves, in cells: fewer rows and columns than the picture has.
            Read-only.
        zones: the names of the zones in which something moves.
        scene_changed: whether from this picture on the camera shows another view: it was moved, or covered.
    """

    triggered: bool
    score: float
    area: float
    boxes: list[list[float]]
    mask: Bytes
    zones: list[str] = field(default_factory=list)
    scene_changed: bool = False


class MotionDetector:
    """Finds what moves in the pictures of one camera. Not for several threads at once."""

    def __init__(self, settings: MotionSettings) -> None:
        """Take the settings; the size of the pictures is learnt from the first."""
        self._settings = settings
        self._zones = Zones(settings)
        self._shape: tuple[int, ...] | None = None
        self._last_ns = self._quiet_until_ns = 0
        self._since_learning_s = 0.0
        self._begun = False
        self._carried_until_ns = 0

    def apply(self, luma: Bytes, captured_at_ns: int) -> Detection:
        """Look at the next picture.

        Args:
            luma: (rows, columns) uint8, 0 to 255; it is left unchanged and not kept. Rows may be padded. At least
                16x16.
            captured_at_ns: when it was captured, in nanoseconds; any pause since the last one, also none.

        Raises:
            ValueError: it is no picture of this form.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or min(luma.shape) < 16:
            raise ValueError(
                f"a picture is (rows, columns) uint8 of at least 16x16, not {luma.shape} {luma.dtype}"
            )
        if luma.shape != self._shape:
            self._take_size(luma.shape)
            self._carried_until_ns = 0
            moment = self._moment(luma, captured_at_ns)
            self._start(moment)
            return self._nothing()
        moment = self._moment(luma, captured_at_ns)
        seconds = (captured_at_ns - self._last_ns) / SECOND
        self._last_ns = captured_at_ns
        if not 0 <= seconds <= BREAK_S:
            self._moments.clear()
            self._persistence.forget()
            seconds = BREAK_S if seconds > 0 else 0.0
        self._since_learning_s += seconds
        if captured_at_ns < self._quiet_until_ns:
            self._seen += 1
            self._background.warm_up(moment.picture, self._seen)
            self._moments.drop(moment)
            return self._carried()
        # What was too large a change to follow was light, or another view: the first picture after it tells.
        other = self._begun and self._view.differs(moment.picture)
        self._begun = False
        if other:
            self._view.forget()
            self._carried_until_ns = 0
        is_followed = self._light.follow(moment.picture, self._background)
        count = self._find_changed(moment) if is_followed else None
        if count is None:
            self._start(moment)
            return replace(self._carried(), scene_changed=other)
        before = self._moments.keep(moment)
        found = self._judge(moment, before, count, seconds)
        return replace(found, scene_changed=True) if other else found

    def _take_size(self, shape: tuple[int, ...]) -> None:
        """Make what depends on the size of the pictures only."""
        self._shape = shape
        self._shrinker = Shrinker(shape)
        rows, columns = self._shrinker.shape
        self._cells_shape = (rows // 2, columns // 2)
        self._moments = Moments((rows, columns), round(MOMENT_S * SECOND))
        self._light = Light((rows, columns))
        self._persistence = Persistence(self._cells_shape)
        self._still = np.zeros(self._cells_shape, np.uint8)
        self._no_mask = self._still.astype(bool)
        self._still.flags.writeable = self._no_mask.flags.writeable = False
        self._named = self._zones.named(self._cells_shape)
        self._smallest = max(2.0, self._settings.smallest * self._still.size)
        self._shift = Shift((rows, columns), Cells((rows, columns), self._zones.watched(self._cells_shape)))
        self._litter = Litter(self._cells_shape)
        self._liveness = Liveness(self._cells_shape)
        self._view = View((rows, columns))
        self._view_s = VIEW_S
        self._last_ns = 0

    def _start(self, moment: Moment) -> None:
        """Forget all but the view: this is the first picture of its kind."""
        self._background = Background(moment.picture, self._settings, self._zones)
        self._moments.clear()
        self._persistence.forget()
        self._liveness.forget()
        self._known: Bytes | None = None
        self._seen = 1
        self._last_ns = moment.at_ns
        self._quiet_until_ns = moment.at_ns + round(self._settings.warm_up_s * SECOND)
        self._held_until_ns = moment.at_ns
        self._shift.forget(moment.at_ns)
        self._since_learning_s = self._other_s = 0.0
        self._begun = True
        self._moments.drop(moment)

    def _moment(self, luma: Bytes, now_ns: int) -> Moment:
        moment = self._moments.new(now_ns)
        self._shrinker.shrink(luma, moment.picture)
        return moment

    def _just_before(self, moment: Moment) -> Bytes | None:
        """Give where things were just before; None where there were none."""
        return self._known if moment.at_ns < self._held_until_ns else None

    def _find_changed(self, moment: Moment) -> int | None:
        """Find the changed cells, and count them; None where the whole picture is another, or the camera has a new place."""
        known = self._just_before(moment)
        count = self._shift.find(moment, self._background, known, self._smallest)
        return count if count is not None and count <= CHANGED_SCENE * moment.cells.size else None

    def _judge(self, moment: Moment, before: Moment, count: int, seconds: float) -> Detection:
        found = None
        if not count:
            self._persistence.forget()
            self._litter.see_nothing(seconds)
        else:
            self._persistence.see(moment.cells, seconds)
            self._litter.see(self._persistence.ages, seconds)
        if count >= self._smallest / 2:
            known = self._just_before(moment)
            changes = blobs.Changes.between(moment, before, self._background, self._persistence.ages, known)
            smallest = max(2.0, self._smallest if known is None else self._smallest / 2)
            confirmed_s = MOMENT_S + self._litter.longer_s
            found = blobs.find(changes, smallest, confirmed_s)
        changed = False
        if self._since_learning_s >= LEARN_S:
            changed = self._learn(moment, count, found)
        if changed:
            self._view.forget()
            self._carried_until_ns = 0
            self._start(moment)
            return self._nothing(scene_changed=True)
        if found is None or not found.boxes:
            young = moment.at_ns < self._quiet_until_ns + round(YOUNG_S * SECOND)
            return self._carried() if young else self._nothing()
        self._held_until_ns = moment.at_ns + round(HOLD_S * SECOND)
        self._known = cv2.dilate(found.things, _NEIGHBOURS)
        if not self._liveness.any_moves(found.things, found.boxes):
            return self._nothing()
        self._last = self._found(found)
        self._carried_until_ns = moment.at_ns + round(HOLD_S * SECOND)
        return self._last

    def _carried(self) -> Detection:
        """Give what moved just before the light of the whole picture changed: it has hardly gone since."""
        return self._last if self._last_ns < self._carried_until_ns else self._nothing()

    def _learn(self, moment: Moment, count: int, found: blobs.Blobs | None) -> bool:
        """Learn what is still in a picture; say whether it shows another view for long enough."""
        seconds, self._since_learning_s = self._since_learning_s, 0.0
        rejected = light = None
        held = moment.cells
        if found is not None:
            light = found.light
            # Light that passes is not followed; light that stays is.
            young = cv2.bitwise_and(light, cv2.inRange(self._persistence.ages, 1, round(LIGHT_S / STEP_S)))
            rejected = cv2.subtract(found.rejected, young)
            held = cv2.subtract(moment.cells, rejected)
        things = None if found is None or not found.boxes else cv2.dilate(found.things, _NEIGHBOURS)
        self._liveness.see(moment.picture, self._background.tolerance, things, seconds)
        self._background.learn(moment.picture, held, rejected, light, seconds)
        if count > MUCH * moment.cells.size:
            self._other_s = self._other_s + seconds if self._view.differs(moment.picture) else 0.0
            return self._other_s >= OTHER_S
        self._other_s = 0.0
        self._view_s += seconds
        if self._view_s >= VIEW_S:
            self._view.learn(moment.picture, VIEW_S / (VIEW_S + 20.0))
            self._view_s = 0.0
        return False

    def _found(self, found: blobs.Blobs) -> Detection:
        rows, columns = self._cells_shape
        area = sum(found.areas) / (rows * columns)
        right, down = (part // 2 for part in self._shift.pixels)
        things = (
            moved_back(found.things, -right, -down, self._still) if (right, down) != (0, 0) else found.things
        )
        mask = things > 0
        mask.flags.writeable = False
        return Detection(
            triggered=True,
            score=float(1.0 - np.exp(-area / 0.02)),
            area=area,
            boxes=[_box(x + right, y + down, w, h, columns, rows) for x, y, w, h in found.boxes],
            mask=mask,
            zones=[name for name, part in self._named if cv2.countNonZero(cv2.bitwise_and(things, part))],
        )

    def _nothing(self, *, scene_changed: bool = False) -> Detection:
        return Detection(False, 0.0, 0.0, [], self._no_mask, scene_changed=scene_changed)


def _box(x: int, y: int, w: int, h: int, columns: int, rows: int) -> list[float]:
    """Give a box in cells as fractions of the picture; what lies outside is cut off."""
    left, top = min(max(x, 0), columns - 1), min(max(y, 0), rows - 1)
    right, bottom = min(max(x + w, left + 1), columns), min(max(y + h, top + 1), rows)
    return [
        round(left / columns, 4),
        round(top / rows, 4),
        round((right - left) / columns, 4),
        round((bottom - top) / rows, 4),
    ]
