"""How deep JSON text is nested: what reads it back may stand on a deep stack of its own, and has to get through."""

import re
from itertools import accumulate

MAX_DEPTH = 100
"""Deepest nesting of an event, its own braces counted: a tenth of the stack that Python's readers have."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def deeper_than(text: bytes, depth: int) -> bool:
    """Whether valid JSON text is nested deeper than `depth`; the time it takes grows with its length, not its depth."""
    if len(text) <= 2 * depth or text.count(b"[") + text.count(b"{") <= depth:
        return False
    steps = memoryview(_STRING.sub(b"", text).translate(_STEPS, _OTHERS)).cast("b")
    return max(accumulate(steps), default=0) > depth
