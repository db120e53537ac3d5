"""Bytes leave in order and in time, by a clock of the test's own."""

import asyncio
from typing import Any, cast

import pytest

from inorder.proxy.lane import HIGH, LOW, Lane, Pace


class Time:
    """An event loop that is nothing but a clock with timers, and a transport that notes what is written when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[asyncio.TimerHandle] = []
        self.written: list[tuple[float, bytes]] = []
        self.full: list[bool] = []
        self.lane = Lane(cast(asyncio.AbstractEventLoop, self), lambda: self.full.append(self.lane.full))
        self.lane.open(cast(asyncio.Transport, self))

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Any) -> asyncio.TimerHandle:
        self.timers.append(asyncio.TimerHandle(when, call, (), cast(asyncio.AbstractEventLoop, self)))
        return self.timers[-1]

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.timers.remove(handle)

    def write(self, data: bytes) -> None:
        self.written.append((round(self.now - 100, 6), data))

    def step(self) -> None:
        """Let time pass until the next timer."""
        timer = min(self.timers, key=lambda one: one.when())
        self.timers.remove(timer)
        self.now = max(self.now, timer.when())
        timer._run()

    def run(self) -> list[tuple[float, bytes]]:
        """Let time pass until no timer is left: what was written, and how many seconds after the beginning."""
        while self.timers:
            self.step()
        return self.written


def test_without_faults_bytes_leave_at_once() -> None:
    """No timer, no copy."""
    time = Time()
    data = b"abc"
    time.lane.send(data)
    assert time.written[0][1] is data
    assert time.timers == []


def test_what_comes_later_waits_for_what_is_held() -> None:
    """A time holds all that comes after it, deeds too; another time beyond it holds longer."""
    time = Time()
    time.lane.send(b"a", at=100.5)
    time.lane.send(b"b")
    time.lane.then(lambda: time.lane.send(b"d"))
    time.lane.send(b"c", at=100.7)
    assert time.written == []
    assert time.run() == [(0.5, b"a"), (0.5, b"b"), (0.7, b"c"), (0.7, b"d")]


def test_a_bandwidth_passes_so_many_bytes_a_second() -> None:
    """1000 bytes a second: 20 every 20 ms, the rest when it is due; what is sent later has its own time."""
    time = Time()
    pace = Pace(bytes_per_s=1000)
    time.lane.send(b"a" * 45, pace)
    time.lane.send(b"b" * 5, pace)
    assert time.run() == [(0.02, b"a" * 20), (0.04, b"a" * 20), (0.045, b"a" * 5), (0.05, b"b" * 5)]
    time.now = 101.0
    time.lane.send(b"c" * 10, pace)
    assert time.run()[-1] == (1.01, b"c" * 10)


def test_a_bandwidth_below_one_byte_a_round_is_kept() -> None:
    """It goes byte by byte."""
    time = Time()
    time.lane.send(b"ab", Pace(bytes_per_s=2))
    assert time.run() == [(0.5, b"a"), (1.0, b"b")]


def test_slices_are_so_far_apart() -> None:
    """The first leaves at once, and messages are apart too."""
    time = Time()
    pace = Pace(slice_bytes=2, gap_s=0.1)
    time.lane.send(b"abcde", pace)
    time.lane.send(b"fg", pace)
    assert time.run() == [(0.0, b"ab"), (0.1, b"cd"), (0.2, b"e"), (0.3, b"fg")]


def test_slices_of_a_bandwidth_have_both() -> None:
    """Each slice takes its time, and then comes the gap."""
    time = Time()
    time.lane.send(b"abcd", Pace(slice_bytes=2, gap_s=0.1, bytes_per_s=20))
    assert time.run() == [(0.1, b"ab"), (0.3, b"cd")]


def test_a_lane_is_full_until_it_has_run_low() -> None:
    """So its source is not read any more, and is read again before the lane runs dry."""
    time = Time()
    data = bytes(HIGH + 1000)
    time.lane.send(data, Pace(slice_bytes=1000, gap_s=0.1))
    assert time.full == [True]
    while time.full == [True]:
        time.step()
    written = sum(len(piece) for _, piece in time.written)
    assert LOW - 1000 < len(data) - written <= LOW
    time.run()
    assert time.full == [True, False]


def test_a_transport_that_takes_no_more_stops_the_lane() -> None:
    """And starts it again."""
    time = Time()
    time.lane.writable(False)
    assert time.lane.full
    time.lane.send(b"a", at=101.0)
    assert time.run() == []
    time.lane.writable(True)
    assert not time.lane.full
    assert time.run() == [(1.0, b"a")]


@pytest.mark.parametrize("at", [0.0, 100.5])
def test_a_lane_that_is_dropped_forgets(at: float) -> None:
    """Nothing more is written; a deed that is asked for later is still done."""
    time = Time()
    time.lane.send(b"a", at=101.0)
    time.lane.drop()
    time.lane.send(b"b")
    done: list[int] = []
    time.lane.then(lambda: done.append(1), at)
    assert time.run() == []
    assert done == [1]
