"""`inorder run` with a target file, in each dialect: a system that keeps order passes, and one that does not is found."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.capture_server import TARGET as CAPTURE
from tests.capture_server import capture
from tests.certificates import certified
from tests.crowd_runs import ROOT, inorder, scenario, verdict
from tests.home_api import TARGET, home
from tests.own_systems import Log, Take, serving, swapped
from tests.segment_server import segment

KEY = "k3y-of-the-shop"
SEGMENT = 'bases = ["{origin}"]\ndialect = "segment"\n'


def run(folder: Path, target: str, count: int = 40) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run a small crowd against the system of a target file."""
    (folder / "own.toml").write_text(target)
    out = folder / "run"
    file = scenario(folder, count=count, back=1.0)
    return inorder("run", file, "--target", folder / "own.toml", "--out", out, INORDER_API_KEY=KEY, SHOP_KEY=KEY), out


def passes(done: subprocess.CompletedProcess[str], out: Path) -> dict[str, Any]:
    """The verdict of a run in which nothing is wrong, and which saw all that it sent; the key is in no file of it."""
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdict(out)
    assert found["verdict"] == "pass"
    assert sum(found["anomalies"].values()) == 0
    assert found["events"]["confirmed"] == found["events"]["sent"] == found["events"]["stored"] > 200
    assert found["ordinary"]["events"] > 50
    assert found["ordinary"]["lost"] == 0
    for file in out.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    return found


@contextmanager
def sandbox(folder: Path, *more: str) -> Iterator[str]:
    """The origin of a sandbox in a process of its own."""
    command = [sys.executable, "-m", "inorder", "sandbox", "--port", "0", "--store", f"sqlite:{folder / 's.sqlite'}"]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            base = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
            yield base.removesuffix("/1.0")
        finally:
            server.terminate()


def test_a_sandbox_that_is_spoken_to_as_segment_passes(tmp_path: Path) -> None:
    """Its batches keep the order; its single messages lose it, as ordinary calls do."""
    with sandbox(tmp_path, "--api-key", KEY) as origin:
        found = passes(*run(tmp_path, SEGMENT.format(origin=origin)))
    assert found["ordinary"]["reordered"] > 0


def test_a_sandbox_that_mixes_messages_fails(tmp_path: Path) -> None:
    """The faults of the sandbox are found through this dialect as through its own."""
    with sandbox(tmp_path, "--fault", "worker-pool-per-event:rate=0.5") as origin:
        done, out = run(tmp_path, SEGMENT.format(origin=origin))
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdict(out)["anomalies"]
    assert found.pop("reordered-in-batch") > 0
    assert sum(found.values()) == 0


Make = Callable[..., Take]
OWN: dict[str, tuple[Make, str]] = {"segment": (segment, SEGMENT), "home": (home, TARGET)}


PASSING: dict[str, tuple[Make, str]] = {**OWN, "capture": (capture, CAPTURE)}


@pytest.mark.parametrize(("make", "target"), PASSING.values(), ids=PASSING)
def test_a_system_of_ones_own_passes(tmp_path: Path, make: Make, target: str) -> None:
    """With its own paths, fields, key, answers and order of storing."""
    with serving(make(KEY)) as (origin, log):
        passes(*run(tmp_path, target.format(origin=origin)))
    assert len(log.rows) == len({str(row) for row in log.rows}) > 200


@pytest.mark.parametrize(("make", "target"), OWN.values(), ids=OWN)
def test_a_system_that_swaps_two_events_of_a_batch_fails(tmp_path: Path, make: Make, target: str) -> None:
    """That is found, and nothing else."""
    with serving(make(KEY, swapped)) as (origin, _):
        done, out = run(tmp_path, target.format(origin=origin))
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdict(out)["anomalies"]
    assert found.pop("reordered-in-batch") > 0
    assert sum(found.values()) == 0


@pytest.mark.parametrize(
    ("make", "target", "said"),
    [
        (segment, SEGMENT, "{file}: target {origin}: answers 401, refuses the key"),
        (
            home,
            TARGET.replace("SHOP_KEY", "NO_SUCH_KEY"),
            "{file}: headers.X-Shop-Key: the environment variable NO_SUCH_KEY is",
        ),
    ],
    ids=OWN,
)
def test_a_key_that_is_wrong_or_missing_is_told_before_any_load(tmp_path: Path, make: Make, target: str, said: str) -> None:
    """In one line, exit code 2, nothing stored."""
    with serving(make("another")) as (origin, log):
        done, out = run(tmp_path, target.format(origin=origin))
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("inorder: " + said.format(origin=origin, file=tmp_path / "own.toml"))
    assert (log.rows, out.exists()) == ([], False)


def encrypted(folder: Path) -> AbstractContextManager[tuple[str, Log]]:
    """Such a server."""
    return serving(segment(KEY), certified(folder))


def test_a_system_that_asks_for_a_certificate_gets_ours(tmp_path: Path) -> None:
    """For the calls, for the look before them and for reading back."""
    with encrypted(tmp_path) as (origin, _):
        target = SEGMENT.format(origin=origin) + 'tls = { ca_file = "ca.pem", certificate = "own.pem" }\n'
        passes(*run(tmp_path, target))


def test_without_our_certificate_it_is_one_line(tmp_path: Path) -> None:
    """Exit code 2, and nothing was stored."""
    with encrypted(tmp_path) as (origin, log):
        done, out = run(tmp_path, SEGMENT.format(origin=origin) + 'tls = { ca_file = "ca.pem" }\n')
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"inorder: {tmp_path / 'own.toml'}: target {origin}: no answer: ")
    assert (log.rows, out.exists()) == ([], False)
