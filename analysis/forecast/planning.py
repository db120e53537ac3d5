"""The forecast of one storm: several draws of visitors, arrivals and the system's rate, and an interval over them."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.arrays import Floats
from analysis.forecast.backlogs import Sessions
from analysis.forecast.fluid import Fluid, fluid
from analysis.forecast.learning import Learned
from analysis.forecast.simulation import Client, storm
from analysis.intervals import Estimate

DRAWS = 20
_NORMAL_95 = 1.96
_PERCENTS = (2.5, 50, 97.5)
_FAR = 2.0
"""A storm whose batches differ from those of the capacity run by more than this factor is beyond what was measured."""
_FAR_IN_FLIGHT = 1.5
"""The same of calls in flight."""


@dataclass(frozen=True)
class Storm:
    """What is asked: so many visitors, offline for so long, who come back evenly within so many seconds (0: at once)."""

    visitors: int
    offline_min: float
    within_s: float
    client: Client
    queue_limit: int | None = None


@dataclass(frozen=True)
class Forecast:
    """What is to be expected, each the median of the draws with the range in which 95 % of them lie; seconds."""

    drain_s: Estimate
    """From the first return to the last batch confirmed."""
    worst_wait_s: Estimate
    """Of the visitor who waits longest, from coming back to its last batch confirmed."""
    wait_p95_s: Estimate
    """19 of 20 visitors wait no longer."""
    worst_call_s: Estimate
    """Of the batch that waits longest, from being due to being confirmed: a time-out must be longer."""
    events: Estimate
    """Of all backlogs."""
    in_flight: Estimate
    """Calls in flight at once, at most."""
    events_per_batch: float
    fluid: Fluid
    """The fluid model for the mean backlog and the peak rate's value."""


def forecast(learned: Learned, sessions: Sessions, asked: Storm, seed: int = 1, draws: int = DRAWS) -> Forecast:
    """Play `asked` in `draws` draws, the same for the same seed.

    The rates of the draws are spread over the interval of the peak rate, so that it goes into every other interval.
    """
    random = np.random.default_rng(seed)
    backlogs = sessions.backlogs(asked.offline_min, asked.queue_limit)
    seen = []
    for rate in random.permutation(_rates(learned.peak, draws)):
        mine = random.choice(backlogs, asked.visitors)
        back = np.sort(random.random(asked.visitors)) * asked.within_s
        played = storm(back, mine, asked.client, learned.service(float(rate)))
        waits = played.waits_s
        calls = played.calls_s.max()
        seen.append((played.drain_s, waits.max(), np.quantile(waits, 0.95), calls, played.stored, played.in_flight))
    told = [Estimate(middle, low, high) for low, middle, high in np.percentile(seen, _PERCENTS, axis=0).T.tolist()]
    expected = asked.visitors * float(backlogs.mean())
    batches = float((-(-backlogs // asked.client.batch_size)).mean())
    drain, worst, late, call, events, flying = told
    each = float(backlogs.mean()) / batches
    return Forecast(drain, worst, late, call, events, flying, each, fluid(expected, asked.within_s, learned.peak[0]))


def beyond(learned: Learned, asked: Storm, told: Forecast) -> dict[str, float]:
    """What of a storm the capacity run has not seen: `in_flight`, `events_per_batch`, `events_per_s` that come back."""
    flying, each = told.in_flight.value or 0.0, told.events_per_batch
    found = {}
    if learned.most_in_flight is not None and flying > _FAR_IN_FLIGHT * learned.most_in_flight:
        found["in_flight"] = flying
    if not learned.events_per_batch / _FAR <= each <= learned.events_per_batch * _FAR:
        found["events_per_batch"] = each
    offered = (told.events.value or 0.0) / max(asked.within_s, 1.0)
    if learned.falls_beyond is not None and offered > learned.falls_beyond:
        found["events_per_s"] = offered
    return found


def _rates(peak: tuple[float, float, float], draws: int) -> Floats:
    """Evenly likely rates: log-normal with the interval of the peak rate as its 95 %."""
    value, low, high = peak
    spread = np.log(high / low) / (2 * _NORMAL_95)
    rates: Floats = value * np.exp(spread * stats.norm.ppf((np.arange(draws) + 0.5) / draws))
    return rates
