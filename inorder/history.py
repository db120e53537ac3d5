"""What the clients did, two JSON lines a call: one before it leaves, one when it ends; and how to read them again.

The format is open (docs/formats.md): times are seconds on the run's monotonic clock; `events` are runs of
`[visitor, first seq, how many]` in the order passed; a `sent` line without a `done` line is an indeterminate call.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from inorder.errors import UnusableInput

Outcome = Literal["confirmed", "rejected", "indeterminate"]
CONFIRMED: Outcome = "confirmed"
REJECTED: Outcome = "rejected"
INDETERMINATE: Outcome = "indeterminate"
Kind = Literal["batch", "ordinary"]
Runs = list[tuple[str, Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=1)]]]


class Sent(Struct, tag_field="type", tag="sent"):
    """A call leaves: on file before its first byte is."""

    call: str
    batch: str
    kind: Kind
    attempt: Annotated[int, Meta(ge=1)]
    intended: float
    """When the visitor wanted to send this call, seconds."""
    sent: float
    events: Runs
    digests: list[int | str] | None = None
    """One digest an event, in the order passed."""
    bytes: int | None = None
    ready: float | None = None
    """When the connection that sent it was free for it; `sent - max(intended, ready)` is the generator's lateness."""


class Done(Struct, tag_field="type", tag="done"):
    """A call ended."""

    call: str
    done: float
    outcome: Outcome
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None


class Closed(Struct, tag_field="type", tag="closed"):
    """A worker ended well: its totals, to be compared with its lines, and its own health."""

    worker: str
    calls: int
    events: int
    interrupted: bool = False
    unsent: int = 0
    """Events that were due but never sent when the run ended."""
    gave_up: int = 0
    """Batches that were given up after the last attempt."""
    crashed: int = 0
    """Exceptions inside the generator itself."""
    held_back: int = 0
    """Calls that waited because of a quota."""
    loop_lag_ms_p99: float | None = None
    cpu_share: float | None = None
    """CPU time of the process over wall time of the load, 1.0 = one core."""


Line = Sent | Done | Closed
_DECODER = msgspec.json.Decoder(Line)


class HistoryWriter:
    """Appends lines to one worker's own file; each line is one `os.write`, so a kill loses none that was written."""

    def __init__(self, path: Path) -> None:
        """Create `path`, which must not exist yet."""
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        self.calls = 0
        self.events = 0

    def sent(
        self,
        call: str,
        batch: str,
        kind: Kind,
        attempt: int,
        intended: float,
        ready: float,
        sent: float,
        events: str,
        digests: str,
        count: int,
        size: int,
        server: int | None = None,
    ) -> None:
        """Write a `sent` line; `events` and `digests` are ready-made JSON arrays, `count` the events, `size` bytes.

        `server`: which of the target's servers the call goes to, from 0; None: there is one.
        """
        self.calls += 1
        self.events += count
        to = "" if server is None else f',"server":{server}'
        line = (
            f'{{"type":"sent","call":"{call}","batch":"{batch}","kind":"{kind}","attempt":{attempt},'
            f'"intended":{intended:.6f},"ready":{ready:.6f},"sent":{sent:.6f},"bytes":{size}{to},'
            f'"events":{events},"digests":{digests}}}\n'
        )
        os.write(self._fd, line.encode())

    def done(self, call: str, done: float, outcome: Outcome, status: int, error: str, retry_after_s: float | None) -> None:
        """Write a `done` line; status 0 and an empty error are left out."""
        line = f'{{"type":"done","call":"{call}","done":{done:.6f},"outcome":"{outcome}"'
        if status:
            line += f',"status":{status}'
        if retry_after_s is not None:
            line += f',"retry_after_s":{retry_after_s:.3f}'
        if error:
            line += f',"error":{msgspec.json.encode(error[:300]).decode()}'
        os.write(self._fd, line.encode() + b"}\n")

    def close(self, closed: Closed) -> None:
        """Write the closing line, sync the file and close it."""
        os.write(self._fd, msgspec.json.encode(closed) + b"\n")
        os.fsync(self._fd)
        os.close(self._fd)


def closed(path: Path) -> bool:
    """Whether a history file ends with its closing line."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1000))
        return b'{"type":"closed"' in file.read()


def read(path: Path) -> Iterator[tuple[int, Line]]:
    """Yield (line number, line) of a history file; raises UnusableInput at a line that is none.

    A last line without its line break was cut off by a kill: it is left out, for its write did not finish.
    """
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                return
            try:
                yield number, _DECODER.decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise UnusableInput(f"{path}:{number}: no history line: {error}") from None
