"""Makes up a run folder of a given size, and truth.json beside it: what a judge must find, no more and no less."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from inorder.bench.merged import Evidence
from inorder.bench.plan import NAMES, WORKERS, Asked, Plan
from inorder.bench.raw import Raw
from inorder.bench.rows import content
from inorder.bench.victims import ANOMALIES, FAILING
from inorder.run import Reading, RunFolder, RunInfo

_SCENARIO = """question = "Does the judge find what is there, and how fast?"
# Made up by `inorder bench-data`: nobody was asked for anything.

[visitors]
count = {visitors}

[[phases]]
name = "storm"
duration_s = {load_s:.1f}
returning = 1.0
"""
_LOAD_S = 3_600.0
_EVENTS_A_S = 6
"""At least so many events a second one visitor is done with, by the longest times that sending.py draws."""


def make(asked: Asked, path: Path) -> dict[str, Any]:
    """Make up a run into `path`, which must not exist; gives the content of its truth.json.

    All counts of truth.json are exact: each is counted when the anomaly is made, and none by judging.
    """
    plan = Plan(asked)
    truth: Counter[str] = Counter()
    load_s = _LOAD_S + (asked.events / _EVENTS_A_S if asked.one_visitor else 0.0)
    folder = RunFolder.create(path, _SCENARIO.format(visitors=plan.visitors, load_s=load_s), _info(asked, load_s))
    with _writer(folder, plan, load_s + 2.0) as writer:
        for bucket in range(plan.buckets):
            writer.add(bucket, content(plan, bucket, truth))
        writer.finish()
    info = folder.info()
    info.reading = Reading(rows=truth["rows"], complete=True, settled=True, settle_s=2.0, waited_s=2.0)
    folder.write_info(info)
    told = _told(plan, truth)
    (path / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return told


def _writer(folder: RunFolder, plan: Plan, seen_s: float) -> Evidence | Raw:
    if plan.asked.raw:
        return Raw(folder, plan.asked.readings, seen_s)
    return Evidence(folder, plan.buckets, plan.asked.readings, seen_s)


def _info(asked: Asked, load_s: float) -> RunInfo:
    """Facts that depend on nothing but what was asked for."""
    return RunInfo(
        run=f"bench-{asked.events}-{asked.seed}",
        scenario="bench",
        seed=asked.seed,
        started="2026-01-01T00:00:00+00:00",
        prefix=NAMES.prefix,
        target="",
        sandbox=False,
        processes=WORKERS,
        behaviour="made up",
        ended="2026-01-01T01:00:00+00:00",
        load_s=load_s,
        exit_code=0,
    )


def _told(plan: Plan, truth: Counter[str]) -> dict[str, Any]:
    """The content of truth.json: keys and meanings as in verdict.json."""
    anomalies = {name: truth[name] for name in ANOMALIES}
    system = sum(anomalies[name] for name in FAILING) + truth["disorder"] - truth["client"]
    ordinary = {"events": truth["ordinary"], "reordered": truth["ordinary/reordered"], "lost": 0, "duplicated": 0}
    return {
        "verdict": "fail" if system else "inconclusive" if truth["parallel"] else "pass",
        "anomalies": anomalies,
        "blame": {"system": system, "client": truth["client"]},
        "breaches": {"parallel": truth["parallel"], "unacknowledged": truth["parallel"]},
        "client_disorder": {"events": truth["disorder"]},
        "events": {
            "sent": plan.asked.events,
            "confirmed": plan.asked.events - truth["undecided"],
            "stored": truth["rows"],
        },
        "visitors": {"total": plan.visitors, "affected": truth["affected"]},
        "ordinary": ordinary,
    }
