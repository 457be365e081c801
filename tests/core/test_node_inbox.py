"""What waits for a worker, and what is dropped."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.frames import AccessUnit, Frame, Result
from picctv_core.node.inbox import Control, Inbox, Item, Lost


def frame(number: int) -> Frame:
    return Frame(np.zeros((2, 2), np.uint8), number, number)


def unit(number: int, *, key: bool = False, size: int = 10) -> AccessUnit:
    return AccessUnit(number, key, bytes(size))


def drain(inbox: Inbox) -> list[Item]:
    items = []
    while (item := inbox.get(0)) is not None:
        items.append(item)
    return items


def test_frame_is_replaced_by_a_newer_one_in_its_place() -> None:
    inbox = Inbox()
    inbox.put_frame(frame(1))
    inbox.put_unit(unit(1))
    inbox.put_frame(frame(2))
    items = drain(inbox)
    assert isinstance(items[0], Frame)
    assert [items[0].sequence, items[1]] == [2, unit(1)]
    assert inbox.frames_dropped == 1


def test_units_that_do_not_fit_are_dropped_up_to_the_next_key_unit() -> None:
    inbox = Inbox(max_bytes=25)
    for number in range(1, 5):
        inbox.put_unit(unit(number, key=number == 1))
    assert drain(inbox) == [unit(1, key=True), unit(2)]
    inbox.put_unit(unit(5))  # there is room again, but nothing can be decoded from here
    inbox.put_unit(unit(6, key=True))
    inbox.put_unit(unit(7))
    assert drain(inbox) == [Lost(3, 5, 30), unit(6, key=True), unit(7)]


def test_loss_that_is_open_at_the_stop_is_told() -> None:
    inbox = Inbox(max_bytes=5)
    inbox.put_unit(unit(1, key=True))
    inbox.stop()
    inbox.put_unit(unit(2, key=True))
    assert drain(inbox) == [Lost(1, 1, 10), Control.STOP]


def test_results_beyond_the_bound_are_counted() -> None:
    inbox = Inbox(max_results=2)
    for number in range(5):
        inbox.put_result(Result("n/c", "p", number, None))
    assert [item.captured_at_ns for item in drain(inbox) if isinstance(item, Result)] == [0, 1]
    assert inbox.results_dropped == 3
    inbox.put_result(Result("n/c", "p", 9, None))
    assert len(drain(inbox)) == 1


def test_health_is_asked_once_until_it_is_answered() -> None:
    inbox = Inbox()
    inbox.ask_health()
    inbox.ask_health()
    assert drain(inbox) == [Control.HEALTH]
    inbox.ask_health()
    assert drain(inbox) == [Control.HEALTH]


def test_abandon_tells_what_was_thrown_away() -> None:
    inbox = Inbox(max_bytes=25)
    for number in range(1, 5):
        inbox.put_unit(unit(number, key=number == 1))
    assert inbox.abandon() == Lost(1, 4, 40)
    assert drain(inbox) == [Control.STOP]


def test_get_wakes_up_for_what_comes() -> None:
    inbox = Inbox()
    threading.Timer(0.05, inbox.put_unit, [unit(1)]).start()
    assert inbox.get(10) == unit(1)


@given(
    st.lists(st.one_of(st.tuples(st.booleans(), st.integers(1, 40)), st.just("get"))),
    st.integers(20, 100),
)
def test_units_are_given_out_or_stand_in_a_loss(steps: list[tuple[bool, int] | str], max_bytes: int) -> None:
    inbox = Inbox(max_bytes=max_bytes)
    put, got = 0, list[Item]()
    for number, step in enumerate(steps):
        if isinstance(step, str):
            got += [item for item in [inbox.get(0)] if item is not None]
        else:
            put += step[1]
            inbox.put_unit(unit(number, key=step[0], size=step[1]))
            assert inbox.queued_bytes <= max_bytes
    inbox.stop()
    got += drain(inbox)
    kept = sum(len(item.annexb) for item in got if isinstance(item, AccessUnit))
    lost = sum(item.bytes for item in got if isinstance(item, Lost))
    assert kept + lost == put
    for before, after in pairwise(got):
        if isinstance(before, Lost) and isinstance(after, AccessUnit):
            assert after.is_key
