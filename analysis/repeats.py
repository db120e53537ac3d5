"""What the values of several repeats tell together: their middle, how they scatter, and how sure the middle is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy import stats

LEVEL = 0.95
Scale = Literal["positive", "share", "any"]
"""What a number can be: `positive` (times, ratios, rates, counts) never below 0, a `share` from 0 to 1, or `any`."""


@dataclass(frozen=True)
class Repeats:
    """Middle and standard deviation of the repeats on the scale where they are nearest to normal (docs/statistics.md).

    Times are skewed: their logarithms are taken, and the middle is the geometric mean. A share is often 0 in a run: its
    middle is the mean, and its logit is taken by the delta method; so are values of which some are 0.
    """

    count: int
    middle: float
    deviation: float
    inner: Literal["log", "logit", "plain"]

    @classmethod
    def of(cls, values: Sequence[float], scale: Scale) -> "Repeats":
        """From one value a repeat."""
        given = np.asarray(values, np.float64)
        mean, spread = float(given.mean()), float(given.std(ddof=1)) if len(given) > 1 else 0.0
        if given.min() == given.max():
            return cls(len(given), float(given[0]), 0.0, "plain")
        if scale == "share" and 0 < mean < 1:
            return cls(len(given), math.log(mean / (1 - mean)), spread / (mean * (1 - mean)), "logit")
        if scale == "positive" and given.min() > 0:
            logs = np.log(given)
            return cls(len(given), float(logs.mean()), float(logs.std(ddof=1)), "log")
        if scale == "positive" and mean > 0:
            return cls(len(given), math.log(mean), spread / mean, "log")
        return cls(len(given), mean, spread, "plain")

    @property
    def value(self) -> float:
        """The middle as a number of the metric."""
        return self._outer(self.middle)

    def interval(self, count: int | None = None, next_run: bool = False) -> tuple[float, float]:
        """Student's t interval of the middle, had there been `count` repeats that scatter so; or of the next run."""
        count = count or self.count
        reach = _quantile(count - 1) * self.deviation * math.sqrt(1 / count + next_run)
        return self._outer(self.middle - reach), self._outer(self.middle + reach)

    def _outer(self, number: float) -> float:
        if self.inner == "plain":
            return number
        number = min(max(number, -700), 700)  # beyond, exp has no value
        return math.exp(number) if self.inner == "log" else 1 / (1 + math.exp(-number))


@cache
def _quantile(freedom: int) -> float:
    """Of Student's t, two-sided."""
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))
