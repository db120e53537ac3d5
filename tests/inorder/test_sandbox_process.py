"""A sandbox of a run's own: where it listens, and that it goes with the run."""

import signal
import subprocess
import sys

import httpx
import psutil
import pytest

from inorder.sandbox_process import SandboxProcess
from inorder.scenario import Sandbox
from tests.inorder.samples import views
from tests.inorder.sandboxes import ROOT

HOLD = """
import sys, time
from inorder.sandbox_process import SandboxProcess
from inorder.scenario import Sandbox
sandbox = SandboxProcess(Sandbox(store=sys.argv[1], servers=2))
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("store", "count"), [("sqlite", 1), ("postgresql", 3)])
def test_each_server_process_has_an_address(store: str, count: int) -> None:
    """One with SQLite, one for each server with PostgreSQL; any of them takes a batch, and all show one log."""
    sandbox = SandboxProcess(Sandbox(servers=3, store=store))  # type: ignore[arg-type, unused-ignore]
    try:
        keys = {"partnerId": sandbox.secrets["INORDER_PARTNER_ID"], "apiKey": sandbox.secrets["INORDER_API_KEY"]}
        token = {"Authorization": f"Bearer {sandbox.secrets['INORDER_READBACK_TOKEN']}"}
        for base in sandbox.bases:
            assert httpx.post(f"{base}/visitorEvents", params=keys, json=views("ann", 1)).status_code == 200
        pages = {httpx.get(f"{base.removesuffix('/1.0')}/stored", headers=token).text for base in sandbox.bases}
    finally:
        sandbox.stop()
    assert sandbox.base == sandbox.bases[0]
    assert len(set(sandbox.bases)) == count
    assert [page.count("\n") for page in pages] == [count]


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_it_goes_with_a_run_that_is_killed(store: str) -> None:
    """By kill -9, which lets the run end nothing."""
    run = subprocess.Popen([sys.executable, "-c", HOLD, store], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "up\n"
    family = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert len(family) >= (1 if store == "sqlite" else 5)
    assert alive == []
