"""Until when a call that ended without an answer may still be stored: what the histories of a run tell."""

import math
import mmap
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from inorder import history
from inorder.client import Client
from inorder.history import Done, Line
from inorder.run import RunFolder

_LINE = msgspec.json.Decoder(Line)
_MARK = b'"outcome":"indeterminate"'


def quiet_until(folder: RunFolder, client: Client, late_s: float, origin: float | None) -> float:
    """The instant of time.monotonic before which a call of a run that nobody answered may still be stored.

    Not below `late_s` seconds after the end of the load: a system may write its log so late. `origin`: the instant that is
    zero of the run's clock; None: nobody knows it any more, and the wall clock tells how long ago the load ended.
    """
    now, until = time.monotonic(), possible_until(folder.history, client)
    ended = folder.info().ended
    end = now if ended is None else now - (datetime.now(UTC) - datetime.fromisoformat(ended)).total_seconds()
    if origin is not None and until < math.inf:
        return max(origin + until, end + late_s)
    longest = max(client.batch_timeout_s, client.ordinary_timeout_s) if until > -math.inf else 0.0
    return end + max(longest, late_s)


def possible_until(folder: Path, client: Client) -> float:
    """An instant of the run's clock: of each such call its end and its time-out more, the latest; -inf: there is none.

    `folder`: of the histories. inf: a process of the generator was killed, and nobody knows when its calls ended.
    """
    timeouts = {"batch": client.batch_timeout_s, "ordinary": client.ordinary_timeout_s}
    longest, until = max(timeouts.values()), -math.inf
    for path in sorted(folder.glob("*.jsonl")):
        if not history.closed(path):
            return math.inf
        for done, kind in _unanswered(path):
            if done + longest <= until:
                break  # those before it ended earlier
            until = max(until, done + timeouts[kind])
    return until


def _unanswered(path: Path) -> Iterator[tuple[float, str]]:
    """(when it ended, its kind) of the calls without an answer, the last first."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        end = len(text)
        while (place := text.rfind(_MARK, 0, end)) >= 0:
            end = text.rfind(b"\n", 0, place) + 1
            done = _LINE.decode(text[end : text.find(b"\n", place)])
            if isinstance(done, Done) and done.status is None:
                sent = text.rfind(b'"call":"%b","batch":' % done.call.encode(), 0, end)
                yield done.done, "batch" if text.find(b'"kind":"batch"', sent, text.find(b"\n", sent)) > 0 else "ordinary"
