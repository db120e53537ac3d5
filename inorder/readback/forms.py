"""The forms in which a stored log may come: JSON Lines, CSV and Parquet, read in blocks, and where in the file a row is.

Blank lines of JSON Lines and CSV are passed over. A byte order mark is taken off. An empty cell of a CSV is no value.
"""

import csv
import gzip
import io
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from inorder.errors import UnusableInput
from inorder.readback.columns import COLUMNS, Column
from inorder.readback.sources import Source

Blocks = Iterator[Mapping[str, Column]]
Pick = Callable[[list[str], str], list[str]]
"""Of the columns of a file, at a place, those that are wanted; raises UnusableInput."""

_BLOCK_BYTES = 8 << 20
_BLOCK_ROWS = 1 << 17
BOM = b"\xef\xbb\xbf"
_ROW = msgspec.defstruct("StoredLine", [(name, Any, None) for name in COLUMNS.names], gc=False)
_DECODER = msgspec.json.Decoder(_ROW)


@dataclass(frozen=True)
class Form:
    """A form of file: its wanted columns block by block, and `file:line` (Parquet: `file: row N`) of a row.

    Of JSON Lines those of a stored log are given; `whole_lines` is for others.
    """

    blocks: Callable[[Source, Pick], Blocks]
    where: Callable[[Source, int], str]


def form_of(path: Source) -> Form:
    """The form that the suffix of a file tells; raises UnusableInput where it tells none."""
    for suffix, form in _FORMS.items():
        if path.name.lower().endswith(suffix):
            return form
    raise UnusableInput(f"{path}: expected a stored log named {', '.join('*' + suffix for suffix in _FORMS)}")


def opened(path: Source) -> IO[bytes]:
    """The bytes of a file, unpacked; to be closed."""
    file = path.open("rb")
    return cast(IO[bytes], _Unpacked(file)) if path.name.lower().endswith(".gz") else file


class _Unpacked(gzip.GzipFile):
    """Closes what it unpacks, too."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(fileobj=file)
        self._packed = file

    def close(self) -> None:
        """Both."""
        super().close()
        self._packed.close()


def known(names: list[str], place: str) -> list[str]:
    """The names that are columns of a stored log; raises UnusableInput where there are none, or one twice."""
    found = [name for name in names if name in COLUMNS.names]
    if not found:
        raise UnusableInput(f"{place}: expected columns of a stored log ({', '.join(COLUMNS.names)}), got {names}")
    for name in found:
        if found.count(name) > 1:
            raise UnusableInput(f"{place}: expected each column once, got '{name}' {found.count(name)} times")
    return found


def _json_blocks(path: Source, _: Pick) -> Blocks:
    of_row = operator.attrgetter(*COLUMNS.names)
    before = 0
    with opened(path) as file:
        for text in whole_lines(file):
            lines = text.count(b"\n") + (not text.endswith(b"\n"))
            try:
                rows = _DECODER.decode_lines(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                rows = None
            if rows is None or len(rows) != lines:
                _check_lines(text, path, before)
            before += lines
            if rows:
                yield dict(zip(COLUMNS.names, zip(*map(of_row, rows), strict=True), strict=True))


def whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a file in blocks that end with a line; the last line may lack its line break."""
    rest = file.read(len(BOM)).removeprefix(BOM)
    while data := file.read(_BLOCK_BYTES):
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end]
            rest = data[end:]
        else:
            rest += data
    if rest:
        yield rest


def _check_lines(text: bytes, path: Source, before: int) -> None:
    """Raise at the first line that is neither blank nor a JSON object; `before` lines of the file come before `text`."""
    for number, line in enumerate(text.split(b"\n"), before + 1):
        if not line.strip():
            continue
        try:
            _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            reason = str(error).partition(" - at")[0].replace("`", "")
            raise UnusableInput(f"{path}:{number}: expected one JSON object a line: {reason}") from None


def _json_where(path: Source, row: int) -> str:
    with opened(path) as file:
        filled = (number for number, line in enumerate(file, 1) if line.removeprefix(BOM).strip())
        for place, number in enumerate(filled):
            if place == row:
                return f"{path}:{number}"
    return str(path)


def _csv_blocks(path: Source, pick: Pick) -> Blocks:
    try:
        header = next(_csv_records(path), None)
        if header is None:
            return
        wanted = pick(header[1], f"{path}:{header[0]}: header")
        for batch in _csv_batches(path, wanted):
            yield {name: batch.column(name) for name in wanted}
    except (pa.ArrowInvalid, csv.Error, UnicodeDecodeError) as error:
        raise _explain_csv(path, error) from None


def whole_records(path: Source) -> tuple[int, bool]:
    """(where the last whole record of a CSV ends, whether nothing is behind it): one that no line break ends may grow."""
    end = place = quotes = 0
    with opened(path) as file:
        for line in file:
            place += len(line)
            quotes += line.count(b'"')
            if line.endswith((b"\n", b"\r")) and not quotes % 2:  # else the line break is in a value
                end = place
    return end, end == place


def _csv_batches(path: Source, names: list[str]) -> Iterator[pa.RecordBatch]:
    """The columns `names` as texts, empty cells null."""
    with pa_csv.open_csv(
        path if isinstance(path, Path) else opened(path),
        pa_csv.ReadOptions(block_size=_BLOCK_BYTES),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    ) as reader:
        yield from (batch for batch in reader if len(batch))


def _csv_records(path: Source, broken: str = "strict") -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each record that is not blank: the slow way, which knows the lines.

    `broken`: what to do with broken bytes, an error handler of Python.
    """
    csv.field_size_limit(_BLOCK_BYTES)  # as long as the fast way takes them
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig", errors=broken, newline="") as text:
        reader = csv.reader(text)
        line = 1
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1


def _explain_csv(path: Source, error: Exception) -> UnusableInput:
    """The first thing wrong with a CSV file, as the error to raise."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return UnusableInput(f"{path}:{number}: expected UTF-8 text, got a broken byte")
    try:
        width = 0
        for number, cells in _csv_records(path):
            width = width or len(cells)
            if len(cells) != width:
                return UnusableInput(f"{path}:{number}: expected {width} cells, as the header has, got {len(cells)}")
    except csv.Error as own:
        error = own
    return UnusableInput(f"{path}: expected comma-separated values: {' '.join(str(error).split())}")


def _csv_where(path: Source, row: int) -> str:
    # The fast way passes over broken bytes in columns that are not ours.
    for place, (number, _) in enumerate(_csv_records(path, "replace"), -1):
        if place == row:
            return f"{path}:{number}"
    return str(path)


def _parquet_blocks(path: Source, pick: Pick) -> Blocks:
    try:
        with pq.ParquetFile(path if isinstance(path, Path) else path.open("rb")) as file:
            wanted = pick(file.schema_arrow.names, str(path))
            rows = 0
            for batch in file.iter_batches(_BLOCK_ROWS, columns=wanted):
                _check_texts(batch, path, rows)
                rows += len(batch)
                yield {name: batch.column(name) for name in wanted}
    except pa.ArrowException as error:
        raise UnusableInput(f"{path}: expected a Parquet file: {' '.join(str(error).split())}") from None


def _check_texts(batch: pa.RecordBatch, path: Source, before: int) -> None:
    """Raise at the first row with a broken text, which Parquet does not rule out; `before` rows come before `batch`."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        for row in range(len(batch)):
            try:
                batch.slice(row, 1).to_pylist()
            except UnicodeDecodeError:
                raise UnusableInput(
                    f"{_parquet_where(path, before + row)}: expected UTF-8 text, got a broken byte"
                ) from None
        raise


def _parquet_where(path: Source, row: int) -> str:
    return f"{path}: row {row}"


JSON_LINES, CSV = Form(_json_blocks, _json_where), Form(_csv_blocks, _csv_where)
_FORMS = {
    ".jsonl": JSON_LINES,
    ".jsonl.gz": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".ndjson.gz": JSON_LINES,
    ".json": JSON_LINES,
    ".json.gz": JSON_LINES,
    ".csv": CSV,
    ".csv.gz": CSV,
    ".parquet": Form(_parquet_blocks, _parquet_where),
}
