"""The times of one kind on both sides: the shift of the body and of each quantile, and the standard error of each.

One run a side: blocks of time are drawn again, the same ones on both sides where both had the same arrivals. Repeats on
both sides: from repeat to repeat, in pairs where there are enough.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import Floats, Ints
from analysis.compare.sketch import POINTS, TAILS, Sketch, Times, hodges_lehmann, sketch

NAMES = ("body", *(f"p{tail}" for tail in TAILS))
BLOCKS = 30
FEWEST_BLOCKS = 10
"""Blocks that must hold a call on both sides."""
BEYOND = 10
"""Calls that must be slower than a percentile in each run."""
FEWEST = 2 * BEYOND
DRAWS = 400
FEWEST_PAIRS = 4
"""Repeats of the same arrivals on both sides from which on their differences are taken one by one."""
NOISE = 0.005
"""Standard deviation of what sets single runs of one system apart beyond their own blocks of time, as a share: assumed
where a side has one run, measured where both have repeats (docs/compare.md)."""
_SEED = 20181126  # of the draws: any, but always the same, so that two runs are compared the same twice


@dataclass(frozen=True)
class RunTimes:
    """The times of one run."""

    label: str
    key: tuple[int, int]
    """Seed and repeat: runs of the same key had the same arrivals, and draw the same blocks."""
    times: dict[tuple[str, str], Times]
    """By kind and measure; a measure may be missing."""


@dataclass(frozen=True)
class Blocks:
    """Equal stretches of time over all runs, and how often each is drawn, by the arrivals of a run."""

    start: float
    length: float
    weights: dict[tuple[int, int], Ints]

    def of(self, times: Times) -> Ints:
        """The block of each call."""
        if not self.length:
            return np.zeros(len(times), np.int64)
        block: Ints = np.clip(((times.at - self.start) / self.length).astype(np.int64), 0, BLOCKS - 1)
        return block


def blocks_over(base: Sequence[RunTimes], new: Sequence[RunTimes]) -> Blocks:
    instants = [times.at for run in (*base, *new) for times in run.times.values() if len(times)]
    start = min((float(at.min()) for at in instants), default=0.0)
    end = max((float(at.max()) for at in instants), default=0.0)
    keys = sorted({run.key for run in (*base, *new)})
    drawing = np.random.default_rng(_SEED)
    weights = {key: drawing.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=DRAWS) for key in keys}
    return Blocks(start, (end - start) / BLOCKS, weights)


@dataclass(frozen=True)
class Sample:
    """One kind and measure on both sides; the last axis is over NAMES, then over the quantiles of the body."""

    base_log: Floats
    new_log: Floats
    """Median and tails."""
    value: Floats
    """Logarithm of new / base."""
    error: Floats
    """Its standard error."""
    value_ms: Floats
    """new - base, milliseconds; of the body Hodges and Lehmann's."""
    each: tuple[list[Floats], list[Floats]]
    """`value` of each run of BASE and of NEW against all of BASE."""
    reasons: list[str | None]

    @classmethod
    def of(
        cls, base: Sequence[RunTimes], new: Sequence[RunTimes], place: tuple[str, str], blocks: Blocks, noise: float
    ) -> "Sample":
        """From the runs of both sides."""
        sides = [[run.times[place] for run in side] for side in (base, new)]
        reasons = [_too_few(sides, name, blocks) for name in NAMES]
        if min(len(times) for side in sides for times in side) < FEWEST:
            nothing = np.full(len(NAMES) + POINTS, math.nan)
            lists: tuple[list[Floats], list[Floats]] = ([], [])
            return cls(nothing, nothing, nothing, nothing, nothing, lists, reasons)
        draws = 0 if min(len(base), len(new)) > 1 else DRAWS  # repeats tell by themselves how much they vary
        runs = [
            [sketch(times, blocks.of(times), blocks.weights[run.key][:draws]) for run, times in zip(side, own, strict=True)]
            for side, own in zip((base, new), sides, strict=True)
        ]
        whole = [_together(own) for own in runs]
        each = [[_apart(whole[0].body, own.body, whole[0].tails, own.tails)[0] for own in side] for side in runs]
        value = _apart(whole[0].body, whole[1].body, whole[0].tails, whole[1].tails)[0]
        value_ms = _apart(*_ms(whole[0].body, whole[1].body, whole[0].tails, whole[1].tails))[0]
        if min(len(base), len(new)) > 1:
            error = _paired(each) if in_pairs(base, new) else _pooled(each)
        else:
            drawn = _drawn(whole, math.sqrt(1 / len(base) + 1 / len(new)) * noise)
            error = np.nanstd(drawn, axis=0) * math.sqrt(BLOCKS / (BLOCKS - 1))
        logs = [np.concatenate([[np.median(own.body)], own.tails]) for own in whole]
        return cls(logs[0], logs[1], value, error, value_ms, (each[0], each[1]), reasons)


def in_pairs(base: Sequence[RunTimes], new: Sequence[RunTimes]) -> bool:
    """Whether each repeat of one side has one of the same arrivals on the other, and they are enough."""
    keys = [[run.key for run in side] for side in (base, new)]
    return len(keys[0]) >= FEWEST_PAIRS and sorted(keys[0]) == sorted(keys[1]) and len({*keys[0]}) == len(keys[0])


def _too_few(sides: list[list[Times]], name: str, blocks: Blocks) -> str | None:
    """Why a quantity cannot be judged."""
    fewest = min((times for side in sides for times in side), key=len)
    needed = FEWEST if name == "body" else math.ceil(BEYOND / (1 - float(name[1:]) / 100) - 1e-9)
    if len(fewest) < needed:
        return f"{len(fewest):,} confirmed calls are too few: {needed:,} are needed"
    if all(len(side) > 1 for side in sides):
        return None
    held = min(len(np.unique(blocks.of(times))) for side in sides for times in side)
    if held < FEWEST_BLOCKS:
        return f"calls in {held} of {BLOCKS} blocks of time are too few: {FEWEST_BLOCKS} are needed"
    return None


def _together(runs: list[Sketch]) -> Sketch:
    """Of several runs the mean of each quantile's logarithm."""
    names = ("body", "tails", "drawn_body", "drawn_tails")
    return Sketch(*(np.mean([getattr(run, name) for run in runs], axis=0) for name in names))


def _ms(*logs: Floats) -> list[Floats]:
    return [np.exp(log) for log in logs]


def _apart(base_body: Floats, new_body: Floats, base_tails: Floats, new_tails: Floats) -> Floats:
    """Shift of the body, of each tail and of each quantile of the body, one row a draw."""
    tails, body = np.atleast_2d(new_tails - base_tails), np.atleast_2d(new_body - base_body)
    return np.column_stack([hodges_lehmann(base_body, new_body), tails, body])


def _drawn(whole: list[Sketch], noise: float) -> Floats:
    """What each draw of the blocks gives, with the noise between runs, which moves all times alike."""
    moved = noise * np.random.default_rng(_SEED + 1).standard_normal((DRAWS, 1))
    one, other = whole
    return _apart(one.drawn_body, other.drawn_body + moved, one.drawn_tails, other.drawn_tails + moved)


def _paired(each: list[list[Floats]]) -> Floats:
    """Standard error of the mean of the differences, the runs of both sides in the order of their keys."""
    apart = np.array(each[1]) - np.array(each[0])
    error: Floats = np.std(apart, axis=0, ddof=1) / math.sqrt(len(apart))
    return error


def _pooled(each: list[list[Floats]]) -> Floats:
    """Standard error of the difference of two means, of one variance within both sides."""
    sides = [np.array(side) for side in each]
    left = sum(((side - side.mean(axis=0)) ** 2).sum(axis=0) for side in sides)
    count = [len(side) for side in sides]
    error: Floats = np.sqrt(left / (sum(count) - 2) * sum(1 / own for own in count))
    return error
