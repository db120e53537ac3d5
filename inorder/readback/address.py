"""The address of a database: filled with secrets for who connects, and told without them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from inorder.targets.environment import filled, names_in, value_of
from inorder.targets.hiding import Hiding

_PLACE = "readback.uri"
_USER = re.compile(r"[^:/?#]+://[^/?#]*@")
_PASSWORD = re.compile(r"(://[^:@/]*):([^?]*)@")
_NAMED = re.compile(r"(\bpassword=)([^&]+)", re.IGNORECASE)
"""A password among the parameters."""


@dataclass(frozen=True)
class Address:
    """An address of a database."""

    uri: str = field(repr=False)
    shown: str
    """The same without secrets."""
    hide: Hiding = field(repr=False)

    def said(self, error: BaseException) -> str:
        """An error in a line, without secrets."""
        text = " ".join(str(error).replace(self.uri, self.shown).split())
        return self.hide(text) or type(error).__name__


def address_of(text: str) -> Address:
    """The address as a target file writes it; raises UnusableInput with a name that is not set.

    What is filled in before the host, a password say, is encoded: any character may be in it.
    """
    found = _USER.match(text)
    host = found.end() if found else 0
    uri = filled(text[:host], _PLACE, lambda value: quote(value, safe="")) + filled(text[host:], _PLACE)
    shown = _NAMED.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
    return Address(uri, shown, Hiding([*(value_of(name, _PLACE) for name in names_in(text)), *_passwords(uri)]))


def _passwords(uri: str) -> Iterator[str]:
    """The passwords of an address, and the parts that a driver takes for a host where one is not encoded."""
    for _, password in _PASSWORD.findall(uri) + _NAMED.findall(uri):
        yield from (password, unquote(password), *re.split(r"[@/:\[\]]", password))
