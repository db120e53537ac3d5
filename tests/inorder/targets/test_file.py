"""Target files: what a whole one says, and each mistake in one line that names file and place."""

from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.readback.ways import Listing, Stream
from inorder.targets.file import Segment, TargetFile, load
from inorder.targets.system import named

WHOLE = """
name = "staging"
bases = ["https://one.example/v2", "https://two.example/v2"]
dialect = "segment"
catalogue = "shop.csv"
[auth]
api_key_env = "STAGING_KEY"
[segment]
track_path = "api/s/s2s/track"
key_in = "header:X-Write-Key"
[headers]
X-Tenant = "${TENANT}"
[tls]
ca_file = "ca.pem"
certificate = "client.pem"
key = "client.key"
key_password_env = "KEY_PASSWORD"
[timeouts]
batch_s = 4.0
[outcomes]
confirmed = ["202"]
again = ["429", "503"]
body = { field = "result.status", equals = ["stored", 1, true], otherwise = "rejected" }
[safety]
load_allowed = ["one.example"]
calls_per_s = 20
[identity]
view = "stockId"
[readback]
way = "listing"
url = "https://one.example/events"
paging = { by = "cursor", parameter = "after", next = "next" }
"""


def written(folder: Path, text: str | bytes) -> Path:
    """A target file."""
    file = folder / "staging.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Each table with its values."""
    found = load(written(tmp_path, WHOLE))
    assert found.bases == ["https://one.example/v2", "https://two.example/v2"]
    assert (found.auth.api_key_env, found.auth.partner_id_env) == ("STAGING_KEY", "INORDER_PARTNER_ID")
    assert found.segment == Segment(track_path="api/s/s2s/track", key_in="header:X-Write-Key")
    assert (found.timeouts.batch_s, found.timeouts.ordinary_s) == (4.0, None)
    assert found.outcomes.confirmed == ("202",)
    assert found.outcomes.body is not None
    assert found.outcomes.body.equals == ["stored", 1, True]
    assert (found.safety.load_allowed, found.safety.calls_per_s) == (["one.example"], 20)
    assert isinstance(found.readback, Listing)


def test_an_address_is_enough(tmp_path: Path) -> None:
    """All else has a value; the name is the file's."""
    found = load(written(tmp_path, 'bases = ["http://127.0.0.1:8099/1.0"]'))
    assert found == TargetFile(bases=["http://127.0.0.1:8099/1.0"], name="staging")
    assert (found.dialect, found.readback) == ("visitorEvents", Stream())


BASES = 'bases = ["http://127.0.0.1:1"]\n'
TEXTS = 'batch_path = "b"\nbatch = "[$events]"\nevent = "$event"\nordinary_path = "o"\n'
BAD: list[tuple[str | bytes, str]] = [
    (b"\xff", "expected UTF-8 text, got a broken byte at 0"),
    ("bases = [", "no valid TOML: "),
    ("", "the key 'bases' is missing"),
    ("bases = []", "bases: expected array of length >= 1, got []"),
    ('bases = "http://x"', "bases: expected array, got str, got 'http://x'"),
    ("bases = [7]", "bases[0]: expected str, got int, got 7"),
    (BASES + "adress = 1", "unknown key 'adress'; known here: bases, name, dialect, "),
    (BASES + 'dialect = "segments"', "dialect: expected one of visitorEvents, segment, template, got 'segments'"),
    (BASES + 'dialect = "template"', "template: expected a table [template] with dialect = 'template', got none"),
    (BASES + "[template]\n" + TEXTS, "dialect: expected 'template' beside [template], got 'visitorEvents'"),
    (BASES + "[segment]", "dialect: expected 'segment' beside [segment], got 'visitorEvents'"),
    (BASES + 'dialect = "template"\n[template]\nbatch = "x"', "template: the key 'batch_path' is missing"),
    (BASES + 'dialect = "template"\n[template]\n' + TEXTS + "[template.query]\na = 1", "template.query"),
    (BASES + 'dialect = "segment"\n[segment]\nkey_in = "query:key"', "segment.key_in: expected str matching regex "),
    (BASES + 'dialect = "segment"\n[segment]\nvisitor = ""', "segment.visitor: expected str of length >= 1, got ''"),
    (BASES + 'auth.api_key = "s3cr3t"', "auth: unknown key 'api_key'; known here: api_key_env, partner_id_env"),
    (BASES + 'auth.api_key_env = "MY KEY"', "auth.api_key_env: expected str matching regex "),
    (BASES + "[headers]\nX-A = 7", "headers"),
    (BASES + 'tls.ca = "x"', "tls: unknown key 'ca'; known here: ca_file, certificate, key, key_password_env"),
    (BASES + "timeouts.batch_s = 0", "timeouts.batch_s: expected "),
    (BASES + 'timeouts.batch_s = "4s"', "timeouts.batch_s: expected float, got str, got '4s'"),
    (BASES + 'outcomes.confirmed = ["2x"]', "outcomes.confirmed[0]: expected str matching regex "),
    (BASES + 'outcomes.body = { field = "a" }', "outcomes.body: the key 'equals' is missing"),
    (
        BASES + 'outcomes.body = { field = "a", equals = [1], otherwise = "lost" }',
        "outcomes.body.otherwise: expected one of ",
    ),
    (BASES + "safety.calls_per_s = 0.5", "safety.calls_per_s: expected float >= 1.0, got 0.5"),
    (BASES + 'readback.way = "ftp"', "readback.way: expected one of "),
    (BASES + 'readback = { way = "stream", urls = "x" }', "readback: unknown key 'urls'; known here: way, url, token_env"),
    (BASES + 'identity.peek = "productId"', "identity: expected names of events (view, "),
    (
        BASES + 'identity.view = "price"',
        "identity.view: expected a whole number or a free text of the event (productId, stockId), got",
    ),
    (BASES + 'identity.view = "sessionExternalId"', "identity.view: expected a whole number or a free"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=range(len(BAD)))
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str | bytes, said: str) -> None:
    """Which file, where in it, what was expected; nothing of another kind is raised."""
    file = written(tmp_path, text)
    with pytest.raises(UnusableInput) as caught:
        named([str(file)])
    line = str(caught.value)
    assert line.startswith(f"{file}: {said}"), line
    assert "\n" not in line
    assert "`" not in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(UnusableInput, match=r"none\.toml: cannot be read: No such file or directory$"):
        load(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UnusableInput, match=r"\.toml: cannot be read: Is a directory$"):
        load(tmp_path / "folder.toml")
