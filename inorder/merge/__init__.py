"""All workers' histories and the stored log, merged into evidence: Parquet files, in buckets by visitor."""

from inorder.merge.buckets import bucket_of
from inorder.merge.marker import Merged, StoredLog, Worker
from inorder.merge.whole import merge

__all__ = ["Merged", "StoredLog", "Worker", "bucket_of", "merge"]
