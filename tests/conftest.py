"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest

from tests.inorder.databases import Databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """An embedded PostgreSQL, started when the first test asks for it."""
    made = Databases()
    yield made
    made.stop()
