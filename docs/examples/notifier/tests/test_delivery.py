"""Order, tries, pauses, bounds and the end of a delivery."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from picctv_notifier.channels import SendError
from picctv_notifier.delivery import Counts, Delivery

from .notes import note

if TYPE_CHECKING:
    import pytest
    from picctv_notifier.note import Note


class Script:
    """A channel that does what it is told: True delivers, an error is raised; then it delivers for ever."""

    shown = "script"

    def __init__(self, *steps: bool | Exception) -> None:
        self.steps = list(steps)
        self.tried: list[str] = []
        self.times: list[float] = []
        self.gate = threading.Event()
        self.gate.set()

    def send(self, told: Note) -> None:
        self.tried.append(told.id)
        self.times.append(time.monotonic())
        assert self.gate.wait(10)
        step = self.steps.pop(0) if self.steps else True
        if isinstance(step, Exception):
            raise step


def delivery(channel: Script, **other: float) -> Delivery:
    return Delivery(
        channel, **{"tries": 3, "most": 100, "first_pause_s": 0.02, "longest_pause_s": 0.05, **other}
    )  # type: ignore[arg-type]


def test_notes_are_sent_in_order() -> None:
    channel = Script()
    sending = delivery(channel)
    for number in range(50):
        sending.put(note(number))
    assert sending.wait_until_idle(5)
    assert channel.tried == [f"n{number}" for number in range(50)]
    assert sending.counts == Counts(sent=50)


def test_failure_is_tried_again_before_the_next_is_sent() -> None:
    channel = Script(SendError("no"), SendError("no"), True)
    sending = delivery(channel)
    sending.put(note(1))
    sending.put(note(2))
    assert sending.wait_until_idle(5)
    assert channel.tried == ["n1", "n1", "n1", "n2"]
    assert sending.counts == Counts(sent=2, retried=2)


def test_pauses_grow_up_to_a_bound() -> None:
    channel = Script(*[SendError("no")] * 4)
    sending = delivery(channel, tries=5, first_pause_s=0.05, longest_pause_s=0.15)
    sending.put(note())
    assert sending.wait_until_idle(5)
    pauses = [after - before for before, after in zip(channel.times, channel.times[1:], strict=False)]
    for pause, least in zip(pauses, (0.05, 0.10, 0.15, 0.15), strict=True):
        assert pause >= least


def test_last_try_gives_up_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    channel = Script(*[SendError("it answered 500")] * 3)
    sending = delivery(channel)
    sending.put(note(1))
    sending.put(note(2))
    assert sending.wait_until_idle(5)
    assert channel.tried == ["n1", "n1", "n1", "n2"]
    assert sending.counts == Counts(sent=1, retried=2, failed=1)
    [record] = caplog.records
    assert record.getMessage() == (
        "notification n1 (info) was not delivered to script, after 3 tries: it answered 500; "
        "so far 0 are sent, 1 are not"
    )


def test_hopeless_failure_is_tried_once() -> None:
    channel = Script(SendError("it answered 404", retry=False))
    sending = delivery(channel)
    sending.put(note())
    assert sending.wait_until_idle(5)
    assert channel.tried == ["n1"]


def test_error_of_a_library_is_logged_by_its_name_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    sending = delivery(Script(*[ValueError("SECRET")] * 3))
    sending.put(note())
    assert sending.wait_until_idle(5)
    assert "after 3 tries: ValueError;" in caplog.text
    assert "SECRET" not in caplog.text


def test_putting_never_waits_and_drops_the_oldest(caplog: pytest.LogCaptureFixture) -> None:
    channel = Script()
    channel.gate.clear()
    sending = delivery(channel, most=2)
    began = time.monotonic()
    sending.put(note(0))
    while not channel.tried:  # the first is being sent, and waits no longer
        assert time.monotonic() < began + 5
        time.sleep(0.001)
    for number in (1, 2, 3, 4):
        sending.put(note(number))
    assert time.monotonic() - began < 1
    channel.gate.set()
    assert sending.wait_until_idle(5)
    assert channel.tried == ["n0", "n3", "n4"]
    assert sending.counts == Counts(sent=3, dropped=2)
    assert caplog.text.count("is not sent to script: 2 wait already; it stays in the web") == 2


def test_no_thread_is_left_when_all_is_sent() -> None:
    sending = delivery(Script())
    assert sending.wait_until_idle(0)
    sending.put(note())
    assert sending.wait_until_idle(5)
    deadline = time.monotonic() + 5
    while any(thread.name == "notifier script" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_stop_cuts_a_pause_short_and_tries_the_others_once() -> None:
    channel = Script(SendError("no"), True, SendError("no"))
    sending = delivery(channel, first_pause_s=60, longest_pause_s=60)
    for number in (1, 2, 3):
        sending.put(note(number))
    began = time.monotonic()
    sending.stop()
    sending.join(5)
    assert time.monotonic() - began < 2
    assert channel.tried == ["n1", "n2", "n3"]
    assert sending.counts == Counts(sent=1, failed=2)


def test_join_leaves_a_channel_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    channel = Script()
    channel.gate.clear()
    sending = delivery(channel)
    for number in (1, 2):
        sending.put(note(number))
    began = time.monotonic()
    sending.stop()
    sending.join(0.1)
    assert time.monotonic() - began < 1
    sending.put(note(3))
    assert sending.counts == Counts(dropped=2)
    assert caplog.text.count("is not sent to script: the server stops") == 2
    channel.gate.set()
    assert sending.wait_until_idle(5)
