"""Judges the buckets on a Dask cluster: the evidence lies where all its machines can read it, the code comes along."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from analysis.facts import Run
from analysis.tally import Tally
from inorder.errors import UnusableInput

_CONNECT_S = 10  # seconds
_ROOMS = ("analysis", "inorder")
"""The packages that a machine needs to judge a bucket; numpy, pyarrow and msgspec must be there."""


def tallies(address: str, folder: Path, buckets: int, run: Run) -> Iterator[Tally]:
    """The tally of each bucket, in their order. Raises UnusableInput where no scheduler answers, or a worker cannot read.

    `address`: of the scheduler, as `tcp://host:8786`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UnusableInput("--dask: needs the extra 'dask': pip install 'inorder[dask]'") from None
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UnusableInput(f"--dask {address}: no scheduler answers there: {str(error) or type(error).__name__}") from None
    with client, tempfile.TemporaryDirectory() as made:
        if not client.scheduler_info()["workers"]:
            raise UnusableInput(f"--dask {address}: the cluster has no workers")
        client.upload_file(str(_packed(Path(made) / "inorder_judge.zip")))
        evidence = str(folder.resolve())
        for worker, there in client.run(_sees, evidence).items():
            if not there:
                raise UnusableInput(f"--dask {address}: worker {worker} cannot read {evidence}: it must be a shared folder")
        futures = client.map(_judge, [evidence] * buckets, range(buckets), [run] * buckets, pure=False)
        for future in futures:
            yield future.result()
            future.release()


def _packed(path: Path) -> Path:
    """The code of the rooms as a zip, which the workers import from."""
    root = Path(__file__).parent.parent
    with zipfile.ZipFile(path, "w") as packed:
        for room in _ROOMS:
            for file in sorted((root / room).rglob("*.py")):
                packed.write(file, file.relative_to(root))
    return path


def _sees(evidence: str) -> bool:
    return (Path(evidence) / "merge.json").exists()


def _judge(evidence: str, number: int, run: Run) -> Tally:
    from analysis.buckets import judge_file  # on the worker, from the code that came along

    return judge_file(evidence, number, run)
