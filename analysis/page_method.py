"""What stands in the last section of the page: what ran, on what, how it was judged, and how to judge it again."""

import shlex
from pathlib import Path
from typing import Any

from analysis import findings, page_timing, run_checks, words
from analysis.judgement import Judgement
from analysis.page_sections import interval_note
from inorder.run import RunInfo

_ONE = ("scenario.toml", "run.json", "history/", "evidence/")


def method(judgement: Judgement) -> list[tuple[str, str]]:
    """(name, text) of each fact; what does not apply is left out."""
    verdict, info = judgement.verdict, judgement.runs[0].info
    given = run_checks.is_given(judgement.runs[0])
    rows = [
        ("Question", verdict.get("question") or judgement.runs[0].scenario.question),
        ("Scenario", judgement.runs[0].scenario.name),
        *(_given(judgement) if given else _driven(judgement)),
        *page_timing.rows(verdict),
        ("Versions", ", ".join(f"{name} {value}" for name, value in info.versions.items()) or "not recorded"),
        ("Clock", info.clock),
        (
            "Order judged by",
            "The visitor and the seq that each event carries, against the position that the system gave "
            "it; of several copies the first counts.",
        ),
        ("Readings of the log", _readings(judgement)),
        ("Intervals", interval_note(judgement)),
        ("Validity, as counted", ", ".join(f"{name} {_plain(value)}" for name, value in verdict["validity"].items())),
    ]
    return [(name, text) for name, text in rows if text]


def _driven(judgement: Judgement) -> list[tuple[str, str]]:
    """Of a run that was driven against a system."""
    info, scenario = judgement.runs[0].info, judgement.runs[0].scenario
    client = scenario.client
    backlog = f"batches of at most {client.batch_size} events" if client.backlog == "batches" else "ordinary calls"
    load = (
        f"{words.plural(scenario.visitors.count, 'visitor')} ({info.behaviour}), the backlog in "
        f"{backlog}, {words.plural(client.calls_in_flight, 'call')} of a visitor in flight, at most "
        f"{words.plural(client.connections, 'connection')} ({client.connection})"
    )
    if client.visitors_per_call > 1:
        load += f", a gateway puts {client.visitors_per_call} visitors into one call"
    return [
        ("Load", load + "."),
        (
            "Load model",
            "Open: the instants of coming back are drawn before the run and a late start counts against the "
            "system. Within a visitor closed: the next batch leaves after success.",
        ),
        ("Phases", _phases(judgement)),
        ("Seed", ", ".join(str(own.info.seed) for own in judgement.runs)),
        ("System", f"{info.target} ({_whose(info)})"),
        ("Its events", traces(judgement)),
        ("Started", ", ".join(own.info.started for own in judgement.runs)),
        ("Machine", ", ".join(f"{name} {value}" for name, value in info.machine.items()) or "not recorded"),
        ("Generators", _generators(judgement)),
    ]


def _whose(info: RunInfo) -> str:
    told = "the sandbox of this run" if info.sandbox else "given"
    return told if info.calls_per_s is None else f"{told}; at most {info.calls_per_s:g} calls a second, by its quota"


def traces(judgement: Judgement) -> str:
    """How the events of a driven run are found in the system's store, and deleted."""
    prefixes = list(dict.fromkeys(own.info.prefix for own in judgement.runs))
    names = ", ".join(f"^{prefix}[0-9]+$" for prefix in prefixes)
    told = f"Stored under visitors whose names match {names}"
    if judgement.runs[0].info.sandbox:
        return f"{told}; the sandbox and its store are gone."
    return f"{told}: delete them, and nothing of the run is left (as in DELETE … WHERE visitor LIKE '{prefixes[0]}%')."


def _given(judgement: Judgement) -> list[tuple[str, str]]:
    """Of evidence made elsewhere: what drove what is not known here."""
    verdict = judgement.verdict
    calls = sum(sum(outcomes.values()) for outcomes in verdict["calls"].values())
    visitors = words.plural(verdict["visitors"]["total"], "visitor")
    limits = judgement.runs[0].scenario.validity
    return [
        (
            "Evidence",
            f"Made elsewhere: a history of {words.plural(calls, 'call')} of {visitors}, and a stored log. Nothing was "
            "driven here, so what ran, on what and when is not recorded.",
        ),
        # Without a scenario there is but one made up around the history, and its one phase says nothing.
        ("Phases", "" if limits.late_start_ms_p99 >= run_checks.UNLIMITED_MS else _phases(judgement)),
    ]


def _phases(judgement: Judgement) -> str:
    return "; ".join(
        f"{phase.name} {phase.duration_s:g}{words.THIN}s"
        + (
            f" ({words.exact(phase.returning, 'share')} of the visitors come back, {phase.arrival})"
            if phase.returning
            else ""
        )
        for phase in judgement.runs[0].scenario.phases
    )


def _readings(judgement: Judgement) -> str:
    """How many readings of the log were compared."""
    compared = run_checks.is_compared(judgement)
    again = [own.info.reading.again for own in judgement.runs if own.info.reading is not None]
    if not compared:
        return "One, so that no row can be seen to vanish or to be rewritten."
    if again and None not in again:
        rows = ", ".join(
            f"{words.count(own.info.reading.rows)} rows, then {words.count(own.info.reading.again or 0)}"
            for own in judgement.runs
            if own.info.reading is not None
        )
        return f"Two, compared row by row ({rows}). The second one is judged."
    number = findings.number(int(judgement.verdict["readings"]))
    return f"{number}, each compared row by row with the next. The last one is judged."


def _generators(judgement: Judgement) -> str:
    """How many processes made the load, and how busy they were."""
    busiest = judgement.verdict["validity"].get("cpu_share")
    processes = words.plural(judgement.runs[0].info.processes, "process", "processes")
    return processes if busiest is None else f"{processes}, the busiest used {words.share(busiest)} of a core"


def _plain(value: Any) -> str:
    return words.significant(value) if isinstance(value, float) else str(value)


def again(judgement: Judgement, folder: Path) -> dict[str, Any]:
    """The commands that judge and run it again (none where nothing was run), what judging reads and what it writes.

    `folder`: that of the run, as it was named when it was judged. A page is passed on, so it tells no path from the root
    of this machine: then the commands are for the folder of the page.
    """
    here = folder.is_absolute()
    named = Path() if here else folder
    info = judgement.runs[0].info
    given = run_checks.is_given(judgement.runs[0])
    parts: tuple[str, ...] = _ONE if len(judgement.runs) == 1 else ("repeats/",)
    if judgement.verdict.get("capacity"):
        parts = ("scenario.toml", "steps/")
    return {
        "judge": f"inorder judge \\\n  {shlex.quote(str(named))}",
        "run": None if given else _command(judgement, named),
        "where": ", in the folder of this page" if here else "",
        "reads": parts,
        "writes": ("verdict.json", "summary.md", "junit.xml"),
        "footer": f"inorder {info.versions.get('inorder', '')}, {folder.resolve().name}",
    }


def _command(judgement: Judgement, folder: Path) -> str:
    """The command that runs it again: the scenario as it was run, with what the run was asked for beside it."""
    runs, info = len(judgement.runs), judgement.runs[0].info
    scenario = (folder / "repeats" / "1" if runs > 1 else folder) / "scenario.toml"
    parts = ["inorder run", shlex.quote(str(scenario)), f"--seed {info.seed}"]
    parts += [f"--repeats {runs}"] if runs > 1 else []
    parts += [f"--processes {info.processes}"] if info.processes > 1 else []
    if info.target_file:
        parts.append(f"--target {shlex.quote(info.target_file)}")
    elif not info.sandbox:
        parts += [f"--target {shlex.quote(base)}" for base in info.target.split(", ")]
    if info.calls_per_s is not None:
        parts.append(f"--max-rate {info.calls_per_s:g}")
    if info.behaviour != "synthetic":  # in the scenario it is relative to a folder that is not this one
        parts.append(f"--behaviour {shlex.quote(info.behaviour)}")
    return " \\\n  ".join(parts)
