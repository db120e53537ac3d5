"""Where a sandbox stores: an SQLite file, or a PostgreSQL of its own or of somebody else."""

import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

from inorder.errors import UnusableInput


class Postgres(Struct, frozen=True):
    """A PostgreSQL database."""

    dsn: str | None = None
    """`postgresql://USER:PASSWORD@HOST:PORT/DATABASE?…`; None: an embedded server, which is started with the sandbox."""
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells the connections of one sandbox from those of another on the same database."""

    def __repr__(self) -> str:
        """The address without its secrets."""
        return f"Postgres({self})"

    def __str__(self) -> str:
        """`postgresql`, or the address without user, password and parameters."""
        if self.dsn is None:
            return "postgresql"
        parts = urlsplit(self.dsn)
        host = parts.netloc.rpartition("@")[2] or unquote(parse_qs(parts.query).get("host", [""])[0])
        return f"postgresql://{host}{parts.path}"

    @property
    def passwords(self) -> list[str]:
        """What must be in no line: the password, as it is written and as it is meant."""
        parts = urlsplit(self.dsn or "")
        written = [parts.password, *parse_qs(parts.query).get("password", [])]
        return [spelling for one in written if one for spelling in (one, unquote(one))]


Address = Path | Postgres


def shown(address: Address) -> str:
    """The address as the start line names it, without secrets."""
    return f"sqlite:{address}" if isinstance(address, Path) else str(address)


def parse(text: str) -> Address:
    """What `--store` names; raises UnusableInput with one line, which never holds a password."""
    kind, colon, rest = text.partition(":")
    if kind in ("postgresql", "postgres"):
        return _postgres(text, bool(colon))
    if kind != "sqlite" or not colon or not rest:
        given = f"{kind}:…" if "@" in text else text
        raise UnusableInput(f"store: expected sqlite:PATH, postgresql or postgresql://…, got {given!r}")
    return _sqlite(rest)


def _postgres(text: str, more: bool) -> Postgres:
    """The database that a `postgresql://…` names, or the embedded one."""
    if not more:
        return Postgres()
    wrong = UnusableInput("store: expected postgresql or postgresql://USER@HOST:PORT/DATABASE")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    if not text.partition(":")[2].startswith("//") or port == 0 or len(parts.path.strip("/").split("/")) > 1:
        raise wrong
    return Postgres(text)


def _sqlite(rest: str) -> Path:
    """The file that a `sqlite:PATH` names."""
    if rest == ":memory:":
        raise UnusableInput("store: expected a file, for a store in memory is not durable: sqlite:PATH")
    path = Path(rest)
    if path.is_dir():
        raise UnusableInput(f"store: expected a file, {path} is a folder")
    if not path.parent.is_dir():
        raise UnusableInput(f"store: the folder {path.parent} does not exist")
    return path
