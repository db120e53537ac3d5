"""The Universal Scalability Law, X(N) = γN / (1 + α(N − 1) + βN(N − 1)), fitted with intervals; X a second, N in flight.

N / X is linear in 1/γ, α/γ and β/γ, none of which is below 0: least squares of the relative error, as the scatter of a
throughput grows with it. Intervals are by profile likelihood (near a bound they are lopsided, as they should be), with
Fisher's F for few points. A point is a step: parts of one step share a queue, and are no further points.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from analysis.arrays import Floats
from analysis.intervals import NOTHING, Estimate
from analysis.repeats import LEVEL

FEWEST = 4
"""Points below which three parameters leave nothing to judge the fit by."""
_FLOOR = 1e-5
"""A relative scatter smaller than this is none, and would make an interval of no width."""
_OUTWARD = np.concatenate([[0.003], np.geomspace(0.01, 1e4, 19)])
"""How far from the best value, in shares of it, the ends of its interval are looked for."""


@dataclass(frozen=True)
class Usl:
    """A fit: γ is the throughput at one call in flight, α contention, β the cost of agreement (crosstalk)."""

    gamma: Estimate
    alpha: Estimate
    beta: Estimate
    peak_n: Estimate
    """Calls in flight of the highest throughput; nothing where β may be 0: the data then show no peak."""
    peak_per_s: Estimate
    scatter: float
    """How far a step lies from the law, as a share of its throughput (root mean square)."""

    def as_json(self) -> dict[str, dict[str, float | None]]:
        """As in verdict.json: `capacity.usl`."""
        return {name: getattr(self, name).as_json() for name in ("gamma", "alpha", "beta", "peak_n", "peak_per_s")}


def _told(value: float) -> float:
    """What is left of a parameter that is 0 but for rounding."""
    return float(value) if value > 1e-9 else 0.0


def throughput(n: Floats, gamma: float, alpha: float, beta: float) -> Floats:
    """X(N)."""
    found: Floats = gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))
    return found


def fit(n: Floats, x: Floats) -> Usl | None:
    """Fit mean calls in flight `n` and throughput `x` a second of independent steps; None: too few, or all alike.

    Where N varies by less than a factor of 2 nothing can be told of how the throughput grows.
    """
    known = (n > 0) & (x > 0)
    n, x = n[known], x[known]
    if len(n) < FEWEST or n.max() < 2 * n.min():
        return None
    points = _Points(n, x)
    a, b, c = points.best
    if a <= 0:
        return None
    gamma, alpha, beta = float(1 / a), _told(b / a), _told(c / a)
    estimates = [
        _interval(gamma, points, points.without_gamma),
        _interval(alpha, points, points.without_alpha),
        _interval(beta, points, points.without_beta),
    ]
    peak_n = peak_x = NOTHING
    if beta > 0 and estimates[2].low and alpha < 1:
        most = float(np.sqrt((1 - alpha) / beta))
        highest = float(throughput(np.array([most]), gamma, alpha, beta)[0])
        peak_n = _interval(most, points, points.without_peak_n)
        peak_x = _interval(highest, points, lambda value: points.without_peak(value, most))
    return Usl(estimates[0], estimates[1], estimates[2], peak_n, peak_x, float(np.sqrt(points.worst / len(n))))


def band(n: Floats, x: Floats, at: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of the law's throughput at each of `at`, of the same points: by linear propagation, not below 0."""
    points = _Points(n, x)
    a, b, c = points.best
    gamma, alpha, beta = 1 / max(a, 1e-12), b / max(a, 1e-12), c / max(a, 1e-12)
    spread = float(np.sqrt(points.reach))
    middle = throughput(at, gamma, alpha, beta)
    half = spread * points.leverage(at) * middle
    return np.maximum(middle - half, 0), middle + half


class _Points:
    """The steps, the best fit of them, and how bad a fit is that has one parameter given."""

    def __init__(self, n: Floats, x: Floats) -> None:
        self._n = n
        self._inverse = n / x
        self._contention, self._agreement = n - 1, n * (n - 1)
        self._weights = 1 / self._inverse
        one = np.ones(len(n))
        for _ in range(2):  # first relative to what was measured, then to what the law says
            self.best = self._least(self._inverse, one, self._contention, self._agreement)[1]
            a, b, c = self.best
            self._weights = 1 / np.maximum(a + b * self._contention + c * self._agreement, 1e-12)
        self.worst, self.best = self._least(self._inverse, one, self._contention, self._agreement)
        freedom = len(n) - 3
        scale = max(self.worst / freedom, _FLOOR**2)
        self.reach = scale * float(stats.f.ppf(LEVEL, 1, freedom))
        """How much larger the sum of squares of a parameter's value within the interval may be."""

    def _least(self, goal: Floats, *columns: Floats) -> tuple[float, Floats]:
        """The least sum of squared relative errors over factors of the columns that are not below 0; the factors."""
        table = np.column_stack(columns) * self._weights[:, None]
        size: Floats = np.sqrt(np.sum(table**2, axis=0))
        size[size == 0] = 1
        factors, rest = optimize.nnls(table / size, goal * self._weights)
        return float(rest) ** 2, factors / size

    def leverage(self, at: Floats) -> Floats:
        """Relative error of the law at each of `at`, for a relative error of 1 in each point."""
        one = np.ones(len(self._n))
        table = np.column_stack([one, self._contention, self._agreement]) * self._weights[:, None]
        inverse = np.linalg.pinv(table.T @ table)
        there = np.column_stack([np.ones(len(at)), at - 1, at * (at - 1)])
        below = np.maximum(there @ self.best, 1e-12)
        found: Floats = np.sqrt(np.einsum("ij,jk,ik->i", there, inverse, there)) / below
        return found

    def without_gamma(self, gamma: float) -> float:
        """The least sum of squares at this γ; the same of α, β and the peak below."""
        return self._least(self._inverse - 1 / gamma, self._contention, self._agreement)[0]

    def without_alpha(self, alpha: float) -> float:
        return self._least(self._inverse, 1 + alpha * self._contention, self._agreement)[0]

    def without_beta(self, beta: float) -> float:
        return self._least(self._inverse, 1 + beta * self._agreement, self._contention)[0]

    def without_peak_n(self, most: float) -> float:
        """With β = (1 − α) / most²: the factors are (1 − α) / γ and α / γ."""
        return self._least(self._inverse, 1 + self._agreement / most**2, 1 + self._contention)[0]

    def without_peak(self, highest: float, near: float) -> float:
        """The least over all places of the peak: with the place given too, one share between 0 and 1 is left."""

        def at(log_most: float) -> float:
            most = float(np.exp(log_most))
            # most / highest = (1 − α)/γ (2 − 1/most) + α/γ most, both parts of the sum not below 0.
            first = (1 + self._agreement / most**2) / (2 - 1 / most) if most > 0.5 else 0 * self._n
            second = (1 + self._contention) / most
            goal = (self._inverse - second * most / highest) * self._weights
            slope = (first - second) * most / highest * self._weights
            share = min(1.0, max(0.0, float(goal @ slope) / (float(slope @ slope) or 1.0)))
            return float(np.sum((goal - share * slope) ** 2))

        around = np.log(near)
        found = optimize.minimize_scalar(at, bounds=(around - 3, around + 3), method="bounded", options={"xatol": 1e-4})
        return float(found.fun)


def _interval(value: float, points: _Points, without: Callable[[float], float]) -> Estimate:
    """The values of a parameter at which the fit is not much worse than the best."""

    def worse(candidate: float) -> float:
        return without(candidate) - points.worst - points.reach

    step = max(abs(value), 1e-6)
    low = _edge(worse, value, [value - share * step for share in _OUTWARD if share < 1] + [value - 0.999999 * step])
    high = _edge(worse, value, [value + share * step for share in _OUTWARD])
    return Estimate(value, 0.0 if low is None else low, high)


def _edge(worse: Callable[[float], float], value: float, outward: list[float]) -> float | None:
    """Where the fit becomes too bad on the way outward; None: nowhere."""
    inside = value
    for candidate in outward:
        if worse(candidate) > 0:
            return float(optimize.brentq(worse, inside, candidate, xtol=1e-4 * abs(candidate - inside)))
        inside = candidate
    return None
