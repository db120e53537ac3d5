"""Texts from outside, made harmless where they are written: in Markdown and in XML."""

import re

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def text(given: str) -> str:
    """For Markdown: no mark-up of its own."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(given.split()))


def cell(given: str) -> str:
    """For a table in Markdown, where brackets do no harm."""
    return text(given).replace("\\[", "[").replace("\\]", "]")


def legal(given: str) -> str:
    """For XML: without what it cannot hold."""
    return _NOT_XML.sub("�", given)
