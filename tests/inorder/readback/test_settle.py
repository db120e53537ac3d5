"""Reading until the log has settled: which rows are kept, what is read from them, and when it ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from inorder.dialects import VISITOR_EVENTS
from inorder.errors import TargetUnavailable
from inorder.events import CARRIERS, ORDINARY_CALLS, Namespace, canonical, decode_event, digest
from inorder.readback.identities import SCHEMA, Identities
from inorder.readback.row import StoredRow
from inorder.readback.settle import read_log
from inorder.run import Reading, RunFolder
from inorder.scenario import Readback
from tests.inorder.samples import event

OURS = Namespace("run")
IDENTITIES = Identities(OURS, VISITOR_EVENTS)


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("inorder.readback.settle.time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Log:
    """A log that grows: rows are there from an instant on; a row may be an error instead."""

    sorted = True

    def __init__(self, clock: Clock, *rows: tuple[float, StoredRow | Exception], page: int = 3) -> None:
        self._clock, self._rows, self._page = clock, rows, page
        self.rest: Exception | None = None

    def check_whole(self) -> None:
        if self.rest is not None:
            raise self.rest

    def begin(self, after: int) -> None:
        self._after = after

    def pages(self) -> Iterator[list[StoredRow]]:
        for page in self._behind(self._after):
            self._after = max(row.position for row in page)
            yield page

    def _behind(self, after: int) -> Iterator[list[StoredRow]]:
        page: list[StoredRow] = []
        for since, row in self._rows:
            if since > self._clock.now:
                continue
            if isinstance(row, Exception):
                if page:
                    yield page
                raise row
            if row.position > after:
                page.append(row)
                if len(page) == self._page:
                    yield page
                    page = []
        if page:
            yield page


def row(position: int, visitor: str = "run7", carried: tuple[int, int] | None = (7, 0), **more: Any) -> StoredRow:
    """A stored view whose product is the identity `carried` (visitor number, seq), or none of this run's."""
    product = OURS.base(carried[0]) + carried[1] if carried else 5
    body = msgspec.json.encode(event("view", visitor, productId=product))
    return StoredRow(**{"position": position, "visitor": visitor, "name": "view", "event": msgspec.Raw(body), **more})


def reading(
    folder: Path, clock: Clock, log: Log, after: int = -1, settle_s: float = 2.0, limit_s: float = 60.0
) -> tuple[Reading, list[dict[str, Any]]]:
    """Read the log into a run folder: how it went, and the rows of the evidence."""
    run = RunFolder(folder)
    run.evidence.mkdir()
    went = read_log(run, log, IDENTITIES, Readback(settle_s=settle_s, limit_s=limit_s), clock, after)
    assert {file.name for file in run.evidence.iterdir()} <= {"stored.parquet", "earlier-1.parquet"}
    first = run.evidence / "earlier-1.parquet"
    table = pq.read_table(first if first.exists() else run.stored_file)
    assert table.schema == SCHEMA
    return went, table.to_pylist()


def test_rows_become_evidence(tmp_path: Path, clock: Clock) -> None:
    """Position, visitor, seq and digest, name, server and both times."""
    stored = row(4, carried=(7, 3), server="s2", stored_at=1764.5)
    went, rows = reading(tmp_path, clock, Log(clock, (0, stored)))
    assert rows == [
        {
            "position": 4,
            "visitor": "run7",
            "origin": None,
            "seq": 3,
            "digest": digest(canonical("view", decode_event("view", bytes(stored.event)))),
            "name": "view",
            "server": "s2",
            "stored_at": 1764.5,
            "seen_at": 100.0,
        }
    ]
    assert (went.rows, went.foreign, went.complete, went.settled, went.error) == (1, 0, True, True, None)


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_identity_and_digest_are_read_from_every_type(tmp_path: Path, clock: Clock, name: str) -> None:
    """Whichever field carries it, as a number or inside a text; white space does not change the digest."""
    number = OURS.base(9) + 41
    carrier = CARRIERS[name]
    value: Any = number if isinstance(event(name)[carrier], int) else f"c{number}"
    if name == "welcomeSequence":
        value = f"c{number}@example.org"
    written = event(name, "run9", **{carrier: value})
    body = msgspec.json.format(msgspec.json.encode(written), indent=2)
    stored = StoredRow(position=1, visitor="run9", name=name, event=msgspec.Raw(body))
    _, rows = reading(tmp_path, clock, Log(clock, (0, stored)))
    expected = digest(canonical(name, decode_event(name, msgspec.json.encode(written))))
    assert [(found["seq"], found["origin"], found["digest"]) for found in rows] == [(41, None, expected)]


def test_a_log_whose_rest_cannot_be_read_is_not_complete(tmp_path: Path, clock: Clock) -> None:
    """Though nothing more came: what was read is kept, and the reason told."""
    log = Log(clock, (0, row(1)))
    log.rest = TargetUnavailable("the rest is half-written")
    went, rows = reading(tmp_path, clock, log)
    assert [found["position"] for found in rows] == [1]
    assert (went.complete, went.settled, went.error) == (False, False, "the rest is half-written")


def test_rows_of_others_are_counted_and_left_out(tmp_path: Path, clock: Clock) -> None:
    """Neither the visitor nor the identity is of this run; nor is one that cannot be decoded."""
    broken = row(2, "stranger", None, event=msgspec.Raw(b"{}"))
    unknown = row(3, "stranger", None, name="peek")
    log = Log(clock, (0, row(1, "stranger", None)), (0, broken), (0, unknown), (0, row(4)))
    went, rows = reading(tmp_path, clock, log)
    assert [found["position"] for found in rows] == [4]
    assert (went.rows, went.foreign) == (1, 3)


def test_a_row_under_another_visitor_is_kept_with_its_origin(tmp_path: Path, clock: Clock) -> None:
    """Under another visitor of the run, or under a stranger."""
    log = Log(clock, (0, row(1, "run8", (7, 2))), (0, row(2, "stranger", (7, 3))))
    _, rows = reading(tmp_path, clock, log)
    assert [(found["visitor"], found["origin"], found["seq"]) for found in rows] == [
        ("run8", "run7", 2),
        ("stranger", "run7", 3),
    ]


@pytest.mark.parametrize(("origin", "seen_at"), [(40.0, 60.0), (None, None)])
def test_rows_are_seen_by_the_clock_of_the_run(
    tmp_path: Path, clock: Clock, origin: float | None, seen_at: float | None
) -> None:
    """Not by the machine's; where nobody knows any more when the run began, no instant is made up. In both readings."""
    (tmp_path / "evidence").mkdir()
    read_log(
        RunFolder(tmp_path),
        Log(clock, (0, row(1))),
        Identities(OURS, VISITOR_EVENTS, origin),
        Readback(settle_s=0.5),
        clock,
        -1,
    )
    first, last = (
        pq.read_table(tmp_path / "evidence" / name)["seen_at"] for name in ("earlier-1.parquet", "stored.parquet")
    )
    assert first.to_pylist() == [seen_at]
    assert (last.to_pylist() == [None]) if origin is None else (60 < last[0].as_py() < 62)


def test_a_row_of_ours_that_cannot_be_read_has_no_seq(tmp_path: Path, clock: Clock) -> None:
    """Without an identity there is still a digest; what does not decode has neither; both are kept."""
    broken = row(2, event=msgspec.Raw(b'{"sessionExternalId":"run7"}'))
    log = Log(clock, (0, row(1, carried=None)), (0, broken), (0, row(3, name="peek")))
    went, rows = reading(tmp_path, clock, log)
    assert [found["seq"] for found in rows] == [None] * 3
    assert [found["digest"] is None for found in rows] == [False, True, True]
    assert (went.rows, went.foreign) == (3, 0)


def test_reading_waits_until_the_log_does_not_grow(tmp_path: Path, clock: Clock) -> None:
    """Rows that come late are read, and the settle time starts anew with each."""
    log = Log(clock, (0, row(1)), (101.5, row(2)), (103, row(3)), (105.5, row(4)))
    went, rows = reading(tmp_path, clock, log)
    assert [found["position"] for found in rows] == [1, 2, 3]
    assert rows[2]["seen_at"] == pytest.approx(103, abs=0.2)
    assert went.settled
    assert went.waited_s == pytest.approx(5, abs=0.3)


def test_a_log_that_grows_until_the_limit_is_not_settled(tmp_path: Path, clock: Clock) -> None:
    """Reading ends all the same, and says that it did not come to the end."""
    log = Log(clock, *((100 + second, row(second + 1)) for second in range(40)))
    went, rows = reading(tmp_path, clock, log, limit_s=10)
    assert (went.complete, went.settled) == (False, False)
    assert went.error == "stopped after limit_s = 10 before the end of the log"
    assert 10 <= len(rows) <= 12


def test_a_log_that_was_read_but_has_no_time_to_settle_is_complete(tmp_path: Path, clock: Clock) -> None:
    """Everything that was there was read; more may come."""
    went, rows = reading(tmp_path, clock, Log(clock, (0, row(1)), (103, row(2))), settle_s=5, limit_s=4)
    assert (len(rows), went.complete, went.settled, went.error) == (2, True, False, None)


def test_rows_of_others_do_not_keep_the_log_from_settling(tmp_path: Path, clock: Clock) -> None:
    """On a system that is in use something always grows."""
    others = ((100 + second, row(second + 2, "stranger", None)) for second in range(40))
    went, _ = reading(tmp_path, clock, Log(clock, (0, row(1)), *others), limit_s=10)
    assert went.settled
    assert went.waited_s < 3


def test_an_error_in_the_middle_keeps_what_was_read(tmp_path: Path, clock: Clock) -> None:
    """Not complete, not settled, with the reason."""
    log = Log(clock, *((0, row(number)) for number in range(1, 5)), (0, TargetUnavailable("gone")))
    went, rows = reading(tmp_path, clock, log)
    assert [found["position"] for found in rows] == [1, 2, 3, 4]
    assert (went.rows, went.complete, went.settled, went.error) == (4, False, False, "gone")


def test_reading_starts_behind_the_position_before_the_run(tmp_path: Path, clock: Clock) -> None:
    """What was stored earlier is not of the run."""
    went, rows = reading(tmp_path, clock, Log(clock, *((0, row(number)) for number in range(1, 6))), after=3)
    assert [found["position"] for found in rows] == [4, 5]
    assert went.after == 3


def test_an_empty_log_settles_and_leaves_an_empty_table(tmp_path: Path, clock: Clock) -> None:
    """Nothing stored is an answer too."""
    went, rows = reading(tmp_path, clock, Log(clock))
    assert (rows, went.complete, went.settled) == ([], True, True)


def test_positions_that_do_not_grow_are_kept_as_read(tmp_path: Path, clock: Clock) -> None:
    """Judging sees them; reading does not hide them."""

    _, files = read_twice(tmp_path, clock, Rereading([row(5), row(3), row(5)], [row(5), row(3), row(5)]))
    assert files["stored.parquet"] == [5, 3, 5]


def test_rows_of_files_are_put_in_the_order_of_their_positions(tmp_path: Path, clock: Clock) -> None:
    """Each server may write a file of its own; equal positions and missing ones are left for judging to see."""
    rows = [row(5), row(-1), row(3), row(5, visitor="run9")]
    log = Rereading(rows, rows)
    log.sorted = False
    _, files = read_twice(tmp_path, clock, log)
    assert files == {"earlier-1.parquet": [3, 5, 5, None], "stored.parquet": [3, 5, 5, None]}
    visitors = pq.read_table(tmp_path / "evidence" / "stored.parquet")["visitor"].to_pylist()
    assert visitors == ["run7", "run7", "run9", "run7"]


def test_a_log_is_not_settled_while_a_call_without_an_answer_may_still_be_stored(tmp_path: Path, clock: Clock) -> None:
    """A row that such a call stores late is read, though the log had rested for longer than the settle time."""
    run = RunFolder(tmp_path)
    run.evidence.mkdir()
    log = Log(clock, (0, row(1)), (107, row(2)))
    went = read_log(run, log, IDENTITIES, Readback(settle_s=1.0), clock, -1, quiet_until=108.0)
    assert (went.rows, went.settled, went.unanswered_s) == (2, True, pytest.approx(8.0))
    assert went.waited_s == pytest.approx(8, abs=0.3)


def test_a_log_that_ends_below_its_old_end_was_not_read(tmp_path: Path, clock: Clock) -> None:
    """Made anew or cut off: what it holds now stands below what was there before the run, so nothing is told lost."""

    class Cut(Log):
        def last_position(self, known: int = -1) -> int:
            return 3

    went, rows = reading(tmp_path, clock, Cut(clock, *((0, row(number)) for number in range(1, 4))), after=120)
    assert (rows, went.complete, went.settled) == ([], False, False)
    assert went.error == ("the log ends at position 3, and before the load it ended at 120: it was cut off, or made anew")


def test_a_reading_that_is_cut_off_leaves_no_evidence_under_its_name(tmp_path: Path, clock: Clock) -> None:
    """A Ctrl-C in the middle: the temporary name shows that it did not end."""
    run = RunFolder(tmp_path)
    run.evidence.mkdir()
    log = Log(clock, (0, row(1)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("inorder.readback.settle.time.sleep", lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            read_log(run, log, IDENTITIES, Readback(), clock, -1)
    assert [file.name for file in run.evidence.iterdir()] == ["reading-1.part"]


class Rereading:
    """Gives one log after another, a reading each; an error instead of a page ends one."""

    def __init__(self, *readings: list[StoredRow | BaseException]) -> None:
        self.left = list(readings)
        self.begins: list[int] = []
        self.sorted = True

    def check_whole(self) -> None:
        """It is."""

    def begin(self, after: int) -> None:
        self.begins.append(after)
        self._given = False

    def pages(self) -> Iterator[list[StoredRow]]:
        if self._given:
            return  # nothing newer
        self._given = True
        for row_ in self.left.pop(0):
            if isinstance(row_, BaseException):
                raise row_
            yield [row_]


def read_twice(folder: Path, clock: Clock, log: Any, **asked: Any) -> tuple[Reading, dict[str, list[int]]]:
    """Read a log: how it went, and the positions in each file that is left."""
    run = RunFolder(folder)
    run.evidence.mkdir(exist_ok=True)
    went = read_log(run, log, IDENTITIES, Readback(settle_s=1.0, limit_s=60.0, **asked), clock, -1)
    files = {file.name: pq.read_table(file)["position"].to_pylist() for file in run.evidence.iterdir()}
    return went, files


def test_a_settled_log_is_read_again_and_the_second_reading_is_kept_as_the_last(tmp_path: Path, clock: Clock) -> None:
    """What is gone in it is for judging to see: the reading itself went well."""
    went, files = read_twice(tmp_path, clock, Rereading([row(1), row(2)], [row(1)]))
    assert files == {"earlier-1.parquet": [1, 2], "stored.parquet": [1]}
    assert (went.rows, went.again, went.settled, went.again_error) == (2, 1, True, None)


def test_a_row_that_came_after_the_log_had_settled_leaves_it_unsettled(tmp_path: Path, clock: Clock) -> None:
    """The time to settle was too short, so what is missing may still come."""
    went, files = read_twice(tmp_path, clock, Rereading([row(1)], [row(1), row(2)]))
    assert files == {"earlier-1.parquet": [1], "stored.parquet": [1, 2]}
    assert (went.rows, went.again, went.complete, went.settled) == (1, 2, True, False)


def test_a_second_reading_that_fails_leaves_the_first(tmp_path: Path, clock: Clock) -> None:
    """The run is judged by what was read, and says why nothing can be seen to vanish."""
    log = Rereading([row(1), row(2)], [row(1), TargetUnavailable("refused")])
    went, files = read_twice(tmp_path, clock, log)
    assert files == {"stored.parquet": [1, 2]}
    assert (went.settled, went.again, went.again_error) == (True, None, "refused")


def test_an_interrupted_second_reading_leaves_the_first(tmp_path: Path, clock: Clock) -> None:
    """And nothing of its own."""
    log = Rereading([row(1)], [row(1), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        read_twice(tmp_path, clock, log)
    assert [file.name for file in (tmp_path / "evidence").iterdir()] == ["stored.parquet"]


def test_a_second_reading_has_its_limit(tmp_path: Path, clock: Clock) -> None:
    """Of a log that others fill faster than it is read there is no end."""

    def endless() -> Iterator[StoredRow]:
        for position in range(1_000):
            clock.now += 1.0
            yield row(position)

    log = Rereading([row(1)], endless())  # type: ignore[arg-type]
    went, files = read_twice(tmp_path, clock, log)
    assert files == {"stored.parquet": [1]}
    assert went.again_error == "stopped after limit_s = 60 before the end of the log"


@pytest.mark.parametrize(("settled", "readings"), [(False, 2), (True, 1)])
def test_a_log_is_read_once_where_it_has_not_settled_or_once_is_asked_for(
    tmp_path: Path, clock: Clock, settled: bool, readings: int
) -> None:
    """A log that still grows would only seem to have lost its rest, or gained it."""
    # Up to half a second before the limit, so that the last look finds nothing new, and no rest either.
    late = [(clock.now + half / 2, row(2 + half)) for half in range(1, 120)] if not settled else []
    went, files = read_twice(tmp_path, clock, Log(clock, (0, row(1)), *late), readings=readings)
    assert list(files) == ["stored.parquet"]
    assert (went.complete, went.settled, went.again) == (True, settled, None)


def test_reading_again_takes_away_what_an_older_reading_left(tmp_path: Path, clock: Clock) -> None:
    """`judge --read-back` must not compare with the readings before."""
    read_twice(tmp_path, clock, Rereading([row(1), row(2)], [row(1), row(2)]))
    _, files = read_twice(tmp_path, clock, Rereading([row(1)], []), readings=1)
    assert files == {"stored.parquet": [1]}
