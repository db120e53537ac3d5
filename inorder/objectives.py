"""Lines of an SLA that are added to a scenario: to its text before a run, or to the run folder that is judged."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import tomli_w

from inorder.run import RunFolder
from inorder.sla import Sla, flaw, refusal
from inorder.steps import MEASURED, portable
from inorder.text_file import text_of, toml_of


def to_text(file: Path, lines: Sequence[Sla]) -> str:
    """The text of the scenario in `file` with the lines after its own; it may stand elsewhere. It is not checked here."""
    document = portable(toml_of(text_of(file), file), file)
    own = document.get("sla", [])
    if isinstance(own, list):  # else reading the scenario says so
        document["sla"] = own + [msgspec.to_builtins(line) for line in dict.fromkeys(lines)]
    return tomli_w.dumps(document)


def to_folder(folder: RunFolder, lines: Sequence[Sla]) -> RunFolder:
    """The folder, to be judged by the lines too; raises UnusableInput where one does not fit what was run.

    Lines that the run has already are not added again. Of a step of a capacity run what is measured counts.
    """
    written = folder.scenario()
    added = [_of_step(line) if written.step is not None else line for line in dict.fromkeys(lines)]
    for number, line in enumerate(added):
        if wrong := flaw(line, written):
            raise refusal(line, number, folder.scenario_file, wrong)
    return replace(folder, added=tuple(line for line in added if line not in written.sla))


def _of_step(line: Sla) -> Sla:
    counted = line.metric.startswith("anomalies.")
    return line if counted or line.phase is not None else msgspec.structs.replace(line, phase=MEASURED)


def as_toml(line: Sla) -> str:
    """The line as a table of a scenario."""
    return f"[[sla]]\n{tomli_w.dumps(msgspec.to_builtins(line))}"
