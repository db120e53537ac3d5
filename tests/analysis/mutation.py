"""A pytest plugin for `make mutate`: quick tests first, and Hypothesis tries the same examples for each mutant."""

import gc
import json
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# Shrinking an example takes long, and tells nothing here.
settings.register_profile(
    "mutation", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("mutation")


def pytest_configure() -> None:
    """What all mutants share is no garbage: each is a fork, and looking for it there would copy that memory."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that fails kills a mutant, so the quick ones go first, as the run without mutants timed them."""
    timed = Path("mutmut-stats.json")
    if timed.exists():
        seconds = json.loads(timed.read_text("utf-8"))["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
