"""A second judge, as plain as the definitions: pairs of events, no arrays. Slow, and meant to be obvious."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import inf

from analysis.catalogue import failing
from tests.analysis.language import Call, Case, Event, Row


@dataclass(frozen=True)
class Sent:
    """A batch (or an ordinary event) and what its calls tell of it."""

    name: str
    ordinary: bool
    events: tuple[Event, ...]
    calls: tuple[Call, ...]

    @property
    def sent(self) -> float:
        return min(call.sent for call in self.calls)

    @property
    def ack(self) -> float:
        return min((answered(call) for call in self.calls if call.outcome == "confirmed"), default=inf)

    @property
    def confirmed(self) -> bool:
        return any(call.outcome == "confirmed" for call in self.calls)

    @property
    def rejected(self) -> bool:
        return all(call.outcome == "rejected" for call in self.calls)

    @property
    def not_rejected(self) -> int:
        return sum(call.outcome != "rejected" for call in self.calls)


def answered(call: Call) -> float:
    """When a call was answered; never, where no answer is on file."""
    return inf if call.done is None else call.done


class Oracle:
    """Judges one case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.batches = [
            Sent(name, calls[0].kind == "ordinary", calls[0].events, tuple(calls)) for name, calls in case.batches().items()
        ]
        self.batch_of = {event: batch for batch in self.batches for event in batch.events}
        self.rows = list(case.rows or ())
        self.visitors = sorted({visitor for visitor, _ in self.batch_of})

    def places(self, event: Event) -> list[int]:
        """Where copies of an event stand: rows of its identity under its own visitor."""
        return [place for place, row in enumerate(self.rows) if row.visitor == event[0] and self.is_of(row, event)]

    def is_of(self, row: Row, event: Event) -> bool:
        """Whether a row carries the identity of an event."""
        return row.seq is not None and (row.origin, row.seq) == event

    def present(self, event: Event) -> bool:
        """Whether any row carries its identity."""
        return any(self.is_of(row, event) for row in self.rows)

    def hidden(self, event: Event) -> bool:
        """Whether it might be one of the rows that name its visitor and no seq."""
        return any(row.seq is None and row.origin == event[0] for row in self.rows)

    def seen_before(self, event: Event) -> bool:
        """Whether an earlier reading of the log held it."""
        return any(self.is_of(row, event) for reading in self.case.earlier for row in reading)

    def changes(self) -> Counter[str]:
        """What vanished and what was rewritten from each reading to the next, identity by identity."""
        found = Counter[str]()
        for earlier, later in pairwise((*self.case.earlier, self.case.rows or ())):
            end = max((row.place or 0 for row in earlier), default=-1)
            for identity in {(row.origin, row.seq) for row in (*earlier, *later)}:
                gone = [row for row in earlier if (row.origin, row.seq) == identity and row not in later]
                new = [row for row in later if (row.origin, row.seq) == identity and row not in earlier]
                moved = min(len(gone), len(new))
                found["vanished"] += len(gone) - moved
                found["rewritten"] += moved + sum((row.place or 0) <= end for row in new[moved:])
        return found

    def precedes(self, e: Event, f: Event) -> bool:
        """Whether e must precede f."""
        if e == f or e[0] != f[0]:
            return False
        one, other = self.batch_of[e], self.batch_of[f]
        if one.ordinary != other.ordinary:
            return False  # ordinary calls are measured among themselves
        if one is other:
            return one.events.index(e) < one.events.index(f)
        return one.ack < other.sent

    def anomalies(self) -> dict[str, int]:
        """How many of each, those that are not left out."""
        found = Counter[str]()
        for event, batch in self.batch_of.items():
            if not batch.ordinary:
                found.update(self.of_event(event, batch))
        sent = {(visitor, seq) for visitor, seq in self.batch_of}
        identities = {(row.origin, row.seq) for row in self.rows if row.seq is not None}
        found["phantom"] = len(identities - sent)
        found["torn"] = sum(self.torn(batch) for batch in self.batches)
        found["split"] = sum(self.split(batch) for batch in self.batches)
        found.update(self.changes())
        return {name: count for name, count in found.items() if count}

    def held_against_the_system(self) -> bool:
        """Whether an anomaly that breaks a promise remains when the client's share, and what a gap may explain, are out."""
        bad, ordinary = failing(self.case.promises), self.ordinary()
        if not self.case.whole:
            bad -= {"phantom", "ghost"} | (set() if self.case.promises.exactly_once else {"duplicate-unexplained"})
        found, client = self.anomalies(), self.by_client()
        alike = {"ghost", "corrupt", "misrouted"} & bad | ({"lost"} if self.case.promises.ordinary_lossless else set())
        return any(found.get(name, 0) > client.get(name, 0) for name in bad) or any(map(ordinary.get, alike))

    def of_event(self, event: Event, batch: Sent) -> list[str]:
        """The anomalies of one event of a batch."""
        places, found = self.places(event), []
        if places and any(batch is self.batch_of[f] for f in self.stored_before(event)):
            found.append("reordered-in-batch")
        if places and any(batch is not self.batch_of[f] for f in self.stored_before(event)):
            found.append("reordered-across-batches")
        if batch.confirmed and not self.present(event) and not self.hidden(event) and not self.seen_before(event):
            # Ordinary calls promise no order: a later one that is stored says nothing of an earlier one.
            later = not batch.ordinary and any(self.precedes(event, f) and self.places(f) for f in self.batch_of)
            found.append("lost" if later or self.case.settled else "unseen")
        if batch.rejected and self.present(event):
            found.append("ghost")
        if not batch.confirmed and not batch.rejected and self.present(event):
            found.append("recovered")
        if len(places) >= 2:
            found.append("duplicate-explained" if len(places) <= batch.not_rejected else "duplicate-unexplained")
            if self.last_before(event):
                found.append("zombie")
        if any(self.is_of(row, event) and row.visitor != event[0] for row in self.rows):
            found.append("misrouted")
        if any(self.rows[place].changed for place in places):
            found.append("corrupt")
        return found

    def stored_before(self, e: Event) -> list[Event]:
        """The events that e must precede and that are stored before it, judged by first copies."""
        return [
            f for f in self.batch_of if self.precedes(e, f) and self.places(f) and self.places(f)[0] < self.places(e)[0]
        ]

    def last_before(self, e: Event) -> list[Event]:
        """Of an event with several copies: the events that it must precede whose last copy stands before its last."""
        places = self.places(e)
        return [
            f
            for f in self.batch_of
            if len(places) >= 2 and self.precedes(e, f) and self.places(f) and self.places(f)[-1] < places[-1]
        ]

    def smallest_gaps(self, within: bool) -> dict[str, int]:
        """Visitor to the fewest places between an event that is reordered in a batch (or across) and its proof."""
        gaps: dict[str, int] = {}
        for event, batch in self.batch_of.items():
            if batch.ordinary or not self.places(event):
                continue
            for f in self.stored_before(event):
                if (self.batch_of[f] is batch) == within:
                    at, before = (self.rows[self.places(one)[0]].place or 0 for one in (event, f))
                    gap = at - before
                    gaps[event[0]] = min(gap, gaps.get(event[0], gap))
        return gaps

    def checked(self) -> dict[str, tuple[int, int]]:
        """Of how many events, and visitors, each promise could be checked."""
        batches = {event: batch for event, batch in self.batch_of.items() if not batch.ordinary}
        stored = [event for event in batches if self.places(event)]
        pairs = [(e, f) for e in stored for f in stored if self.precedes(e, f) or self.precedes(f, e)]
        confirmed = [event for event in batches if batches[event].confirmed]
        identified = [(row.origin, place) for place, row in enumerate(self.rows) if row.seq is not None]
        found: dict[str, list[Event]] = {
            "order-within-batch": list({e for e, f in pairs if batches[e] is batches[f]}),
            "order-across-batches": list({e for e, f in pairs if batches[e] is not batches[f]}),
            "nothing-lost": [e for e in confirmed if self.present(e) or not self.hidden(e) or self.seen_before(e)],
            "no-duplicates": stored,
            "nothing-rejected": [event for event in batches if batches[event].rejected],
            "no-phantom": identified,
            "right-visitor": [event for event in batches if self.present(event)],
            "uncorrupted": stored,
        }
        return {name: (len(events), len({visitor for visitor, _ in events})) for name, events in found.items()}

    def torn(self, batch: Sent) -> bool:
        """Whether a batch without a certain answer is stored in part, in a log that has settled."""
        if batch.ordinary or batch.confirmed or batch.rejected or not self.case.settled:
            return False
        present = [event for event in batch.events if self.present(event)]
        gone = [event for event in batch.events if not self.present(event) and not self.hidden(event)]
        missing = [event for event in gone if not self.seen_before(event)]
        return bool(present) and bool(missing)

    def split(self, batch: Sent, of: str | None = None) -> bool:
        """Whether another call's event of the visitor (`of`: only this one) is stored between two of its events."""
        if batch.ordinary:
            return False
        firsts = [(event[0], self.places(event)[0]) for event in batch.events if self.places(event)]
        for (visitor, one), (other_visitor, other) in combinations(firsts, 2):
            if visitor != other_visitor or of not in (None, visitor):
                continue
            for row in self.rows[min(one, other) : max(one, other)]:
                stranger = self.batch_of.get((row.origin, -1 if row.seq is None else row.seq), batch)
                if row.visitor == row.origin == visitor and stranger is not batch:
                    return True
        return False

    def ordinary(self) -> dict[str, int]:
        """The same for ordinary calls, each a batch of one."""
        found = Counter[str]()
        for event, batch in self.batch_of.items():
            if not batch.ordinary:
                continue
            own = self.of_event(event, batch)
            found["reordered"] += "reordered-across-batches" in own
            found["duplicated"] += len(self.places(event)) > 1
            for name in ("lost", "unseen", "ghost", "corrupt", "misrouted"):
                found[name] += name in own
        return {name: count for name, count in found.items() if count}

    def in_flight_until(self, call: Call) -> float:
        """When a call is no longer in flight."""
        if call.done is not None:
            return call.done
        own = sorted(self.case.batches()[call.batch], key=lambda other: other.sent)
        again = own[[other is call for other in own].index(True) + 1 :]
        return min((other.sent for other in again), default=inf)

    def after(self, one: Call, other: Call) -> bool:
        """Whether a call left after another; of two at the same instant the one that ended first left first."""
        batches = self.case.batches()
        listed = [call for name in batches for call in sorted(batches[name], key=lambda call: call.sent)]
        number = {id(call): place for place, call in enumerate(listed)}
        first, second = ((call.sent, self.in_flight_until(call), number[id(call)]) for call in (other, one))
        return first < second

    def share(self, one: Call, other: Call) -> set[str]:
        """The visitors that two calls have in common."""
        return {visitor for visitor, _ in one.events} & {visitor for visitor, _ in other.events}

    def parallel(self) -> list[tuple[Call, Call]]:
        """Pairs of calls with a common visitor, the second sent while the first, a batch's, was in flight."""
        return [
            (one, other)
            for one in self.case.calls
            for other in self.case.calls
            if one is not other
            and one.kind == "batch"
            and self.share(one, other)
            and self.after(other, one)
            and other.sent < self.in_flight_until(one)
        ]

    def settled_at(self, batch: Sent) -> float:
        """When the client may send the visitor's next batch."""
        return max(map(answered, batch.calls)) if batch.rejected else batch.ack

    def unacknowledged(self) -> list[tuple[str, Sent, Sent]]:
        """(visitor, earlier, later): the later batch was sent before the success of the earlier one."""
        batches = [batch for batch in self.batches if not batch.ordinary]
        return [
            (visitor, one, other)
            for number, one in enumerate(batches)
            for place, other in enumerate(batches)
            for visitor in {v for v, _ in one.events} & {v for v, _ in other.events}
            if (one.sent, number) < (other.sent, place) and other.sent < self.settled_at(one)
        ]

    def out_of_sequence(self) -> int:
        """Events of batches that were sent after an event of their visitor with a higher seq, by first calls."""

        def sent_before(f: Event, e: Event) -> bool:
            one, other = self.batch_of[f], self.batch_of[e]
            return one.events.index(f) < one.events.index(e) if one is other else one.sent < other.sent

        return sum(
            any(f[0] == e[0] and f[1] > e[1] and sent_before(f, e) for f in self.batch_of)
            for e, batch in self.batch_of.items()
            if not batch.ordinary
        )

    def never_sent(self) -> int:
        """Seqs below a visitor's highest that no call carried."""
        seqs = {visitor: {seq for own, seq in self.batch_of if own == visitor} for visitor in self.visitors}
        return sum(len(set(range(max(own))) - own) for own in seqs.values())

    def guilty(self) -> set[tuple[str, str]]:
        """(visitor, batch) that had a share in a breach."""
        found = {(visitor, batch.name) for visitor, *pair in self.unacknowledged() for batch in pair}
        for one, other in self.parallel():
            found |= {(visitor, call.batch) for visitor in self.share(one, other) for call in (one, other)}
        return found

    def by_client(self) -> dict[str, int]:
        """Events out of order of which each proof has a batch of a breach."""
        guilty, found = self.guilty(), Counter[str]()
        for event, batch in self.batch_of.items():
            if batch.ordinary or not self.places(event):
                continue
            before = self.stored_before(event)
            within = [f for f in before if self.batch_of[f] is batch]
            across = [f for f in before if self.batch_of[f] is not batch]
            mine = (event[0], batch.name) in guilty
            found["reordered-in-batch"] += bool(within) and mine
            found["reordered-across-batches"] += bool(across) and all(
                mine or (f[0], self.batch_of[f].name) in guilty for f in across
            )
            behind = self.last_before(event)
            found["zombie"] += bool(behind) and all(mine or (f[0], self.batch_of[f].name) in guilty for f in behind)
        found["split"] = sum(
            any(self.split(batch, visitor) and (visitor, batch.name) in guilty for visitor in self.visitors)
            for batch in self.batches
        )
        return {name: count for name, count in found.items() if count}

    def disorder(self) -> int:
        """Events of guilty batches behind one with a higher seq, though the contract gives them no order."""
        guilty, found = self.guilty(), 0
        for event, batch in self.batch_of.items():
            if batch.ordinary or not self.places(event) or (event[0], batch.name) not in guilty:
                continue
            early = [
                f
                for f in self.batch_of
                if f[0] == event[0] and f[1] > event[1] and not self.batch_of[f].ordinary and self.places(f)
            ]
            behind = any(self.places(f)[0] < self.places(event)[0] for f in early)
            found += behind and not self.stored_before(event)
        return found

    def sending(self, event: Event) -> tuple[float, int, int]:
        """What orders the events of a visitor as they were sent; at one instant batches as listed, others by seq."""
        batch = self.batch_of[event]
        return batch.sent, event[1] if batch.ordinary else self.batches.index(batch), batch.events.index(event)

    def reordering(self, ordinary: bool) -> tuple[Counter[int], Counter[int]]:
        """RFC 4737 of the events of a kind: extents, and the n of n-reordering."""
        extents, n_reordered = Counter[int](), Counter[int]()
        for visitor in self.visitors:
            own = [e for e, batch in self.batch_of.items() if batch.ordinary == ordinary and e[0] == visitor]
            sent = sorted(own, key=self.sending)
            arrived = sorted((event for event in own if self.places(event)), key=lambda event: self.places(event)[0])
            number = [sent.index(event) for event in arrived]
            for i, mine in enumerate(number):
                later = [j for j in range(i) if number[j] > mine]
                if later:
                    extents[i - later[0]] += 1
                    n = 0
                    while n < i and number[i - n - 1] > mine:
                        n += 1
                    n_reordered[n] += 1
        return extents, n_reordered
