"""The knee of a load: where throughput over response time, Kleinrock's *power*, is highest.

Below the knee more load costs little time, above it much. Between the steps the response time is read from the curve
R = s (1 + k ρ^m / (1 − ρ)), ρ = X / μ, the form of the usual approximations of a queue with several servers, fitted to the
steps that kept up. Chosen by simulation against a law of scalability, splines and Kneedle: docs/capacity.md.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from analysis.arrays import Floats

FEWEST = 4
"""Steps that kept up below which no curve is fitted."""
_SHAPES = ((1.0, 1.0), (0.5, 3.0), (0.1, 8.0))
"""(k, m) from which the fit starts: one server, a few, many."""
_GRID = 2000


@dataclass(frozen=True)
class Curve:
    """Response time against throughput, as fitted."""

    base_s: float
    k: float
    m: float
    most_per_s: float
    """μ, where the curve ends."""

    def response_s(self, x: Floats) -> Floats:
        """Mean response time at throughput `x` a second, below μ."""
        rho = x / self.most_per_s
        found: Floats = self.base_s * (1 + self.k * rho**self.m / (1 - rho))
        return found


def curve(x: Floats, n: Floats, keeps_up: Floats) -> Curve | None:
    """Fit the curve to steps with throughput `x` a second and `n` calls in flight (Little: R = N / X); None: too few.

    `keeps_up`: 1 where a step confirmed what it was offered, else 0: such a step tells μ, and nothing of R.
    """
    fine = (keeps_up > 0) & (x > 0) & (n > 0)
    if fine.sum() < FEWEST:
        return None
    load, took = x[fine], n[fine] / x[fine]
    calls = np.sqrt(load / load.max())
    highest = float(x.max())
    full = x[~fine & (x > 0)]
    most = float(full.max()) if len(full) else 1.05 * highest

    def off(free: Floats) -> Floats:
        base, k, m, top = free
        rho = np.minimum(load / top, 0.9999)
        # A mean scatters as 1 / √calls, and near μ as 1 / (1 − ρ): so much less does it count.
        each = calls * (1 - rho) * (np.log(base * (1 + k * rho**m / (1 - rho))) - np.log(took))
        return np.append(each, np.log(top / most) if len(full) else 0.0)

    bounds = ([1e-9, 0, 0.1, 0.98 * highest], [np.inf, 50, 60, 2 * highest])
    starts = [[float(took.min()), k, m, max(most, highest)] for k, m in _SHAPES]
    best = min((optimize.least_squares(off, start, bounds=bounds) for start in starts), key=lambda own: float(own.cost))
    base, k, m, top = map(float, best.x)
    return Curve(base, k, m, top)


def knee(x: Floats, n: Floats, keeps_up: Floats) -> float | None:
    """The throughput a second at the knee; None: no curve, or the power still grows at an end of the measured loads."""
    found = curve(x, n, keeps_up)
    if found is None:
        return None
    fine = x[keeps_up > 0]
    loads = np.linspace(float(fine.min()), min(float(x.max()), 0.999 * found.most_per_s), _GRID)
    power = loads / found.response_s(loads)
    best = int(power.argmax())
    return float(loads[best]) if 0 < best < _GRID - 1 else None
