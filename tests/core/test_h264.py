"""NAL units: found, told apart, and put so that each key unit is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.video.frame import PictureType
from hypothesis import given, settings
from hypothesis import strategies as st

from picctv_core import h264
from tests.core.videos import write_video

if TYPE_CHECKING:
    from pathlib import Path

SPS = b"\x67\x64\x00\x28\xac"
PPS = b"\x68\xee\x3c\x80"
IDR = b"\x65\x88\x84\x21"
SLICE = b"\x41\x9a\x24\x6c"
AUD = b"\x09\xf0"
SEI = b"\x06\x05\x04\xab\x80"
LONG, SHORT = b"\x00\x00\x00\x01", b"\x00\x00\x01"
SETS = LONG + SPS + LONG + PPS
AVCC = b"\x01\x64\x00\x28\xff\xe1" + b"\x00\x05" + SPS + b"\x01" + b"\x00\x04" + PPS

# A NAL unit holds no start code and ends in no zero: emulation prevention and the stop bit see to that.
nal_units = (
    st.tuples(st.integers(1, 255), st.binary(max_size=40))
    .map(lambda pair: bytes([pair[0]]) + pair[1] + b"\x80")
    .filter(lambda unit: SHORT not in unit and b"\x00\x00\x00" not in unit)
)


def test_units_are_found_after_long_and_short_start_codes() -> None:
    assert list(h264.iterate_nal_units(SHORT + AUD + LONG + SPS + SHORT + PPS + LONG + IDR)) == [
        AUD,
        SPS,
        PPS,
        IDR,
    ]


def test_units_of_nothing_are_none() -> None:
    assert list(h264.iterate_nal_units(b"")) == []
    assert list(h264.iterate_nal_units(b"no start code")) == []
    assert list(h264.iterate_nal_units(LONG + LONG + SHORT)) == []


@settings(deadline=None)
@given(st.lists(nal_units, max_size=8))
def test_units_come_back_as_they_were_joined(units: list[bytes]) -> None:
    assert list(h264.iterate_nal_units(h264.to_annexb(units))) == units


@settings(deadline=None)
@given(st.lists(nal_units, max_size=8), st.sampled_from([1, 2, 4]))
def test_from_lengths_gives_the_same_units_with_start_codes(units: list[bytes], size: int) -> None:
    data = b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)
    assert h264.from_lengths(data, size) == h264.to_annexb(units)


def test_from_lengths_cuts_a_length_that_runs_past_the_end() -> None:
    assert h264.from_lengths(b"\xff\xff\xff\xff" + IDR, 4) == LONG + IDR


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_borne(data: bytes) -> None:
    units = list(h264.iterate_nal_units(data))
    assert all(data.find(unit) >= 0 for unit in units)
    assert h264.is_idr(data) == (h264.IDR_SLICE in _kinds_before_another_slice(data))
    assert isinstance(h264.parameter_sets(data), bytes)


def _kinds_before_another_slice(data: bytes) -> list[int]:
    kinds = []
    for at in (at for at in range(len(data) - 3) if data[at : at + 3] == SHORT):
        kinds.append(data[at + 3] & 31)
        if 1 <= kinds[-1] <= 5:
            break
    return kinds


def test_is_idr_looks_at_the_picture_not_at_what_comes_before_it() -> None:
    assert h264.is_idr(LONG + AUD + SETS + LONG + SEI + SHORT + IDR)
    assert not h264.is_idr(SETS + LONG + SLICE)
    assert not h264.is_idr(SETS)


def test_has_parameter_sets_wants_both_before_the_picture() -> None:
    assert h264.has_parameter_sets(SETS + LONG + IDR)
    assert not h264.has_parameter_sets(LONG + SPS + LONG + IDR)
    assert not h264.has_parameter_sets(LONG + IDR + SETS)


def test_parameter_sets_are_read_from_avcc_and_from_a_byte_stream() -> None:
    assert h264.parameter_sets(AVCC) == SETS
    assert h264.parameter_sets(LONG + AUD + SHORT + SPS + SHORT + PPS + LONG + IDR) == SETS
    assert h264.length_size(AVCC) == 4
    assert h264.is_avcc(AVCC)
    assert not h264.is_avcc(SETS)


def test_parameter_sets_are_empty_where_one_is_missing() -> None:
    assert h264.parameter_sets(None) == b""
    assert h264.parameter_sets(b"") == b""
    assert h264.parameter_sets(LONG + SPS) == b""
    assert h264.parameter_sets(AVCC[:-6]) == b""


def test_with_parameter_sets_leaves_a_complete_unit_alone() -> None:
    unit = SETS + LONG + SEI + SHORT + IDR
    assert h264.with_parameter_sets(unit, b"other") is unit


def test_with_parameter_sets_puts_them_before_a_bare_picture() -> None:
    assert h264.with_parameter_sets(SHORT + IDR, SETS) == SETS + LONG + IDR


def test_with_parameter_sets_prefers_the_units_own_and_drops_the_delimiter() -> None:
    other = LONG + b"\x67\x42" + LONG + b"\x68\x42"
    assert (
        h264.with_parameter_sets(LONG + AUD + LONG + SEI + SETS + LONG + IDR, other)
        == SETS + LONG + SEI + LONG + IDR
    )


def test_b_pictures_are_told_from_others(tmp_path: Path) -> None:
    options = {"bf": "3", "g": "20", "b_strategy": "0", "x264-params": "b-pyramid=normal"}
    path = write_video(tmp_path / "a.h264", "libx264", range(0, 2000, 40), options=options)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    told, kinds = {}, {}
    with av.open(str(path)) as container:
        for number, packet in enumerate(container.demux(video=0)):
            packet.pts = number
            if packet.size:
                told[number] = h264.is_bidirectional(bytes(packet))
            for frame in decoder.decode(packet if packet.size else None):
                assert frame.pts is not None
                kinds[frame.pts] = frame.pict_type == PictureType.B
    assert told == kinds
    assert sum(told.values()) > 20
    assert not h264.is_bidirectional(b"")
    assert not h264.is_bidirectional(LONG + SLICE[:1])
