"""Reproducible draws that need no state: a stream is a hash of what it is for, the same in every process."""

from hashlib import shake_128
from struct import Struct as Layout

_KEY = Layout(">QQQ")
_NAMES = ("session", "plan", "arrival", "pause", "backoff", "mix", "event", "catalogue")
_PURPOSES = {purpose: at << 56 for at, purpose in enumerate(_NAMES)}


def draws(seed: int, purpose: str, number: int, count: int, index: int = 0) -> tuple[int, ...]:
    """`count` integers of 64 random bits for (seed, purpose, number, index)."""
    key = _KEY.pack(seed, number, _PURPOSES[purpose] | index)
    return Layout(f">{count}Q").unpack(shake_128(key).digest(8 * count))


def unit(draw: int) -> float:
    """A draw as a float in [0, 1)."""
    return (draw >> 11) * 2.0**-53


class EventDraws:
    """The draws of a run's events, in blocks of sixteen: made once, called for every batch."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._unpack = Layout(">16Q").unpack

    def block(self, number: int, block: int) -> tuple[int, ...]:
        """Draws of the events 16 * block … 16 * block + 15 of visitor `number`."""
        key = _KEY.pack(self._seed, number, _PURPOSES["event"] | block)
        return self._unpack(shake_128(key).digest(128))
