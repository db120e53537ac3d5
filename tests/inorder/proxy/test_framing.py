"""Messages end where they end, however the bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inorder.proxy.framing import MAX_HEAD, Framer

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /a HTTP/1.1\r\nContent-Length: 7\r\n\r\n\r\n\r\n\n\r\n",
    b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n\r\n\r\n0\n\r\n1;a=b\r\n\n\r\n0\r\n\r\n",
    b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: x\r\n\r\n",
    b"PUT /d HTTP/1.1\r\nContent-Length: 0\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"\r\nDELETE /e HTTP/1.1\r\n\r\n",
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\r\n\r\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 204 No\r\n\r\n",
    b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
]
HEADS = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"]


def messages(framer: Framer, pieces: list[bytes]) -> list[bytes]:
    """The messages that a framer finds; the last one is what is left over."""
    found = [b""]
    for piece in pieces:
        start = 0
        while start < len(piece):
            end = framer.take(piece, start)
            found[-1] += piece[start:end]
            if framer.whole:
                found.append(b"")
            start = end
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Pieces of data."""
    edges = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[one:two] for one, two in itertools.pairwise(edges)]


PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6), PLACES)
def test_requests_are_found_whole(sent: list[bytes], places: list[int]) -> None:
    """Any row of them, cut anywhere."""
    framer = Framer(answers=False)
    assert messages(framer, cut(b"".join(sent), places)) == [*sent, b""]
    assert not framer.inside
    assert not framer.lost


def test_a_cut_at_any_byte_changes_nothing() -> None:
    """Each place of a row with every kind of request and answer."""
    for answers, kinds in ((False, REQUESTS), (True, ANSWERS)):
        sent = b"".join(kinds)
        for place in range(1, len(sent)):
            assert messages(Framer(answers), [sent[:place], sent[place:]]) == [*kinds, b""]


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=6), PLACES)
def test_answers_are_found_whole(sent: list[bytes], places: list[int]) -> None:
    """The same of answers."""
    assert messages(Framer(answers=True), cut(b"".join(sent), places)) == [*sent, b""]


@given(st.lists(st.sampled_from(HEADS), min_size=1, max_size=4), PLACES)
def test_answers_to_head_have_no_body(sent: list[bytes], places: list[int]) -> None:
    """Whatever length they tell."""
    framer = Framer(answers=True)
    framer.to_head = True
    assert messages(framer, cut(b"".join(sent), places)) == [*sent, b""]


def test_what_was_found_is_told() -> None:
    """Method, status, and whether the connection is kept."""
    requests, answers = Framer(answers=False), Framer(answers=True)
    requests.take(b"PATCH / HTTP/1.0\r\n\r\n", 0)
    assert (requests.method, requests.keep) == (b"PATCH", False)
    answers.take(b"HTTP/1.1 418 Tea\r\nContent-Length: 0\r\n\r\n", 0)
    assert (answers.status, answers.keep) == (418, True)
    answers.take(b"HTTP/1.1 200 OK\r\n\r\nabc", 0)
    assert answers.inside
    assert answers.until_close


@pytest.mark.parametrize(
    ("answers", "data"),
    [
        (False, b"\x16\x03\x01\r\n\r\n"),
        (False, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (False, b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        (False, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        (True, b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        (True, b"SSH-2.0-x\r\n"),
        (False, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEAD // 6 + 1)),
        (False, b"GET / HTTP/1.1\r\na: " + b"b" * MAX_HEAD + b"\r\n"),
    ],
)
def test_what_cannot_be_followed_is_said_to_be_lost(answers: bool, data: bytes) -> None:
    """And all that comes from there on is taken as it is."""
    framer = Framer(answers)
    start = 0
    while start < len(data):
        start = framer.take(data, start)
    assert framer.lost
    assert framer.take(b"more\r\n\r\nand more", 0) == 16
