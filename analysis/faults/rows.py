"""From the verdicts of a matrix's runs to its rows: expected and found, injected, blamed, and what does not fit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inorder.faults.kinds import KINDS
from inorder.matrix.rows import Row
from inorder.run import RunInfo


@dataclass(frozen=True)
class Finding:
    """What judging one run of a row found."""

    seed: int
    folder: str
    """Its run folder, relative to the matrix's."""
    does: str
    """What the fault does, with its parameters; empty where the row says it."""
    verdict: str
    found: dict[str, int]
    """Anomalies, and what the client does wrong, by name; those of which there is none are left out."""
    injected: int | None
    """How often the fault did harm, in the unit of its kind; None: nothing counts it (what a client does wrong)."""
    blame: str
    """`system`, `client` or `nobody`."""
    false_alarms: int
    """Anomalies that are not the row's own, and those that are blamed on a system that keeps the contract."""
    wrong: list[str]
    """Why the run is not as expected; empty: it is."""


def finding(row: Row, seed: int, folder: str, verdict: dict[str, Any], info: RunInfo) -> Finding:
    """Hold the verdict of one run against its row."""
    anomalies = {name: count for name, count in verdict["anomalies"].items() if count}
    client = {name: count for name, count in (verdict.get("client") or {}).items() if count}
    breaches = {name: count for name, count in verdict["breaches"].items() if count}
    found = {**anomalies, **breaches, **{name.replace("_", "-"): count for name, count in client.items()}}
    blame = _blame(verdict, bool(breaches or client))
    own = {row.expected, *row.allowed}
    strange = {name: count for name, count in anomalies.items() if name not in own}
    accused = verdict["blame"]["system"] if row.healthy else 0
    reports = {report.fault: report for report in info.faults}
    report = reports.get(row.fault)
    injected = report.injected if report else 0 if row.side == "none" else None
    wrong = [f"{name} found {count} times, which is not expected" for name, count in strange.items()]
    if accused:
        wrong.append(f"the system is blamed for {accused}")
    if blame != row.blame:
        wrong.append(f"blame: expected {row.blame}, got {blame}")
    if row.expected != "none" and not found.get(row.expected):
        wrong.append(f"{row.expected} was not found")
    if report is not None and not report.struck:
        wrong.append("the fault never struck")
    if row.expected in anomalies and row.exact and injected is not None and found[row.expected] != injected:
        wrong.append(f"{found[row.expected]} found, {injected} injected")
    if row.healthy and verdict["verdict"] == "fail":
        wrong.append(f"the verdict is fail: {'; '.join(verdict['reasons'])}")
    if not row.healthy and verdict["verdict"] != "fail":
        wrong.append(f"the verdict is {verdict['verdict']}, not fail")
    if info.exit_code or not info.settled:
        wrong.append("the run did not end well: its stored log was not read to its end, or its load failed")
    return Finding(
        seed=seed,
        folder=folder,
        does=report.does if report else "",
        verdict=verdict["verdict"],
        found=found,
        injected=injected,
        blame=blame,
        false_alarms=max(sum(strange.values()), accused),
        wrong=wrong,
    )


def _blame(verdict: dict[str, Any], client_broke: bool) -> str:
    if verdict["blame"]["system"]:
        return "system"
    return "client" if verdict["blame"]["client"] or client_broke else "nobody"


def as_json(row: Row, findings: Sequence[Finding]) -> dict[str, Any]:
    """A row of faults.json: the runs of one fault together."""
    found: Counter[str] = Counter()
    for own in findings:
        found.update(own.found)
    counted = [own.injected for own in findings if own.injected is not None]
    injected = sum(counted) if counted else None
    kind = KINDS.get(row.fault)
    blames = sorted({own.blame for own in findings})
    exact = row.exact and row.expected != "none" and bool(injected)
    return {
        "fault": row.fault,
        "side": row.side,
        "does": findings[0].does or row.does,
        "expected": row.expected,
        "allowed": row.allowed,
        "found": dict(sorted(found.items())),
        "injected": injected,
        "unit": kind.unit if kind else None,
        "recall": found[row.expected] / injected if exact and injected else None,
        "blame_expected": row.blame,
        "blame": blames[0] if len(blames) == 1 else ", ".join(blames),
        "false_alarms": sum(own.false_alarms for own in findings),
        "healthy": row.healthy,
        "verdicts": dict(Counter(own.verdict for own in findings)),
        "runs": len(findings),
        "runs_ok": sum(not own.wrong for own in findings),
        "seeds": [own.seed for own in findings],
        "wrong": [{"seed": own.seed, "folder": own.folder, "why": own.wrong} for own in findings if own.wrong],
        "ok": not any(own.wrong for own in findings),
    }
