"""Frames in shared memory: nobody's picture changes while anybody can see it."""

from __future__ import annotations

import gc
import mmap
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from picctv_core.frames import Frame
from picctv_core.node.arena import Arena, ArenaView

WIDTH, HEIGHT, SLOTS = 40, 30, 4


def frame(number: int, *, padding: int = 0) -> Frame:
    whole = np.full((HEIGHT, WIDTH + padding), number % 256, np.uint8)
    return Frame(whole[:, :WIDTH], 1000 + number, number)


class ArenaMachine(RuleBasedStateMachine):
    """Frames come, parts of them are kept here and in another mapping, and go, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = Arena(WIDTH, HEIGHT, SLOTS)
        self.view = ArenaView(self.arena.fd, self.arena.size)
        self.number = 0
        self.here: list[tuple[Any, int]] = []
        # As the node does it: what is seen there is held here until it comes back.
        self.there: list[tuple[Any, int]] = []
        self.held: dict[int, Frame] = {}

    @rule(padding=st.integers(0, 3), keeps=st.sampled_from(["frame", "rows", "columns", "buffer", "nothing"]))
    def frame_comes(self, padding: int, keeps: str) -> None:
        self.number += 1
        kept = self.arena.keep(frame(self.number, padding=padding))
        assert kept.luma.shape == (HEIGHT, WIDTH)
        assert (kept.captured_at_ns, kept.sequence) == (1000 + self.number, self.number)
        part = {
            "frame": kept,
            "rows": kept.luma[3:5],
            "columns": kept.luma[::2, 1:7].T,
            "buffer": kept.luma.data,
            "nothing": None,
        }[keeps]
        if part is not None:
            self.here.append((part, self.number))

    @rule(keep_part=st.booleans())
    def frame_is_lent(self, keep_part: bool) -> None:
        self.number += 1
        kept = self.arena.keep(frame(self.number))
        offset = self.arena.offset_of(kept)
        if offset is not None:
            self.held[offset] = kept
            luma = self.view.luma(offset, (HEIGHT, WIDTH))
            self.there.append((luma[1:] if keep_part else luma, self.number))

    @rule(index=st.integers(0, 100))
    def one_goes_here(self, index: int) -> None:
        if self.here:
            del self.here[index % len(self.here)]

    @rule(index=st.integers(0, 100))
    def one_goes_there(self, index: int) -> None:
        if self.there:
            del self.there[index % len(self.there)]
        for offset in self.view.returned():
            del self.held[offset]

    @invariant()
    def all_that_is_kept_is_unchanged(self) -> None:
        for part, number in [*self.here, *self.there]:
            pixels = np.asarray(part.luma if isinstance(part, Frame) else part)
            assert (pixels == number % 256).all()

    @invariant()
    def a_place_is_free_unless_somebody_holds_it(self) -> None:
        # One more than can be held: the arena has room whenever less than all of it is in use.
        if len(self.here) + len(self.held) < SLOTS:
            assert self.arena.offset_of(self.arena.keep(frame(0))) is not None

    def teardown(self) -> None:
        self.arena.close()


TestArenaMachine = ArenaMachine.TestCase
TestArenaMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.fixture
def arena() -> Any:
    made = Arena(WIDTH, HEIGHT, SLOTS)
    yield made
    made.close()


def test_frame_in_the_arena_can_not_be_written_by_anybody(arena: Arena) -> None:
    kept = arena.keep(frame(7))
    view = ArenaView(arena.fd, arena.size)
    offset = arena.offset_of(kept)
    assert offset is not None
    there = view.luma(offset, (HEIGHT, WIDTH))
    for luma in (kept.luma, there, kept.luma[1:2], there[1:2]):
        with pytest.raises(ValueError, match="read-only"):
            luma[0, 0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            luma.flags.writeable = True
    with pytest.raises(PermissionError):
        mmap.mmap(arena.fd, arena.size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    with pytest.raises(OSError, match="Invalid argument"):
        os.ftruncate(arena.fd, 0)


def test_lowest_places_are_taken_first(arena: Arena) -> None:
    kept = [arena.keep(frame(number)) for number in range(3)]
    places = [arena.offset_of(one) for one in kept]
    assert places == sorted(places)  # type: ignore[type-var]
    assert places[0] == 0
    del kept[0]
    for number in (3, 4):
        assert arena.offset_of(arena.keep(frame(number))) == 0


def test_frame_for_which_there_is_no_room_is_given_as_it_is(arena: Arena) -> None:
    kept = [arena.keep(frame(number)) for number in range(SLOTS)]
    more = frame(99)
    assert arena.keep(more) is more
    assert arena.offset_of(more) is None
    kept.clear()
    gc.collect()
    assert arena.offset_of(arena.keep(more)) == 0


def test_frame_of_another_shape_is_given_as_it_is(arena: Arena) -> None:
    other = Frame(np.zeros((HEIGHT, WIDTH + 2), np.uint8), 1, 1)
    assert arena.keep(other) is other
    assert arena.offset_of(other) is None


def test_part_of_a_frame_has_no_place_of_its_own(arena: Arena) -> None:
    kept = arena.keep(frame(1))
    assert arena.offset_of(Frame(kept.luma[::-1], 1, 1)) is None
    assert arena.offset_of(Frame(kept.luma[1:], 1, 1)) is None


def test_memory_is_touched_only_where_frames_were() -> None:
    arena = Arena(1280, 720, 32)
    before = os.fstat(arena.fd).st_blocks
    for number in range(50):
        arena.keep(Frame(np.full((720, 1280), number, np.uint8), number, number))
    used = os.fstat(arena.fd).st_blocks * 512
    arena.close()
    assert before == 0
    assert used <= 2 * 1280 * 720
