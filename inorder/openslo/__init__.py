"""OpenSLO files (openslo/v1), read for the objectives that lines of an SLA can say: docs/slo.md has the mapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inorder.errors import UnusableInput
from inorder.openslo.documents import documents
from inorder.openslo.indicator import Inexpressible, Named, indicator_of
from inorder.openslo.objective import SLICES, line_of
from inorder.openslo.part import Part
from inorder.sla import Sla

__all__ = ["Read", "read"]

VERSION = "openslo/v1"
_KINDS = ("SLO", "SLI", "DataSource")
_KEYS = "description service indicator indicatorRef timeWindow budgetingMethod objectives alertPolicies".split()
_SHOWN = 3
"""So many reasons are told where nothing of a file can be used."""


@dataclass(frozen=True)
class Read:
    """What a file says."""

    lines: tuple[Sla, ...]
    """At least one, in the order of the file."""
    left_out: tuple[str, ...]
    """A sentence, with its place, for each thing that no line says."""


def read(path: Path) -> Read:
    """Read a file; raises UnusableInput, in one line with its place, where it is no OpenSLO or says nothing usable."""
    found: dict[str, dict[str, Part]] = {kind: {} for kind in _KINDS}
    others: list[str] = []
    given = documents(path)
    if not given:
        raise UnusableInput(f"{path}: expected OpenSLO documents, found none")
    for number, document in enumerate(given, 1):
        _file(Part(document, f"{path}: document {number}"), path, found, others)
    if not found["SLO"]:
        kinds = ", ".join(sorted({*others, *(kind for kind in _KINDS if found[kind])}))
        raise UnusableInput(f"{path}: expected a document of kind SLO, found only {kinds}")
    named = Named(found["SLI"], found["DataSource"])
    lines: list[Sla] = []
    left_out: list[str] = []
    for slo in found["SLO"].values():
        own, told = _slo(slo, named)
        lines += own
        left_out += told
    if not lines:
        more = f" (+{len(left_out) - _SHOWN} more)" if len(left_out) > _SHOWN else ""
        reasons = " ".join(left_out[:_SHOWN]) + more
        raise UnusableInput(f"{path}: expected an SLO that can be expressed, found none: {reasons}")
    if others:
        left_out.append(f"{path}: documents of other kinds are left out: {len(others)} ({', '.join(sorted(set(others)))}).")
    return Read(tuple(lines), tuple(left_out))


def _file(document: Part, path: Path, found: Mapping[str, dict[str, Part]], others: list[str]) -> None:
    """Put a document under its kind and name."""
    kind = document.need("kind").text()
    if kind not in _KINDS:
        others.append(kind)
        return
    document.need("apiVersion").word(VERSION)
    name = document.need("metadata").need("name")
    if name.text() in found[kind]:
        raise name.wrong(f"a name that no other {kind} has")
    found[kind][name.text()] = Part(document.value, f"{path}: {kind} {name.text()!r}")


def _slo(slo: Part, named: Named) -> tuple[list[Sla], list[str]]:
    """The lines of an SLO, and what they do not say."""
    spec, metadata = slo.need("spec"), slo.need("metadata")
    objectives = spec.need("objectives").items()
    method = _method(spec)
    shown = metadata.get("displayName") or metadata.need("name")
    notes = [f"{key!r} is left out: OpenSLO v1 has no such key" for key in spec.table() if key not in _KEYS]
    notes += _around(spec)
    lines: list[Sla] = []
    try:
        if method == "RatioTimeslices":
            raise Inexpressible("budgetingMethod RatioTimeslices is the mean of the slices' shares")
        indicator = indicator_of(spec, named)
        for number, part in enumerate(objectives, 1):
            own = part.get("displayName")
            name = shown.text() + (f": {own.text()}" if own else f" ({number})" if len(objectives) > 1 else "")
            try:
                line, told = line_of(part, name, indicator, method)
            except Inexpressible as reason:
                notes.append(f"{part.path} is left out: {reason}")
                continue
            lines.append(line)
            notes += [f"{part.path}: {note}" for note in told]
    except Inexpressible as reason:
        return [], [f"{slo.place} is left out: {reason}."]
    if not lines:
        notes.append("nothing of it can be expressed")
    return lines, [f"{slo.place}: {note}." for note in notes]


def _method(spec: Part) -> str:
    """How the budget is spent; Occurrences where it is not said, as in the examples of the specification."""
    given = spec.get("budgetingMethod")
    return "Occurrences" if given is None else given.word("Occurrences", SLICES, "RatioTimeslices")


def _around(spec: Part) -> list[str]:
    """What an SLO says around its objectives that a run has no place for."""
    told = []
    if window := spec.get("timeWindow"):
        lengths = ", ".join(item.need("duration").text() for item in window.items())
        told.append(f"timeWindow ({lengths}) is left out: a run is judged over its own time")
    if spec.get("alertPolicies"):
        told.append("alertPolicies is left out: a run alerts nobody")
    return told
