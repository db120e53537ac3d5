"""Backlogs as a function of the time offline."""

import numpy as np
import pytest

from analysis.forecast.backlogs import of_seconds, synthetic
from inorder.behaviour import Synthetic
from inorder.events import Namespace


def test_a_backlog_is_what_the_session_made_until_the_return() -> None:
    """Events count from the session's first, the one at the very end of the time offline among them."""
    sessions = of_seconds([[1000, 1030, 1060, 4000], [5], [7, 7, 500]])
    assert sessions.backlogs(0).tolist() == [1, 1, 2]
    assert sessions.backlogs(1).tolist() == [3, 1, 2]
    assert sessions.backlogs(600).tolist() == [4, 1, 3]


def test_a_limited_queue_keeps_so_many() -> None:
    """What is beyond the limit is dropped, and never sent."""
    assert of_seconds([[1, 2, 3], [1]]).backlogs(10, queue_limit=2).tolist() == [2, 1]


def test_longer_offline_is_never_less() -> None:
    """Each visitor's backlog grows with the time offline, up to its session."""
    sessions = synthetic(3, 2000)
    made = np.array([sessions.backlogs(minutes) for minutes in (0, 1, 5, 30, 240, 1e9)])
    assert (np.diff(made, axis=0) >= 0).all()
    assert made[0].min() >= 1
    assert made[-1].sum() == len(sessions.elapsed_s)


def test_sessions_are_those_of_the_synthetic_visitors() -> None:
    """Sizes have the quantiles of docs/behaviour.md, the same as what the driver sends."""
    whole = synthetic(1).backlogs(1e9)
    assert np.quantile(whole, [0.5, 0.75, 0.9, 0.95]) == pytest.approx([6, 15, 39, 68], rel=0.1)
    assert whole.mean() == pytest.approx(16.8, rel=0.05)
    model = Synthetic(1, Namespace("abcdefgh"))
    driven = [model.size(number) for number in range(1, 4001)]
    shares = [0.5, 0.75, 0.9, 0.95]
    assert np.quantile(driven, shares) == pytest.approx(np.quantile(whole, shares), rel=0.1)
