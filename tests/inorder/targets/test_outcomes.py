"""What an answer means: by its status, and by its body where the target file asks for it."""

import pytest

from inorder.history import CONFIRMED, INDETERMINATE, REJECTED
from inorder.targets.file import BodyRule, Outcomes
from inorder.targets.outcomes import Meaning


def test_statuses_map_to_outcomes_as_the_specification_says() -> None:
    """2xx took effect, 408 and 5xx may have, other answers did not; only what may have, and 429, is sent again."""
    usual = Meaning()
    assert {usual.of(status) for status in (200, 201, 204)} == {(CONFIRMED, False)}
    assert {usual.of(status) for status in (408, 500, 502, 503, 504)} == {(INDETERMINATE, True)}
    assert {usual.of(status) for status in (301, 400, 401, 403, 404, 413, 999)} == {(REJECTED, False)}
    assert usual.of(429) == (REJECTED, True)


def test_a_status_of_its_own_goes_before_its_hundred() -> None:
    """Whatever list either is in."""
    meaning = Meaning(Outcomes(confirmed=("2xx", "409"), indeterminate=("202", "5xx"), again=("503",)))
    assert [meaning.of(status) for status in (200, 202, 409, 500, 503)] == [
        (CONFIRMED, False),
        (INDETERMINATE, True),
        (CONFIRMED, False),
        (INDETERMINATE, True),
        (REJECTED, True),
    ]


@pytest.mark.parametrize(
    ("body", "confirmed"),
    [
        (b'{"result":{"status":"stored"}}', True),
        (b'{"result.status":"stored"}', True),
        (b'{"result":{"status":"queued"}}', False),
        (b'{"result":{"status":true}}', False),
        (b'{"result":[]}', False),
        (b"stored", False),
        (b"", False),
        (b"[" * 100_000, False),
    ],
)
def test_a_body_may_have_to_say_so_too(body: bytes, confirmed: bool) -> None:
    """A 200 that does not say that it was stored confirms nothing, and what it then is can be chosen."""
    rule = BodyRule("result.status", ["stored", 1])
    assert Meaning(Outcomes(body=rule)).of(200, body)[0] == (CONFIRMED if confirmed else INDETERMINATE)
    sure = Meaning(Outcomes(body=BodyRule("result.status", ["stored", 1], "rejected")))
    assert sure.of(200, body) == ((CONFIRMED, False) if confirmed else (REJECTED, False))
    assert sure.of(500, body) == (INDETERMINATE, True)
