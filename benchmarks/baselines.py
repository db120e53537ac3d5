"""The same counts by other means, from the same Parquet files: pandas in two ways, and DuckDB.

All go bucket by bucket, as the layout allows: over all files at once DuckDB takes half as long again. Each counts
what `COUNTS` says, and nothing else of what the judge finds: no witness, no blame, no split, torn or zombie.
"""

from collections import Counter
from pathlib import Path

import pandas as pd

COUNTS = ("reordered-in-batch", "reordered-across-batches", "lost", "duplicate-explained", "duplicate-unexplained")
_OF_BATCH = ["kind", "first_sent", "ack", "calls_not_rejected", "outcome"]


def by_pandas(evidence: Path, buckets: int) -> Counter[str]:
    """Joins and grouped running maxima, a bucket at a time."""
    found = Counter[str]()
    for number in range(buckets):
        events, copies, first = _frames(evidence, number)
        _count_copies(found, events, copies)
        across = first.groupby("owner", sort=False)["first_sent"].cummax() > first["ack"]
        within = first.groupby(["owner", "batch"], sort=False)["index"].cummax() > first["index"]
        found["reordered-across-batches"] += int(across.sum())
        found["reordered-in-batch"] += int(within.sum())
    return found


def by_pandas_apply(evidence: Path, buckets: int) -> Counter[str]:
    """The same, but for the running maxima: a function that is called for each visitor, and for each of its batches."""
    found = Counter[str]()
    for number in range(buckets):
        events, copies, first = _frames(evidence, number)
        _count_copies(found, events, copies)
        across = first.groupby("owner", sort=False)[["first_sent", "ack"]].apply(_across)
        within = first.groupby(["owner", "batch"], sort=False)[["index"]].apply(_within)
        found["reordered-across-batches"] += int(across.sum())
        found["reordered-in-batch"] += int(within.sum())
    return found


def _across(own: pd.DataFrame) -> int:
    return int((own["first_sent"].cummax() > own["ack"]).sum())


def _within(own: pd.DataFrame) -> int:
    return int((own["index"].cummax() > own["index"]).sum())


def _frames(evidence: Path, number: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Events of batches with what their batch says and whether they are stored; their copies; the first ones in order."""
    name = f"bucket-{number:04d}.parquet"
    batches = pd.read_parquet(evidence / "batches" / name, columns=_OF_BATCH)
    events = pd.read_parquet(evidence / "events" / name, columns=["visitor", "seq", "batch", "index"])
    rows = pd.read_parquet(evidence / "stored" / name, columns=["position", "visitor", "origin", "seq"])
    events = events.merge(batches, left_on="batch", right_index=True)
    events = events[events["kind"] == 0].rename(columns={"visitor": "owner"})
    events["owner"] = events["owner"].astype(str)
    rows["visitor"] = rows["visitor"].astype(str)
    rows["owner"] = rows["origin"].astype(object).fillna(rows["visitor"]).astype(str)
    joined = rows.merge(events, on=["owner", "seq"])
    stored = joined[["owner", "seq"]].drop_duplicates().assign(stored=True)
    events = events.merge(stored, on=["owner", "seq"], how="left")
    copies = joined[joined["visitor"] == joined["owner"]].sort_values(["owner", "position"])
    return events, copies, copies.drop_duplicates(["owner", "seq"])


def _count_copies(found: Counter[str], events: pd.DataFrame, copies: pd.DataFrame) -> None:
    found["lost"] += int((events["stored"].isna() & (events["outcome"] == 0)).sum())
    many = copies.groupby(["owner", "seq"], sort=False)["calls_not_rejected"].agg(["size", "first"])
    many = many[many["size"] > 1]
    found["duplicate-explained"] += int((many["size"] <= many["first"]).sum())
    found["duplicate-unexplained"] += int((many["size"] > many["first"]).sum())


_QUERY = """
WITH batches AS (
    SELECT file_row_number AS batch, first_sent, ack, calls_not_rejected, outcome
    FROM read_parquet('{evidence}/batches/{name}', file_row_number = true) WHERE kind = 0
), events AS (
    SELECT visitor, seq, batch, index, first_sent, ack, calls_not_rejected, outcome
    FROM read_parquet('{evidence}/events/{name}') JOIN batches USING (batch)
), identities AS (
    SELECT coalesce(origin, visitor) AS owner, seq,
        min(position) FILTER (origin IS NULL OR origin = visitor) AS first_copy,
        count(*) FILTER (origin IS NULL OR origin = visitor) AS copies
    FROM read_parquet('{evidence}/stored/{name}') GROUP BY ALL
), joined AS (
    SELECT events.*, identities.owner IS NOT NULL AS stored, first_copy, coalesce(copies, 0) AS copies
    FROM events LEFT JOIN identities ON events.visitor = identities.owner AND events.seq = identities.seq
), ordered AS (
    SELECT ack, index,
        max(first_sent) OVER (PARTITION BY visitor ORDER BY first_copy
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest,
        max(index) OVER (PARTITION BY visitor, batch ORDER BY first_copy
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest
    FROM joined WHERE copies > 0
)
SELECT
    (SELECT count(*) FROM ordered WHERE highest > index),
    (SELECT count(*) FROM ordered WHERE latest > ack),
    count(*) FILTER (NOT stored AND outcome = 0),
    count(*) FILTER (copies > 1 AND copies <= calls_not_rejected),
    count(*) FILTER (copies > 1 AND copies > calls_not_rejected)
FROM joined
"""


def by_duckdb(evidence: Path, buckets: int) -> Counter[str]:
    """One query a bucket, with the settings that DuckDB comes with."""
    import duckdb

    found = Counter[str]()
    for number in range(buckets):
        query = _QUERY.format(evidence=evidence, name=f"bucket-{number:04d}.parquet")
        (row,) = duckdb.sql(query).fetchall()
        found.update(dict(zip(COUNTS, row, strict=True)))
    return found
