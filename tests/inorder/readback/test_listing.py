"""Reading a log from a listing over HTTP: each way of paging, what comes meanwhile, and what is wrong in one line."""

import itertools
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback.listing import Listing
from inorder.readback.ways import Fields, Paging
from inorder.readback.ways import Listing as Way
from tests.inorder.readback.shops import ListingServer, given, positions

FIELDS = Fields(position="n", visitor="user.id", name="type", event="data")
PAGINGS: dict[str, dict[str, Any]] = {
    "position": {"parameter": "after"},
    "cursor": {"parameter": "cursor", "next": "next"},
    "page": {"parameter": "page"},
    "offset": {"parameter": "offset"},
    "link": {"next": "next"},
}
WALKS = [way for way in PAGINGS if way != "position"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr("inorder.readback.asking.BACKOFF_S", 0.0)


def opened(
    server: ListingServer, by: str, fields: Fields = FIELDS, path: str | None = None, **changes: Any
) -> closing[Listing]:
    """For a `with` block, a reader of the listing."""
    paging = Paging(by=by, **PAGINGS[by])  # type: ignore[arg-type]  # one of its words
    way = Way(url=f"{server.base}/{path or by}", paging=paging, records="data.items", fields=fields)
    return closing(Listing(msgspec.structs.replace(way, **changes), {"X-Key": "k"}))


@pytest.mark.parametrize("by", PAGINGS)
def test_every_record_comes_once_in_each_way_of_paging(server: ListingServer, by: str) -> None:
    """Also those that come meanwhile, on a page that was there or on new ones; a new reading begins anew."""
    server.add(1, 2, 3, 5)
    with opened(server, by) as reader:
        reader.check()
        rows = given(reader, -1)
        assert [(row.position, row.visitor, row.name) for row in rows] == [(n, "run7", "view") for n in (1, 2, 3, 5)]
        assert msgspec.json.decode(rows[3].event) == {"productId": 5}
        for new in ([], [6], [8, 9, 10, 11], [12, 13], []):
            server.add(*new)
            assert positions(reader) == new
        assert positions(reader, 8) == [9, 10, 11, 12, 13]
        assert positions(reader, -1) == [1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 13]
    assert {headers["X-Key"] for headers in server.headers} == {"k"}


@pytest.mark.parametrize("by", PAGINGS)
@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
def test_the_newest_position_is_found(server: ListingServer, by: str, count: int) -> None:
    """Whether the last page is full or not."""
    server.add(*range(10, 10 + count))
    with opened(server, by) as reader:
        assert reader.last_position() == (9 + count if count else -1)
        assert reader.last_position(9 + count) == 9 + count


@pytest.mark.parametrize("by", WALKS)
def test_a_walk_goes_on_at_its_last_page(server: ListingServer, by: str) -> None:
    """A log that does not grow is not read again and again."""
    server.add(*range(30))
    with opened(server, by) as reader:
        assert len(positions(reader, -1)) == 30
        before = len(server.asked)
        assert positions(reader) == []
        assert len(server.asked) - before <= 2


def test_the_size_of_a_page_is_asked_for(server: ListingServer) -> None:
    """Beside what the address holds already."""
    server.add(1, 2, 3)
    paging = Paging(by="position", parameter="after", size_parameter="size")
    with opened(server, "position", paging=paging, size=2, url=f"{server.base}/position?shop=7") as reader:
        assert positions(reader, -1) == [1, 2, 3]
    assert server.asked[0] == "/position?shop=7&after=-1&size=2"


def test_pages_of_one_record_are_read_to_the_end(server: ListingServer) -> None:
    """However few a system gives at a time."""
    server.add(1, 2, 5)
    server.cap = 1
    with opened(server, "position") as reader:
        assert positions(reader, -1) == [1, 2, 5]


def test_records_that_share_a_position_are_not_cut_off_by_a_page(server: ListingServer) -> None:
    """Where pages are asked for by position, a page may end between two of them."""
    server.add(1, 2, 3, 3, 4)
    with opened(server, "position") as reader:
        assert positions(reader, -1) == [1, 2, 3, 3, 4]


def test_records_without_a_position_are_in_every_reading(server: ListingServer) -> None:
    """They are read in the order of the listing, and judging sees that they have none."""
    server.add(1, 2)
    server.records[1]["n"] = None
    with opened(server, "offset") as reader:
        assert positions(reader, -1) == [1, -1]
        assert positions(reader, 1) == [-1]
    with opened(server, "offset", msgspec.structs.replace(FIELDS, position="")) as reader:
        assert positions(reader, -1) == [-1, -1]
    with opened(server, "position") as reader:
        server.records[1]["n"] = 2
        server.records.append({**server.records[0], "n": 3, "user": {}})
        assert [row.visitor for row in given(reader, -1)] == ["run7", "run7", ""]


@pytest.mark.parametrize("by", PAGINGS)
def test_a_page_that_fails_is_asked_for_again(server: ListingServer, by: str) -> None:
    """Every record comes once all the same."""
    server.add(1, 2, 3, 4)
    server.failures = [503, 429, 500, 408]
    with opened(server, by) as reader:
        assert positions(reader, -1) == [1, 2, 3, 4]


@pytest.mark.parametrize("by", PAGINGS)
def test_a_server_that_pages_in_circles_is_refused(server: ListingServer, by: str) -> None:
    """It knows nothing of the parameter, say, and gives its first page for ever."""
    server.add(1, 2, 3, 4, 5)
    server.stuck = True
    with opened(server, by) as reader, pytest.raises(TargetUnavailable) as refused:
        positions(reader, -1)
    words = "asked for rows behind 2, got 1" if by == "position" else "the pages go round in circles: "
    assert words in str(refused.value)


@pytest.mark.parametrize("by", ["page", "cursor"])
def test_pages_that_go_round_in_a_longer_circle_are_refused(server: ListingServer, by: str) -> None:
    """No position tells of it: each page is compared with all before it."""
    server.add(*range(12))
    answer, around = server.answer, itertools.count()

    def circle(path: str) -> Any:
        page = answer(f"/cursor?cursor={next(around) % 4 * 3}")
        return {**page, "next": f"c{len(server.asked)}"}

    server.answer = circle  # type: ignore[method-assign]
    with opened(server, by, msgspec.structs.replace(FIELDS, position="")) as reader:
        reader.begin(-1)
        rows = []
        with pytest.raises(TargetUnavailable, match=r"in circles: page 5 holds what a page before it held"):
            rows.extend(row for page in reader.pages() for row in page)
        assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("by", "cursor"), [("cursor", {"n": 3}), ("cursor", 3.5), ("cursor", True), ("cursor", [3]), ("link", 3)]
)
def test_a_next_page_of_another_type_is_one_line(server: ListingServer, by: str, cursor: Any) -> None:
    """It is not taken for the end, before the load or after it."""
    server.add(1, 2, 3, 4)
    answer = server.answer
    server.answer = lambda path: {"next": cursor, **{"data": answer(path)["data"]}}  # type: ignore[method-assign]
    with opened(server, by) as reader:
        for look in (reader.check, lambda: given(reader, -1)):
            with pytest.raises(
                TargetUnavailable, match=r"^readback\.paging\.next: expected a text.* at 'next', got .*data"
            ):
                look()


@pytest.mark.parametrize("by", ["cursor", "link"])
def test_a_next_page_that_no_answer_tells_of_is_told_at_the_end(server: ListingServer, by: str) -> None:
    """The path may be wrong, and the rest of the log unread; an empty log and one of two pages are whole."""
    with opened(server, by) as reader, opened(server, by, paging=Paging(by, "cursor", "nxt")) as wrong:  # type: ignore[arg-type]
        assert given(wrong, -1) == []
        wrong.check_whole()
        server.add(1, 2, 3, 4)
        assert positions(wrong) == [1, 2, 3]
        with pytest.raises(
            TargetUnavailable, match=r"readback\.paging\.next: nothing is at 'nxt' in any answer, .*\{\"data"
        ):
            wrong.check_whole()
        assert positions(reader, -1) == [1, 2, 3, 4]
        reader.check_whole()


def test_a_page_of_fewer_records_than_were_asked_for_is_the_last(server: ListingServer) -> None:
    """Though its answer leaves the next page out; a full one may have another behind it."""
    server.add(1, 2)
    paging = Paging("cursor", "cursor", "nxt", "limit")
    for size, whole in ((3, True), (2, False)):
        with opened(server, "cursor", paging=paging, size=size) as reader:
            assert positions(reader, -1) == [1, 2]
            if whole:
                reader.check_whole()
            else:
                with pytest.raises(TargetUnavailable, match="in any answer"):
                    reader.check_whole()


def test_a_cursor_may_be_the_number_zero(server: ListingServer) -> None:
    """It is one as any other."""
    server.add(1, 2, 3, 4)
    answer = server.answer
    pages = {"/cursor": ("0", 0), "/cursor?cursor=0": ("3", None)}

    def zero(path: str) -> Any:
        start, cursor = pages[path]
        return {**answer(f"/cursor?cursor={start}"), "next": cursor}

    server.answer = zero  # type: ignore[method-assign]
    with opened(server, "cursor") as reader:
        assert positions(reader, -1) == [1, 2, 3, 4]
        reader.check_whole()


@pytest.mark.parametrize("by", ["cursor", "link"])
def test_an_empty_page_that_names_another_is_not_the_end(
    server: ListingServer, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that names itself is where the reading goes on; empty ones without an end are refused."""
    monkeypatch.setattr("inorder.readback.paging._EMPTY", 10)
    server.add(1, 2, 3, 4)
    answer, gaps = server.answer, itertools.count()

    def gap(path: str) -> Any:
        number = int((path.partition("gap=")[2] or path.partition("cursor=")[2]).partition(".")[0] or 0)
        if number == 3 and ("gap" not in path or endless):
            gone = next(gaps)
            more = f"{'/link?gap=' if by == 'link' else 'gap='}3.{gone}" if gone < 50 else None
            return {"data": {"items": []}, "next": more}
        page = answer(f"/{by}?cursor={number}")
        if number == 3 and not page["data"]["items"][1:]:
            page["next"] = "/link?cursor=4" if by == "link" else "4"
        return {"data": page["data"], "next": page.get("next", path if by == "link" else str(number))}

    server.answer = lambda path: gap(unquote(path))  # type: ignore[method-assign]
    endless = False
    with opened(server, by) as reader:
        assert positions(reader, -1) == [1, 2, 3, 4]
        assert positions(reader) == []
        endless = True
        with pytest.raises(TargetUnavailable, match="10 pages without a record follow each other"):
            given(reader, -1)


def test_an_answer_that_is_no_json_is_shown(server: ListingServer) -> None:
    """Its beginning: a login page, say."""
    server.answer = lambda _: msgspec.Raw(b"<html><title>Sign in</title>" + b"." * 1000)  # type: ignore[method-assign]
    with opened(server, "page") as reader, pytest.raises(TargetUnavailable) as refused:
        reader.check()
    assert f"{server.base}/page: expected JSON: " in str(refused.value)
    assert '"<html><title>Sign in</title>..' in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_link_to_another_system_is_not_followed(server: ListingServer) -> None:
    """The headers that let us in are for this one alone."""
    server.add(1, 2)
    answer = server.answer
    server.answer = lambda path: {**answer(path), "next": "http://other.test/link"}  # type: ignore[method-assign]
    with opened(server, "link") as reader, pytest.raises(TargetUnavailable, match=r"leads to another system: other\.test"):
        given(reader, -1)


@pytest.mark.parametrize(
    ("by", "changes", "line"),
    [
        ("position", {"paging": Paging(by="position")}, "readback.paging.parameter: expected the parameter of the query"),
        ("link", {"paging": Paging(by="link")}, "readback.paging.next: expected the path of the next link in an answer"),
        ("position", {"fields": Fields(position="")}, "readback.fields.position: expected a path, for the pages are asked"),
        ("page", {"url": "ftp://h/x"}, "readback.url: expected http(s)://host[:port]/path, got 'ftp://h/x'"),
        ("page", {"url": "http://h:port/x"}, "readback.url: http://h:port/x: no address: "),
        (
            "page",
            {"url": "http://h/${INORDER_NOT_SET}"},
            "readback.url: the environment variable INORDER_NOT_SET is not",
        ),
        ("page", {"records": "items"}, """readback.records: nothing is at 'items' in {"data":{"items":[{"n":1,"user":"""),
        ("page", {"records": "data"}, """readback.records: no array is at 'data' in {"data":{"items":[{"n":1,"user":"""),
        (
            "page",
            {"fields": msgspec.structs.replace(FIELDS, visitor="user.name")},
            """readback.fields.visitor: nothing is at 'user.name' in {"n":1,"user":{"id":"run7"},"type":"view","data":""",
        ),
        (
            "offset",
            {"fields": msgspec.structs.replace(FIELDS, position="type")},
            """position: expected a whole number from 0 in the system's own order (no time; leave the column out if """,
        ),
    ],
)
def test_what_is_wrong_with_a_listing_is_one_line(server: ListingServer, by: str, changes: Any, line: str) -> None:
    """Before the load, with an excerpt of what was there."""
    server.add(1, 2)
    with pytest.raises(UnusableInput) as refused, opened(server, by, **changes) as reader:
        reader.check()
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_newest_first_is_refused(server: ListingServer) -> None:
    """New records would come on pages that were read."""
    server.add(3, 2, 1)
    with (
        opened(server, "page") as reader,
        pytest.raises(TargetUnavailable, match="position 2 comes behind 3: "),
    ):
        given(reader, -1)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (404, "no read-back there (404)"),
        (401, "refuses to be read (401); are the headers of the target file right?"),
        (500, "answers 500"),
    ],
)
def test_a_listing_that_is_closed_is_one_line(server: ListingServer, status: int, line: str) -> None:
    """The query of the address, which may hold a key, is not told."""
    server.failures = [status] * 5
    with (
        opened(server, "page", url=f"{server.base}/page?key=s3cret") as reader,
        pytest.raises(TargetUnavailable) as refused,
    ):
        reader.check()
    assert str(refused.value) == f"{server.base}/page: {line}"
