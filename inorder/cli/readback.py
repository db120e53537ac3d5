"""`inorder readback`: read the stored log of a system once, into a file."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from inorder.cli.base import app, console, disk
from inorder.errors import UnusableInput
from inorder.events import Namespace
from inorder.readback.identities import Identities
from inorder.readback.opening import reader_of
from inorder.readback.out import COLUMNS, sink_of
from inorder.readback.settle import arranged
from inorder.targets.system import named


@app.command()
def readback(
    target: Annotated[list[str], typer.Argument(metavar="TARGET", help="Target file, or base address.")],
    out: Annotated[Path, typer.Option(help="File to write, not there yet: *.parquet, *.jsonl or *.csv.")],
    after: Annotated[int, typer.Option(min=-1, help="Only rows behind this position: go on there.")] = -1,
    prefix: Annotated[str | None, typer.Option(help="Only rows of the run whose visitors' names begin so.")] = None,
    page: Annotated[int, typer.Option(min=1, max=100_000, help="Rows at a time.")] = 10_000,
) -> None:
    """Read the stored log of TARGET into a file with the columns of docs/formats.md, and say where it ended."""
    if out.exists():
        raise UnusableInput(f"{out}: exists already; name another --out")
    try:
        identities = Identities(Namespace(prefix) if prefix else None, named(target).dialect, None)
    except ValueError as error:
        raise UnusableInput(f"--prefix: {error}") from None
    unfinished = out.with_name(f"{out.name}.part")
    rows, last = 0, after
    try:
        with disk(out):
            with closing(reader_of(named(target), page)) as reader:
                sink = sink_of(out.suffix, unfinished)
                try:
                    reader.begin(after)
                    waiting = []
                    for found in reader.pages():
                        table = identities.table(found, 0.0).select(COLUMNS)
                        rows += table.num_rows
                        last = max(last, *(row.position for row in found))
                        if reader.sorted:
                            sink.write_table(table)
                        else:
                            waiting.append(table)
                    reader.check_whole()
                    if waiting:
                        sink.write_table(arranged(pa.concat_tables(waiting)))
                finally:
                    sink.close()
            unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)
    console.print(f"{out}: {rows} rows, the last position is {last}", markup=False)
