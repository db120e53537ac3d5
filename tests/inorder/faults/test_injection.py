"""Faults at work: windows, draws and counts."""

from inorder.faults.fault import Fault
from inorder.faults.injection import Clock, Injection, added, report_of
from inorder.faults.switch import Switch


class Time:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def injection(time: Time, started: bool = True, seed: int = 1, **fault: float) -> Injection:
    """A fault at work on a clock of its own."""
    return Injection(Fault("drops-one-event", **fault), Clock(started, time), seed)


def test_a_fault_is_active_in_its_window_only() -> None:
    """The window holds its beginning, and not its end."""
    time = Time()
    fault = injection(time, from_s=2, until_s=5, rate=1.0)
    seen = []
    for time.now in (100.0, 101.9, 102.0, 104.9, 105.0, 200.0):
        seen.append(fault.strikes())
    assert seen == [False, False, True, True, False, False]
    assert fault.struck == 2


def test_before_the_start_is_told_no_window_is_open() -> None:
    """A run's sandbox is there before its load begins."""
    time = Time()
    clock = Clock(False, time)
    fault = Injection(Fault("drops-one-event", rate=1.0, from_s=1), clock, 1)
    assert not fault.strikes()
    clock.start(99.0)
    assert fault.strikes()
    assert clock.seconds() == 1.0


def test_the_seed_draws_the_strikes() -> None:
    """The same seed strikes the same calls; another one others; the rate is kept."""
    drawn = [[own.strikes() for _ in range(4000)] for own in (injection(Time(), seed=seed, rate=0.1) for seed in (1, 1, 2))]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(300 < sum(own) < 500 for own in drawn)  # five standard deviations


def test_each_is_counted_once() -> None:
    """An event that is harmed again is one event."""
    fault = injection(Time())
    fault.count(["a", "b"])
    fault.count(["b", "c"])
    assert (fault.injected, fault.report().injected, fault.report().unit) == (3, 3, "events")


def test_pick_gives_each_choice() -> None:
    """No choice is out of reach, and none is beyond the end."""
    fault = injection(Time())
    assert {fault.pick("abc") for _ in range(200)} == set("abc")


def test_a_report_tells_a_window_that_never_closes() -> None:
    """JSON has no infinity."""
    assert injection(Time()).report().until_s is None
    assert injection(Time(), until_s=5).report().until_s == 5


def test_a_switch_tells_its_listeners_of_each_change() -> None:
    """Faults go in and out at run time, and their counts with them."""
    switch = Switch([Fault("drops-one-event")], 1, started=True)
    told: list[list[str]] = []
    switch.listen(lambda faults: told.append([own.fault.name for own in faults]))
    switch.injections[0].count(["a"])
    switch.replace([Fault("latency"), Fault("reset")])
    assert told == [["drops-one-event"], ["latency", "reset"]]
    assert [(own.fault, own.injected) for own in switch.report()] == [("latency", 0), ("reset", 0)]


def test_reports_add_up_by_what_a_fault_is() -> None:
    """The same fault of several servers is one; with other parameters it is another; unknown stays unknown."""
    fast, slow = (Injection(Fault("latency", delay_ms=delay), Clock(True, Time()), 1) for delay in (5.0, 9.0))
    fast.count(["a"])
    assert [own.injected for own in added([fast.report(), slow.report(), fast.report()])] == [2, 0]
    lost = report_of(fast.fault, None, None)
    assert [own.injected for own in added([fast.report(), lost])] == [None]
