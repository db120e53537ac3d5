"""The ways to a stored log, as a target file names them (`[readback]`): settings only, each read by a module of its own."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from inorder.bounds import Positive


class Fields(Struct, forbid_unknown_fields=True, frozen=True):
    """Where in a record each part of a stored event is: a path such as `data.user.id`; a column, for SQL, CSV and Parquet.

    Empty: the records do not have it.
    """

    position: str = "position"
    """The system's own total order."""
    visitor: str = "visitor"
    """Under whom it is stored."""
    name: str = "name"
    event: str = "event"
    """What was stored, as JSON: identity and digest are taken from it as the dialect says."""
    identity: str = ""
    """Where the identity is in a place of its own: a number, or a text that ends with its digits."""
    server: str = ""
    stored_at: str = ""
    """Seconds since 1970, or ISO 8601."""


class Stream(Struct, tag_field="way", tag="stream", forbid_unknown_fields=True, frozen=True):
    """The paged stream of docs/formats.md, at the origin of the first base address or at `url`."""

    url: str | None = None
    token_env: str = "INORDER_READBACK_TOKEN"


class Paging(Struct, forbid_unknown_fields=True, frozen=True):
    """How the next page of a listing is asked for."""

    by: Literal["position", "cursor", "page", "offset", "link"]
    """`position`: of the last record; `cursor`: a text of the answer; `page`: 1, 2, …; `offset`: records so far; `link`: an
    address in the answer."""
    parameter: str | None = None
    """Of the query; not for `link`."""
    next: str | None = None
    """Path of the cursor or the link in the answer; it ends where there is none."""
    size_parameter: str | None = None
    """Of the query, for `size`."""
    first: int = 1
    """Number of the first page."""


class Listing(Struct, tag_field="way", tag="listing", forbid_unknown_fields=True, frozen=True):
    """Any listing of records as JSON over HTTP."""

    url: str
    paging: Paging
    records: str = ""
    """Path of the array of records in the answer; empty: the answer is the array."""
    size: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """Records of a page."""
    headers: dict[str, str] = {}
    """Beside those of the target, which are sent where it is at the same origin. `${NAME}` is the value of an environment
    variable."""
    fields: Fields = Fields()


class Query(Struct, tag_field="way", tag="sql", forbid_unknown_fields=True, frozen=True):
    """One query of a database, whose columns have the names of the fields."""

    uri: str
    """`postgresql://…`, `sqlite:///path`, or any that SQLAlchemy knows; `${NAME}`: an environment variable's value."""
    query: str
    """Holds `:after`, the position behind which rows are wanted, and orders by it."""
    fields: Fields = Fields()


class Files(Struct, tag_field="way", tag="files", forbid_unknown_fields=True, frozen=True):
    """Files that the system writes: JSON Lines, CSV or Parquet."""

    paths: Annotated[list[str], Meta(min_length=1)]
    """Each a path, a pattern (`*.jsonl`) or an address that fsspec knows; relative to the target file."""
    fields: Fields = Fields()
    options: dict[str, str] = {}
    """For fsspec; `${NAME}` is the value of an environment variable."""
    wait_s: Positive | None = None
    """How long after the load the files are complete, where the system writes them late."""
