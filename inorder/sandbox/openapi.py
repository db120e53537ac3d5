"""The OpenAPI 3.1 document of the sandbox, generated from the types of the events and of the answers."""

from typing import Any

import msgspec

from inorder import __version__
from inorder.events import BATCH_CALL, ENVELOPES, ORDINARY_CALLS
from inorder.sandbox.answers import ErrorBody, Health
from inorder.sandbox.settings import Settings

_REASONS = {
    400: "The body breaks the contract; `detail` names the element and the field.",
    401: "No apiKey, a wrong apiKey, or no partnerId.",
    403: "The key is not for this partner.",
    404: "No such path.",
    405: "Only POST is taken.",
    408: "The body took too long to arrive.",
    413: "The body has too many bytes, or the batch too many events.",
    415: "The body is not `application/json`, or it is compressed.",
    429: "The quota is used up; `Retry-After` says for how many seconds.",
    431: "The request line and the headers have too many bytes.",
    500: "It is not known whether the batch is stored: all of it is, or nothing.",
    503: "The batch could not be stored; nothing of it is.",
}
_ORDINARY = (400, 401, 403, 404, 405, 408, 413, 415, 429, 431)
Json = dict[str, Any]


def document(settings: Settings) -> Json:
    """The document for a sandbox with these settings (they bound a batch)."""
    kinds = [*ORDINARY_CALLS.values(), ErrorBody, Health]
    references, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    events = dict(zip(ORDINARY_CALLS, references, strict=False))
    for kind in ORDINARY_CALLS.values():
        schemas[kind.__name__]["properties"]["timestamp"]["format"] = "date-time"
    schemas["Envelope"] = {
        "description": "An object with exactly one key: the event's name.",
        "oneOf": [_envelope(name, events[name]) for name in ENVELOPES],
    }
    schemas["Batch"] = {
        "description": "The events, in the order in which they are to be stored.",
        "type": "array",
        "items": {"$ref": "#/components/schemas/Envelope"},
        "minItems": 1,
        "maxItems": settings.max_events,
    }
    paths: Json = {
        f"/1.0/{name}": {"post": _call(name, f"One `{name}` event.", reference, _ORDINARY)}
        for name, reference in events.items()
    }
    batch = {"$ref": "#/components/schemas/Batch"}
    summary = "A batch: its events are saved in the order passed, all or none, and the answer confirms it."
    paths[f"/1.0/{BATCH_CALL}"] = {"post": _call(BATCH_CALL, summary, batch, (*_ORDINARY, 500, 503))}
    paths["/stored"] = {"get": _stored()}
    paths["/health"] = {"get": _get("health", "Whether the sandbox serves.", references[-1])}
    paths["/openapi.json"] = {"get": _get("openapi", "This document.", {"type": "object"})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "inorder sandbox",
            "version": __version__,
            "description": "A durable reference of the tracking API, and the read-back of what it stored.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "query", "name": "apiKey"},
                "readback": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _envelope(name: str, reference: Json) -> Json:
    return {"type": "object", "properties": {name: reference}, "required": [name], "additionalProperties": False}


def _answer(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _error(status: int, description: str = "") -> Json:
    answer = _answer(description or _REASONS[status], {"$ref": "#/components/schemas/ErrorBody"})
    if status == 429:
        answer["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    return answer


def _call(name: str, summary: str, body: Json, errors: tuple[int, ...]) -> Json:
    """A POST of the tracking API."""
    partner = {"name": "partnerId", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
    taken = _answer("Accepted.", {"type": "object", "maxProperties": 0})
    return {
        "operationId": name,
        "summary": summary,
        "security": [{"apiKey": []}],
        "parameters": [partner],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": taken} | {str(status): _error(status) for status in errors},
    }


def _get(name: str, summary: str, schema: Json) -> Json:
    return {"operationId": name, "summary": summary, "responses": {"200": _answer(summary, schema)}}


def _stored() -> Json:
    """The read-back stream."""
    parameters = [
        {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": -1, "maximum": (1 << 63) - 1}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100_000}},
    ]
    lines = "JSON Lines in position order, one stored event a line; empty where nothing newer is stored."
    return {
        "operationId": "stored",
        "summary": "What is stored behind the position `after`.",
        "security": [{"readback": []}, {}],
        "parameters": parameters,
        "responses": {
            "200": _answer(lines, {"type": "string"}, "application/x-ndjson"),
            "400": _error(400, "A parameter is no whole number within its bounds."),
            "401": _error(401, "The token is missing or wrong."),
            "403": _error(403, "No token is set, and the client is not on this machine."),
            "405": _error(405, "Only GET and HEAD are taken."),
            "503": _error(503, "The log could not be read."),
        },
    }
