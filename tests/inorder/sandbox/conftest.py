"""The stores that the sandbox's promises are tried on."""

import pytest

from tests.inorder import sandboxes


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the sandboxes of the test use one store, then the other; its name."""
    kind: str = request.param
    if kind == "postgresql":
        dsn = request.getfixturevalue("databases").fresh()
        monkeypatch.setattr(sandboxes, "store_of", lambda folder: dsn)
    return kind
