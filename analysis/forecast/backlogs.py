"""How many events visitors have made while they were offline: real or synthetic sessions, cut at the minutes offline.

A visitor goes offline with the first event of a session and makes the events of that session, at the times that the
session has, until it comes back or the session ends. So a backlog grows with the time offline, ever more slowly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array, Floats
from inorder.behaviour import GAP_QUANTILES_S, SIZE_QUANTILES, TIE_SHARE

_SYNTHETIC_SESSIONS = 20_000
"""Sessions of the synthetic model that backlogs are drawn from: their mean is then known to about 1 %."""


@dataclass(frozen=True)
class Sessions:
    """Sessions as one flat array."""

    elapsed_s: Floats
    """Of each event the seconds since its session's first."""
    starts: Array
    """Where each session begins in `elapsed_s`; none is empty."""

    def __len__(self) -> int:
        return len(self.starts)

    def backlogs(self, offline_min: float, queue_limit: int | None = None) -> Array:
        """Of each session the events that it leaves after so many minutes offline, at least 1.

        `queue_limit`: events that the client keeps; the oldest beyond them are dropped and never sent.
        """
        made = np.add.reduceat((self.elapsed_s <= 60 * offline_min).astype(np.int64), self.starts)
        return made if queue_limit is None else np.minimum(made, queue_limit)


def of_seconds(sessions: Sequence[Sequence[float]]) -> Sessions:
    """Sessions given as the seconds of their events, in order, none empty."""
    sizes = np.array([len(session) for session in sessions])
    seconds = np.concatenate([np.asarray(session, float) for session in sessions])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return Sessions(np.maximum(0, seconds - np.repeat(seconds[starts], sizes)), starts)


def synthetic(seed: int, count: int = _SYNTHETIC_SESSIONS) -> Sessions:
    """`count` sessions of the synthetic model (docs/behaviour.md), drawn under `seed`."""
    random = np.random.default_rng(seed)
    sizes = np.clip(np.rint(_quantiles(SIZE_QUANTILES, random.random(count))), 1, 500).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    shares = random.random(int(sizes.sum()))
    gaps = np.where(shares < TIE_SHARE, 0.0, np.rint(_quantiles(GAP_QUANTILES_S, shares)))
    gaps[starts] = 0
    elapsed = np.cumsum(gaps)
    return Sessions(elapsed - np.repeat(elapsed[starts], sizes), starts)


def _quantiles(knots: tuple[tuple[float, float], ...], shares: Floats) -> Floats:
    """The values below which these shares lie: log-linear between the knots, as behaviour.quantile has it."""
    at, values = zip(*knots, strict=True)
    return np.exp(np.interp(shares, at, np.log(values)))
