"""Whether a run is worth judging: did every generator end well, keep its schedule, and was the log read to its end."""

from dataclasses import dataclass

from analysis import words
from analysis.judgement import Judgement


@dataclass(frozen=True)
class RunCheck:
    """One condition of a valid run."""

    name: str
    ok: bool | None
    """None: it could not be told."""
    sentence: str
    usual: bool = False
    """Kept, and so usual that the page need not say it."""


def run_checks(judgement: Judgement) -> list[RunCheck]:
    """All conditions over all repeats, those that were not kept first."""
    found = [*_generators(judgement), *_schedule(judgement), *_reading(judgement)]
    return sorted(found, key=lambda check: check.ok is True)


def is_valid(judgement: Judgement) -> bool:
    """Whether no condition was seen to be broken."""
    return all(check.ok is not False for check in run_checks(judgement))


def _generators(judgement: Judgement) -> list[RunCheck]:
    """Whether all that was meant to happen did; what is usual is not mentioned, but for the first."""
    validity = judgement.verdict["validity"]
    meant = validity.get("workers") or sum(run.info.processes for run in judgement.runs)
    lost = validity["workers_lost"]
    cut = validity.get("interrupted") or any(run.info.ended is None for run in judgement.runs)
    unusual = (
        ("run to its end", cut, "The run was interrupted or cut off before its end."),
        ("no error in the generator", validity.get("crashed"), "The generator itself failed {} times."),
        ("history complete", validity.get("counts_differ"), "{} closing lines do not fit their history file."),
        ("all that was due was sent", validity.get("unsent"), "{} events that were due were never sent."),
    )
    told = f"{words.count(max(0, meant - lost))} of {words.plural(meant, 'load generator')} reported to the end."
    checks = [RunCheck("load generators ended well", not lost, told)]
    for name, number, sentence in unusual:
        text = sentence.format(words.count(number or 0)) if number else f"{words.capital(name)}: yes."
        checks.append(RunCheck(name, not number, text, usual=not number))
    return checks


def _schedule(judgement: Judgement) -> list[RunCheck]:
    """Lateness of the generator itself against the scenario's limits."""
    validity, limits = judgement.verdict.get("validity", {}), judgement.runs[0].scenario.validity
    checks = []
    for key, limit, name, what in (
        ("late_starts_ms_p99", limits.late_start_ms_p99, "calls left on time", "Calls left"),
        ("loop_lag_ms_p99", limits.loop_lag_ms_p99, "generator's clock on time", "The generator's clock ticked"),
    ):
        value = validity.get(key)
        if value is None:
            checks.append(RunCheck(name, None, f"{what} how late is not known."))
            continue
        sentence = f"{what} {words.quantity(value, 'ms')} late at the 99th percentile (limit {words.exact(limit, 'ms')})."
        checks.append(RunCheck(name, value <= limit, sentence))
    return checks


def _reading(judgement: Judgement) -> list[RunCheck]:
    """Whether each repeat's log was read to its end and had settled."""
    readings = [run.info.reading for run in judgement.runs]
    name = "log read back to its end"
    if any(reading is None for reading in readings):
        return [RunCheck(name, None, "How the log was read back is not known: it was given from outside.")]
    done = [reading for reading in readings if reading is not None]
    broken = next((reading for reading in done if not reading.complete or reading.error), None)
    if broken:
        reason = f": {broken.error}" if broken.error else ""
        return [RunCheck(name, False, f"The log was not read to its end{reason}.")]
    growing = next((reading for reading in done if not reading.settled), None)
    if growing:
        waited = words.quantity(growing.waited_s, "s")
        return [RunCheck(name, False, f"The log still grew {waited} after the load; what came later is not judged.")]
    settle = words.exact(max(reading.settle_s for reading in done), "s")
    rows = words.count(sum(reading.rows for reading in done))
    return [RunCheck(name, True, f"The log was read to its end ({rows} rows) and then did not grow for {settle}.")]
