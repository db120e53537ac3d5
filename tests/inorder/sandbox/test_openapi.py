"""The OpenAPI document: valid in shape, complete, and true to the types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inorder.events import ENVELOPES, ORDINARY_CALLS
from inorder.sandbox.openapi import document
from inorder.sandbox.settings import Settings
from tests.inorder.sandboxes import near

DOCUMENT = document(Settings(store=Path("unused"), max_events=77))


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in the document."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_is_served(tmp_path: Path) -> None:
    """Without any key, as JSON."""
    with near(tmp_path, max_events=77) as sandbox:
        answer = sandbox.get("/openapi.json")
    assert (answer.status_code, answer.json()) == (200, DOCUMENT)


def test_every_path_is_there() -> None:
    """The fifteen ordinary calls, the batch, and what the sandbox adds."""
    calls = {f"/1.0/{name}" for name in (*ORDINARY_CALLS, "visitorEvents")}
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["paths"].keys() == calls | {"/stored", "/health", "/openapi.json"}


def test_every_reference_leads_somewhere() -> None:
    """Each points at a schema of the document."""
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]


def test_every_call_tells_its_errors() -> None:
    """With the body that they share, and Retry-After where it is sent."""
    for path, methods in DOCUMENT["paths"].items():
        if path.startswith("/1.0/"):
            answers = methods["post"]["responses"]
            assert {"200", "400", "401", "403", "404", "405", "413", "415", "429"} <= answers.keys()
            assert {"500", "503"} & answers.keys() == ({"500", "503"} if path == "/1.0/visitorEvents" else set())
            assert "Retry-After" in answers["429"]["headers"]
            error = answers["400"]["content"]["application/json"]["schema"]["$ref"]
            assert error == "#/components/schemas/ErrorBody"


def test_a_batch_is_bounded_and_names_its_envelopes() -> None:
    """Each envelope is an object with one key, whose value is the event of that name."""
    schemas = DOCUMENT["components"]["schemas"]
    assert (schemas["Batch"]["minItems"], schemas["Batch"]["maxItems"]) == (1, 77)
    envelopes = {next(iter(choice["properties"])): choice for choice in schemas["Envelope"]["oneOf"]}
    assert envelopes.keys() == ENVELOPES.keys()
    for name, choice in envelopes.items():
        assert choice["properties"][name]["$ref"].endswith(f"/{ENVELOPES[name].__name__}")
        assert (choice["required"], choice["additionalProperties"]) == ([name], False)


def test_operation_ids_are_unique() -> None:
    """As the specification asks."""
    ids = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
