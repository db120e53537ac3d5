"""What Schemathesis loads: whole numbers without a point, which JSON Schema cannot ask for and the API does."""

from typing import Any

import schemathesis


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """The body with `1` instead of `1.0`: JSON Schema takes both for an integer, an int64 is written as `1`."""
    if isinstance(body, float) and body.is_integer() and abs(body) < 1 << 53:
        return int(body)
    if isinstance(body, list):
        return [map_body(context, element) for element in body]
    if isinstance(body, dict):
        return {key: map_body(context, value) for key, value in body.items()}
    return body
