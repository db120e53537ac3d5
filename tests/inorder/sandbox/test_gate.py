"""The quota, on a clock of the test's own."""

import pytest

from inorder.sandbox.gate import Quota, parameters


def test_the_quota_fills_up_again() -> None:
    """Two a second: one token is back after half a second, and never more than a second's worth are kept."""
    now = 0.0
    quota = Quota(2, lambda: now)
    assert [quota.take() for _ in range(3)] == [0, 0, 0.5]
    now = 0.4
    assert quota.take() == pytest.approx(0.1)
    now = 0.5
    assert quota.take() == 0
    assert quota.take() == 0.5
    now = 100.0
    assert [quota.take() for _ in range(3)] == [0, 0, 0.5]


def test_a_quota_below_one_a_second_still_lets_one_pass() -> None:
    """A tenth of a call a second is one call in ten seconds."""
    now = 0.0
    quota = Quota(0.1, lambda: now)
    assert [quota.take(), quota.take()] == [0, pytest.approx(10)]
    now = 10.0
    assert quota.take() == 0


@pytest.mark.parametrize(
    ("query", "key"),
    [
        (b"apiKey=a", b"a"),
        (b"x=1&apiKey=a&apiKey=b", b"a"),
        (b"apiKey=%61+b", b"a b"),
        (b"apikey=a", None),
        (b"", None),
    ],
)
def test_the_first_of_equal_parameters_counts(query: bytes, key: bytes | None) -> None:
    """Percent signs and plus signs are decoded; capital letters matter."""
    assert parameters(query).get(b"apiKey") == key
