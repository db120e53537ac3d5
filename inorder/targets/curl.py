"""Calls as curl commands that can be pasted into a shell: secrets stay in the environment, named and not told."""

import os
import re
import shlex
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from inorder.system import environment
from inorder.targets.system import Named
from inorder.visitor import Call

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@contextmanager
def references(system: Named) -> Iterator[None]:
    """Each secret of a system is a reference to itself, for as long as calls are made to be shown.

    Of a system without a target file a variable that is not set has no secret either.
    """
    names = system.variables
    known = names if system.path is not None else names & set(os.environ)
    with environment({name: f"${{{name}}}" for name in known}):
        yield


def command(system: Named, call: Call, base: str) -> str:
    """The command of a call to one of the system's base addresses, made among `references`; needs curl 7.87 for a query."""
    query, headers = system.head()
    usual = {"Content-Type": "application/json", "Accept": "application/json"}
    own = {name.lower() for name in headers}
    parts = ["curl --silent --show-error --include"]
    parts += [f"--url-query {_word(f'{name}={value}')}" for name, value in query.items()]
    for name, value in {name: value for name, value in usual.items() if name.lower() not in own}.items():
        parts.append(f"--header {_word(f'{name}: {value}')}")
    for name, value in headers.items():
        user = _user(value) if name.lower() == "authorization" else None
        parts.append(f"--user {_word(user)}" if user else f"--header {_word(f'{name}: {value}')}")
    parts += _tls(system, base)
    parts += [f"--data-binary {_word(call.body.decode())}", shlex.quote(f"{base}/{quote(call.path)}")]
    return " \\\n  ".join(parts)


def _tls(system: Named, base: str) -> list[str]:
    tls = system.given.tls
    if not base.startswith("https:"):
        return []
    files = (("cacert", tls.ca_file), ("cert", tls.certificate), ("key", tls.key))
    parts = [f"--{option} {shlex.quote(str(system.beside / file))}" for option, file in files if file]
    return parts + ([f'--pass "${{{tls.key_password_env}}}"'] if tls.key_password_env else [])


def _user(value: str) -> str | None:
    """User and password of a basic authorization that holds a reference: its base64 would be the reference's."""
    scheme, _, encoded = value.partition(" ")
    try:
        user = b64decode(encoded, validate=True).decode()
    except (Error, UnicodeDecodeError):
        return None
    return user if scheme == "Basic" and _REFERENCE.search(user) else None


def _word(text: str) -> str:
    """The text as one word of a shell; a reference to a variable that is one of now stays one, all else is as it is."""
    pieces = _REFERENCE.split(text)  # every second one is a name
    quoted = ""
    for place, piece in enumerate(pieces):
        reference = f"${{{piece}}}"
        if place % 2 == 0:
            quoted += shlex.quote(piece) if piece else ""
        elif os.environ.get(piece) == reference:
            quoted += f'"{reference}"'
        else:
            quoted += shlex.quote(reference)
    return quoted or "''"
