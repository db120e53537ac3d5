"""What a history line must be, said line by line: the slow path that tells where a file is wrong."""

import hashlib
import re
from bisect import bisect_right
from pathlib import Path

from inorder import history
from inorder.errors import UnusableInput
from inorder.history import Done, Sent

KINDS = {"batch": 0, "ordinary": 1}
OUTCOMES = {"confirmed": 0, "rejected": 1, "indeterminate": 2}
MAX_SEQ = 1 << 61
MAX_EVENTS = 1_000_000
"""Events in one call: a thousand times what the API takes, and few enough that a mistyped count cannot fill memory."""
_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,99}")
INT16_MAX = (1 << 15) - 1
INT32_MAX = (1 << 31) - 1


class Suspect(Exception):
    """Something is wrong with a history file: `explain` tells what."""


def digest_number(digest: int | str) -> int:
    """A digest as a signed 64-bit number: whole numbers as they are (of larger ones the low 64 bits), texts hashed.

    A text that writes a whole number as one does, without a leading zero, is that number: a CSV cannot tell the two, and
    one side of the evidence may be such a file.
    """
    if isinstance(digest, str):
        if _DECIMAL.fullmatch(digest):
            return digest_number(int(digest))
        return int.from_bytes(hashlib.blake2b(digest.encode(), digest_size=8).digest(), signed=True)
    return (digest + (1 << 63)) % (1 << 64) - (1 << 63)


def explain(path: Path) -> UnusableInput:
    """The first thing wrong with a history file, as the error to raise."""
    open_calls: dict[str, float] = {}
    ended: set[str] = set()
    try:
        for number, line in history.read(path):
            reason = None
            if isinstance(line, Sent):
                if line.call in open_calls or line.call in ended:
                    reason = f"a second 'sent' of call {line.call}"
                open_calls[line.call] = line.sent
                reason = reason or _bad_events(line)
            elif isinstance(line, Done):
                if line.call in ended:
                    reason = f"a second 'done' of call {line.call}"
                elif line.call not in open_calls:
                    reason = f"a 'done' without a 'sent' of call {line.call}"
                elif line.done < open_calls[line.call]:
                    reason = f"call {line.call} is done at {line.done}, before it is sent at {open_calls[line.call]}"
                open_calls.pop(line.call, None)
                ended.add(line.call)
            if reason:
                return UnusableInput(f"{path}:{number}: {reason}")
    except UnusableInput as error:
        return error
    return UnusableInput(f"{path}: no history: expected one JSON object a line")


def _bad_events(line: Sent) -> str | None:
    """What is wrong with the events of a `sent` line, if anything is."""
    count = sum(run[2] for run in line.events)
    if any(first > MAX_SEQ for _, first, _ in line.events):
        return f"a seq of call {line.call} is above {MAX_SEQ}"
    if count > MAX_EVENTS:
        return f"call {line.call} has {count} events, expected at most {MAX_EVENTS}"
    if line.kind == "ordinary" and count != 1:
        return f"the ordinary call {line.call} has {count} events, expected 1"
    if line.digests is not None and len(line.digests) != count:
        return f"call {line.call} has {count} events and {len(line.digests)} digests"
    return None


def call_where(paths: list[Path], first_rows: list[int], row: int) -> str:
    """`file:line` of the `sent` line of the call in `row`; rows count the `sent` lines of all files, in order."""
    number = bisect_right(first_rows, row) - 1
    wanted = row - first_rows[number]
    for line_number, line in history.read(paths[number]):
        if isinstance(line, Sent):
            if wanted == 0:
                return f"{paths[number]}:{line_number}"
            wanted -= 1
    return str(paths[number])
