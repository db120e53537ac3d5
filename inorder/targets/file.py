"""A target file: where a system is, how it is spoken to, and how what it stored is read back. Read and checked here."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from inorder.bounds import Positive
from inorder.errors import UnusableInput
from inorder.invalid import explain
from inorder.readback.ways import Files, Listing, Query, Stream
from inorder.text_file import text_of, toml_of

Status = Annotated[str, Meta(pattern="^[1-5]([0-9]{2}|xx)$")]
"""An HTTP status, or all of a hundred: `503`, `5xx`."""
EnvironmentName = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
API_KEY, PARTNER_ID = "INORDER_API_KEY", "INORDER_PARTNER_ID"


class Auth(Struct, forbid_unknown_fields=True, frozen=True):
    """Which environment variables hold what the calls are let in by."""

    api_key_env: EnvironmentName = API_KEY
    """`visitorEvents`: the `apiKey`; `segment`: the write key."""
    partner_id_env: EnvironmentName = PARTNER_ID
    """`visitorEvents` alone: the `partnerId`."""


class Tls(Struct, forbid_unknown_fields=True, frozen=True):
    """Certificates; paths are relative to the target file."""

    ca_file: str | None = None
    """Certificates (PEM) to trust instead of the machine's."""
    certificate: str | None = None
    """Our own certificate (PEM), for a system that asks its clients for one."""
    key: str | None = None
    """Its key, where that is in another file."""
    key_password_env: EnvironmentName | None = None


class Timeouts(Struct, forbid_unknown_fields=True, frozen=True):
    """How long an answer is waited for, seconds; None: as the scenario says."""

    batch_s: Positive | None = None
    ordinary_s: Positive | None = None


class BodyRule(Struct, forbid_unknown_fields=True, frozen=True):
    """What the body of a confirmed answer must say besides."""

    field: str
    """Path of a value in the JSON of the answer, e.g. `result.status`."""
    equals: list[str | int | float | bool]
    """One of these."""
    otherwise: Literal["rejected", "indeterminate"] = "indeterminate"


class Outcomes(Struct, forbid_unknown_fields=True, frozen=True):
    """What an answer means. A status that is in no list is rejected."""

    confirmed: tuple[Status, ...] = ("2xx",)
    indeterminate: tuple[Status, ...] = ("408", "5xx")
    again: tuple[Status, ...] = ("429",)
    """Rejected for now: the same call may be sent again."""
    body: BodyRule | None = None


class Safety(Struct, forbid_unknown_fields=True, frozen=True):
    """What keeps the system from harm."""

    load_allowed: list[str] = []
    """Hosts that may be sent load, though they are not this machine's own: what `--yes-load` says by hand."""
    calls_per_s: Annotated[float, Meta(ge=1, lt=1e9)] | None = None
    """A quota: never more calls in any second, all processes together. Needed for a host that is not this machine's."""


class Segment(Struct, forbid_unknown_fields=True, frozen=True):
    """Where an API of Segment's shape differs from Segment's own."""

    batch_path: str = "v1/batch"
    track_path: str = "v1/track"
    key_in: Annotated[str, Meta(pattern="^(basic|header:[A-Za-z0-9-]+|body:[A-Za-z0-9_]+)$")] = "basic"
    """Where the write key goes: `basic` (the user of a basic authorization), `header:X-Write-Key`, `body:api_key`."""
    visitor: Annotated[str, Meta(min_length=1)] = "anonymousId"
    """The field of a message that names the visitor."""
    time: Annotated[str, Meta(min_length=1)] = "originalTimestamp"
    """The field of a message that says when it happened."""


class Template(Struct, forbid_unknown_fields=True, frozen=True):
    """A wire format of its own: texts with the places that docs/dialects.md lists."""

    batch_path: str
    batch: str
    """The body of a batch: `$events` is where the events stand, with commas between them."""
    event: str
    """One event of a batch, as JSON."""
    ordinary_path: str
    """May hold `$name`."""
    ordinary: str | None = None
    """The body of an ordinary call; None: `event`."""
    query: dict[str, str] = {}
    """Of each call; `${NAME}` is the value of an environment variable."""


Readback = Stream | Listing | Query | Files


class TargetFile(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A system under test."""

    bases: Annotated[list[str], Meta(min_length=1)]
    """Base addresses; several: its servers, over which the calls are spread."""
    name: str = ""
    dialect: str = "visitorEvents"
    auth: Auth = Auth()
    headers: dict[str, str] = {}
    """Further headers; `${NAME}` is the value of an environment variable."""
    tls: Tls = Tls()
    timeouts: Timeouts = Timeouts()
    outcomes: Outcomes = Outcomes()
    safety: Safety = Safety()
    segment: Segment | None = None
    template: Template | None = None
    readback: Readback = Stream()
    identity: dict[str, str] = {}
    """Event name to the field that carries the identity, where it is not the usual one."""
    catalogue: str | None = None
    """A CSV of what the system knows (docs/catalogues.md), relative to the target file."""


def load(path: Path) -> TargetFile:
    """Read and check a target file; raises UnusableInput with one line that says where and what was expected."""
    return _checked(toml_of(text_of(path), path), path)


def _checked(document: dict[str, Any], path: Path) -> TargetFile:
    try:
        found = msgspec.convert(document, TargetFile)
    except msgspec.ValidationError as error:
        raise UnusableInput(f"{path}: {explain(str(error), document, TargetFile)}") from None
    for table in ("segment", "template"):
        if getattr(found, table) is not None and found.dialect != table:
            raise UnusableInput(f"{path}: dialect: expected {table!r} beside [{table}], got {found.dialect!r}")
    return found if found.name else msgspec.structs.replace(found, name=path.stem)
