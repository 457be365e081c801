"""The endurance run says what has grown, and nothing else."""

from __future__ import annotations

from tests.faults.endurance import Samples, judge, thirds

LOOKS = 40


def samples(growth: float = 0.0, fds: int = 0, threads: int = 0) -> Samples:
    """Give what is seen of a process that grows by so much from the first look to the last."""
    made = Samples()
    for look in range(LOOKS):
        part = look / (LOOKS - 1)
        made.memory_bytes.append(round(1e8 * (1 + growth * part)))
        made.fds.append(20 + round(fds * part))
        made.threads.append(10 + round(threads * part))
    return made


def grown(own: Samples, latencies: list[float] | None = None, name: str = "node") -> list[str]:
    """Give the first words of what has grown."""
    report = judge({name: own}, latencies or [100.0] * LOOKS, {name: 1.0}, {}, 60, short=False)
    return [" ".join(fault.split()[:4]) for fault in report["faults"]]


def test_thirds_leave_the_warm_up_out() -> None:
    assert thirds([1000.0] * 10 + [1.0] * 10 + [2.0] * 10 + [3.0] * 10) == (1.0, 3.0)


def test_what_stays_is_no_fault() -> None:
    assert grown(samples()) == []
    assert grown(samples(growth=0.04, fds=4, threads=4)) == []


def test_what_grows_is_one() -> None:
    (memory,) = grown(samples(growth=0.2))
    assert memory.startswith("node has")
    assert memory.endswith("bytes")
    assert grown(samples(fds=30))[0].endswith("fds")
    assert grown(samples(threads=30))[0].endswith("threads")
    assert grown(samples(), [100.0 + 30 * look for look in range(LOOKS)]) == ["from capture to stored"]


def test_the_databases_memory_has_a_bound() -> None:
    assert grown(samples(growth=1.0), name="mongod") == []
    assert grown(samples(growth=5.0), name="mongod")[0].startswith("mongod has")


def test_a_process_that_ended_is_told() -> None:
    report = judge({"node": samples()}, [100.0] * LOOKS, {}, {"node": [-11]}, 60, short=False)
    assert report["faults"] == ["node ended by itself: [-11]"]
