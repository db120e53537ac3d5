"""A made-up bucket as columns: its events, batches, calls and stored rows, in Arrow, before they are merged or after."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from inorder.bench.plan import NAMES, WORKERS, Plan, Roster
from inorder.bench.sending import CONFIRMED, INDETERMINATE, REJECTED, STORM_US, Calls, Units, calls_of, units_of
from inorder.bench.storing import Stored, store
from inorder.events import ENVELOPES

Array = NDArray[Any]

EVENT_NAMES = pa.array(list(ENVELOPES))
SERVERS = pa.array(["s1", "s2", "s3", "s4"])
_WALL_S = 1_767_225_600.0
"""The wall clock at the run's zero."""
_BYTES_AN_EVENT = 130
_READY_US = 200
"""Before a call leaves, its connection has been free so long."""


@dataclass(frozen=True)
class Content:
    """One bucket: who sent what, and what is stored."""

    plan: Plan
    roster: Roster
    units: Units
    calls: Calls
    stored: Stored
    digest: Array
    """Event to digest, 32 bits."""

    @cached_property
    def names(self) -> pa.Array:
        """The visitors' names, by place."""
        return _names(self.roster.number)

    @cached_property
    def visitor(self) -> Array:
        """Event to visitor, int32."""
        return np.repeat(np.arange(len(self.roster), dtype=np.int32), self.roster.length)

    @cached_property
    def seq(self) -> Array:
        """Event to seq."""
        length = self.roster.length
        seq: Array = np.arange(len(self.visitor)) - np.repeat(np.cumsum(length) - length, length)
        return seq

    @cached_property
    def worker(self) -> Array:
        """Batch to worker."""
        return self.roster.number[self.units.visitor[self.units.first_of_batch]] % WORKERS

    @cached_property
    def batch_names(self) -> pa.Array:
        """Batch to name, as the harness names them: visitor, `b` or `o`, and its number."""
        unit = self.units.first_of_batch
        ordinary = self.units.ordinary[unit]
        visitor = self.units.visitor[unit]
        batches = (np.diff(self.units.of_visitor) - self.roster.ordinary)[visitor]
        number = self.units.place[unit] + 1 - np.where(ordinary, batches, 0)
        letter = pa.array([".b", ".o"]).take(pa.array(ordinary.astype(np.int8)))
        return pc.binary_join_element_wise(self.names.take(pa.array(visitor)), letter, _text(number), "")

    @cached_property
    def batch_size(self) -> Array:
        """Batch to events."""
        return np.bincount(self.units.batch, weights=self.units.size).astype(np.int32)


def content(plan: Plan, bucket: int, truth: Counter[str]) -> Content:
    """Make up one bucket, and add to `truth` what a judge must find in it."""
    rng = np.random.Generator(np.random.PCG64([plan.asked.seed, bucket]))
    roster = plan.roster(bucket, rng)
    units = units_of(roster, plan.kinds, rng, 1 if plan.asked.one_visitor else STORM_US)
    stored = store(plan, roster, units, rng, truth)
    digest = rng.integers(0, 1 << 32, int(roster.length.sum()))
    truth["rows"] += len(stored.event) - len(stored.gone)
    truth["ordinary"] += int(roster.ordinary.sum())
    return Content(plan, roster, units, calls_of(units), stored, digest)


def event_columns(made: Content) -> dict[str, Any]:
    """The events by visitor and seq."""
    units = made.units
    within = np.arange(len(made.visitor)) - np.repeat(units.event - units.index, units.size)
    return {
        "visitor": pa.DictionaryArray.from_arrays(pa.array(made.visitor), made.names),
        "seq": made.seq,
        "batch": np.repeat(units.batch.astype(np.int32), units.size),
        "index": within.astype(np.int32),
        "digest": made.digest,
    }


def batch_columns(made: Content) -> dict[str, Any]:
    """The batches and ordinary events, in the order of their first events."""
    units, calls = made.units, made.calls
    unit = units.first_of_batch
    outcome = units.outcome[unit]
    refused = np.bincount(calls.batch[calls.outcome == REJECTED], minlength=len(unit))
    number = 1 + units.resent[unit]
    return {
        "name": made.batch_names,
        "kind": units.ordinary[unit].astype(np.int8),
        "events": made.batch_size,
        "first_intended": (units.sent[unit] - _READY_US) / 1e6,
        "first_sent": units.sent[unit] / 1e6,
        "ack": np.where(outcome == CONFIRMED, units.ended[unit] / 1e6, np.inf),
        "calls": number.astype(np.int16),
        "calls_not_rejected": (number - refused).astype(np.int16),
        "outcome": outcome,
    }


def call_columns(made: Content, first: Array) -> dict[str, Any]:
    """The calls by batch and time; `first`: how many calls each worker made in the buckets before."""
    calls = made.calls
    worker = made.worker[calls.batch]
    number = np.zeros(len(worker), np.int64)
    for own in range(WORKERS):
        mine = worker == own
        number[mine] = first[own] + np.arange(int(mine.sum()))
    due = (calls.sent - _READY_US) / 1e6
    size = made.batch_size[calls.batch]
    return {
        "call": pc.binary_join_element_wise("w", _text(worker), "-", _text(number), ""),
        "worker": pa.DictionaryArray.from_arrays(pa.array(worker.astype(np.int32)), [f"w{own}" for own in range(WORKERS)]),
        "batch": calls.batch.astype(np.int32),
        "kind": made.units.ordinary[made.units.first_of_batch][calls.batch].astype(np.int8),
        "attempt": calls.attempt,
        "intended": due,
        "ready": due,
        "sent": calls.sent / 1e6,
        "done": np.where(calls.done < 0, np.nan, calls.done / 1e6),
        "outcome": calls.outcome,
        "status": calls.status,
        "events": size,
        "bytes": size * _BYTES_AN_EVENT,
        "error": pa.nulls(len(worker), pa.string()),
    }


def stored_columns(made: Content, first_position: int, seen_s: float, earlier: bool = False) -> dict[str, Any]:
    """The stored rows by visitor of the identity and position; `earlier`: of the earlier reading."""
    stored = made.stored
    event = stored.event
    position, stored_us = stored.position, stored.stored_us
    if earlier and stored.earlier is not None:
        event = stored.earlier
    elif len(stored.gone):
        kept = np.delete(np.arange(len(event)), stored.gone)
        event, position, stored_us = event[kept], position[kept], stored_us[kept]
    names, under, owner, seq, digest = _with_odd(made)
    visitor = under[event]
    origin = pa.nulls(len(event), pa.dictionary(pa.int32(), pa.string()))
    foreign = np.flatnonzero(event >= len(made.visitor))
    foreign = foreign[visitor[foreign] != owner[event[foreign]]]
    if len(foreign):
        mask = np.ones(len(event), bool)
        mask[foreign] = False
        code = np.zeros(len(event), np.int32)
        code[foreign] = np.arange(len(foreign))
        whose = made.names.take(pa.array(owner[event[foreign]]))
        origin = pa.DictionaryArray.from_arrays(pa.array(code, mask=mask), whose)
    digest = digest[event]
    what = (digest % len(EVENT_NAMES)).astype(np.int32)
    return {
        "position": position + first_position,
        "visitor": pa.DictionaryArray.from_arrays(pa.array(visitor), names),
        "origin": origin,
        "seq": seq[event],
        "digest": digest,
        "name": pa.DictionaryArray.from_arrays(pa.array(what), EVENT_NAMES),
        "server": pa.DictionaryArray.from_arrays(pa.array((stored_us % len(SERVERS)).astype(np.int32)), SERVERS),
        "stored_at": stored_us / 1e6 + _WALL_S,
        "seen_at": np.full(len(event), seen_s),
    }


def _with_odd(made: Content) -> tuple[pa.Array, Array, Array, Array, Array]:
    """Names, and of each event and odd row the visitor that it is stored under, its own visitor, seq and digest."""
    if not made.stored.odd:
        return made.names, made.visitor, made.visitor, made.seq, made.digest
    events = np.array([event for _, event in made.stored.odd])
    kind = np.array([kind for kind, _ in made.stored.odd])
    owner, seq, digest = made.visitor[events], made.seq[events], made.digest[events]
    under = owner.copy()
    elsewhere = np.flatnonzero(kind == "misrouted")
    under[elsewhere] = len(made.names) + np.arange(len(elsewhere))
    other = made.roster.number[owner[elsewhere]] % made.plan.visitors + 1
    names = pa.concat_arrays([made.names, _names(other)])
    seq = np.where(kind == "phantom", 1_000_000 + seq, seq)
    digest = np.where(kind == "corrupt", digest ^ 1, digest)
    return (
        names,
        np.concatenate([made.visitor, under]),
        np.concatenate([made.visitor, owner]),
        np.concatenate([made.seq, seq]),
        np.concatenate([made.digest, digest]),
    )


def _text(numbers: Array) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


def _names(numbers: Array) -> pa.Array:
    return pc.binary_join_element_wise(NAMES.prefix, _text(numbers), "")


OUTCOMES = {CONFIRMED: "confirmed", REJECTED: "rejected", INDETERMINATE: "indeterminate"}
