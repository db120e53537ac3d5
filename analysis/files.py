"""Reads the files of evidence/: what is asked of them and no more."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.tables import Bucket, bucket_of
from inorder.errors import UnusableInput

_STORED = ["position", "visitor", "origin", "seq", "digest"]
"""What is judged of a stored row; name, server and stored_at are for people who look."""
LIVE = "live.parquet"
"""What was seen of the log during the load (inorder/readback/live.py)."""


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a file, or some of its columns. Raises UnusableInput."""
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            return file.read(columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise UnusableInput(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None


def read_bucket(evidence: Path, number: int, watched: bool) -> Bucket:
    """Read the files of one bucket; `watched`: also when each row was first seen."""
    columns = [*_STORED, "seen_at"] if watched else _STORED
    name = f"bucket-{number:04d}.parquet"
    stored = evidence / "stored" / name
    looks = read(evidence / LIVE) if watched and (evidence / LIVE).exists() else None
    earlier = sorted((evidence / "earlier").glob("*"), key=lambda folder: int(folder.name))
    return bucket_of(
        batches=read(evidence / "batches" / name),
        calls=read(evidence / "calls" / name),
        events=read(evidence / "events" / name),
        stored=_seen(read(stored, columns), looks) if stored.exists() else None,
        earlier=[_seen(read(folder / name, columns), looks) for folder in earlier],
    )


def _seen(stored: pa.Table, looks: pa.Table | None) -> pa.Table:
    """Rows with the instant of the first look during the load that reached them; null behind the last one."""
    if looks is None:
        return stored
    place = np.searchsorted(looks["position"].to_numpy(), stored["position"].to_numpy())
    instants = np.append(looks["seen_at"].to_numpy(), np.nan)
    column = stored.schema.get_field_index("seen_at")
    return stored.set_column(column, "seen_at", pa.array(instants[place], pa.float64(), from_pandas=True))
