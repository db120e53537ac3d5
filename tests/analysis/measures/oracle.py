"""The measures of order by their definitions, pair by pair and visitor by visitor; sharing nothing with the judge.

`receive_indices` and `buffered` follow the published algorithms for the densities of RFC 5236, threshold and all.
"""

from collections import Counter
from itertools import combinations
from typing import NamedTuple


class Measures(NamedTuple):
    """The measures of one visitor, or of several together."""

    reordered: int
    extents: Counter[int]
    n_reordered: Counter[int]
    runs: list[int]
    open_runs: list[int]
    displacements: Counter[int]
    occupancies: Counter[int]
    inversions: int
    pairs: int
    removals: int


def late(sent: list[int]) -> list[bool]:
    """Whether one sent later is stored before each."""
    return [any(other > mine for other in sent[:place]) for place, mine in enumerate(sent)]


def extents(sent: list[int]) -> Counter[int]:
    """Places back to the earliest stored that was sent later."""
    found = Counter[int]()
    for place, mine in enumerate(sent):
        before = [other for other in range(place) if sent[other] > mine]
        found.update([place - min(before)] if before else [])
    return found


def n_reordered(sent: list[int]) -> Counter[int]:
    """Of each late event the largest n such that the n just before it were all sent later."""
    found = Counter[int]()
    for place in range(len(sent)):
        if late(sent)[place]:
            found[max(n for n in range(place + 1) if all(other > sent[place] for other in sent[place - n : place]))] += 1
    return found


def runs(sent: list[int]) -> tuple[list[int], list[int]]:
    """In-order events counted up to each late one; and what is counted at the end."""
    ended, count = [], 0
    for is_late in late(sent):
        if is_late:
            ended.append(count)
            count = 0
        else:
            count += 1
    return ended, [count] if sent else []


def displacements(sent: list[int]) -> Counter[int]:
    """The place-th lowest number stored, less the number stored there."""
    return Counter(index - mine for index, mine in zip(sorted(sent), sent, strict=True))


def occupancies(sent: list[int]) -> Counter[int]:
    """Of the events stored so far those that wait for one sent before them, after each event."""
    found = Counter[int]()
    for place in range(len(sent)):
        so_far, to_come = sent[: place + 1], sent[place + 1 :]
        found[sum(any(other < mine for other in to_come) for mine in so_far)] += 1
    return found


def inversions(sent: list[int]) -> int:
    """Pairs in the other order."""
    return sum(first > second for first, second in combinations(sent, 2))


def removals(sent: list[int]) -> int:
    """All but the longest ascending subsequence, by the longest that ends at each place."""
    longest: list[int] = []
    for place, mine in enumerate(sent):
        longest.append(1 + max((longest[other] for other in range(place) if sent[other] < mine), default=0))
    return len(sent) - max(longest, default=0)


def measures(visitors: list[list[int]]) -> Measures:
    """All of them, summed over the visitors; each is the ranks sent of its events in the order stored."""
    together = {
        name: sum((function(sent) for sent in visitors), Counter[int]())
        for name, function in (
            ("extents", extents),
            ("n_reordered", n_reordered),
            ("displacements", displacements),
            ("occupancies", occupancies),
        )
    }
    return Measures(
        reordered=sum(sum(late(sent)) for sent in visitors),
        runs=[length for sent in visitors for length in runs(sent)[0]],
        open_runs=[length for sent in visitors for length in runs(sent)[1]],
        inversions=sum(inversions(sent) for sent in visitors),
        pairs=sum(len(list(combinations(sent, 2))) for sent in visitors),
        removals=sum(removals(sent) for sent in visitors),
        **together,
    )


def receive_indices(sent: list[int], threshold: int) -> Counter[int]:
    """Reorder density of a stream of which only `threshold` events are seen ahead: frequencies of displacement."""
    window, coming, early = sent[: threshold + 1], sent[threshold + 1 :], set[int]()
    index, found = 0, Counter[int]()
    while window:
        if index not in window and index not in early:
            index = max(index + 1, min([*window, *early]))
            continue
        mine = window.pop(0)
        if abs(index - mine) <= threshold:
            found[index - mine] += 1
            early.discard(index)
            if index < mine:
                early.add(mine)
            index += 1
        while coming and coming[0] < index:
            coming.pop(0)
        window += [coming.pop(0)] if coming else []
    return found


def buffered(sent: list[int], threshold: int) -> Counter[int]:
    """Reorder buffer-occupancy density of such a stream: frequencies of occupancy."""
    window, coming, buffer = sent[: threshold + 1], sent[threshold + 1 :], set[int]()
    found = Counter[int]()
    while window:
        expected = min(window)
        mine = window.pop(0)
        if mine == expected:
            while buffer and (lowest := min([*window, *buffer])) in buffer:
                buffer.remove(lowest)
        else:
            buffer.add(mine)
        found[len(buffer)] += 1
        while coming and coming[0] <= expected:
            coming.pop(0)
        window += [coming.pop(0)] if coming else []
    return found
