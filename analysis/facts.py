"""What the checks of a bucket share: the facts of its run, its events with what their batches say, how to count."""

from dataclasses import dataclass

from analysis.arrays import Bools, Ints, distinct
from analysis.matching import Matched
from analysis.ordering import Sequence
from analysis.tables import Bucket, Parts, Ranks
from analysis.tally import Tally
from inorder.merge import StoredLog

DOUBTED = frozenset({"ghost", "phantom", "duplicate-unexplained"})
"""Anomalies that a call which is not on file explains; no missing line makes an event lost, reordered or another."""


@dataclass(frozen=True)
class Run:
    """What judging a bucket must know of its run."""

    settled: bool
    """Whether the stored log was read to its end after it had settled."""
    ordered: bool
    """Whether the positions are a total order."""
    watched: bool
    """Whether the log was read while the load went on: else when a row was first seen says nothing of its lag."""
    failing: frozenset[str]
    """The anomalies that fail the run."""
    placed: bool = True
    """Whether the positions of all readings of the log are a total order, so that they can be compared."""
    ends: tuple[int, ...] = ()
    """The highest position of each reading of the log but the last, the earliest first."""
    lossless: bool = False
    """Whether a lost ordinary event fails it too."""
    whole: bool = True
    """Whether the history is whole: else what is stored without a call, or too often, may be of a call not on file."""

    def blame(self, anomaly: str) -> str:
        """Whose fault an anomaly is that the client's breaches do not explain: what breaks no promise is nobody's."""
        return "system" if anomaly in self.failing and not self.doubts(anomaly) else "nobody"

    def doubts(self, anomaly: str) -> bool:
        """Whether a call that is not on file may explain an anomaly: no call explains a copy where one is promised."""
        once = anomaly == "duplicate-unexplained" and "duplicate-explained" in self.failing
        return anomaly in DOUBTED and not self.whole and not once


def is_ordered(log: StoredLog | None) -> bool:
    """Whether the positions of a log are the total order that they must be: each above the one read before."""
    return log is not None and not (log.ties or log.descents or log.missing)


@dataclass(frozen=True)
class Facts:
    """The events of a bucket with what their batches say, looked up once."""

    bucket: Bucket
    parts: Parts
    ranks: Ranks
    """Per part."""
    outcome: Ints
    """Per part."""
    not_rejected: Ints
    """Per part."""
    promised: Bools
    """Per part: whether it is a batch's."""
    in_batch: Bools
    """Per event: whether it is a batch's."""


def sequence(facts: Facts, places: Ints, matched: Matched) -> Sequence:
    """The events of some rows (sorted by visitor and position) with what their order is judged by."""
    event = matched.event[places]
    part = facts.parts.of_event[event]
    return Sequence(
        event=event,
        visitor=facts.bucket.events.visitor[event],
        part=part,
        index=facts.bucket.events.index[event],
        sent=facts.ranks.sent[part],
        acked=facts.ranks.acked[part],
    )


def count_found(tally: Tally, name: str, visitor: Ints, affected: Bools | None) -> None:
    """Count events of an anomaly, given their visitors, sorted."""
    tally.numbers[name] += len(visitor)
    tally.numbers[f"{name}/visitors"] += distinct(visitor)
    if affected is not None:
        affected[visitor] = True


def count_checked(tally: Tally, promise: str, visitor: Ints) -> None:
    """Count events of which a promise could be checked, given their visitors, sorted."""
    tally.numbers[f"{promise}/checked"] += len(visitor)
    tally.numbers[f"{promise}/visitors"] += distinct(visitor)
