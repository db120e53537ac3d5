"""Asks a system for pages of its log over HTTP, again where that failed for now, and says in one line why it cannot."""

import ssl
import time
from collections.abc import Mapping

import httpx

from inorder.errors import TargetUnavailable

ATTEMPTS = 5
"""A page is asked for so often before the reading fails."""
BACKOFF_S = 0.2
"""Wait before the second attempt, doubled each time."""
TIMEOUT_S = 30.0


def client_of(host: str, headers: Mapping[str, str], verify: ssl.SSLContext | bool) -> httpx.Client:
    """A client for requests to `host`; to be closed."""
    # A proxy that the environment names cannot reach this machine's own loopback interface.
    direct = host in ("localhost", "::1") or host.startswith("127.")
    return httpx.Client(headers=headers, timeout=TIMEOUT_S, trust_env=not direct, verify=verify)


def ask(
    client: httpx.Client,
    address: httpx.URL | str,
    params: Mapping[str, str | int],
    place: str,
    hint: str,
    attempts: int = ATTEMPTS,
) -> bytes:
    """The body of the answer; `params` are added to the address.

    `place`: what is read, without secrets; `hint`: what to look at where the system refuses us. Raises TargetUnavailable.
    """
    wait_s = BACKOFF_S
    for attempt in range(1, attempts + 1):
        try:
            answer = client.get(httpx.URL(address).copy_merge_params(params))
        except httpx.LocalProtocolError:
            # Its text repeats the header that cannot be sent, secret and all.
            raise TargetUnavailable(f"{place}: cannot be asked: {hint}") from None
        except httpx.HTTPError as error:
            reason = f"{place}: not there: {str(error) or type(error).__name__}"
        else:
            if answer.status_code == 200:
                return answer.content
            reason = f"{place}: {_explain(answer.status_code, hint)}"
            if answer.status_code < 500 and answer.status_code not in (408, 429):
                break
        if attempt < attempts:
            time.sleep(wait_s)
            wait_s *= 2
    raise TargetUnavailable(reason)


def _explain(status: int, hint: str) -> str:
    if status == 404:
        return "no read-back there (404)"
    if status in (401, 403):
        return f"refuses to be read ({status}); {hint}"
    return f"answers {status}"
