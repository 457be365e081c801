"""What several servers agree on: who does a chore, and what people have been told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from picctv_server import models, queries
from picctv_server.alarms import Alarms
from picctv_server.leases import Lease

if TYPE_CHECKING:
    from picctv_core.testing import FakeClock
    from picctv_server.database import Connection
    from picctv_server.store import Store


def test_lease_is_one_holders_until_it_is_given_back(database: Connection) -> None:
    first, second = Lease("chores", 60), Lease("chores", 60)
    assert [first.take(), second.take(), first.take()] == [True, False, True]
    assert Lease("other chores", 60).take()
    second.give_back()
    assert not second.take()
    first.give_back()
    assert [second.take(), first.take()] == [True, False]


def test_lease_of_a_process_that_died_ends_by_itself(database: Connection) -> None:
    assert Lease("chores", 0.5).take()
    heir = Lease("chores", 60)
    deadline = time.monotonic() + 10
    while not heir.take():
        assert time.monotonic() < deadline
    assert heir.take()


def test_of_many_that_take_a_lease_at_once_one_gets_it(database: Connection) -> None:
    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda lease: lease.take(), [Lease(f"{number}", 60) for _ in range(8)]))
        assert taken.count(True) == 1


def test_alarm_is_told_once_and_once_when_it_is_over(picctv_store: Store, picctv_clock: FakeClock) -> None:
    servers = [Alarms(picctv_store, picctv_clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda one: one.begin("x:1", "warning", "it is wrong", node="garage"), servers))
        assert servers[0].standing("x:") == ["x:1"]
        ended = list(pool.map(lambda one: one.end("x:1", title="it is right", node="garage"), servers))
    assert (begun.count(True), ended.count(True)) == (1, 1)
    assert sorted(one.title for one in queries.latest_notifications()) == ["it is right", "it is wrong"]
    assert servers[0].standing("") == []
    assert servers[0].begin("x:1", "warning", "it is wrong")
    assert len(queries.latest_notifications()) == 3


def test_alarm_of_a_server_that_died_before_it_told_is_told(
    picctv_store: Store, picctv_clock: FakeClock
) -> None:
    alarms = Alarms(picctv_store, picctv_clock)
    alarms._raise("x:1")
    assert models.Alarm.objects.count() == 1
    assert queries.latest_notifications() == []
    assert alarms.begin("x:1", "error", "it is wrong")
    assert [one.title for one in queries.latest_notifications()] == ["it is wrong"]
