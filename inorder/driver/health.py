"""Whether the generator itself keeps up: how late its own tick is served, and how much of a core it uses."""

import time


class Health:
    """Measured from the start of the load to its end."""

    def __init__(self) -> None:
        self._lags_ms: list[float] = []
        self._interval_s = 0.0
        self._last = 0.0
        self._began = 0.0
        self._cpu_began = 0.0

    def begin(self, interval_s: float) -> None:
        """The load begins; `tick` is to come every `interval_s`."""
        self._interval_s = interval_s
        self._began = self._last = time.monotonic()
        self._cpu_began = time.process_time()

    def tick(self) -> None:
        """A tick was served."""
        now = time.monotonic()
        self._lags_ms.append(max(0.0, now - self._last - self._interval_s) * 1e3)
        self._last = now

    def lag_ms_p99(self) -> float | None:
        """99th percentile of the lateness of the ticks, milliseconds."""
        lags = sorted(self._lags_ms)
        return round(lags[min(len(lags) - 1, int(len(lags) * 0.99))], 3) if lags else None

    def cpu_share(self) -> float | None:
        """CPU time of this process over the wall time up to the last tick: 1.0 is one core."""
        wall = self._last - self._began
        return round((time.process_time() - self._cpu_began) / wall, 3) if wall > 0 else None
