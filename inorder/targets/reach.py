"""Is the system there, and does it let us in? Each server is asked for nothing, before any load is made."""

import logging

import httpx

from inorder.driver.target import Server, Target
from inorder.errors import TargetUnavailable
from inorder.targets.system import Named

_TIMEOUT_S = 10.0
# httpx tells each address that it asks for, and ours hold the apiKey.
logging.getLogger("httpx").setLevel(logging.WARNING)


def check(system: Named, target: Target) -> None:
    """Send an empty batch to each server, or where the dialect has none ask for the address of batches.

    Raises TargetUnavailable with the address at which nobody answers, or the key is refused.
    """
    with system.naming():
        for server in target.servers:
            _check(system, target, server)


def _check(system: Named, target: Target, server: Server) -> None:
    dialect = system.dialect
    address = f"{server.base}/{dialect.batch_path}"
    method, body = ("GET", None) if dialect.empty_batch is None else ("POST", dialect.empty_batch)
    headers = {"Content-Type": "application/json", **target.headers}
    try:
        with httpx.Client(verify=server.tls or True, timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.request(method, address, params=dict(target.query), headers=headers, content=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TargetUnavailable(f"target {server.base}: no answer: {type(error).__name__}: {error}") from None
    if 300 <= answer.status_code < 400:
        # A system sends the query on, and the query holds the key.
        to = answer.headers.get("Location", "another address").partition("?")[0]
        raise TargetUnavailable(f"target {server.base}: redirects ({answer.status_code}) to {to}; no redirect is followed")
    hint = system.unset()
    meaning = {401: f"refuses the key{hint}", 403: f"forbids the call{hint}"}
    if method == "POST":
        meaning[404] = f"has no {dialect.batch_path}"
    if answer.status_code in meaning:
        raise TargetUnavailable(f"target {server.base}: answers {answer.status_code}, {meaning[answer.status_code]}")
    if answer.status_code >= 500:
        raise TargetUnavailable(f"target {server.base}: answers {answer.status_code} to an empty batch")
