"""Judges all buckets of a run, one after another, in several processes or on a cluster: the same tally whichever way."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from analysis.bucket import judge_bucket
from analysis.catalogue import failing
from analysis.facts import Run, is_ordered
from analysis.files import LIVE, read, read_bucket
from analysis.tally import Tally
from analysis.whole import count_whole
from inorder.processes import pool

if TYPE_CHECKING:  # it brings pandas, which a process that judges buckets does without
    from analysis.evidence import Evidence


WORTH = 16
"""Buckets for each process: with fewer, its start takes longer than it saves."""


def tally_of(evidence: "Evidence", jobs: int = 1, dask: str | None = None) -> Tally:
    """Judge the evidence by `jobs` processes, or on the Dask cluster at an address; merge.json says how many buckets.

    The buckets' tallies are added in the order of their numbers, so that the sum does not depend on who made them.
    """
    folder, run, buckets = evidence.folder.evidence, run_of(evidence), evidence.merged.buckets
    if dask is not None:
        from analysis import cluster  # needs the extra `dask`

        found = cluster.tallies(dask, folder, buckets, run)
    else:
        found = _tallies(folder, buckets, run, min(jobs, buckets // WORTH))
    tally = Tally()
    for own in found:
        tally.add(own)

    def look_up(batch: int) -> tuple[str, int]:
        row = read(folder / "batches.parquet", ["name", "events"]).slice(batch, 1)
        return str(row["name"][0].as_py()), int(row["events"][0].as_py())

    count_whole(tally, run, look_up)
    return tally


def run_of(evidence: "Evidence") -> Run:
    """What the buckets must know of their run."""
    stored, promises = evidence.merged.stored, evidence.scenario.promises
    readings = [*evidence.merged.earlier, stored]
    last, seen = -float("inf"), readings[0].first_seen_s if readings[0] is not None else None
    if seen is not None:
        done = read(evidence.folder.evidence / "calls.parquet", ["done"])["done"]
        last = pc.max(pc.filter(done, pc.is_finite(done))).as_py() or last
    return Run(
        settled=evidence.info.settled,
        ordered=is_ordered(stored),
        placed=all(is_ordered(reading) for reading in readings),
        watched=(seen is not None and seen < last) or (evidence.folder.evidence / LIVE).exists(),
        failing=failing(promises),
        ends=tuple(reading.end for reading in evidence.merged.earlier),
        lossless=promises.ordinary_lossless,
        whole=not evidence.merged.gaps(evidence.info.processes),
    )


def judge_file(evidence: str, number: int, run: Run) -> Tally:
    """Judge one bucket of an evidence folder: what a process, or a machine of a cluster, is asked for."""
    return judge_bucket(read_bucket(Path(evidence), number, run.watched), run)


def _tallies(folder: Path, buckets: int, run: Run, jobs: int) -> Iterator[Tally]:
    if jobs <= 1:
        for number in range(buckets):
            yield judge_file(str(folder), number, run)
        return
    with pool(jobs - 1, "analysis.buckets", "judging") as processes:
        found: dict[int, Future[Tally] | Tally] = {}
        left = deque(range(buckets))
        waiting: deque[Future[Tally]] = deque()
        while left:
            # A little ahead, so that no process waits for this one, which is one of the jobs and takes the next bucket.
            while left and len(waiting) < 2 * (jobs - 1):
                number = left.popleft()
                found[number] = asked = processes.submit(judge_file, str(folder), number, run)
                waiting.append(asked)
            if left:
                number = left.popleft()
                found[number] = judge_file(str(folder), number, run)
            while waiting and waiting[0].done():
                waiting.popleft()
        for number in range(buckets):
            own = found.pop(number)
            yield own if isinstance(own, Tally) else own.result()
