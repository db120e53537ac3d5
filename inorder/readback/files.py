"""Takes a stored log that another system wrote into a file, in any form, as evidence: checked row by row."""

import errno
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inorder.errors import UnusableInput
from inorder.readback.columns import COLUMNS, WrongValue, typed
from inorder.readback.forms import form_of, known

_OPTIONAL = ("position", "visitor", "origin", "seq")
"""Columns whose absence the judge must see, for without them some checks cannot run."""


def convert(given: Path, out: Path) -> int:
    """Write the stored log in `given` to `out` (Parquet, columns of readback/settle.py); returns the number of rows.

    Of position, visitor and seq a column without any value is left out, of origin only where there is no visitor.
    Raises UnusableInput with `file:line` (of Parquet `file: row N`, from 0) at a row that cannot be one of a stored log,
    and OSError where there is no room for `out`.
    """
    unfinished = out.with_suffix(".part")
    try:
        rows, missing = _write(given, unfinished)
    except (OSError, EOFError, zlib.error) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise UnusableInput(f"{given}: cannot be read: {reason}") from None
    if missing:
        _leave_out(missing, unfinished, out)
        unfinished.unlink()
    else:
        unfinished.replace(out)
    return rows


def _write(given: Path, out: Path) -> tuple[int, set[str]]:
    """Write all columns; returns the number of rows, and which columns are to be left out."""
    form = form_of(given)
    rows = 0
    filled: set[str] = set()
    first_null: dict[str, int] = {}
    with pq.ParquetWriter(out, COLUMNS) as writer:
        for block in form.blocks(given, known):
            try:
                table = typed(block)
            except WrongValue as wrong:
                raise UnusableInput(f"{form.where(given, rows + wrong.row)}: {wrong}") from None
            filled.update(name for name in _OPTIONAL if table[name].null_count < len(table))
            for name in ("visitor", "origin"):
                if table[name].null_count:
                    first_null.setdefault(name, rows + pc.index(pc.is_null(table[name]), True).as_py())
            writer.write_table(table)
            rows += len(table)
    if not rows:
        raise UnusableInput(f"{given}: no stored rows: expected at least one")
    if not filled:
        raise UnusableInput(f"{given}: no row has a {', '.join(_OPTIONAL[:-1])} or seq: expected a stored log")
    owner = "visitor" if "visitor" in filled else "origin"
    if owner in filled and owner in first_null:
        raise UnusableInput(f"{form.where(given, first_null[owner])}: {owner}: expected a text, got none")
    needed = set(_OPTIONAL) - {"origin"} if owner == "visitor" else set(_OPTIONAL)
    return rows, needed - filled


def _leave_out(names: set[str], whole: Path, out: Path) -> None:
    kept = [field for field in COLUMNS if field.name not in names]
    with pq.ParquetFile(whole) as file, pq.ParquetWriter(out, pa.schema(kept)) as writer:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group, [field.name for field in kept]))
