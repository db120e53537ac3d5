"""The scalability law: its parameters are recovered, and what the points do not show is not claimed."""

import numpy as np
import pytest

from analysis.capacity import usl

N = np.array([0.5, 1, 2, 4, 8, 16, 32, 64, 100])


@pytest.mark.parametrize(("gamma", "alpha", "beta"), [(20.0, 0.05, 0.001), (20.0, 0.3, 0.0), (10.0, 0.02, 0.0005)])
def test_the_true_parameters_lie_within_their_intervals(gamma: float, alpha: float, beta: float) -> None:
    """In at least 92 % of simulated runs of nine steps that scatter by 3 %; the peak too, where there is one."""
    random = np.random.default_rng(7)
    runs, hits, told = 200, dict.fromkeys(("gamma", "alpha", "beta", "peak_n", "peak_per_s"), 0), 0
    truth = {"gamma": gamma, "alpha": alpha, "beta": beta}
    if beta:
        most = np.sqrt((1 - alpha) / beta)
        truth |= {"peak_n": most, "peak_per_s": usl.throughput(np.array([most]), gamma, alpha, beta)[0]}
    for _ in range(runs):
        law = usl.fit(N, usl.throughput(N, gamma, alpha, beta) * np.exp(0.03 * random.standard_normal(len(N))))
        assert law is not None
        told += law.peak_n.value is not None
        for name, true in truth.items():
            own = getattr(law, name)
            hits[name] += own.low is not None and own.low <= true and (own.high is None or true <= own.high)
    assert all(0.92 <= hits[name] / runs <= 1 for name in truth), hits
    assert told == runs if beta else told <= 0.05 * runs


def test_points_without_scatter_give_the_law_itself() -> None:
    """And a peak where throughput is highest."""
    law = usl.fit(N, usl.throughput(N, 20, 0.05, 0.001))
    assert law is not None
    assert (law.gamma.value, law.alpha.value, law.beta.value) == pytest.approx((20, 0.05, 0.001))
    assert law.peak_n.value == pytest.approx(np.sqrt(0.95 / 0.001))


def test_one_server_contends_by_a_half() -> None:
    """X = μN / (N + 1) of an M/M/1 queue is the law with γ = μ / 2 and α = 1 / 2."""
    law = usl.fit(N, 100 * N / (N + 1))
    assert law is not None
    assert (law.gamma.value, law.alpha.value) == pytest.approx((50, 0.5))
    assert law.peak_n.value is None


@pytest.mark.parametrize("n", [[1.0, 2, 4], [5.0, 5.5, 6, 7, 8], [0.0, 0, 0, 1, 2, 4]])
def test_too_few_points_have_no_law(n: list[float]) -> None:
    """Three points, points that hardly differ, and steps in which nothing was in flight."""
    assert usl.fit(np.array(n), np.array(n) * 10) is None


def test_the_band_holds_the_law_where_the_points_are() -> None:
    """It is widest beyond them."""
    random = np.random.default_rng(1)
    x = usl.throughput(N, 20, 0.05, 0.001) * np.exp(0.03 * random.standard_normal(len(N)))
    at = np.array([1.0, 10, 30, 100, 300])
    low, high = usl.band(N, x, at)
    assert (low <= usl.throughput(at, 20, 0.05, 0.001)).all()
    assert (usl.throughput(at, 20, 0.05, 0.001) <= high).all()
    relative = (high - low) / (high + low)
    assert relative[-1] == max(relative)
