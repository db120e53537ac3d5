"""The nevers between the rooms, read from the syntax tree of every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("inorder", "analysis", "locustfiles", "benchmarks", "tests")
CHECKS = tuple("ordering delivery conformance sending readings measures latency cost sla timing capacity forecast".split())
CHECKS += ("compare.changes", "compare.shifts")
DRAWING = ("analysis.figures", "analysis.page", "matplotlib", "jinja2")
ENTRY_FILES = ("inorder/cli", "inorder/__main__.py", "analysis/__main__.py")
ENTRY_MODULES = ("inorder.cli", "inorder.__main__", "analysis.__main__")
# Beside the entry files: Locust starts this one as a program, and would only log an error from its listeners.
PROGRAMS = (*ENTRY_FILES, "locustfiles/visitors.py")

# Calls that open, read or write a file, whatever the module they come from.
FILE_CALLS = frozenset(
    "open fdopen read_text read_bytes write_text write_bytes read_csv read_json read_parquet read_table read_feather"
    " read_pickle read_excel to_csv to_parquet to_feather to_pickle to_excel write_table write_dataset ParquetFile"
    " ParquetDataset ParquetWriter savefig savetxt loadtxt genfromtxt memmap".split()
)


@dataclass(frozen=True)
class Source:
    """A file of the tree, with its path from the root and its name as a module."""

    path: str
    module: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.module if self.path.endswith("/__init__.py") else self.module.rpartition(".")[0]

    @property
    def is_entry(self) -> bool:
        return within(self.path, ENTRY_FILES, "/")


@dataclass(frozen=True)
class Never:
    """Files under `here` (paths) import nothing of `there` (modules); entry files may, where `but_entries` says so."""

    here: tuple[str, ...]
    there: tuple[str, ...]
    but_entries: bool = False


NEVERS = {
    "what is shared or judges never imports locust": Never(("inorder", "analysis"), ("locust",)),
    "tests never import locust, which patches the process": Never(("tests",), ("locust",)),
    "what drives never imports what judges": Never(("locustfiles",), ("analysis",)),
    "what judges never imports what drives": Never(("analysis",), ("locustfiles",)),
    "the sandbox never imports the client or the judge": Never(
        ("inorder/sandbox", "inorder/sandbox.py"),
        ("inorder.visitor", "inorder.history", "inorder.behaviour", "analysis"),
    ),
    "below the entry files inorder never imports the rooms above it": Never(
        ("inorder",), ("analysis", "locustfiles", "benchmarks", "tests"), but_entries=True
    ),
    "nothing imports an entry file": Never(
        ("inorder", "analysis", "locustfiles", "benchmarks"), ENTRY_MODULES, but_entries=True
    ),
} | {
    f"the check {check} never imports what draws or another check": Never(
        tuple(f"analysis/{check.replace('.', '/')}{end}" for end in (".py", "")),
        (*DRAWING, *(f"analysis.{other}" for other in CHECKS if other != check)),
    )
    for check in CHECKS
}


def within(name: str, parents: tuple[str, ...], separator: str) -> bool:
    """Whether a path or module is one of these or lies inside one."""
    return any(name == parent or name.startswith(parent + separator) for parent in parents)


def sources(root: Path, *rooms: str) -> Iterator[Source]:
    """Every Python file of these rooms, all rooms if none is named."""
    for room in rooms or ROOMS:
        for file in sorted((root / room).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            path = file.relative_to(root).as_posix()
            yield Source(path, module, ast.parse(file.read_text(encoding="utf-8"), path))


def absolute(source: Source, level: int, name: str) -> str:
    """The full name of a module that is named with `level` leading dots."""
    if level == 0:
        return name
    parts = source.package.split(".")
    return ".".join(filter(None, [*parts[: len(parts) - level + 1], name]))


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, also inside functions and by a literal name at run time."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from a import b` may bind the module a.b, and a name of a lies inside a: a.b stands for both.
            base = absolute(source, node.level, node.module or "")
            yield from ((node.lineno, base if alias.name == "*" else f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__") and node.args:
            match node.args[0]:
                case ast.Constant(value=str(name)):
                    bare = name.lstrip(".")
                    yield node.lineno, absolute(source, len(name) - len(bare), bare)


def called(call: ast.Call) -> str:
    """The last part of a called name: `read_table` in `pq.read_table(...)`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def broken(root: Path, never: Never) -> list[str]:
    """The imports that break a never."""
    return [
        f"{source.path}:{line}: imports {name}"
        for source in sources(root)
        if within(source.path, never.here, "/") and not (never.but_entries and source.is_entry)
        for line, name in imports(source)
        if within(name, never.there, ".")
    ]


def file_calls(root: Path) -> list[str]:
    """Where a check opens a file."""
    homes = tuple(f"analysis/{check.replace('.', '/')}{end}" for check in CHECKS for end in ("", ".py"))
    return [
        f"{source.path}:{node.lineno}: calls {called(node)}"
        for source in sources(root, "analysis")
        if within(source.path, homes, "/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and called(node) in FILE_CALLS
    ]


def exits(root: Path) -> list[str]:
    """Where a file that is no program ends the process."""
    found = []
    for source in sources(root, "inorder", "analysis", "locustfiles"):
        for node in ast.walk(source.tree):
            match node:
                case (
                    ast.Raise(exc=ast.Name(id="SystemExit") | ast.Call(func=ast.Name(id="SystemExit")))
                    | ast.Call(func=ast.Name(id="exit" | "quit"))
                    | ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"))
                ) if not within(source.path, PROGRAMS, "/"):
                    found.append(f"{source.path}:{node.lineno}: exits")
    return found


def uncaptioned(root: Path) -> list[str]:
    """The files that do not open with a docstring."""
    return [source.path for source in sources(root) if not (ast.get_docstring(source.tree) or "").strip()]


def plant(root: Path, path: str, code: str) -> None:
    """Write one file of a small tree, caption included."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'"""A caption."""\n{code}\n', encoding="utf-8")


@pytest.mark.parametrize("sentence", NEVERS)
def test_the_real_tree_keeps(sentence: str) -> None:
    """No import in the checkout crosses a line between rooms."""
    assert broken(ROOT, NEVERS[sentence]) == []


def test_checks_open_no_file() -> None:
    """A check is a function from evidence to findings: reading and writing happen elsewhere."""
    assert file_calls(ROOT) == []


def test_only_entry_files_exit() -> None:
    """Everything that is not started as a program raises an error and leaves the exit code to what was."""
    assert exits(ROOT) == []


def test_every_file_opens_with_a_caption() -> None:
    """Each file says in its first line what lives there."""
    assert uncaptioned(ROOT) == []


def test_the_rooms_are_found() -> None:
    """A rule that sees no file holds for nothing, so the rooms it guards must be there."""
    seen = {source.module for source in sources(ROOT)}
    assert {"inorder", "inorder.cli", "analysis", "tests.test_rooms"} <= seen


TESTS = "tests never import locust, which patches the process"
DRIVE = "what drives never imports what judges"
JUDGE = "what judges never imports what drives"
SHARED = "what is shared or judges never imports locust"
SANDBOX = "the sandbox never imports the client or the judge"
BELOW = "below the entry files inorder never imports the rooms above it"
ENTRY = "nothing imports an entry file"
ORDERING = "the check ordering never imports what draws or another check"


@pytest.mark.parametrize(
    ("sentence", "path", "code", "name"),
    [
        (SHARED, "inorder/cli/run.py", "import locust", "locust"),
        (SHARED, "analysis/__main__.py", "def f():\n    from locust.env import Environment", "locust.env.Environment"),
        (SHARED, "inorder/run.py", "import json, locust.stats as s", "locust.stats"),
        (SHARED, "inorder/run.py", "import importlib\nimportlib.import_module('locust.main')", "locust.main"),
        (TESTS, "tests/inorder/test_a.py", "import locust", "locust"),
        (DRIVE, "locustfiles/visitors.py", "from analysis import sla", "analysis.sla"),
        (JUDGE, "analysis/page.py", "from locustfiles.visitors import *", "locustfiles.visitors"),
        (JUDGE, "analysis/page.py", "if True:\n    import locustfiles", "locustfiles"),
        (SANDBOX, "inorder/sandbox/app.py", "import inorder.history", "inorder.history"),
        (SANDBOX, "inorder/sandbox/app.py", "from .. import visitor", "inorder.visitor"),
        (SANDBOX, "inorder/sandbox/app.py", "from ..behaviour import Session", "inorder.behaviour.Session"),
        (SANDBOX, "inorder/sandbox/__init__.py", "from ..history import Writer", "inorder.history.Writer"),
        (SANDBOX, "inorder/sandbox/store/sqlite.py", "from ... import visitor as v", "inorder.visitor"),
        (SANDBOX, "inorder/sandbox/faults.py", "from analysis.verdict import Verdict", "analysis.verdict.Verdict"),
        (BELOW, "inorder/run.py", "from analysis import evidence", "analysis.evidence"),
        (BELOW, "inorder/readback/http.py", "import locustfiles.visitors", "locustfiles.visitors"),
        (ENTRY, "inorder/__init__.py", "from .cli import main", "inorder.cli.main"),
        (ENTRY, "inorder/readback/http.py", "from .. import cli", "inorder.cli"),
        (ENTRY, "locustfiles/visitors.py", "import inorder.__main__", "inorder.__main__"),
        (ENTRY, "analysis/verdict.py", "from analysis.__main__ import judge", "analysis.__main__.judge"),
        (ORDERING, "analysis/ordering.py", "from . import figures", "analysis.figures"),
        (ORDERING, "analysis/ordering.py", "from .delivery import lost", "analysis.delivery.lost"),
        (ORDERING, "analysis/ordering/witness.py", "from ..page import render", "analysis.page.render"),
        (ORDERING, "analysis/ordering.py", "import matplotlib.pyplot as plt", "matplotlib.pyplot"),
    ],
)
def test_a_planted_import_is_seen(tmp_path: Path, sentence: str, path: str, code: str, name: str) -> None:
    """Each never goes red on the import that it forbids, in every form that an import takes, and names the place."""
    plant(tmp_path, path, code)
    [breach] = broken(tmp_path, NEVERS[sentence])
    assert breach.startswith(f"{path}:")
    assert breach.endswith(f": imports {name}")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("inorder/cli/run.py", "import analysis.verdict\nfrom locustfiles import visitors"),
        ("inorder/cli/judge.py", "from analysis import __main__"),
        ("inorder/__main__.py", "from inorder.cli import main"),
        ("inorder/run.py", "import locust_like, analysis_of\nfrom . import client, history"),
        ("inorder/sandbox/app.py", "from ..events import decode\nfrom . import visitors\nimport inorder.historian"),
        ("analysis/ordering.py", "from .evidence import Evidence\nfrom inorder.events import Event\nimport pandas"),
        ("analysis/ordering/witness.py", "from . import order\nfrom analysis.ordering.extent import extent"),
        ("analysis/verdict.py", "from . import delivery, figures, ordering, page"),
        ("locustfiles/visitors.py", "import locust\nfrom inorder import visitor"),
        ("tests/test_cli.py", "from inorder.cli import main\nfrom analysis import sla"),
        ("benchmarks/driver.py", "import locust\nfrom inorder.sandbox import app"),
    ],
)
def test_an_allowed_import_is_let_pass(tmp_path: Path, path: str, code: str) -> None:
    """No never goes red on an import that the house allows, however alike its name."""
    plant(tmp_path, path, code)
    assert [breach for never in NEVERS.values() for breach in broken(tmp_path, never)] == []


@pytest.mark.parametrize(
    "code",
    ["open('a')", "def f(p):\n    return p.read_text()", "import pandas as pd\npd.read_parquet('a')", "t.to_csv('a')"],
)
def test_a_planted_file_call_is_seen(tmp_path: Path, code: str) -> None:
    """Opening a file goes red in a check and nowhere else."""
    plant(tmp_path, "analysis/evidence.py", code)
    assert file_calls(tmp_path) == []
    plant(tmp_path, "analysis/delivery.py", code)
    [breach] = file_calls(tmp_path)
    assert breach.startswith("analysis/delivery.py:")


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.exit(1)",
        "raise SystemExit",
        "def f():\n    raise SystemExit(2)",
        "from sys import exit\nexit()",
    ],
)
def test_a_planted_exit_is_seen(tmp_path: Path, code: str) -> None:
    """Ending the process goes red everywhere but in a program."""
    for program in PROGRAMS:
        plant(tmp_path, program if program.endswith(".py") else f"{program}/run.py", code)
    assert exits(tmp_path) == []
    for below in ("inorder/run.py", "analysis/page.py", "locustfiles/_shape.py"):
        plant(tmp_path, below, code)
    assert len(exits(tmp_path)) == 3


def test_a_file_without_a_caption_is_seen(tmp_path: Path) -> None:
    """An empty file, a comment alone and an empty docstring are no caption."""
    plant(tmp_path, "inorder/__init__.py", "")
    for path, text in (("a.py", ""), ("b.py", "# events\nx = 1\n"), ("c.py", '"""  """\n')):
        (tmp_path / "inorder" / path).write_text(text, encoding="utf-8")
    assert uncaptioned(tmp_path) == ["inorder/a.py", "inorder/b.py", "inorder/c.py"]
