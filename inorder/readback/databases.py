"""Databases that are asked by one query: PostgreSQL and SQLite by ADBC, whose rows arrive as Arrow, others by SQLAlchemy.

The position is always a bound parameter. The database is only read: its transaction is read-only where it has such.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pyarrow as pa

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback.address import Address
from inorder.readback.columns import Column

Batch = tuple[Mapping[str, Column], int]
"""(the columns, how many rows); also of no rows, for the columns."""

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::|:after\b", re.DOTALL)
"""What may hold a colon; texts, quoted names and comments are passed over."""
_CURSOR = "inorder_rows"


class Database(Protocol):
    """A database that a query can be put to; to be closed."""

    def batches(self, query: str, after: int, rows: int) -> Iterator[Batch]:
        """What a query with `:after` gives, at most `rows` at a time; raises TargetUnavailable."""

    def quoted(self, column: str) -> str:
        """A column's name, in a query."""

    def close(self) -> None:
        """Close the connection."""


def holds_after(query: str) -> bool:
    """Whether a query has the place for the position."""
    return ":after" in _TOKEN.findall(query)


def bare(query: str) -> str:
    """A query without its texts and comments, in small letters, each white space one blank, names without quotes."""
    kept = _TOKEN.sub(lambda found: found[0] if found[0][0] in '":' else " ", query)
    return " ".join(kept.replace('"', "").casefold().split())


def database_of(where: Address, beside: Path) -> Database:
    """The database at an address; paths are relative to `beside`.

    Raises UnusableInput where a part is not installed.
    """
    uri = where.uri
    if uri.startswith(("postgresql://", "postgres://")):
        return _Adbc(_part("adbc_driver_postgresql.dbapi"), _read_only(uri), where, "$1", _portal)
    if uri.startswith("sqlite:///"):
        file = beside / uri.removeprefix("sqlite:///")
        if not file.is_file():
            raise TargetUnavailable(f"readback.uri: {file}: there is no such file")
        address = f"file:{quote(str(file.absolute()))}?mode=ro"
        return _Adbc(_part("adbc_driver_sqlite.dbapi"), address, where, "?1", _direct)
    return _Alchemy(where)


def _part(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UnusableInput(f"readback.uri: needs {module.partition('.')[0]}: pip install 'inorder[sql]'") from None


def _read_only(uri: str) -> str:
    """The address with a session that cannot write."""
    if "options=" in uri.partition("?")[2]:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}options=-c%20default_transaction_read_only%3Don"


class _Adbc:
    """A connection by ADBC; `run` puts a query to a cursor, and gives the batches."""

    def __init__(
        self, driver: Any, address: str, where: Address, place: str, run: Callable[[Any, str, int, int], Any]
    ) -> None:
        self._driver, self._address = driver, address
        self._where, self._place, self._run = where, place, run
        self._connection: Any = None

    def batches(self, query: str, after: int, rows: int) -> Iterator[Batch]:
        """Each call is a transaction of its own."""
        asked = _TOKEN.sub(lambda found: self._place if found[0] == ":after" else found[0], query)
        with self._errors():
            if self._connection is None:
                self._connection = self._driver.connect(self._address)
            try:
                for batch in self._run(self._connection, asked, after, rows):
                    yield dict(zip(batch.schema.names, batch.columns, strict=True)), len(batch)
            finally:
                self._connection.rollback()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (self._driver.Error, pa.ArrowException, OSError) as error:
            raise TargetUnavailable(f"{self._where.shown}: {self._where.said(error)}") from None

    def quoted(self, column: str) -> str:
        """Both know the quotes of the standard."""
        return '"{}"'.format(column.replace('"', '""'))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def _direct(connection: Any, query: str, after: int, rows: int) -> Iterator[pa.RecordBatch]:
    """SQLite computes rows as they are asked for."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows)})
        cursor.execute(query, (after,))
        reader = cursor.fetch_record_batch()
        yield pa.RecordBatch.from_pylist([], reader.schema)
        yield from reader


def _portal(connection: Any, query: str, after: int, rows: int) -> Iterator[pa.RecordBatch]:
    """PostgreSQL would send all rows of a query with a parameter at once: a cursor of its own keeps them there."""
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {query}", (after,))
    while True:
        with connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(f"FETCH FORWARD {rows} FROM {_CURSOR}")
            table = cursor.fetch_arrow_table().combine_chunks()
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        yield from batches
        if not len(table):
            return


class _Alchemy:
    """Any database that SQLAlchemy has a dialect for."""

    def __init__(self, where: Address) -> None:
        self._parts = _part("sqlalchemy")
        self._where = where
        try:
            self._engine = self._parts.create_engine(where.uri)
        except (self._parts.exc.SQLAlchemyError, ImportError, ValueError) as error:
            raise UnusableInput(f"readback.uri: {where.shown}: {where.said(error)}") from None

    def batches(self, query: str, after: int, rows: int) -> Iterator[Batch]:
        """Each call is a transaction of its own, which is rolled back."""
        try:
            with self._engine.connect() as connection:
                streamed = connection.execution_options(stream_results=True, max_row_buffer=rows)
                result = streamed.execute(self._parts.text(query), {"after": after})
                names = list(result.keys())
                yield {name: [] for name in names}, 0
                for part in result.partitions(rows):
                    columns = zip(*part, strict=True)
                    yield dict(zip(names, map(list, columns), strict=True)), len(part)
        except self._parts.exc.SQLAlchemyError as error:
            raise TargetUnavailable(f"{self._where.shown}: {self._where.said(error)}") from None

    def quoted(self, column: str) -> str:
        """As the dialect quotes it."""
        return str(self._engine.dialect.identifier_preparer.quote(column))

    def close(self) -> None:
        """Close the connections."""
        with suppress(self._parts.exc.SQLAlchemyError):
            self._engine.dispose()
