"""A plain FastAPI service that takes batches and commits each by itself: what benchmarks/sandbox.py compares with.

`python benchmarks/plain_service.py FILE PORT`. It is written as the framework's own pages teach it: typed bodies, a
function for the route, one SQLite connection. The file is as durable as the sandbox's: a write-ahead log, synced at each
commit.
"""

import sqlite3
import sys
import threading
import time
from datetime import datetime
from typing import Annotated

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

ExternalId = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9]{1,50}$")]
Short = Annotated[str, StringConstraints(max_length=50)]


class Event(BaseModel):
    """What all events have."""

    model_config = ConfigDict(extra="allow")
    sessionExternalId: ExternalId
    timestamp: datetime | None = None


class ProductEvent(Event):
    """A product was viewed, or put into the basket."""

    productId: int
    stockId: Short | None = None


class GroupViewEvent(Event):
    """A group of products was viewed."""

    groupId: int
    productIds: list[int]


class OrderEvent(Event):
    """One line of an order."""

    productId: int
    price: float
    quantity: float
    transaction: Short


class CategoryViewEvent(Event):
    """A category was viewed."""

    categoryId: int


class SearchEvent(Event):
    """A search was made."""

    searchPhrase: Short


class Envelope(BaseModel):
    """An object with one key, the name of its event."""

    model_config = ConfigDict(extra="forbid")
    view: ProductEvent | None = None
    groupView: GroupViewEvent | None = None
    addToBasket: ProductEvent | None = None
    order: OrderEvent | None = None
    categoryView: CategoryViewEvent | None = None
    search: SearchEvent | None = None

    @model_validator(mode="after")
    def one_key(self) -> "Envelope":
        """Exactly one."""
        if len(self.model_fields_set) != 1:
            raise ValueError("expected exactly one key")
        return self


app = FastAPI()
database = sqlite3.connect(sys.argv[1] if __name__ == "__main__" else ":memory:", check_same_thread=False)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute(
    "CREATE TABLE IF NOT EXISTS event (position INTEGER PRIMARY KEY AUTOINCREMENT, visitor TEXT NOT NULL,"
    " name TEXT NOT NULL, event TEXT NOT NULL, stored_at REAL NOT NULL)"
)
writing = threading.Lock()


@app.post("/1.0/visitorEvents")
def visitor_events(apiKey: str, partnerId: str, batch: list[Envelope]) -> dict[str, str]:
    """Store a batch in its order, and answer when it is committed."""
    if not apiKey or not partnerId:
        raise HTTPException(401)
    rows = []
    for envelope in batch:
        (name,) = envelope.model_fields_set
        event = getattr(envelope, name)
        rows.append((event.sessionExternalId, name, event.model_dump_json(exclude_unset=True), time.time()))
    with writing, database:
        database.executemany("INSERT INTO event (visitor, name, event, stored_at) VALUES (?, ?, ?, ?)", rows)
    return {}


@app.get("/count")
def count() -> int:
    """How many events are stored."""
    (rows,) = database.execute("SELECT count(*) FROM event").fetchone()
    return int(rows)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
