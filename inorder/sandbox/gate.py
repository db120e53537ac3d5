"""Who may call, and how often: partnerId and apiKey, the read-back token, the quota."""

import hmac
import math
import time
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from inorder.asgi import bearer, is_local, user
from inorder.sandbox.answers import Detail, Refused
from inorder.sandbox.settings import Settings
from inorder.secret import Secret


def parameters(query: bytes) -> dict[bytes, bytes]:
    """The parameters of a query string; the first of equal names counts."""
    found: dict[bytes, bytes] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if b"%" in value or b"+" in value:
            value = unquote_to_bytes(value.replace(b"+", b" "))
        found.setdefault(name, value)
    return found


class Quota:
    """A token bucket: `per_s` calls a second, and one second's worth at once."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start full."""
        self._per_s = per_s
        self._room = max(1.0, per_s)
        self._tokens = self._room
        self._clock = clock
        self._filled = clock()

    def take(self) -> float:
        """Take one call's token: 0, or the seconds after which there is one again."""
        now = self._clock()
        self._tokens = min(self._room, self._tokens + (now - self._filled) * self._per_s)
        self._filled = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_s
        self._tokens -= 1
        return 0.0


class Gate:
    """Checks what every call carries; secrets are compared in constant time and stand in no answer."""

    def __init__(self, settings: Settings) -> None:
        """Without a key or an id in the settings, any that is not empty will do."""
        self._partner = settings.partner_id.encode() if settings.partner_id else None
        self._key = Secret(settings.api_key) if settings.api_key else None
        self._token = Secret(settings.readback_token) if settings.readback_token else None
        self._quota = Quota(settings.quota_per_s) if settings.quota_per_s else None

    def call(self, query: bytes) -> None:
        """Refuse a tracking call with 401 (no or a wrong apiKey, no partnerId), 403 (wrong partnerId) or 429."""
        given = parameters(query)
        key, partner = given.get(b"apiKey"), given.get(b"partnerId")
        if not key:
            raise Refused(401, "unauthorized", Detail("apiKey", "Expected in the query string"))
        if self._key is not None and not self._key.is_(key):
            raise Refused(401, "unauthorized", Detail("apiKey", "Not a valid key"))
        if not partner:
            raise Refused(401, "unauthorized", Detail("partnerId", "Expected in the query string"))
        if self._partner is not None and not hmac.compare_digest(partner, self._partner):
            raise Refused(403, "forbidden", Detail("partnerId", "The key is not for this partner"))
        self._spend()

    def write_key(self, scope: Scope) -> None:
        """Refuse a call of Segment's API with 401 (no or a wrong write key, which is the apiKey) or 429."""
        given = user(scope)
        if not given or (self._key is not None and not self._key.is_(given)):
            reason = "Not a valid write key" if given else "Expected the write key as the user of a basic authorization"
            detail = Detail("Authorization", reason)
            raise Refused(401, "unauthorized", detail, headers=((b"www-authenticate", b"Basic"),))
        self._spend()

    def _spend(self) -> None:
        """Count a call that may come in; refuse it with 429 where the quota is used up."""
        if self._quota is not None:
            wait_s = self._quota.take()
            if wait_s:
                # Retry-After counts whole seconds.
                raise Refused(429, "too many requests", headers=((b"retry-after", b"%d" % math.ceil(wait_s)),))

    def readback(self, scope: Scope) -> None:
        """Refuse to show the stored log: 401 without the token, 403 from afar where no token is set."""
        if self._token is None:
            if not is_local(scope):
                raise Refused(403, "forbidden: without INORDER_READBACK_TOKEN the log is read on this machine only")
            return
        if not self._token.is_(bearer(scope)):
            raise Refused(401, "unauthorized", headers=((b"www-authenticate", b"Bearer"),))
