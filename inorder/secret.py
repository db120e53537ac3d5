"""A secret, and whether what somebody gave is it."""

import hashlib
import hmac
import os


class Secret:
    """A secret that is compared in a time that tells nothing of it, its length neither, and shown to nobody."""

    def __init__(self, text: str) -> None:
        """Only a keyed digest of it is kept."""
        self._salt = os.urandom(16)
        self._digest = self._hash(text.encode())

    def _hash(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._salt, digest_size=32).digest()

    def is_(self, given: bytes) -> bool:
        """Whether `given` is the secret."""
        return hmac.compare_digest(self._hash(given), self._digest)
