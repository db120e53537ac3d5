"""How a comparison is put into words."""

import pytest

from analysis.compare import told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((0.123, 0.081, 0.167), "+12.3 % [+8.1 % to +16.7 %]"),
        ((0.108, -0.955, 55.1), "1.11 × [0.045 × to 56.1 ×]"),
        ((12.0, 11.0, 13.0), "13.0 × [12.0 × to 14.0 ×]"),
        ((0.1, None, None), "+10.0 % "),
    ],
)
def test_a_change_and_its_interval_have_one_unit(change: tuple[float | None, ...], said: str) -> None:
    """Percent, or factors where one of the three is tenfold or more."""
    own = {"change": dict(zip(("value", "low", "high"), change, strict=True))}
    assert f"{told.change_text(own)} {told.interval_text(own)}".replace("\u202f", " ") == said
