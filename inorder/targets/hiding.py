"""Takes secrets out of what others say: systems repeat a request in their answers, and drivers an address in errors."""

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, quote_plus

import msgspec

_SHORTEST = 4
"""Characters of a secret: shorter ones stand in other words too."""
_MASK = "***"


class Hiding:
    """Replaces secrets, as they are or as an address, JSON or HTML writes them, in letters of either case."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values`: the secrets; those of fewer than 4 characters are left."""
        found = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._forms = sorted(found, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, self._forms)), re.IGNORECASE) if self._forms else None

    def __call__(self, text: str) -> str:
        """The text without the secrets; one that is cut off at its end is taken out too."""
        if self._any is None:
            return text
        text = self._any.sub(_MASK, text)
        low = text.lower()
        for form in self._forms:
            for length in range(len(form) - 1, _SHORTEST - 1, -1):
                if low.endswith(form[:length].lower()):
                    return text[:-length] + _MASK
        return text


def _forms(value: str) -> tuple[str, ...]:
    written = msgspec.json.encode(value).decode()[1:-1]
    return value, quote(value), quote(value, safe=""), quote_plus(value), written, escape(value)
