"""The answers that the proxy gives itself, when a fault says so."""

_REASONS = {429: b"Too Many Requests", 503: b"Service Unavailable"}
_BODY = b'{"error":"refused by the proxy"}'


def refusal(status: int, keep: bool, head_only: bool) -> bytes:
    """A whole answer: `keep` the connection or close it; `head_only`: to a HEAD."""
    lines = [
        b"HTTP/1.1 %d %b" % (status, _REASONS[status]),
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_BODY),
        b"Connection: keep-alive" if keep else b"Connection: close",
    ]
    if status == 429:
        lines.append(b"Retry-After: 1")
    return b"\r\n".join([*lines, b"", b"" if head_only else _BODY])
