"""Bodies that no good client sends: each is 400, or stored and read back by the harness byte for byte."""

import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from inorder.events import canonical, decode_event
from inorder.nesting import MAX_DEPTH, deeper_than
from inorder.readback.http import ReadBack
from tests.inorder.sandboxes import KEYS, Far, far

MIB = 1 << 20
CALL = b'{"sessionExternalId":"ann","productId":1%b}'
PLAIN = CALL % b""


def unknown(value: bytes) -> bytes:
    """A view with a field that no type knows."""
    return CALL % (b',"x":' + value)


def custom(value: bytes) -> bytes:
    """A click with free data."""
    return b'{"sessionExternalId":"ann","mailTrackingId":"m","customData":{"x":%b}}' % value


def search(phrase: bytes) -> bytes:
    """A search for a phrase as it stands in JSON."""
    return b'{"sessionExternalId":"ann","searchPhrase":"%b"}' % phrase


def order(price: bytes) -> bytes:
    """A line of an order."""
    return b'{"sessionExternalId":"ann","productId":1,"price":%b,"quantity":1,"transaction":"t"}' % price


def nested(levels: int) -> bytes:
    """Arrays in arrays."""
    return b"[" * levels + b"]" * levels


NEITHER: dict[str, bytes] = {
    "100 000 brackets": nested(100_000),
    "100 000 brackets that stay open": b"[" * 100_000,
    "100 000 braces": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "one level too many": nested(MAX_DEPTH),
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "half a surrogate pair": b'"\\ud800"',
    "the other half": b'"\\udc00"',
    "halves the wrong way round": b'"\\ude00\\ud83d"',
    "a key of half a pair": b'{"\\ud800":1}',
    "a raw NUL": b'"\x00"',
    "a raw line break": b'"\n"',
    "a raw tab": b'"\t"',
    "an unknown escape": b'"\\x41"',
    "a leading zero": b"01",
    "a point without digits": b"1.",
    "a plus": b"+1",
    "an exponent without digits": b"1e",
    "a hexadecimal number": b"0x1",
    "a comma too many": b"[1,]",
    "a comment": b"1/**/",
    "a form feed as white space": b"\x0c1",
    "NUL as white space": b"\x001",
    "a bare key": b"{a:1}",
}
"""Values that are taken nowhere."""

BOTH: dict[str, bytes] = {
    "as deep as may be": nested(MAX_DEPTH - 2),
    "wide": b"[" + b"[]," * 100_000 + b"[]]",
    "brackets in a text": b'"' + b"[{" * 10_000 + b'"',
    "quotes in a text": b'"' + b'\\"[' * 10_000 + b'"',
    "a long text": b'"' + b"x" * 1_000_000 + b'"',
    "a surrogate pair": b'"\\ud83d\\ude00"',
    "an escaped NUL": b'"\\u0000"',
    "a key of an escaped NUL": b'{"\\u0000":1}',
    "a line separator": b'"\xe2\x80\xa8"',
    "an empty key": b'{"":1}',
    "equal keys": b'{"a":1,"a":2}',
    "minus zero": b"-0",
    "minus zero with a point": b"-0.0",
    "a tiny number": b"1e-400",
    "2 to the 64": b"18446744073709551616",
    "many digits behind the point": b"0." + b"3" * 10_000,
    "white space": b" \t" * 200_000 + b"1",
}
"""Values that are taken in a field that no type knows and in free data."""

REFUSED: dict[str, tuple[str, bytes]] = {
    **{f"{name}, in an unknown field": ("view", unknown(value)) for name, value in NEITHER.items()},
    **{f"{name}, in free data": ("emailClick", custom(value)) for name, value in NEITHER.items()},
    "10 000 digits, in free data": ("emailClick", custom(b"9" * 10_000)),
    "1e400, in free data": ("emailClick", custom(b"1e400")),
    "10 000 digits as an id": ("view", b'{"sessionExternalId":"ann","productId":' + b"9" * 10_000 + b"}"),
    "1e400 as a price": ("order", order(b"1e400")),
    "400 digits as a price": ("order", order(b"9" * 400)),
    "half a surrogate pair as a phrase": ("search", search(b"\\ud800")),
    "broken UTF-8": ("search", search(b"\xff")),
    "overlong UTF-8": ("search", search(b"\xc0\xaf")),
    "a surrogate in UTF-8": ("search", search(b"\xed\xa0\x80")),
    "a byte order mark": ("view", b"\xef\xbb\xbf" + PLAIN),
    "UTF-16": ("view", PLAIN.decode().encode("utf-16")),
    "nothing": ("view", b""),
    "1 MiB of white space": ("view", b" " * MIB),
    "two events": ("view", PLAIN * 2),
    "NUL behind the event": ("view", PLAIN + b"\x00"),
    "a visitor of other digits": ("view", '{"sessionExternalId":"ann٣","productId":1}'.encode()),
}

STORED: dict[str, tuple[str, bytes]] = {
    **{f"{name}, in an unknown field": ("view", unknown(value)) for name, value in BOTH.items()},
    **{f"{name}, in free data": ("emailClick", custom(value)) for name, value in BOTH.items()},
    "10 000 digits, in an unknown field": ("view", unknown(b"9" * 10_000)),
    "1e400, in an unknown field": ("view", unknown(b"1e400")),
    "an escaped NUL in a phrase": ("search", search(b"a\\u0000b")),
    "50 surrogate pairs as a phrase": ("search", search(b"\\ud83d\\ude00" * 50)),
    "a visitor in escapes": ("view", b'{"session\\u0045xternalId":"\\u0061nn","productId":-0}'),
    "two visitors": ("view", CALL % b',"sessionExternalId":"bob"'),
    "1 MiB of white space before": ("view", b" " * (MIB - len(PLAIN)) + PLAIN),
    "1 MiB of line breaks behind": ("view", PLAIN + b"\n" * (MIB - len(PLAIN))),
    "300 digits as a price": ("order", order(b"9" * 300)),
    "a price of many digits": ("order", order(b"0." + b"3" * 10_000)),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """One sandbox for all; at its end it has said nothing."""
    with far(tmp_path_factory.mktemp("bodies"), flush_ms=1, servers=1) as running:
        yield running
        assert running.end() == (0, "")


def post(sandbox: Far, name: str, body: bytes) -> httpx.Response:
    """A tracking call."""
    headers = {"Content-Type": "application/json"}
    return httpx.post(f"{sandbox.base}/{name}", params=KEYS, headers=headers, content=body, trust_env=False)


def in_batch(name: str, body: bytes) -> bytes:
    """A batch of the one event."""
    return b'[{"%b":%b}]' % (name.encode(), body)


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_alone_and_in_a_batch(sandbox: Far, case: str) -> None:
    """With 400 that says why, in short."""
    name, body = REFUSED[case]
    for call, sent in ((name, body), ("visitorEvents", in_batch(name, body))):
        if len(sent) <= MIB:
            answer = post(sandbox, call, sent)
            assert answer.status_code == 400
            assert answer.json()["detail"][0]["reason"]
            assert len(answer.content) < 500


@pytest.mark.parametrize("case", STORED)
def test_it_is_stored_and_read_back_alone_and_in_a_batch(sandbox: Far, case: str) -> None:
    """As it was passed, line breaks between tokens as spaces; and the harness can decode it, and take its digest."""
    name, body = STORED[case]
    with closing(ReadBack(sandbox.base, None, 10)) as stream:
        for call, sent in ((name, body), ("visitorEvents", in_batch(name, body))):
            if len(sent) > MIB:
                continue
            before = stream.last_position()
            assert post(sandbox, call, sent).status_code == 200
            until = time.monotonic() + 20
            while stream.last_position() == before:
                assert time.monotonic() < until
            stream.begin(before)
            ((row,),) = stream.pages()
            assert bytes(row.event) == body.strip().replace(b"\n", b" ")
            assert row.name == name
            event = decode_event(name, bytes(row.event))
            assert event == decode_event(name, body)
            assert row.visitor == event.sessionExternalId
            canonical(name, event)


def test_what_is_read_back_can_be_decoded_on_a_deep_stack(sandbox: Far) -> None:
    """The harness reads far from the bottom of its stack."""
    body = custom(nested(MAX_DEPTH - 2))
    with closing(ReadBack(sandbox.base, None, 10)) as stream:
        before = stream.last_position()
        assert post(sandbox, "visitorEvents", in_batch("emailClick", body)).status_code == 200

        def read(frames: int) -> bytes:
            if frames:
                return read(frames - 1)
            stream.begin(before)
            ((row,),) = stream.pages()
            canonical(row.name, decode_event(row.name, bytes(row.event)))
            return bytes(row.event)

        assert read(500) == body


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        (b"1", 0),
        (b"[]", 1),
        (b'{"a":{"b":[1,[2],[3]]},"c":[]}', 4),
        (b'["[[[[[","\\"[[[[",[1]]', 2),
        (b'["\\\\",[["a"]]]', 3),
        (b"[" + b"[],{}," * 500 + b"[]]", 2),
        (nested(3000), 3000),
        (b"[" + (nested(99) + b",") * 50 + nested(100) + b"]", 101),
    ],
)
def test_the_depth_of_nesting_is_exact(text: bytes, depth: int) -> None:
    """Brackets inside of texts do not count."""
    padded = text + b" " * 10_000
    assert not deeper_than(padded, depth)
    assert depth == 0 or deeper_than(padded, depth - 1)
