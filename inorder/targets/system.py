"""A system under test as it is named: by a target file, or by base addresses alone."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from inorder.carrying import Carrying, carrying_of
from inorder.dialects import dialect_of
from inorder.dialects.base import Dialect
from inorder.driver.target import Target, bases_of
from inorder.errors import UnusableInput
from inorder.targets.environment import all_filled, check_headers, names_in, value_of
from inorder.targets.file import TargetFile, Tls, load
from inorder.targets.hiding import Hiding
from inorder.targets.outcomes import Meaning
from inorder.targets.tls import context_of

_OPEN = {"api_key": "none", "partner_id": "inorder"}
"""What is sent to a system that no target file describes, where the environment says nothing: a sandbox takes any."""

_PLAIN = ("accept", "content-type", "user-agent")
"""Headers that hold no secret."""


@dataclass(frozen=True)
class Named:
    """A system; `path` None: made of what the command line says."""

    given: TargetFile
    path: Path | None = None
    partner_id: str | None = None
    """In the place of the environment's."""
    carrying: Carrying | None = field(default=None, repr=False)
    """Where identities stand, and what the system checks; None: as usual, and nothing."""
    dialect: Dialect = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the dialect."""
        try:
            object.__setattr__(self, "dialect", dialect_of(self.given))
        except UnusableInput as error:
            raise UnusableInput(f"{self.path}: {error}") from None

    @property
    def beside(self) -> Path:
        """What paths in the file are relative to."""
        return self.path.parent if self.path else Path()

    @property
    def bases(self) -> list[str]:
        """The base addresses."""
        return self.given.bases

    @property
    def notes(self) -> list[str]:
        """What is sent otherwise than a scenario's behaviour makes it, in sentences."""
        return self.carrying.sentences() if self.carrying else []

    @contextmanager
    def naming(self) -> Iterator[None]:
        """An error in here names the target file; each once."""
        try:
            yield
        except UnusableInput as error:
            if self.path is None or str(error).startswith(f"{self.path}: "):
                raise
            raise type(error)(f"{self.path}: {error}") from None

    def at(self, bases: Iterable[str]) -> "Named":
        """The same system at other addresses: of proxies before it, say."""
        return self.with_given(bases=bases_of(bases))

    def with_given(self, **parts: Any) -> "Named":
        """The same system with other parts of its target file."""
        return Named(msgspec.structs.replace(self.given, **parts), self.path, self.partner_id, self.carrying)

    def resolve(self) -> Target:
        """Resolve the addresses, read the secrets and the certificates.

        Raises UnusableInput, or TargetUnavailable where a host is not known, with a line that names the place.
        """
        with self.naming():
            query, headers = self.head()
            check_headers(headers)
            secure = any(base.startswith("https:") for base in self.bases)
            tls = context_of(self.given.tls, self.beside) if secure else None
            meaning, quota = Meaning(self.given.outcomes), self.given.safety.calls_per_s
            return Target.resolve(self.bases, query, headers, tls, meaning, quota, self._hiding(query, headers))

    def head(self) -> tuple[dict[str, str], dict[str, str]]:
        """Query and headers of each call, with the secrets in them; raises UnusableInput with a name that is not set."""
        query, headers = self.dialect.head({key: self._key(key) for key in self.dialect.keys})
        return query, headers | all_filled(self.given.headers, "headers")

    @property
    def variables(self) -> set[str]:
        """The names of the environment's variables that what is sent is made of."""
        auth = self.given.auth
        return {auth.api_key_env, auth.partner_id_env, *names_in(msgspec.json.encode(self.given).decode())}

    def _hiding(self, query: dict[str, str], headers: dict[str, str]) -> Hiding:
        """What takes query and headers of calls, and the values of `variables`, out of answers."""
        sent = [value for value in query.values() if self.path is not None or value not in _OPEN.values()]
        sent += [value for name, value in headers.items() if name.lower() not in _PLAIN]
        # The part behind `Basic` or `Bearer` may be told alone.
        words = [value.split()[-1] for value in sent if value.strip()]
        return Hiding([*sent, *words, *(os.environ.get(name, "") for name in self.variables)])

    def unset(self) -> str:
        """` (NAME is not set)` for each variable that would let calls in and is not there; empty where all are."""
        names = [name for key in self.dialect.keys if not os.environ.get(name := self._variable(key))]
        return "".join(f" ({name} is not set)" for name in names)

    def _variable(self, key: str) -> str:
        name: str = getattr(self.given.auth, f"{key}_env")
        return name

    def _key(self, key: str) -> str:
        if key == "partner_id" and self.partner_id:
            return self.partner_id
        name = self._variable(key)
        if self.path is None:
            return os.environ.get(name) or _OPEN[key]
        return value_of(name, f"auth.{key}_env")


def named(given: Sequence[str], partner_id: str | None = None, ca_file: str | None = None) -> Named:
    """The system of a target file, or of base addresses (bases_of).

    `given`: what `--target` was given, not empty. `partner_id`: in the place of the environment's; `ca_file`: of
    certificates to trust, in the place of the machine's.
    """
    files = [text for text in given if text.endswith(".toml")]
    if not files:
        bases = bases_of(given)
        return Named(TargetFile(bases=bases, tls=Tls(ca_file=ca_file)), None, partner_id)
    if len(given) > 1:
        raise UnusableInput(f"--target: expected one target file or base addresses, got {', '.join(given)}")
    path = Path(files[0])
    found = load(path)
    if ca_file:
        raise UnusableInput(f"--ca-file: {path} says in tls.ca_file whom to trust")
    carrying = carrying_of(found, path)
    found = msgspec.structs.replace(found, identity=dict(carrying.carriers))
    return Named(found, path, partner_id, None if carrying.usual else carrying)
