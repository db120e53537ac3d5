"""What people read while the load goes on: how fast it goes, and how long it has still to go."""

import pytest

from inorder.progress import Pace, Told, left_s, line


def told(t: float, **more: object) -> Told:
    """A run of 20 s with a backlog of 1,000 events, as it speaks of itself."""
    return {"t": t, "phase": "storm", "ends": 20.0, "backlog": 1000, "drained": 0, "calls": 0, **more}


def test_rates_are_those_of_the_last_seconds() -> None:
    """A burst at the start no longer counts ten seconds later."""
    pace = Pace()
    assert "rate" not in pace.add(told(0.0))
    assert pace.add(told(1.0, calls=500, drained=200))["rate"] == 500
    for second in range(2, 10):
        last = pace.add(told(float(second), calls=500 + 10 * second, drained=200 + second))
    assert last["rate"] == pytest.approx(10)
    assert last["drain_rate"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (told(-1.0), None),
        (told(5.0), 15.0),
        (told(5.0, drained=1000), 15.0),
        (told(25.0, drained=600, drain_rate=100.0), 4.0),
        (told(25.0, drained=600, drain_rate=0.0), None),
        (told(25.0, drained=1000, drain_rate=100.0), 0.0),
        ({"t": 5.0, "phase": "storm"}, None),
    ],
)
def test_the_time_left(said: Told, left: float | None) -> None:
    """That of the phases; after them that of the backlog at the pace of now; nothing where it cannot be told."""
    assert left_s(said) == left


def test_the_line_names_time_left_and_losses() -> None:
    """Both only where there is something to say."""
    assert "about 15 s left" in line(told(5.0))
    assert "left ·" in line(told(5.0))
    quiet = line(told(25.0, drained=1000))
    assert "s left" not in quiet
    assert "workers lost" not in quiet
    assert line(told(5.0, lost=2)).endswith("2 workers lost")
