"""The rows of the fault matrix, read from scenarios/faults/matrix.toml: a fault, its short scenario, what is expected."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from inorder import scenario
from inorder.errors import UnusableInput
from inorder.faults.kinds import KINDS
from inorder.scenario import Scenario
from inorder.text_file import text_of, toml_of

Table = dict[str, Any]


class Tables(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Tables of a scenario file."""

    visitors: Table = {}
    client: Table = {}
    readback: Table = {}
    validity: Table = {}
    sandbox: Table = {}
    promises: Table = {}


class Row(Tables, frozen=True, rename={"options": "with"}):
    """One row: what is wrong, and what judging must find."""

    fault: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    """Its name: of a fault of the server or the network that one's own (inorder/faults/kinds.py)."""
    side: Literal["server", "network", "client", "none"]
    expected: str
    """The anomaly, or what the client does wrong, under which it must be found; `none`: nothing may be found."""
    allowed: list[str] = []
    """What may be found beside it."""
    blame: Literal["system", "client", "nobody"] = "nobody"
    does: str = ""
    """What it does, as a sentence without a subject, where no catalogue of faults says it."""
    exact: bool = True
    """Whether as many must be found as were injected."""
    options: Table = {}
    """Settings of the fault (inorder/faults/fault.py)."""
    faults: list[Table] = []
    """Faults beside it, which bring the client into the situation."""

    @property
    def healthy(self) -> bool:
        """Whether the system keeps the contract in it, so that nothing may be blamed on it."""
        return self.blame != "system"


class Base(Tables, frozen=True):
    """What all rows have in common."""

    phase: Table
    drain_limit_s: float = 60.0


class Matrix(Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    base: Base
    rows: Annotated[list[Row], Meta(min_length=1)]


def load(path: Path) -> Matrix:
    """Read and check the file; raises UnusableInput with one line."""
    try:
        matrix = msgspec.convert(toml_of(text_of(path), path), Matrix)
    except msgspec.ValidationError as error:
        raise UnusableInput(f"{path}: {error}") from None
    seen: set[str] = set()
    for row in matrix.rows:
        if row.fault in seen:
            raise UnusableInput(f"{path}: rows: expected each fault once, got {row.fault!r} again")
        seen.add(row.fault)
        kind = KINDS.get(row.fault)
        if kind is not None and kind.side != row.side:
            raise UnusableInput(f"{path}: {row.fault}: expected side = {kind.side!r}, got {row.side!r}")
        scenario_of(matrix, row, 1, path)
    return matrix


def chosen(matrix: Matrix, only: list[str], path: Path) -> list[Row]:
    """The rows named by `only`, all if none is; raises UnusableInput for a name that no row has."""
    known = [row.fault for row in matrix.rows]
    for name in only:
        if name not in known:
            raise UnusableInput(f"--only {name}: {path} has no such row; it has {', '.join(known)}")
    return [row for row in matrix.rows if not only or row.fault in only]


def scenario_of(matrix: Matrix, row: Row, seed: int, path: Path) -> tuple[str, Scenario]:
    """The scenario of a row under a seed: as the text of a scenario file, and read from that."""
    question = f"Is {row.fault} found?" if row.expected != "none" else f"Is nothing found under {row.fault}?"
    lines = [_entry("question", question), _entry("name", row.fault), _entry("seed", seed)]
    lines.append(_entry("drain_limit_s", matrix.base.drain_limit_s))
    for name in Tables.__struct_fields__:
        table = {**getattr(matrix.base, name), **getattr(row, name)}
        if table:
            lines += ["", f"[{name}]", *(_entry(*entry) for entry in table.items())]
    faults = [{"name": row.fault, **row.options}] if row.side in ("server", "network") else []
    for header, tables in (("phases", [matrix.base.phase]), ("faults", [*faults, *row.faults])):
        for table in tables:
            lines += ["", f"[[{header}]]", *(_entry(*entry) for entry in table.items())]
    text = "\n".join(lines) + "\n"
    return text, scenario.parse(text, Path(f"{path}: {row.fault}"))


def _entry(key: str, value: Any) -> str:
    """A line of TOML; of what stands in these files JSON writes the same values."""
    return f"{key} = {json.dumps(value)}"
