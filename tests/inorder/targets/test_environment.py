"""Values from the environment: named in files, told by no error."""

import pytest

from inorder.errors import UnusableInput
from inorder.targets.environment import all_filled, check_headers, filled, value_of


def test_each_variable_of_a_text_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `${NAME}` is one; what a value holds is not looked at again."""
    monkeypatch.setenv("ONE", "1${TWO}$")
    monkeypatch.setenv("TWO", "2")
    assert filled("a ${ONE}-${TWO} $TWO ${} ${1} }", "place") == "a 1${TWO}$-2 $TWO ${} ${1} }"
    assert all_filled({"x": "${TWO}", "y": "z"}, "place") == {"x": "2", "y": "z"}


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """With the place that asks for it; an empty one is as good as none."""
    monkeypatch.delenv("STAGING_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("STAGING_KEY", value)
    with pytest.raises(UnusableInput, match=r"^auth\.api_key_env: the environment variable STAGING_KEY is not set$"):
        value_of("STAGING_KEY", "auth.api_key_env")
    with pytest.raises(UnusableInput, match=r"^headers\.X-Key: the environment variable STAGING_KEY is not set$"):
        all_filled({"X-Key": "Bearer ${STAGING_KEY}"}, "headers")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X Key": "a"}, "headers: expected the name of a header, got 'X Key'"),
        ({"": "a"}, "headers: expected the name of a header, got ''"),
        ({"X:": "a"}, "headers: expected the name of a header, got 'X:'"),
        ({"X-Key": "s3cr3t\r\nX-Other: b"}, "headers.X-Key: expected one line of ASCII"),
        ({"X-Key": "s3cr3t\n"}, "headers.X-Key: expected one line of ASCII"),
        ({"X-Key": "s3cr3té"}, "headers.X-Key: expected one line of ASCII"),
        ({"X-Key": "s3cr3t "}, "headers.X-Key: expected no space at its ends"),
        ({"content-Length": "7"}, "headers.content-Length: expected none, for each call has its own"),
        ({"Transfer-Encoding": "chunked"}, "headers.Transfer-Encoding: expected none, for each call has its own"),
    ],
)
def test_a_header_that_would_break_a_request_is_refused(headers: dict[str, str], said: str) -> None:
    """The value stands in no line: it may be a secret."""
    with pytest.raises(UnusableInput) as caught:
        check_headers({"X-Good": "a b\tc", **headers})
    assert str(caught.value) == said
