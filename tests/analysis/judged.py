"""What judging a case of the tiny language finds, without a file: straight through the checks."""

import pyarrow as pa
import pyarrow.compute as pc

from analysis import conformance
from analysis.bucket import judge_bucket
from analysis.facts import Run
from analysis.one_run import count_whole
from analysis.promises import ANOMALIES, failing
from analysis.tables import Batches, Calls, bucket_of
from analysis.tally import Tally
from inorder.merge import bucket_of as bucket_number
from tests.analysis.language import Case, case
from tests.analysis.material import tables


def tally(given: Case, buckets: int = 1) -> Tally:
    """Judge a case in memory, its visitors divided into buckets."""
    batches, calls, events, stored = tables(given)
    batch, call = Batches.of(batches), Calls.of(calls)
    run = Run(
        batches=batch,
        calls=call,
        times=conformance.times(batch, call),
        settled=given.settled,
        ordered=True,
        watched=True,
        failing=failing(given.promises),
        lossless=given.promises.ordinary_lossless,
    )
    found = Tally()
    for number in range(buckets):
        own = events.filter(_within(events["visitor"], number, buckets))
        rows = None
        if stored is not None:
            owner = pc.coalesce(stored["origin"], stored["visitor"])
            rows = stored.filter(_within(owner, number, buckets))
        found.add(judge_bucket(bucket_of(own, rows), run))
    count_whole(found, run)
    return found


def _within(names: pa.ChunkedArray, number: int, buckets: int) -> pa.Array:
    return pa.array([bucket_number(name, buckets) == number for name in names.to_pylist()], pa.bool_())


def found(sent: str, stored: str | None, settled: bool = True, **promises: bool) -> dict[str, int]:
    """The anomalies that are found, those that are not left out."""
    numbers = tally(case(sent, stored, settled, **promises)).numbers
    return {name: numbers[name] for name in ANOMALIES if numbers[name]}
