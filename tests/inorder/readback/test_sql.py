"""Reading a log by SQL: from PostgreSQL and SQLite as Arrow, from others by SQLAlchemy, and what is wrong in one line."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback.address import address_of
from inorder.readback.sql import Query
from inorder.readback.ways import Fields
from inorder.readback.ways import Query as Way
from tests.inorder.readback.shops import Shop, given, positions

FIELDS = Fields(position="at", visitor="who", name="what", event="body", server="server", stored_at="stored")
ALL = "SELECT * FROM log WHERE at > :after ORDER BY at"
FIRST = ALL.replace("BY at", "BY 1")


def opened(shop: Shop | str, query: str = ALL, page: int = 100, **fields: Any) -> closing[Query]:
    """For a `with` block, a reader of a database."""
    uri = shop if isinstance(shop, str) else shop.uri
    return closing(Query(Way(uri=uri, query=query, fields=msgspec.structs.replace(FIELDS, **fields)), page))


def checked_and_read(shop: Shop, query: str, **fields: Any) -> None:
    """As a run does."""
    with opened(shop, query, **fields) as reader:
        reader.check()
        given(reader, -1)


def by_alchemy(shop: Shop) -> str:
    """The address of a SQLite file for SQLAlchemy."""
    return shop.uri.replace("sqlite:", "sqlite+pysqlite:")


def test_a_row_comes_with_all_its_parts(shop: Shop) -> None:
    """JSON as it is stored, times as seconds, whatever types the database has for them."""
    shop.store(3)
    with opened(shop, identity="odd") as reader:
        reader.check()
        (row,) = given(reader, -1)
    assert (row.position, row.visitor, row.name, row.server) == (3, "run7", "view", "s1")
    assert msgspec.json.decode(row.event) == {"productId": 3}
    assert row.stored_at == pytest.approx(1767323045.5)
    assert int(row.identity or 0) == 3


def test_reading_goes_on_behind_what_was_given(shop: Shop) -> None:
    """In pages, behind any position; a new reading begins where it is told to."""
    shop.store(*range(1, 8))
    with opened(shop, page=3) as reader:
        reader.begin(2)
        assert max(len(page) for page in reader.pages()) <= 3
        assert positions(reader) == []
        shop.store(8, 11)
        assert positions(reader) == [8, 11]
        assert positions(reader, -1) == [1, 2, 3, 4, 5, 6, 7, 8, 11]


@pytest.mark.parametrize("limit", [2, 3, 4, 100])
def test_rows_that_share_a_position_are_not_cut_off_by_a_limit(shop: Shop, limit: int) -> None:
    """Two of three may end one answer: judging sees the ties, and takes none of them for lost. A late one comes, too."""
    shop.store(1, 2, 2, 3, 4, 4)
    with opened(shop, ALL + f" LIMIT {limit}") as reader:
        assert positions(reader, -1) == [1, 2, 2, 3, 4, 4]
        shop.store(4)
        assert positions(reader) == ([4] if limit > 2 else [])
        shop.store(5)
        assert positions(reader) == [5]


def test_one_row_at_a_time_is_read_to_the_end(shop: Shop) -> None:
    """The row that was given is all that comes again with it: what is behind it is asked for alone."""
    shop.store(1, 2, 5)
    with opened(shop, ALL + " LIMIT 1") as reader:
        assert positions(reader, -1) == [1, 2, 5]
        assert positions(reader) == []
        shop.store(6, 7)
        assert positions(reader) == [6, 7]


def test_the_newest_position_is_asked_for(shop: Shop) -> None:
    """Also where the query has a limit; of an empty log it is the one that was known."""
    with opened(shop, ALL + " LIMIT 2") as reader:
        assert reader.last_position() == -1
        assert given(reader, -1) == []
        shop.store(1, 2, 3, 9)
        told: list[int] = []
        assert reader.last_position(found=told.append) == 9
        assert told[-1] == 9
        assert reader.last_position(9) == 9


def test_only_the_parameter_is_the_position(shop: Shop) -> None:
    """Not what looks like it in a text, a name or a comment, nor a cast."""
    shop.store(1, 2)
    shop.execute("UPDATE log SET server = ':after'")
    cast = "at::bigint" if shop.uri.startswith("postgresql") else "at"
    query = f"""SELECT at, who, what, body, stored, server AS server, server AS ":after" FROM log -- :after
        WHERE server = ':after' AND {cast} > :after /* :after */ ORDER BY at;"""
    with opened(shop, query) as reader:
        rows = given(reader, 1)
        assert [(row.position, row.server) for row in rows] == [(2, ":after")]
        assert reader.last_position() == 2


def test_the_database_is_only_read(shop: Shop) -> None:
    """A statement that deletes is refused by the database itself, and nothing is gone."""
    shop.store(1, 2)
    delete = "WITH gone AS (DELETE FROM log RETURNING *) SELECT * FROM gone WHERE at > :after ORDER BY at"
    with opened(shop, delete) as reader, pytest.raises(TargetUnavailable, match=r"read-?only|syntax error|data-modifying"):
        given(reader, -1)
    with opened(shop) as reader:
        assert positions(reader, -1) == [1, 2]


def test_sqlalchemy_reads_what_adbc_reads(tmp_path: Path, shop: Shop) -> None:
    """The same rows in the same pages, for any database that it has a dialect for."""
    if shop.uri.startswith("postgresql"):
        shop = Shop(f"sqlite:///{tmp_path / 'other.sqlite'}")
        shop.execute("CREATE TABLE log (at INTEGER, who TEXT, what TEXT, body BLOB, server TEXT, stored TEXT, odd INTEGER)")
    shop.store(1, 2, 5)
    with opened(shop) as one, opened(by_alchemy(shop), page=2) as other:
        assert given(other, -1) == given(one, -1)
        assert other.last_position() == 5
        shop.store(6)
        assert positions(other) == [6]


@pytest.mark.parametrize(
    ("query", "fields", "line"),
    [
        ("SELECT * FROM log ORDER BY at", {}, "readback.query: expected :after, the position behind which"),
        ("SELECT ':after' FROM log ORDER BY at", {}, "readback.query: expected :after, the position behind which"),
        ("SELECT * FROM log WHERE at > :after", {}, "readback.query: expected ORDER BY at"),
        ("SELECT * FROM log WHERE at > :after -- ORDER BY at", {}, "readback.query: expected ORDER BY at"),
        ("SELECT *, 'order by at' FROM log WHERE at > :after", {}, "readback.query: expected ORDER BY at"),
        ("SELECT * FROM log WHERE at > :after ORDER BY stored, at", {}, "readback.query: expected ORDER BY at"),
        (ALL, {"position": ""}, "readback.fields.position: expected the column that the query is ordered by"),
        (
            FIRST,
            {"position": "place"},
            "readback.fields.position: the query has no column 'place', but at, who, what, body",
        ),
        (ALL, {"identity": "id"}, "readback.fields.identity: the query has no column 'id', but at, who, what, body"),
        (
            FIRST,
            {"position": "stored"},
            "position: expected a whole number from 0 in the system's own order (no time; leave",
        ),
        (FIRST, {"position": "who"}, "position: expected a whole number from 0 in the system's own order"),
        (ALL + " DESC", {}, "readback.query: position 1 comes behind 2: expected ascending positions, oldest first"),
        ("SELECT * FROM logs WHERE at > :after ORDER BY at", {}, "logs"),
    ],
)
def test_what_is_wrong_with_a_query_is_one_line(shop: Shop, query: str, fields: dict[str, str], line: str) -> None:
    """It is said before the load where it can be seen then; the columns that were there are named."""
    shop.store(1, 2)
    with pytest.raises(UnusableInput) as refused:
        checked_and_read(shop, query, **fields)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM log AS l WHERE at > :after\norder\nby l.AT ASC, who LIMIT 9",
        'SELECT * FROM log WHERE at > :after ORDER BY "at"',
        "SELECT * FROM log WHERE at > :after ORDER BY 1",
        "SELECT odd AS at, who, what, body, server, stored FROM log WHERE odd > :after ORDER BY odd",
        "SELECT l.odd AS at, who, what, body, server, stored FROM log AS l WHERE odd > :after ORDER BY odd",
        "SELECT coalesce(odd, (at)) AS at, who, what, body, server, stored FROM log WHERE coalesce(odd, (at)) > :after "
        "ORDER BY coalesce(odd, (at)) LIMIT 9",
    ],
)
def test_a_query_may_order_by_its_position_in_any_writing(shop: Shop, query: str) -> None:
    """By its name, by what is given that name, or by its number."""
    shop.store(1, 2)
    with opened(shop, query) as reader:
        assert positions(reader, -1) == [1, 2]


@pytest.mark.parametrize("condition", ["at >= :after", "at > 0 OR at > :after", "at > :after - 1"])
def test_a_query_that_gives_the_position_again_is_refused_before_the_load(shop: Shop, condition: str) -> None:
    """Behind a position there is not the position itself."""
    shop.store(1, 2)
    with (
        opened(shop, f"SELECT * FROM log WHERE {condition} ORDER BY at") as reader,
        pytest.raises(UnusableInput, match=r"^readback\.query: asked for rows behind 1, got 1: expected at > :after$"),
    ):
        reader.check()


def test_columns_are_checked_in_an_empty_log_too(shop: Shop) -> None:
    """Before the first run nothing is stored, and the query may be wrong all the same."""
    with opened(shop, name="event_name") as reader, pytest.raises(UnusableInput, match="no column 'event_name', but at"):
        reader.check()


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("sqlite:///none.sqlite", "readback.uri: none.sqlite: there is no such file"),
        ("postgresql://ann:s3cret@127.0.0.1:1/x", "postgresql://ann:***@127.0.0.1:1/x: "),
        ("postgresql://ann:${INORDER_DB_PASSWORD}@127.0.0.1:1/x", "postgresql://ann:***@127.0.0.1:1/x: "),
        ("postgresql://ann:${INORDER_NOT_SET}@h/x", "readback.uri: the environment variable INORDER_NOT_SET is not set"),
        ("nosuch://ann:s3cret@h/x", "readback.uri: nosuch://ann:***@h/x: "),
        ("mysql+nosuch://ann:s3cret@h/x", "readback.uri: mysql+nosuch://ann:***@h/x: "),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_secrets(
    uri: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is told neither as it stands in the file, nor from the environment."""
    monkeypatch.setenv("INORDER_DB_PASSWORD", "s3cret")
    with pytest.raises(UnusableInput) as refused, opened(uri) as reader:
        reader.check()
    assert str(refused.value).startswith(line)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_error_that_tells_the_address_tells_no_password() -> None:
    """Whole or in part, whatever the driver says; in one line."""
    where = address_of("mysql://ann:s3cret@h/x")
    assert where.said(ValueError(f"cannot open {where.uri}\n  (user ann, s3cret)")) == (
        "cannot open mysql://ann:***@h/x (user ann, ***)"
    )


@pytest.mark.parametrize("password", ["t@PART/s3cret", "s3c[ret", "s3c:r?e#t%40&"])
def test_a_password_from_the_environment_holds_any_character(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the host that the file names, and no error tells it, raw or encoded."""
    monkeypatch.setenv("INORDER_DB_PASSWORD", password)
    written = "postgresql://ann:${INORDER_DB_PASSWORD}@127.0.0.1:1/x"
    where = address_of(written)
    parts = urlsplit(where.uri)
    assert (parts.hostname, parts.port, unquote(parts.password or "")) == ("127.0.0.1", 1, password)
    assert where.said(ValueError(f"{parts.password} is {password}")) == "*** is ***"
    with pytest.raises(TargetUnavailable) as refused, opened(written) as reader:
        reader.check()
    assert "127.0.0.1" in str(refused.value)
    assert "translate host" not in str(refused.value)
    assert password not in str(refused.value)


@pytest.mark.parametrize("whole", ["postgresql://ann:t@PART@127.0.0.1:1/x", "nosuch://ann:s3c[PART@h/x"])
def test_an_address_from_the_environment_is_told_in_no_part(whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its password is not encoded, and a driver takes a piece of it for the host."""
    monkeypatch.setenv("INORDER_DB", whole)
    with pytest.raises(UnusableInput) as refused, opened("${INORDER_DB}") as reader:
        reader.check()
    assert "PART" not in str(refused.value)


@pytest.mark.parametrize(
    ("module", "uri"), [("adbc_driver_postgresql.dbapi", "postgresql://h/x"), ("sqlalchemy", "mysql://h/x")]
)
def test_a_part_that_is_not_installed_is_named(module: str, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UnusableInput, match=rf"needs {module.partition('.')[0]}: pip install 'inorder\[sql\]'"):
        opened(uri)
