"""The runs of a fault matrix: which row and seed each run folder is of, in `runs.json` beside the folders."""

from pathlib import Path

import msgspec
from msgspec import Struct

from inorder.errors import UnusableInput
from inorder.matrix.rows import Row
from inorder.run import RunFolder


class MatrixRun(Struct, frozen=True):
    """One run of a row."""

    row: Row
    seed: int
    folder: str
    """Its run folder, relative to the matrix's."""


def write(out: Path, runs: list[MatrixRun]) -> None:
    """Write the list into the folder of the matrix."""
    (out / "runs.json").write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")


def read(out: Path) -> list[MatrixRun]:
    """The runs of the matrix in `out`; raises UnusableInput where it is none."""
    file = out / "runs.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[MatrixRun])
    except OSError as error:
        raise UnusableInput(f"{file}: cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UnusableInput(f"{file}: no list of the runs of a fault matrix: {error}") from None


def opened(out: Path, run: MatrixRun) -> RunFolder:
    """Its run folder."""
    return RunFolder.open(out / run.folder)
