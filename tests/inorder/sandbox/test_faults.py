"""Faults of the server beside each other: one that acts in the background bears what another one behind it answers."""

from pathlib import Path

import pytest

from inorder.faults.fault import Fault
from tests.inorder.samples import views
from tests.inorder.sandboxes import near


@pytest.mark.parametrize("behind", ["400-but-applied", "504-then-commit", "commit-then-drop-answer"])
def test_persisting_goes_on_when_a_fault_behind_it_refuses(tmp_path: Path, behind: str) -> None:
    """The client has its answer already; what comes later is still stored."""
    early = Fault("acknowledge-before-persisting", rate=1e-9, delay_ms=5.0)
    with near(tmp_path, faults=(early, Fault(behind, rate=1.0))) as sandbox:
        for product in (1, 2):
            assert sandbox.post("visitorEvents", views("ann", product)).status_code == 200
            sandbox.stored_after(0.1)
        rows = sandbox.stored_after(0.7)
    assert [row["event"]["productId"] for row in rows] == [1, 2]
