"""Evidence made up in any size, with known anomalies and the truth beside it: what the judge's speed is measured on."""

from inorder.bench.make import make
from inorder.bench.plan import Asked

__all__ = ["Asked", "make"]
