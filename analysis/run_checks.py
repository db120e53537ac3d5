"""Whether a run is worth judging: did every generator end well, keep its schedule, and was the log read to its end."""

from dataclasses import dataclass

from analysis import words
from analysis.judgement import Judgement, RunFrames
from analysis.validity import HELD_BACK_SHARE
from inorder.run import Reading, Stopped

UNLIMITED_MS = 999_999_999
"""The highest limit that a scenario may name: it says that nobody asks for one."""


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
    found = [*_generators(judgement), *_schedule(judgement), *_quota(judgement), *_reading(judgement)]
    return sorted(found, key=lambda check: check.ok is True)


def is_valid(judgement: Judgement) -> bool:
    """Whether no condition was seen to be broken."""
    return all(check.ok is not False for check in run_checks(judgement))


def standing(judgement: Judgement) -> str:
    """Whether the run is valid, in a word or a few."""
    checks = run_checks(judgement)
    if any(check.ok is False for check in checks):
        return "not valid"
    return "valid" if all(check.ok for check in checks) else "valid as far as can be told"


def is_given(run: RunFrames) -> bool:
    """Whether the evidence was made elsewhere: no load was driven against a system."""
    return not run.info.target


def is_compared(judgement: Judgement) -> bool:
    """Whether several readings of the log were compared, so that vanished and rewritten rows could be seen."""
    return int(judgement.verdict["readings"]) > 1


def _generators(judgement: Judgement) -> list[RunCheck]:
    """Whether all that was meant to happen did; what is usual is not mentioned, but for the first."""
    validity = judgement.verdict["validity"]
    meant = validity.get("workers") or sum(run.info.processes for run in judgement.runs)
    lost = validity["workers_lost"]
    cut = validity.get("interrupted") or any(run.info.ended is None for run in judgement.runs)
    stopped = stops(judgement)
    # A load that was stopped was so on purpose, and a step of a capacity run may be an overload.
    meant_to_end = not stopped and not judgement.verdict.get("capacity")
    unusual = [
        ("run to its end", cut, "The run was interrupted or cut off before its end."),
        ("no error in the generator", validity.get("crashed"), "The generator itself failed {} times."),
        ("history complete", validity.get("counts_differ"), "{} closing lines do not fit their history file."),
    ]
    if meant_to_end:
        left = "{} events that were due were never sent."
        unusual.append(("all that was due was sent", validity.get("unsent"), left))
    closed = words.count(max(0, meant - lost))
    if not any(run.info.processes for run in judgement.runs):
        told = "The history has no closing lines, so whether it is complete cannot be told."
        checks = [RunCheck("load generators ended well", None, told)]
    elif all(map(is_given, judgement.runs)):
        told = f"{closed} of {words.plural(meant, 'history file')} {words.verb(meant, 'has', 'have')} a closing line."
        checks = [RunCheck("load generators ended well", not lost, told)]
    else:
        told = f"{closed} of {words.plural(meant, 'load generator')} reported to the end."
        checks = [RunCheck("load generators ended well", not lost, told)]
    for name, number, sentence in unusual:
        text = sentence.format(words.count(number or 0)) if number else f"{words.capital(name)}: yes."
        checks.append(RunCheck(name, not number, text, usual=not number))
    return [*checks, RunCheck("ended early by an objective", True, early(judgement))] if stopped else checks


def stops(judgement: Judgement) -> list[Stopped]:
    """Why the load was ended before its time, one a repeat of which it was; the earliest first."""
    found = [run.info.stopped for run in judgement.runs if run.info.stopped is not None]
    return sorted(found, key=lambda own: own.at_s)


def early(judgement: Judgement) -> str:
    """When the load was ended before its time, and what that means for the numbers; empty where it was not."""
    found, runs, scenario = stops(judgement), len(judgement.runs), judgement.runs[0].scenario
    if not found:
        return ""
    first = "" if len(found) == 1 else "first "
    whose = "The load" if runs == 1 else f"The load of {len(found)} of {runs} repeats"
    return (
        f"{whose} was stopped early, {first}at {words.exact(found[0].at_s, 's')} (its phases last "
        f"{words.exact(scenario.phases_s, 's')}): an objective was lost for certain. Times and rates are of what was sent "
        "by then."
    )


def _schedule(judgement: Judgement) -> list[RunCheck]:
    """Lateness of the generator itself against the scenario's limits."""
    validity, limits = judgement.verdict.get("validity", {}), judgement.runs[0].scenario.validity
    checks = []
    for key, limit, name, what in (
        ("late_starts_ms_p99", limits.late_start_ms_p99, "calls left on time", "Calls left"),
        ("loop_lag_ms_p99", limits.loop_lag_ms_p99, "generator's clock on time", "The generator's clock ticked"),
    ):
        value = validity.get(key)
        if limit >= UNLIMITED_MS:
            continue
        if value is None:
            checks.append(RunCheck(name, None, f"How late {what[0].lower()}{what[1:]} is not known."))
            continue
        sentence = f"{what} {words.quantity(value, 'ms')} late at the 99th percentile (limit {words.exact(limit, 'ms')})."
        checks.append(RunCheck(name, value <= limit, sentence))
    return [*checks, *_busy(judgement)]


def quota(judgement: Judgement) -> tuple[bool, str]:
    """Whether a quota shaped the times, and what it held back; empty where it was nothing."""
    held = judgement.verdict.get("validity", {}).get("held_back")
    if not held:
        return False, ""
    calls = sum(sum(outcomes.values()) for outcomes in judgement.verdict["calls"].values())
    told = f"The quota of the target held back {words.count(held)} of {words.plural(calls, 'call')}"
    if held <= HELD_BACK_SHARE * calls:
        return False, f"{told}, too few to shape the times."
    return True, f"{told}: it, and not the system, set response times, drain times and rates. The order is judged as ever."


def _quota(judgement: Judgement) -> list[RunCheck]:
    """Nothing where no quota held anything back; it hides how long things take, and makes no run invalid."""
    shaped, told = quota(judgement)
    return [RunCheck("times not set by the quota", None if shaped else True, told)] if told else []


def _busy(judgement: Judgement) -> list[RunCheck]:
    """Whether the busiest process had some of its core left; not asked of evidence that was made elsewhere."""
    used, limit = judgement.verdict.get("validity", {}).get("cpu_share"), judgement.runs[0].scenario.validity.cpu_share
    if limit >= UNLIMITED_MS:
        return []
    if used is None:
        return [RunCheck("generator not at its limit", None, "How busy the generator was is not known.")]
    sentence = f"The busiest generator process used {words.share(used)} of a core (limit {words.share(limit)})."
    return [RunCheck("generator not at its limit", used <= limit, sentence)]


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
        late = (growing.again or 0) - growing.rows
        if late > 0:
            told = f"{words.plural(late, 'row')} came into the log after it had not grown for {growing.settle_s:g} s."
            return [RunCheck(name, False, told)]
        waited = words.quantity(growing.waited_s, "s")
        return [RunCheck(name, False, f"The log still grew {waited} after the load; what came later is not judged.")]
    return [RunCheck(name, True, _read(done, compared=is_compared(judgement)))]


def _read(done: list[Reading], compared: bool) -> str:
    """How logs were read that were read to their end and had settled."""
    settle_s = max(reading.settle_s for reading in done)
    rows = words.plural(sum(reading.rows for reading in done), "row")
    told = f"The log was read to its end ({rows}) and then did not grow for {words.exact(settle_s, 's')}"
    if not settle_s:  # nobody waited: it is for whoever gave the log to know
        told = f"The log was given with {rows}, and counts as settled"
    again = [reading.again for reading in done if reading.again is not None]
    if again and len(again) == len(done):
        return f"{told}. It was read a second time ({words.plural(sum(again), 'row')}): 2 readings were compared."
    if any(reading.again_error for reading in done):
        return f"{told}. A second reading was not finished."
    return f"{told}. " + ("An earlier reading was compared with it." if compared else "It was read once.")
