"""Standard output and error as a command has them: who reads them may go away or be full, and the command goes on."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from inorder.errors import UnusableInput


class Outlived:
    """A text stream that takes everything: once it cannot be written any more, what is said goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._error: OSError | None = None  # stays None where its reader has only gone away, as `head` does

    def write(self, text: str) -> int:
        """Say it, if anybody listens."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Send on what was said."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def check(self) -> None:
        """Raise UnusableInput where it took not all, and its reader wanted all."""
        self.flush()
        if self._error:
            raise UnusableInput(f"standard output: cannot be written: {self._error.strerror}")

    def _lose(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self._error = error
        # What is left in the buffer would fail again at each flush, the last one after main() has ended.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's own."""
        return getattr(self._stream, name)


@contextmanager
def outlived() -> Iterator[Outlived]:
    """Both streams of the process, outlived; gives standard output."""
    streams = sys.stdout, sys.stderr
    out, err = (Outlived(stream or io.StringIO()) for stream in streams)  # one that is closed is None
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = streams
