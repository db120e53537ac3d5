"""Control of a sandbox or proxy in another process, by its endpoints."""

import httpx
import msgspec

from inorder.errors import TargetUnavailable
from inorder.faults.control import Said
from inorder.faults.injection import Report


class Remote:
    """The control endpoints at `origin`."""

    def __init__(self, origin: str, token: str) -> None:
        """`origin`: scheme, host and port."""
        self._client = httpx.Client(
            base_url=origin, headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False
        )
        self._origin = origin
        self._started = False

    def start(self, monotonic: float) -> None:
        """Tell which instant of CLOCK_MONOTONIC is zero of the faults' windows."""
        self._ask("POST", "/control/start", msgspec.json.encode({"monotonic": monotonic}))
        self._started = True

    def report(self) -> list[Report]:
        """What each fault has done so far."""
        said = self._ask("GET", "/control/faults")
        if self._started and said.zero is None:
            raise TargetUnavailable(f"control of {self._origin}: started anew, without what it had counted")
        return said.faults

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Said:
        try:
            answer = self._client.request(method, path, content=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise TargetUnavailable(f"control of {self._origin}: {error}") from None
        return msgspec.json.decode(answer.content, type=Said)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
