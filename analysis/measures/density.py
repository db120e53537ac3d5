"""The densities of RFC 5236: how far from its place each event is stored, and how many wait until order is restored."""

import numpy as np

from analysis.arrays import Ints

THRESHOLD = 64
"""Displacements and occupancies up to it are told apart; all beyond count as one more than it.

The RFC takes a packet beyond its threshold for lost, and gives its place to another, for it must tell the late from
the lost without end of the stream. A stored log ends, so what is absent is known and nothing is guessed; where no event
is beyond the threshold, the results are the same.
"""


def displacements(sent: Ints, ascending: Ints) -> Ints:
    """Receive index less rank sent, of each event: late above 0, early below, clipped just beyond the threshold.

    `ascending` holds the ranks `sent` of each visitor in ascending order: these are the receive indices, so ranks that
    are not stored get none.
    """
    moved: Ints = np.clip(ascending - sent, -THRESHOLD - 1, THRESHOLD + 1)
    return moved


def occupancies(place: Ints) -> Ints:
    """Events that wait in a buffer that restores order, just after each was stored; clipped just beyond the threshold.

    `place` is where each event is stored, by visitor and in the order sent; places from 0 on. An event leaves the
    buffer as soon as all of its visitor that were sent before it are stored.
    """
    ready = np.maximum.accumulate(place)
    stored = np.arange(len(place))
    waiting: Ints = stored + 1 - np.searchsorted(ready, stored, side="right")
    return np.minimum(waiting, THRESHOLD + 1)
