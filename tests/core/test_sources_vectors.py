"""The encoder's motion vectors: from a decoder's partitions to a grid, and from real H.264 files to a sink."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.sources.vectors import grid_of
from tests.core.rtsp_server import RtspServer
from tests.core.videos import Sink, play, write_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import numpy.typing as npt

    from picctv_core.frames import MotionVectors

PARTITION = np.dtype(
    {
        "names": ["source", "w", "h", "src_x", "src_y", "dst_x", "dst_y", "flags", "motion_x", "motion_y", "motion_scale"],
        "formats": ["<i4", "u1", "u1", "<i2", "<i2", "<i2", "<i2", "<u8", "<i4", "<i4", "<u2"],
        "offsets": [0, 4, 5, 6, 8, 10, 12, 16, 24, 28, 32],
        "itemsize": 40,
    }
)  # fmt: skip
"""FFmpeg's ``AVMotionVector``, as PyAV gives it."""

LIKE_A_CAMERA = {"preset": "veryfast", "tune": "zerolatency", "g": "12", "bf": "0", "refs": "1", "crf": "18"}
B_FRAMES = {"preset": "medium", "g": "12", "bf": "2", "b_strategy": "0", "crf": "18"}

partitions = st.lists(
    st.tuples(
        st.sampled_from([-2, -1, 1]),
        st.sampled_from([4, 8, 16]),
        st.sampled_from([4, 8, 16]),
        st.integers(-40, 140),
        st.integers(-40, 140),
        st.integers(-2000, 2000),
        st.integers(-2000, 2000),
    ),
    max_size=40,
)


def told(found: list[tuple[int, ...]]) -> npt.NDArray[Any]:
    array = np.zeros(len(found), PARTITION)
    for place, (source, w, h, dst_x, dst_y, motion_x, motion_y) in enumerate(found):
        array[place] = (source, w, h, 0, 0, dst_x, dst_y, 0, motion_x, motion_y, 4)
    return array


@given(partitions, st.integers(1, 6), st.integers(1, 6))
def test_block_has_the_mean_of_its_partitions_by_area(
    found: list[tuple[int, ...]], rows: int, columns: int
) -> None:
    made = grid_of(told(found), (rows, columns), 7)
    assert made.captured_at_ns == 7
    assert made.predicted is not None
    for row, column in itertools.product(range(rows), range(columns)):
        there = [
            (w * h, motion_x, motion_y)
            for source, w, h, dst_x, dst_y, motion_x, motion_y in found
            if source < 0 and (dst_y // 16, dst_x // 16) == (row, column)
        ]
        assert made.predicted[row, column] == bool(there)
        area = sum(one[0] for one in there) or 1
        for axis, given_ in ((1, made.x), (2, made.y)):
            mean = sum(one[0] * one[axis] for one in there) / area / 4
            assert abs(int(given_[row, column]) - min(127, max(-128, mean))) <= 0.5 + 1e-6


def test_arrays_are_as_documented_and_read_only() -> None:
    made = grid_of(told([(-1, 16, 16, 8, 8, -3000, 3000)]), (2, 3), 0)
    assert (made.x.dtype, made.y.dtype, made.sad) == (np.int8, np.int8, None)
    assert (made.x[0, 0], made.y[0, 0]) == (-128, 127)
    for array in (made.x, made.y, made.predicted):
        assert array is not None
        assert array.shape == (2, 3)
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def textured(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Give a picture in which every place looks different, and not as noise: encoders find it again."""
    chance = np.random.default_rng(3)
    coarse = chance.integers(30, 220, (height // 4 + 2, width // 4 + 2)).astype(np.float64)
    row, column = np.arange(height) / 4, np.arange(width) / 4
    top, left = row.astype(int), column.astype(int)
    down, right = (row - top)[:, None], (column - left)[None]
    upper = coarse[np.ix_(top, left)] * (1 - right) + coarse[np.ix_(top, left + 1)] * right
    lower = coarse[np.ix_(top + 1, left)] * (1 - right) + coarse[np.ix_(top + 1, left + 1)] * right
    return (upper * (1 - down) + lower * down).astype(np.uint8)


def encode(
    path: Path, pictures: Iterable[npt.NDArray[np.uint8]], options: dict[str, str], *, crop: bool = False
) -> Path:
    """Write pictures, (rows, columns) uint8, as H.264, 25 a second."""
    with av.open(path, "w") as container:
        stream: Any = None
        for number, luma in enumerate(pictures):
            rows, columns = luma.shape
            if stream is None:
                stream = container.add_stream("libx264", rate=25, options=options)
                # 4:4:4 video may have odd sizes
                stream.width, stream.height, stream.pix_fmt = columns, rows, "yuv444p" if crop else "yuv420p"
                stream.codec_context.time_base = Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), "gray").reformat(
                format=stream.pix_fmt
            )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pan(
    right: int, down: int, size: tuple[int, int] = (160, 120), count: int = 24
) -> Iterable[npt.NDArray[np.uint8]]:
    """Give pictures whose content goes right and down by so many pixels from each to the next."""
    width, height = size
    whole = textured(height + 2 * abs(down) * count, width + 2 * abs(right) * count)
    for number in range(count):
        top, left = abs(down) * count - down * number, abs(right) * count - right * number
        yield whole[top : top + height, left : left + width]


def vectors_in(path: Path) -> list[MotionVectors]:
    return play(path, Sink(wants_vectors=True), paced=False).vectors


@pytest.mark.parametrize(("right", "down"), [(5, 0), (0, -3), (-4, 6)])
def test_vectors_of_a_pan_point_to_where_things_came_from(tmp_path: Path, right: int, down: int) -> None:
    for vectors in vectors_in(encode(tmp_path / "a.mp4", pan(right, down), LIKE_A_CAMERA)):
        inner = slice(1, -2), slice(1, -1)
        exact = (vectors.x[inner] == -right) & (vectors.y[inner] == -down)
        assert exact.mean() > 0.9


def test_block_that_moves_is_found_where_it_is_and_nothing_else(tmp_path: Path) -> None:
    still, thing = textured(128, 192), textured(32, 32)[::-1] ^ 0x3F

    def pictures() -> Iterable[npt.NDArray[np.uint8]]:
        for number in range(24):
            luma = still.copy()
            luma[48:80, 16 + 4 * number : 48 + 4 * number] = thing
            yield luma

    sink = play(encode(tmp_path / "a.mp4", pictures(), LIKE_A_CAMERA), Sink(wants_vectors=True), paced=False)
    start_ns = sink.units[0].captured_at_ns
    for vectors in sink.vectors:
        number = round((vectors.captured_at_ns - start_ns) / 40e6)
        left = 16 + 4 * number
        columns = slice(-(-left // 16), (left + 32) // 16)  # those that lie in it as a whole
        assert (vectors.x[3:5, columns] == -4).all()
        assert (vectors.y[3:5, columns] == 0).all()
        far = np.ones((8, 12), bool)
        far[2:6, max(0, left // 16 - 1) : (left + 32) // 16 + 2] = False
        assert not vectors.x[far].any()
        assert not vectors.y[far].any()


def test_key_pictures_have_none_and_all_others_have(tmp_path: Path) -> None:
    sink = play(encode(tmp_path / "a.mp4", pan(2, 1), LIKE_A_CAMERA), Sink(wants_vectors=True), paced=False)
    without = [unit.captured_at_ns for unit in sink.units if unit.is_key]
    assert len(without) == 2
    assert [vectors.captured_at_ns for vectors in sink.vectors] == [
        unit.captured_at_ns for unit in sink.units if unit.captured_at_ns not in without
    ]


def test_b_frames_come_in_the_order_of_capture_and_tell_of_the_past_only(tmp_path: Path) -> None:
    sink = play(encode(tmp_path / "a.mp4", pan(4, 0), B_FRAMES), Sink(wants_vectors=True), paced=False)
    times = [vectors.captured_at_ns for vectors in sink.vectors]
    assert times == sorted(times)
    assert [unit.captured_at_ns for unit in sink.units] != sorted(unit.captured_at_ns for unit in sink.units)
    assert len(times) > 12
    for vectors in sink.vectors:
        assert vectors.predicted is not None
        inner = vectors.x[1:-2, 1:-1][vectors.predicted[1:-2, 1:-1]]
        # what came from the right would come from a later picture
        assert (inner > 0).mean() < 0.1
        assert (inner % 4 == 0).mean() > 0.8


@pytest.mark.parametrize("size", [(160, 120), (166, 122), (17, 31), (333, 251)])
def test_grid_covers_pictures_of_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    path = encode(tmp_path / "a.mp4", pan(1, 1, size, 4), LIKE_A_CAMERA, crop=width % 2 == 1)
    found = vectors_in(path)
    assert len(found) == 3
    assert {vectors.x.shape for vectors in found} == {((height + 15) // 16, (width + 15) // 16)}


def test_none_are_made_unless_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.mp4", pan(2, 1), LIKE_A_CAMERA)
    looked: list[Any] = []
    monkeypatch.setattr("picctv_core.sources.streams.vectors_of", lambda *given_: looked.append(given_))
    sink = play(path, Sink(), paced=False)
    assert (len(sink.frames), sink.vectors, looked) == (24, [], [])


def test_what_is_no_h264_has_none(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "mjpeg", range(0, 400, 40), pix_fmt="yuvj420p")
    sink = play(path, Sink(wants_vectors=True), paced=False)
    assert (len(sink.units), sink.vectors) == (10, [])


def test_network_camera_has_them_too(tmp_path: Path) -> None:
    units = play(encode(tmp_path / "a.mp4", pan(3, 0), LIKE_A_CAMERA), paced=False).units
    enough: Callable[[Sink], None] = lambda sink: sink.stop.set() if len(sink.units) >= 20 else None  # noqa: E731
    with RtspServer(units) as server:
        sink = play(server.url, Sink(enough, wants_vectors=True))
    assert len(sink.vectors) > 10
    assert all(np.median(vectors.x) == -3 for vectors in sink.vectors)
