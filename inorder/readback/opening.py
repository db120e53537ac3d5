"""Opens the stored log of a system in the way that its target file names, one reader a way."""

import os

from inorder.readback.http import ReadBack
from inorder.readback.settle import Reader
from inorder.readback.ways import Stream
from inorder.targets.system import Named


def reader_of(system: Named, page: int) -> Reader:
    """The reader; `page`: rows at a time. Raises UnusableInput with what of the target file is wrong."""
    way = system.given.readback
    target = system.resolve()
    assert isinstance(way, Stream)
    token = os.environ.get(way.token_env)
    return ReadBack(way.url or target.origin, token, page, target.servers[0].tls or True)
