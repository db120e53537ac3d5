"""What merging makes of the events of random histories is what a dictionary makes of them."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inorder.merge import merge
from tests.inorder.merge.lines import bucketed, done, history, new_folder, sent, table

Event = tuple[str, int, int]
"""Visitor, seq, digest."""


def runs(events: list[Event], split: set[int]) -> list[Any]:
    """Events as runs, with a new run also at the places of `split`."""
    found: list[Any] = []
    for place, (visitor, seq, _) in enumerate(events):
        if found and place not in split and found[-1][0] == visitor and found[-1][1] + found[-1][2] == seq:
            found[-1][2] += 1
        else:
            found.append([visitor, seq, 1])
    return found


@st.composite
def batches(draw: st.DrawFn) -> list[list[Event]]:
    """The events of some batches, each event in one of them, often next to those of others."""
    events = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), unique=True, min_size=1))
    drawn: list[list[Event]] = [[] for _ in range(4)]
    for visitor, seq in sorted(events, key=lambda event: event[1]):
        drawn[draw(st.integers(0, 3))].append((visitor, seq, draw(st.integers(-3, 1 << 63))))
    return [batch for batch in drawn if batch]


@settings(max_examples=80, deadline=None)
@given(batches(), st.data())
def test_events_are_those_of_a_dictionary(given_batches: list[list[Event]], data: st.DataObject) -> None:
    """Batches sent up to three times, in runs cut anywhere, with digests or without, whatever the size of tasks."""
    lines: list[str] = []
    events: dict[tuple[str, int], object] = {}
    calls: dict[str, list[float]] = {}
    order = data.draw(st.permutations([number for number in range(len(given_batches)) for _ in range(3)]))
    sizes = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    for call, (number, skipped) in enumerate(zip(order, sizes, strict=True)):
        if skipped and number in order[call + 1 :]:
            continue
        batch = given_batches[number]
        digested = data.draw(st.booleans())
        cut = data.draw(st.sets(st.integers(0, len(batch))))
        at = data.draw(st.sampled_from([1.0, 2.0, 3.0]))
        more = {"digests": [digest for _, _, digest in batch]} if digested else {}
        lines.append(sent(f"c{call}", f"b{number}", runs(batch, cut), at=at, **more))
        if data.draw(st.booleans()):
            lines.append(done(f"c{call}", 5.0 + call))
        calls.setdefault(f"b{number}", []).append(at)
        for index, (visitor, seq, digest) in enumerate(batch):
            known = (digest + (1 << 63)) % (1 << 64) - (1 << 63) if digested else None
            events.setdefault((visitor, seq), (f"b{number}", index, known))
    with tempfile.TemporaryDirectory() as parent:
        folder = new_folder(Path(parent) / "run")
        history(folder, *lines)
        merged = merge(
            folder, data.draw(st.sampled_from([10, 1000])), task_bytes=data.draw(st.sampled_from([1 << 20, 400]))
        )
        found = {}
        for number in range(merged.buckets):
            names = [row["name"] for row in table(folder, f"batches/bucket-{number:04d}.parquet")]
            rows = table(folder, f"events/bucket-{number:04d}.parquet")
            found |= {(row["visitor"], row["seq"]): (names[row["batch"]], row["index"], row["digest"]) for row in rows}
            assert list(dict.fromkeys(row["batch"] for row in rows)) == list(range(len(names)))
            made = [(names[row["batch"]], row["sent"]) for row in table(folder, f"calls/bucket-{number:04d}.parquet")]
            assert made == [(name, at) for name in names for at in sorted(calls[name])]
        assert found == events
        assert merged.events == len(events) == len(bucketed(folder, "events"))
