"""metrics.prom: what a run came to as Prometheus text, for a collector that reads files (docs/ci.md names the metrics)."""

from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from analysis.judgement import Judgement

_QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}


def render(judgement: Judgement, folder_name: str) -> bytes:
    """The text; what was not measured is left out, and no number stands for it."""
    verdict, registry = judgement.verdict, CollectorRegistry()
    of_run = {"scenario": str(verdict["scenario"]), "run": folder_name}

    def gauge(name: str, what: str, values: list[tuple[dict[str, str], Any]]) -> None:
        known = [(labels, value) for labels, value in values if value is not None]
        if not known:
            return
        labels = [*of_run, *known[0][0]]
        family = Gauge(f"inorder_{name}", what, labels, registry=registry)
        for own, value in known:
            family.labels(**of_run, **own).set(float(value))

    states = ("pass", "fail", "inconclusive")
    gauge("verdict", "1 for the verdict.", [({"verdict": own}, own == verdict["verdict"]) for own in states])
    gauge("anomalies", "Anomalies found.", [({"anomaly": name}, own) for name, own in verdict["anomalies"].items()])
    gauge("blame", "Events wrong, by whose fault.", [({"who": who}, own) for who, own in verdict["blame"].items()])
    gauge(
        "breaches", "Breaches of its rules by the client.", [({"rule": name}, n) for name, n in verdict["breaches"].items()]
    )
    kinds = ("batch", "ordinary")
    gauge(
        "events",
        "Events by kind and what became of them.",
        [({"kind": kind, "state": state}, number) for kind in kinds for state, number in verdict["events"][kind].items()],
    )
    gauge(
        "calls",
        "Calls by kind and outcome.",
        [({"kind": kind, "outcome": out}, number) for kind in kinds for out, number in verdict["calls"][kind].items()],
    )
    gauge("visitors_affected", "Visitors with an event found wrong.", [({}, verdict["visitors"]["affected"])])
    gauge(
        "response_seconds",
        "Response time from the intended instant, of confirmed calls.",
        [
            ({"kind": kind, "quantile": share}, _seconds(verdict["latency_ms"][kind].get(percent)))
            for kind in kinds
            for percent, share in _QUANTILES.items()
        ],
    )
    lines = verdict["sla"]
    for key, what in (
        ("value", "Measured value of an objective."),
        ("low", "Lower end of its 95 % interval."),
        ("high", "Upper end of its 95 % interval."),
        ("limit", "Its limit."),
    ):
        gauge(f"objective_{key}", what, [(_objective(line), line[key]) for line in lines])
    gauge(
        "objective_met",
        "1: met, 0: not met or not decided.",
        [(_objective(line), line["verdict"] == "pass") for line in lines],
    )
    return generate_latest(registry)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _objective(line: dict[str, Any]) -> dict[str, str]:
    return {"objective": str(line["name"]), "metric": str(line["metric"]), "phase": str(line["phase"] or "")}
