"""Reading the stream: the newest position by bisection, pages, attempts, and what stands in the way in one line."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from inorder.errors import TargetUnavailable
from inorder.readback.http import ReadBack
from inorder.readback.row import StoredRow
from tests.inorder.samples import views
from tests.inorder.sandboxes import KEYS, far

Answer = httpx.Response | Exception


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr("inorder.readback.asking.BACKOFF_S", 0.0)


def reader(answer: Callable[[httpx.Request], Answer], page: int = 2, token: str | None = None) -> ReadBack:
    """A reader whose requests a function answers."""
    made = ReadBack("http://target.test/1.0", token, page)
    made.close()

    def handle(request: httpx.Request) -> httpx.Response:
        answered = answer(request)
        if isinstance(answered, Exception):
            raise answered
        return answered

    made._client = httpx.Client(transport=httpx.MockTransport(handle), headers=made._client.headers)
    return made


def behind(after: int, log: ReadBack) -> Iterator[list[StoredRow]]:
    """Pages of the rows behind a position."""
    log.begin(after)
    return log.pages()


def log(*positions: int) -> Callable[[httpx.Request], httpx.Response]:
    """A system that stores these positions."""

    def answer(request: httpx.Request) -> httpx.Response:
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        found = [position for position in sorted(positions) if position > after][:limit]
        return httpx.Response(200, content=b"".join(line(position) for position in found))

    return answer


def line(position: int) -> bytes:
    """A line of the stream."""
    return msgspec.json.encode({"position": position, "visitor": "ann", "name": "view", "event": {}}) + b"\n"


def first_fails(*failures: Answer) -> Callable[[httpx.Request], Answer]:
    """A system that fails so often before it answers with a log of three rows."""
    left = list(failures)
    return lambda request: left.pop(0) if left else log(1, 2, 3)(request)


@pytest.mark.parametrize(
    "positions",
    [
        (),
        (0,),
        (1,),
        (0, 1),
        (7,),
        tuple(range(1, 1_001)),
        (3, 4, 900, 901, 1_000_000),
        (5, (1 << 40), (1 << 62) + 12_345),
        (0, (1 << 63) - 1),
        ((1 << 63) - 1,),
    ],
)
def test_the_newest_position_is_found_in_few_requests(positions: tuple[int, ...]) -> None:
    """Whatever the gaps, over the whole range of 64 bits, without reading the log."""
    asked = 0

    def counted(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        assert request.url.params["limit"] == "1"
        return log(*positions)(request)

    assert reader(counted).last_position() == max(positions, default=-1)
    assert asked <= 140


def test_pages_go_on_behind_the_newest_row() -> None:
    """Until there are none; from any position."""
    pages = [[row.position for row in page] for page in behind(-1, reader(log(1, 2, 5, 9, 11)))]
    assert pages == [[1, 2], [5, 9], [11]]
    assert [[row.position for row in page] for page in behind(1, reader(log(1, 2, 5)))] == [[2, 5]]
    assert list(behind(2, reader(log(1, 2)))) == []


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(429)],
)
def test_a_page_that_fails_is_asked_for_again(failure: Answer) -> None:
    """Four failures are survived, with every row once."""
    rows = [row.position for page in behind(-1, reader(first_fails(*[failure] * 4))) for row in page]
    assert rows == [1, 2, 3]


def test_after_five_failures_the_reading_fails() -> None:
    """In one line that says why."""
    with pytest.raises(TargetUnavailable, match=r"^http://target.test/stored: answers 503$"):
        list(behind(-1, reader(first_fails(*[httpx.Response(503)] * 5))))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.ConnectError("refused"), "http://target.test/stored: not there: refused"),
        (httpx.Response(404), "http://target.test/stored: no read-back there (404)"),
        (httpx.Response(401), "http://target.test/stored: refuses to be read (401); is INORDER_READBACK_TOKEN set"),
        (httpx.Response(403), "http://target.test/stored: refuses to be read (403)"),
        (httpx.Response(302), "http://target.test/stored: answers 302"),
        (httpx.Response(200, text="<html>"), "http://target.test/stored: no read-back stream: "),
        (httpx.Response(200, text='{"position":"x"}'), "http://target.test/stored: no read-back stream: "),
        (httpx.Response(200, text='{"event":' + "[" * 10_000), "http://target.test/stored: no read-back stream: "),
    ],
)
def test_what_stands_in_the_way_is_one_line(answer: Answer, sentence: str) -> None:
    """Found before the load begins, at the first attempt."""
    asked = 0

    def once(request: httpx.Request) -> Answer:
        nonlocal asked
        asked += 1
        return answer

    with pytest.raises(TargetUnavailable) as refused:
        reader(once).check()
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)
    assert asked == 1


def test_a_stream_that_does_not_move_on_ends_the_reading() -> None:
    """A system that answers old rows for ever is not read for ever."""
    with pytest.raises(TargetUnavailable, match="got only older ones"):
        list(behind(-1, reader(lambda request: httpx.Response(200, content=line(1)))))


def test_an_address_that_is_none_is_refused() -> None:
    """In one line."""
    with pytest.raises(TargetUnavailable, match="no address of a target"):
        ReadBack("http://host:port/1.0", None, 1)


def test_the_token_is_sent_and_the_stream_is_at_the_origin() -> None:
    """As a bearer token, at /stored, whatever the path of the calls."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    reader(answer, token="sesame").check()
    assert seen[0].headers["authorization"] == "Bearer sesame"
    assert str(seen[0].url) == "http://target.test/stored?after=-1&limit=1"


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[str]:
    """A real sandbox with 250 rows, and a token."""
    with far(tmp_path, {"INORDER_READBACK_TOKEN": "sesame"}) as sandbox:
        for number in range(5):
            batch: Any = views(f"v{number}", *range(50))
            assert httpx.post(f"{sandbox.base}/visitorEvents", params=KEYS, json=batch).status_code == 200
        yield sandbox.base


def test_a_real_sandbox_is_read(stored: str) -> None:
    """Every row once, in order; without the token it refuses."""
    with closing(ReadBack(stored, "sesame", 60)) as real:
        real.check()
        assert real.last_position() == 250
        rows = [row for page in behind(-1, real) for row in page]
    assert [row.position for row in rows] == list(range(1, 251))
    assert {row.visitor for row in rows} == {f"v{number}" for number in range(5)}
    with closing(ReadBack(stored, None, 60)) as closed, pytest.raises(TargetUnavailable, match="refuses to be read"):
        closed.check()
