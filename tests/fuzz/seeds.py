"""Bodies to begin with: one good one of each call, and nasty ones."""

import msgspec

from inorder.events import BATCH_CALL, ORDINARY_CALLS
from tests.inorder.samples import event, one_of_each, views

_VIEW = b'{"sessionExternalId":"ann","timestamp":"2018-09-15T15:53:00+00:00","productId":%b}'
_CONTACT = b'{"sessionExternalId":"ann","contactExternalId":"c1","customData":%b}'

SEEDS: list[tuple[str, bytes]] = [
    *((name, msgspec.json.encode(event(name))) for name in ORDINARY_CALLS),
    (BATCH_CALL, msgspec.json.encode(one_of_each())),
    (BATCH_CALL, msgspec.json.encode(views("ann", *range(50)))),
    (BATCH_CALL, b"[]"),
    (BATCH_CALL, b"["),
    (BATCH_CALL, b"[{}]"),
    (BATCH_CALL, b'[{"":{}}]'),
    (BATCH_CALL, b'[{"view":{}}]'),
    (BATCH_CALL, b'[{"view":null,"view":{}}]'),
    (BATCH_CALL, b"[" * 2000),
    (BATCH_CALL, b"[[[[[[" + b"]" * 6),
    (BATCH_CALL, b"\xef\xbb\xbf[]"),
    ("view", _VIEW % b"9007199254740991"),
    ("view", _VIEW % b"9007199254740992"),
    ("view", _VIEW % b"-9007199254740991"),
    ("view", _VIEW % (b"9" * 5000)),
    ("view", _VIEW % b"1e400"),
    ("view", _VIEW % b"-0"),
    ("view", _VIEW % b"1.0"),
    ("view", _VIEW % b"NaN"),
    ("view", b'{"sessionExternalId":"ann","productId":1,"stockId":"\\ud800"}'),
    ("view", b'{"sessionExternalId":"ann","productId":1,"stockId":"\\u0000"}'),
    ("view", b'{"sessionExternalId":"ann\\n","productId":1}'),
    ("view", b'{"sessionExternalId":"\xc3\xa4","productId":1}'),
    ("view", b'{"sessionExternalId":"ann","productId":1,"x":"\xff"}'),
    ("view", b'{"sessionExternalId":"ann","productId":1,"timestamp":"0001-01-01T00:00:00+23:59"}'),
    ("view", b'{"sessionExternalId":"ann","productId":1,"timestamp":"9999-12-31T23:59:59-23:59"}'),
    ("view", b'{"sessionExternalId":"ann","productId":1,"timestamp":"2018-09-15T15:53:00.123456789Z"}'),
    ("order", msgspec.json.encode(event("order", price=1e308, quantity=5e-324))),
    ("search", msgspec.json.encode(event("search", searchPhrase="\U0001f6d2" * 50))),
    ("setContact", _CONTACT % (b'{"a":' * 40 + b"1" + b"}" * 40)),
    ("setContact", _CONTACT % b'{"a":1e400}'),
    ("setContact", _CONTACT % b'{"":[1,"\\ud83d\\ude00",{"a":null}]}'),
]
"""(call, body)."""
