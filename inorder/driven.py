"""Whether a run folder is being driven: a lock on the folder itself, which goes with its process and leaves no file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def driven(folder: Path) -> Iterator[None]:
    """Hold `folder` as being driven; on a file system without locks nothing is held."""
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)  # who looks holds it for a moment only
        yield
    finally:
        os.close(held)


def is_driven(folder: Path) -> bool:
    """Whether another process, or this one, drives `folder` now."""
    looking = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no locks here: then nobody can tell
        return False
    finally:
        os.close(looking)
    return False
