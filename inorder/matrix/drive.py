"""Makes the runs of a fault matrix: each with a sandbox (and proxy) of its own, its load, and its stored log read back."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from inorder import conduct
from inorder.driven import driven
from inorder.driver.alone import drive
from inorder.errors import InorderError, UnusableInput
from inorder.matrix import rows, runs
from inorder.matrix.rows import Matrix, Row
from inorder.matrix.runs import MatrixRun
from inorder.plan import plan_of
from inorder.processes import pool
from inorder.run import RunFolder, Stopped
from inorder.system import System, environment
from inorder.targets.system import named

MATRIX_FILE = conduct.CHECKOUT / "scenarios" / "faults" / "matrix.toml"


def make(
    chosen: list[Row], matrix: Matrix, seeds: range, out: Path, jobs: int, told: Callable[[str, float], None]
) -> float:
    """Make a run of each row and seed into `out`, which must not exist; returns how long it took, seconds.

    `told`: called with a line on how far it is, and the seconds since the beginning.
    """
    if out.exists():
        raise UnusableInput(f"{out}: exists already; a matrix is never overwritten, name another --out")
    listed = [MatrixRun(row, seed, _folder(row, seed, seeds)) for row in chosen for seed in seeds]
    try:
        (out / "runs").mkdir(parents=True)
        runs.write(out, listed)
    except OSError as error:
        raise UnusableInput(f"{out}: cannot be made: {error.strerror}") from None
    began = time.monotonic()
    with pool(min(jobs, len(listed)), __name__, "making the runs of the fault matrix") as processes:
        waiting = [(processes.submit(make_run, matrix, run, out), run) for run in listed]
        for done, (future, run) in enumerate(waiting, 1):
            try:
                future.result()
            except InorderError as error:
                raise InorderError(f"{run.row.fault}, seed {run.seed}: {error}") from None
            told(f"{done} of {len(listed)} runs made: {run.folder.partition('/')[2]}", time.monotonic() - began)
    return time.monotonic() - began


def _folder(row: Row, seed: int, seeds: range) -> str:
    return f"runs/{row.fault}" if len(seeds) == 1 else f"runs/{row.fault}-{seed}"


def make_run(matrix: Matrix, run: MatrixRun, out: Path) -> None:
    """Make one run into its folder."""
    text, written = rows.scenario_of(matrix, run.row, run.seed, MATRIX_FILE)
    plan = plan_of(written)
    with ExitStack() as stack:
        system = System(written)
        stack.callback(system.stop)
        stack.enter_context(environment(system.secrets))
        where, direct = (named(bases) for bases in (system.bases, system.direct))
        reader = conduct.read_back_of(direct, written)
        stack.callback(reader.close)
        info = conduct.run_info(plan, direct, sandbox=True, processes=1)
        folder = RunFolder.create(out / run.folder, text, info)
        stack.enter_context(driven(folder.path))
        info.run = folder.path.name
        stops: list[Stopped] = []
        load_s = drive(plan, where.resolve(), folder.history, on_start=system.start, on_stop=stops.append)
        info.exit_code = 0
        folder.write_info(info)
        conduct.note_end(folder, load_s, stops[0] if stops else None)
        conduct.read_back(folder, reader, direct, written)
        conduct.note_faults(folder, system)
