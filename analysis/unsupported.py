"""What the evidence could not support: the checks that did not run, or not wholly, and which promises stay open."""

from collections import Counter
from dataclasses import dataclass

from analysis.facts import is_ordered
from analysis.promises import FURTHER, PROMISES
from analysis.tally import Tally
from inorder.merge import Merged
from inorder.run import RunInfo


@dataclass(frozen=True)
class Unsupported:
    """A check that the evidence could not support."""

    sentence: str
    promises: tuple[str, ...] = ()
    """Promises that could not be checked, or not wholly: then the run is inconclusive."""
    wholly: bool = False


_ORDER = ("order-within-batch", "order-across-batches")
_PLACES = (*_ORDER, "contiguous-batches", "order-of-last-copies")
_DELIVERY = ("nothing-lost", "no-duplicates", "nothing-rejected", "no-phantom")
_LOG = (*_PLACES, *_DELIVERY, "right-visitor", "uncorrupted", "whole-batches")


def unsupported(tally: Tally, info: RunInfo, merged: Merged) -> list[Unsupported]:
    """The checks that could not run, or not wholly, those that leave a promise open first."""
    numbers = tally.numbers
    log = merged.stored
    found: list[Unsupported] = []
    if log is None or not log.owned:
        why = merged.stored_error or "there is no stored log"
        if log is not None:
            why = "the stored log has no column 'visitor', so its rows can be given to nobody"
        sentence = f"Order, losses, duplicates and whatever else is stored: {why}."
        return [Unsupported(sentence, _LOG, wholly=True), *_history(info)]
    order = "reordered-in-batch, reordered-across-batches, zombie, split"
    if not log.positioned:
        sentence = f"{order}: the stored log has no column 'position', which alone tells the system's own order."
        found.append(Unsupported(sentence, _PLACES, wholly=True))
    elif not is_ordered(log):
        counts = [(log.ties, "share a position with the row before"), (log.descents, "stand below the row before")]
        counts.append((log.missing, "have no position"))
        told = ", ".join(f"{count} rows {what}" for count, what in counts if count)
        found.append(Unsupported(f"{order}: the positions are no total order, for {told}.", _PLACES, wholly=True))
    if not log.routed:
        sentence = "misrouted: the stored log has no column 'visitor', so nothing tells under whom an event is stored."
        found.append(Unsupported(sentence, ("right-visitor",), wholly=True))
    if numbers["unread/rows"]:
        sentence = (
            f"lost, duplicate, phantom, order: {numbers['unread/rows']} rows of {numbers['unread/visitors']} visitors "
            f"carry no readable identity; {numbers['unread/events']} missing confirmed events may be among them."
        )
        if not log.identified:
            sentence = f"the stored log has no column 'seq', so its events have no identity: {sentence}"
        found.append(Unsupported(sentence, (*_PLACES, *_DELIVERY, "whole-batches")))
    found += _gaps(tally, merged.gaps(info.processes)) + _digests(tally)
    if numbers["torn/undecided"]:
        count = numbers["torn/undecided"]
        sentence = f"torn: {count} batches are stored in part so far, and the log had not settled."
        found.append(Unsupported(sentence, ("whole-batches",)))
    return found + _history(info) + _readings(info, merged)


def _gaps(tally: Tally, gaps: list[str]) -> list[Unsupported]:
    """Where the history is not whole, what is stored without a call, or too often, may be of a call that is missing."""
    found = Counter[str]()
    for name, count in tally.numbers.items():
        if name.endswith("/doubted") and count:
            found[name.split("/")[-2]] += count
    if not found:
        return []
    told = ", ".join(f"{name} ({found[name]:,})" for name in sorted(found))
    sentence = (
        f"{told}: the history is not whole ({'; '.join(gaps)}), so calls that are not on file may explain "
        f"{'it' if sum(found.values()) == 1 else 'them'}, and nothing of it is held against the system."
    )
    open_ = [promise.id for promise in (*PROMISES, *FURTHER) if found.keys() & set(promise.anomalies)]
    return [Unsupported(sentence, tuple(open_))]


def _history(info: RunInfo) -> list[Unsupported]:
    """A history of another client need not have closing lines."""
    if info.processes:
        return []
    return [Unsupported("Whether the history is complete: no file has a closing line that tells how much was written.")]


def _digests(tally: Tally) -> list[Unsupported]:
    """Payloads can be compared where the history tells a digest: there the check is asked for; else it is only named."""
    stored, asked = tally.numbers["batch/stored"], tally.numbers["uncorrupted/asked"]
    checked = tally.numbers["uncorrupted/checked"]
    found = []
    if asked > checked:
        sentence = f"corrupt: {asked - checked} of {stored} stored events have no digest to compare with the one sent."
        found.append(Unsupported(sentence, ("uncorrupted",), wholly=not checked))
    if stored > asked:
        sentence = f"corrupt: the history tells no digest of {stored - asked} of {stored} stored events."
        found.append(Unsupported(sentence))
    return found


def _readings(info: RunInfo, merged: Merged) -> list[Unsupported]:
    """What needs several readings of the log."""
    error = info.reading.again_error if info.reading is not None else None
    if error:
        return [Unsupported(f"vanished, rewritten: the log could not be read a second time: {error}.")]
    if not merged.earlier:
        return [Unsupported("vanished, rewritten: the log was read once, so nothing can be seen to vanish from it.")]
    if not all(is_ordered(reading) for reading in (merged.stored, *merged.earlier)):
        return [Unsupported("rewritten: the positions of a reading are no total order, so places cannot be compared.")]
    return []
