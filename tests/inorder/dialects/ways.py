"""Dialects to test, each with a system of its own making: what it keeps of a body is written here from the wire alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from inorder.behaviour import CART, CLICK, ORDER, Synthetic
from inorder.clicklog import Replay, Step
from inorder.dialects import dialect_of
from inorder.dialects.base import Dialect
from inorder.events import CARRIERS, ORDINARY_CALLS, Namespace, canonical, decode_event
from inorder.readback.row import StoredRow
from inorder.targets.file import Segment, TargetFile, Template
from tests.inorder.samples import event

NAMESPACE = Namespace("abcdefgh")
ONE = "http://127.0.0.1:1"


def envelope(name: str, number: int = 7, seq: int = 3, **changes: Any) -> bytes:
    """The canonical envelope of a sample event that carries an identity in its usual place."""
    identity = NAMESPACE.base(number) + seq
    kind = type(event(name)[CARRIERS[name]])
    carrier = {CARRIERS[name]: identity if kind is int else f"é{identity}"}
    if name == "setContact":
        carrier = {CARRIERS[name]: f"c{identity}"}
    body = msgspec.json.encode(event(name, NAMESPACE.name(number), **{**carrier, **changes}))
    return canonical(name, decode_event(name, body))


SAMPLES = {name: envelope(name) for name in ORDINARY_CALLS}
_STEPS = [Step(kind, 1_659_304_800 + at, 3 if kind == ORDER else 0) for at, kind in enumerate((CLICK, CART, ORDER, ORDER))]
BEHAVIOURS = {
    "synthetic": lambda: Synthetic(5, NAMESPACE),
    "replayed": lambda: Replay([_STEPS] * 9, NAMESPACE),
}


@dataclass(frozen=True)
class Way:
    """A dialect, and what a system of its kind keeps: (visitor, name, event, identity) of each event of a body."""

    target: TargetFile
    keep: Callable[[str, Any], list[tuple[str, str, Any, Any]]]

    @property
    def dialect(self) -> Dialect:
        """The dialect."""
        return dialect_of(self.target)

    def stored(self, path: str, body: bytes) -> list[StoredRow]:
        """The rows that a call makes."""
        kept = self.keep(path, json.loads(body))
        raw = [b"" if event is None else json.dumps(event, indent=1).encode() for _, _, event, _ in kept]
        return [
            StoredRow(at, visitor, name, Raw(raw[at]), identity=identity)
            for at, (visitor, name, _, identity) in enumerate(kept)
        ]


def _visitor_events(path: str, body: Any) -> list[tuple[str, str, Any, Any]]:
    events = body if path == "visitorEvents" else [{path: body}]
    return [(event["sessionExternalId"], name, event, None) for one in events for name, event in one.items()]


def _messages(visitor: str) -> Callable[[str, Any], list[tuple[str, str, Any, Any]]]:
    def keep(path: str, body: Any) -> list[tuple[str, str, Any, Any]]:
        return [(one[visitor], one["event"], one, None) for one in body.get("batch", [body])]

    return keep


def _whole(path: str, body: Any) -> list[tuple[str, str, Any, Any]]:
    return [(one["who"], one["what"], one["data"], None) for one in body.get("list", [body])]


def _apart(path: str, body: Any) -> list[tuple[str, str, Any, Any]]:
    return [(one["who"], one["what"], None, one["id"]) for one in (body if isinstance(body, list) else [body])]


OTHER_FIELDS = {"order": "transaction", "recomTap": "recomBlockId"}
WHOLE = Template("put", '{"list":[$events]}', '{"who":"$visitor","what":"$name","data":$event}', "put/$name")
APART = Template(
    "put",
    "[$events]",
    '{"who":"$visitor","what":"$name","id":$identity,"at":$epoch_ms,"n":$seq,"time":"$timestamp"}',
    "one",
)
WAYS = {
    "visitorEvents": Way(TargetFile(bases=[ONE]), _visitor_events),
    "segment": Way(TargetFile(bases=[ONE], dialect="segment"), _messages("anonymousId")),
    "posthog": Way(
        TargetFile(
            bases=[ONE],
            dialect="segment",
            segment=Segment("batch/", "i/v0/e/", "body:api_key", "distinct_id", "timestamp"),
        ),
        _messages("distinct_id"),
    ),
    "whole": Way(TargetFile(bases=[ONE], dialect="template", template=WHOLE), _whole),
    "apart": Way(TargetFile(bases=[ONE], dialect="template", template=APART), _apart),
}
