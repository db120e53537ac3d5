"""What docs/dialects.md shows: its target files are ones, and its table has the fields that carry identities."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from inorder.events import CARRIERS
from inorder.targets.system import named

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "dialects.md").read_text(encoding="utf-8")
SHOWN = [dedent(part) for part in re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE) if "dialect = " in part]


@pytest.mark.parametrize("shown", SHOWN)
def test_a_target_file_that_is_shown_is_one(tmp_path: Path, shown: str) -> None:
    """With an address before it."""
    file = tmp_path / "shown.toml"
    file.write_text('bases = ["http://127.0.0.1:1"]\n' + shown)
    assert f'"{named([str(file)]).given.dialect}"' in shown


def test_all_of_them_are_found() -> None:
    """Three of Segment's shape and a template."""
    assert len(SHOWN) == 4


def test_the_table_of_fields_is_whole() -> None:
    """Each event beside the field that carries its identity."""
    told = {}
    for names, field in re.findall(r"\| ((?:`\w+`(?:, )?)+) \| `(\w+)` ", TEXT):
        told.update(dict.fromkeys(re.findall(r"`(\w+)`", names), field))
    assert {name: told.get(name) for name in CARRIERS} == CARRIERS
