"""Looking at the end of the log during a load: what is seen when, what it costs, and what a failure leaves."""

from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from inorder.readback.http import ReadBack
from inorder.readback.live import EVERY_S, Live, every_s
from inorder.scenario import Scenario, parse
from tests.inorder.readback.test_http import line
from tests.inorder.readback.test_http import reader as reader_of

BASE = 'question = "?"\n[visitors]\ncount = 5\n[[phases]]\nname = "all"\nduration_s = 1\nreturning = 1.0\n'
LINE = '[[sla]]\nmetric = "visibility_ms.p95"\nmax = 1\n'


class Log:
    """A log of the positions up to `end`, with gaps, and a clock that stands still but for the requests."""

    def __init__(self, every: int = 1) -> None:
        self.end, self.every = 0, every
        self.now = 100.0
        self.requests = 0
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.now += 0.001
        if self.down:
            return httpx.Response(404)
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        first = (after // self.every + 1) * self.every
        found = range(first, self.end + 1, self.every)[:limit]
        return httpx.Response(200, content=b"".join(map(line, found)))

    def reader(self) -> ReadBack:
        return reader_of(self.answer)

    def clock(self) -> float:
        return self.now


def looks(live: Live, tmp_path: Path) -> list[tuple[int, float]]:
    """What is on file: (position, seconds of the run), which began at 100 of the clock."""
    live.write(tmp_path / "live.parquet", 100.0)
    table = pq.read_table(tmp_path / "live.parquet")
    return list(zip(table["position"].to_pylist(), table["seen_at"].to_pylist(), strict=True))


def first_seen(found: list[tuple[int, float]], position: int) -> float:
    return next(at for end, at in found if end >= position)


@pytest.mark.parametrize("every", [1, 7])
def test_each_look_finds_the_end_of_the_log(every: int, tmp_path: Path) -> None:
    """Positions may have gaps; each row has the instant of the first look that reached it."""
    log = Log(every)
    live = Live(log.reader(), 0.5, -1, log.clock)
    ends = [700, 700, 2800, 2807]
    for number, end in enumerate(ends):
        log.now, log.end = 101.0 + number, end
        live.look()
    found = looks(live, tmp_path)
    assert [position for position, _ in found] == sorted({position for position, _ in found})
    assert found[-1][0] == 2807
    assert 1 < first_seen(found, 700) < 1.1
    assert 3 < first_seen(found, 701) < 3.1
    assert 3 < first_seen(found, 2800) < 3.1
    assert 4 < first_seen(found, 2801) < 4.1


def test_a_look_costs_a_few_single_rows() -> None:
    """It expects the log to grow as it did: not more than two bisections of what came since, whatever its length."""
    log = Log()
    live = Live(log.reader(), 0.5, -1, log.clock)
    for _ in range(20):
        log.end += 5000
        live.look()
    log.requests = 0
    log.end += 5000
    live.look()
    assert log.requests <= 16
    log.requests = 0
    live.look()
    assert log.requests == 1


def test_a_look_that_fails_says_nothing_and_the_next_makes_up_for_it(tmp_path: Path) -> None:
    """The rows that came meanwhile could not be read before; only a failed last look is an error."""
    log = Log()
    live = Live(log.reader(), 0.5, -1, log.clock)
    log.end, log.down = 10, True
    live.look()
    log.down, log.now = False, 105.0
    live.look()
    assert 5 < first_seen(looks(live, tmp_path), 1) < 5.1
    assert live.write(tmp_path / "live.parquet", 100.0).error is None
    log.down = True
    live.look()
    told = live.write(tmp_path / "none.parquet", 100.0)
    assert (told.looks, told.every_s) == (3, 0.5)
    assert "no read-back there" in (told.error or "")
    assert not (tmp_path / "none.parquet").exists()


def test_the_thread_looks_until_it_is_stopped() -> None:
    """With a real clock; then it makes no request any more."""
    log = Log()
    log.end = 3
    live = Live(log.reader(), 0.01, -1)
    live.start()
    for _ in range(1000):
        if log.requests >= 5:
            break
        live._over.wait(0.01)
    live.close()
    asked = log.requests
    assert asked >= 5
    assert not live._thread.is_alive()


@pytest.mark.parametrize(
    ("text", "every"),
    [
        (BASE, None),
        (BASE + LINE, EVERY_S),
        (BASE + "[readback]\nlive_s = 0.2\n", 0.2),
        (BASE + LINE + "[readback]\nlive_s = 2\n", 2),
        (BASE + LINE + "[readback]\nlive_s = 0\n", None),
    ],
)
def test_the_log_is_looked_at_where_a_line_needs_it_or_the_scenario_asks(text: str, every: float | None) -> None:
    """Else a run costs the system nothing more."""
    written: Scenario = parse(text, Path("some.toml"))
    assert every_s(written) == every
