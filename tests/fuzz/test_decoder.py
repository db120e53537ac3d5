"""The properties of the decoder on the seeds, and on bodies that grow out of them."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inorder.events import BATCH_CALL, ORDINARY_CALLS
from tests.fuzz.properties import NAMES, check
from tests.fuzz.seeds import SEEDS
from tests.inorder.samples import event

GOOD = len(ORDINARY_CALLS) + 2
"""So many seeds, the first ones, are good."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("sessionExternalId", "timestamp", "productId", "price", "stockId", "customData", "email", "searchPhrase", "more")


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_the_seeds(number: int) -> None:
    """The good ones are taken, none breaks anything."""
    taken = check(*SEEDS[number])
    if number < GOOD:
        assert taken


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=12))
def test_a_seed_with_a_piece_replaced(seed: tuple[str, bytes], at: int, gone: int, put: bytes) -> None:
    """Bytes at some place give way to others."""
    call, body = seed
    at %= len(body) + 1
    check(call, body[:at] + put + body[at + gone :])


@settings(max_examples=800, deadline=None)
@given(st.sampled_from(sorted(ORDINARY_CALLS)), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.booleans())
def test_an_event_with_other_values(name: str, changes: dict[str, object], batch: bool) -> None:
    """Any JSON in any field, as an ordinary call or in a batch."""
    changed = event(name) | changes
    body = [{name: changed}] if batch else changed
    check(BATCH_CALL if batch else name, msgspec.json.encode(body))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=300))
def test_any_bytes(call: str, body: bytes) -> None:
    """Nothing but a refusal or an event comes of them."""
    check(call, body)
