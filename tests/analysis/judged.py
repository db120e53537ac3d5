"""What judging a case of the tiny language finds: straight through the checks, or by way of a run folder."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analysis.bucket import judge_bucket, judge_closely
from analysis.catalogue import ANOMALIES, failing
from analysis.facts import Run
from analysis.tables import bucket_of
from analysis.tally import Tally
from analysis.verdict import judge
from analysis.whole import count_whole
from inorder.merge import bucket_of as bucket_number
from tests.analysis.language import Case, case
from tests.analysis.material import stored_table, tables, write


def tally(given: Case, buckets: int = 1, plain_apart: bool = True) -> Tally:
    """Judge a case in memory, its visitors divided into buckets; `plain_apart`: plain visitors counted as a whole."""
    batches, calls, events, stored = tables(given)
    earlier = [stored_table(reading) for reading in given.earlier]
    run = Run(
        settled=given.settled,
        ordered=True,
        watched=True,
        failing=failing(given.promises),
        ends=tuple(reading["position"].to_pylist()[-1] if len(reading) else -1 for reading in earlier),
        lossless=given.promises.ordinary_lossless,
        whole=given.whole,
    )
    found = Tally()
    for number in range(buckets):
        own = events.filter(_within(events["visitor"], number, buckets))
        rows = None if stored is None else _rows_of(stored, number, buckets)
        readings = [_rows_of(reading, number, buckets) for reading in earlier]
        bucket = bucket_of(*numbered_alone(batches, calls, own), rows, readings)
        found.add((judge_bucket if plain_apart else judge_closely)(bucket, run))
    count_whole(found, run, lambda batch: (str(batches["name"][batch].as_py()), int(batches["events"][batch].as_py())))
    return found


def numbered_alone(batches: pa.Table, calls: pa.Table, events: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The batches and calls of some events, numbered by themselves as merging numbers those of a bucket."""
    used = list(dict.fromkeys(events["batch"].to_pylist()))
    local = {batch: number for number, batch in enumerate(used)}
    mine = [number for number, batch in enumerate(calls["batch"].to_pylist()) if batch in local]
    mine.sort(key=lambda call: (local[calls["batch"][call].as_py()], calls["sent"][call].as_py()))

    def renumbered(table: pa.Table) -> pa.Table:
        column = pa.array([local[batch] for batch in table["batch"].to_pylist()], pa.int32())
        return table.set_column(table.schema.get_field_index("batch"), "batch", column)

    picked = batches.take(pa.array(used, pa.int64())).rename_columns({"batch": "number"})
    return picked, renumbered(calls.take(pa.array(mine, pa.int64()))), renumbered(events)


def _rows_of(stored: pa.Table, number: int, buckets: int) -> pa.Table:
    return stored.filter(_within(pc.coalesce(stored["origin"], stored["visitor"]), number, buckets))


def _within(names: pa.ChunkedArray, number: int, buckets: int) -> pa.Array:
    return pa.array([bucket_number(name, buckets) == number for name in names.to_pylist()], pa.bool_())


def found(
    sent: str, stored: str | None, settled: bool = True, earlier: str | tuple[str, ...] = (), **promises: bool
) -> dict[str, int]:
    """The anomalies that are found, those that are not left out."""
    numbers = tally(case(sent, stored, settled, earlier, **promises)).numbers
    return {name: numbers[name] for name in ANOMALIES if numbers[name]}


def judged(path: Path, given: Case, sla: str = "", **changes: Any) -> dict[str, Any]:
    """The verdict of a case, by way of a run folder."""
    return judge([write(given, path / "run", sla, **changes)]).verdict
