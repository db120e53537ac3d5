"""A catalogue is read whole or refused in one line that says where, and what was expected."""

from pathlib import Path

import pytest

from inorder.catalogue import FIELDS, read
from inorder.errors import UnusableInput
from inorder.events import ORDINARY_CALLS


def catalogue(folder: Path, text: str) -> Path:
    """A file of this text."""
    file = folder / "shop.csv"
    file.write_bytes(text.encode())
    return file


def test_ids_come_by_the_field_that_they_stand_in(tmp_path: Path) -> None:
    """Columns in any order, others left unread; a kind that is not there is not checked."""
    text = 'name,id,kind\r\nShoe,12,product\r\n"Boot, high",-7,product\r\n\r\n,A1b,contact\r\nwinter,зима/obuv,path\r\n'
    assert read(catalogue(tmp_path, text)).by_field == {
        "productId": [12, -7],
        "productIds": [12, -7],
        "contactExternalId": ["A1b"],
        "categoryPath": ["зима/obuv"],
    }


def test_a_mark_at_the_beginning_is_no_part_of_the_header(tmp_path: Path) -> None:
    """As spreadsheets write it."""
    assert read(catalogue(tmp_path, "\ufeffkind,id\ncategory,3\n")).by_field == {"categoryId": [3]}


def test_every_field_is_one_of_an_event() -> None:
    """None is misspelt."""
    known = {field for kind in ORDINARY_CALLS.values() for field in kind.__struct_fields__}
    assert {field for fields in FIELDS.values() for field in fields} <= known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: expected a header with the columns kind and id, got ''"),
        ("kind;id\nproduct;1\n", ":1: expected a header with the columns kind and id, got 'kind;id'"),
        ("kind,id\n", ": expected at least one row, got none"),
        ("kind,id\nproduct,1\nproduct\n", ":3: expected 2 columns, got 1"),
        ("kind,id\nprodukt,1\n", ":2: kind: expected product, group, category, path, contact"),
        ("kind,id\nproduct,1.5\n", ":2: id: expected a whole number up to 2^53 - 1 for a product, got '1.5'"),
        ("kind,id\nproduct,\n", ":2: id: expected a whole number up to 2^53 - 1 for a product, got ''"),
        ("kind,id\ncategory,9007199254740992\n", ":2: id: expected a whole number up to 2^53 - 1 for a category"),
        ("kind,id\ncontact,a-b\n", ":2: id: expected letters and digits only for a contact, got 'a-b'"),
        ("kind,id\ncontact,%s\n" % ("a" * 51), ":2: id: expected 1 to 50 characters for a contact"),
        ("kind,id\nblock,%s\n" % ("a" * 51), ":2: id: expected 1 to 50 characters for a block"),
        ("kind,id\nemail, \n", ":2: id: expected a text for a email, got ''"),
        ('kind,id\npath,"a\n', ":2: no CSV: unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """File, line, what was expected."""
    file = catalogue(tmp_path, text)
    with pytest.raises(UnusableInput) as refused:
        read(file)
    assert str(refused.value).startswith(f"{file}{said}")
    assert "\n" not in str(refused.value)


def test_files_that_are_not_there_or_no_text_are_one_line(tmp_path: Path) -> None:
    """As everywhere."""
    with pytest.raises(UnusableInput, match=r"none.csv: cannot be read: No such file or directory$"):
        read(tmp_path / "none.csv")
    file = tmp_path / "shop.csv"
    file.write_bytes(b"kind,id\nproduct,\xff\n")
    with pytest.raises(UnusableInput, match=r"shop.csv: expected UTF-8 text, got a broken byte at \d+$"):
        read(file)
