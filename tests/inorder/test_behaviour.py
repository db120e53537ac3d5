"""The synthetic model: the quantiles of real sessions, all event types, the same for the same seed."""

from collections import Counter
from itertools import pairwise

import pytest

from inorder.behaviour import Clock, Synthetic
from inorder.events import CARRIERS, ENVELOPES, ORDINARY_CALLS, Namespace, canonical, decode_batch, decode_event
from inorder.templates import event_of, name_of

SPACE = Namespace("qwertz")


@pytest.fixture(scope="module")
def model() -> Synthetic:
    """One model for all tests: its tables are the same anyway."""
    return Synthetic(7, SPACE)


def share(values: list[float], part: float) -> float:
    """The `part` quantile, no interpolation."""
    return sorted(values)[int(part * len(values))]


def test_session_sizes_have_the_quantiles_of_real_ones(model: Synthetic) -> None:
    """Contract: p50 6, p75 15, p90 39, p95 68, max 500, mean 16.8."""
    sizes = [model.size(number) for number in range(1, 50_001)]
    assert [share(sizes, part) for part in (0.5, 0.75, 0.9)] == [6, 15, 39]
    assert share(sizes, 0.95) == pytest.approx(68, abs=3)
    assert max(sizes) <= 500
    assert min(sizes) == 1
    assert sum(sizes) / len(sizes) == pytest.approx(16.8, rel=0.03)


def seconds(envelopes: list[bytes]) -> list[int]:
    """The times of envelopes, by the model's own events."""
    from datetime import datetime

    found = []
    for envelope in envelopes:
        event = decode_event(name_of(envelope).decode(), event_of(envelope))
        found.append(int(datetime.fromisoformat(str(event.timestamp)).timestamp()))
    return found


def test_gaps_have_the_quantiles_of_real_ones(model: Synthetic) -> None:
    """Contract: p5 4 s, p50 40 s, p75 2 min, a long tail of hours, exact ties happen."""
    gaps: list[float] = []
    for number in range(1, 41):
        # Lines of one order share a second by definition, so they say nothing of the gaps.
        taken = [line for line in model.cursor(number).take(400, False) if name_of(line) != b"order"]
        gaps += [after - before for before, after in pairwise(seconds(taken))]
    assert share(gaps, 0.05) == pytest.approx(4, abs=1)
    assert share(gaps, 0.5) == pytest.approx(40, rel=0.1)
    assert share(gaps, 0.75) == pytest.approx(120, rel=0.1)
    assert max(gaps) > 3 * 3600
    assert gaps.count(0) > 0


def test_what_follows_what_has_the_shares_of_real_sessions(model: Synthetic) -> None:
    """Contract: after a click .937 click, .058 cart, .005 order; after a cart .882, .098, .020."""
    kinds = {b"addToBasket": "cart", b"recomAddToBasket": "cart", b"order": "order"}
    after: dict[str, Counter[str]] = {"click": Counter(), "cart": Counter(), "order": Counter()}
    for number in range(1, 101):
        named = [kinds.get(name_of(line), "click") for line in model.cursor(number).take(500, False)]
        for before, then in pairwise(named):
            after[before][then] += 1
    for before, wanted in {"click": (0.937, 0.058, 0.005), "cart": (0.882, 0.098, 0.020)}.items():
        total = after[before].total()
        found = [after[before][then] / total for then in ("click", "cart", "order")]
        assert found == pytest.approx(wanted, abs=0.012)


def test_every_event_type_occurs_and_is_canonical_and_carries_its_identity(model: Synthetic) -> None:
    """Batches hold all fourteen envelopes, online visitors make all fifteen calls; the server reads what was meant."""
    seen: Counter[str] = Counter()
    for number in range(1, 31):
        envelopes = model.cursor(number).take(500, False)
        decoded = decode_batch(b"[" + b",".join(envelopes) + b"]")
        for seq, ((name, event, _), envelope) in enumerate(zip(decoded, envelopes, strict=True)):
            seen[name] += 1
            assert canonical(name, event) == envelope
            assert SPACE.identity(name, event) == (number, seq)
            assert event.sessionExternalId == SPACE.name(number)
    assert set(seen) == set(ENVELOPES)
    online = {name_of(line).decode() for number in range(1, 31) for line in model.cursor(number).take(500, True)}
    assert online == set(ORDINARY_CALLS) == set(CARRIERS)


def test_lines_of_one_order_share_transaction_and_second(model: Synthetic) -> None:
    """One event per order line."""
    pairs = 0
    for number in range(1, 200):
        decoded = decode_batch(b"[" + b",".join(model.cursor(number).take(300, False)) + b"]")
        for (name, event, _), (after, following, _) in pairwise(decoded):
            if name == after == "order":
                pairs += 1
                assert event.transaction == following.transaction  # type: ignore[attr-defined]  # both are orders
                assert event.timestamp == following.timestamp
    assert pairs > 10


def test_a_session_is_the_same_however_it_is_cut(model: Synthetic) -> None:
    """Batches of 1, 7 and 20 hold the same events, and another process would make them too."""
    whole = model.cursor(5).take(140, False)
    for size in (1, 7, 20):
        cursor = Synthetic(7, SPACE).cursor(5)
        assert [line for _ in range(140 // size) for line in cursor.take(size, False)] == whole
    assert Synthetic(8, SPACE).cursor(5).take(140, False) != whole


def test_taking_nothing_moves_nothing(model: Synthetic) -> None:
    """An empty take leaves the place as it was."""
    cursor = model.cursor(3)
    assert cursor.take(0, False) == []
    assert cursor.seq == 0


def test_the_clock_writes_iso_time() -> None:
    """Both halves together are ISO 8601 with offset."""
    from datetime import UTC, datetime

    clock = Clock()
    for second in (0, 86399, 1_767_571_200, 4_102_444_799):
        text = (clock.date(second // 86400) + clock.times[second % 86400]).decode()
        assert datetime.fromisoformat(text) == datetime.fromtimestamp(second, UTC)
