"""One event of each type with all of its fields, as a client would write it."""

from typing import Any

from inorder.events import ENVELOPES

NOW = "2018-09-15T15:53:00+00:00"
STOCK = {"stockId": "shop 7"}

FIELDS: dict[str, dict[str, Any]] = {
    "view": {"productId": 123_456, **STOCK},
    "groupView": {"groupId": 12, "productIds": [1, 2, 9_007_199_254_740_991], **STOCK},
    "addToBasket": {"productId": 123_456, **STOCK},
    "order": {"productId": 123_456, "price": 19.9, "quantity": 2, "transaction": "T-77", **STOCK},
    "categoryView": {"categoryId": 5},
    "search": {"searchPhrase": "зимние сапоги 雪", **STOCK},
    "impressionContentViewed": {"impressionContentId": "banner-3"},
    "impressionContentClicked": {"impressionContentId": "banner-3"},
    "emailClick": {"mailTrackingId": "m-1", "customData": {"a": [1, {"b": None}], "c": "d"}},
    "welcomeSequence": {"email": "ann@example.org"},
    "setContact": {
        "contactExternalId": "c7",
        "email": "ann@example.org",
        "phone": "+48123456789",
        "customData": {"vip": True},
        **STOCK,
    },
    "recomBlockViewed": {"recomBlockId": "r-1"},
    "recomTap": {"productId": 123_456, "recomBlockId": "r-1", **STOCK},
    "recomAddToBasket": {"productId": 123_456, "recomBlockId": "r-1", **STOCK},
    "categoryViewByCategoryPath": {"categoryPath": "Home/Shoes/Winter"},
}
"""Event name to the fields besides the visitor and the time."""


def event(name: str = "view", visitor: str = "ann", **changes: Any) -> dict[str, Any]:
    """An event of a visitor; `changes` replace or add fields, None leaves one out."""
    fields = {"sessionExternalId": visitor, "timestamp": NOW, **FIELDS[name], **changes}
    return {key: value for key, value in fields.items() if value is not None}


def views(visitor: str, *products: int) -> list[dict[str, Any]]:
    """A batch of views of these products."""
    return [{"view": event("view", visitor, productId=product)} for product in products]


def one_of_each(visitor: str = "ann") -> list[dict[str, Any]]:
    """A batch with all fourteen envelopes."""
    return [{name: event(name, visitor)} for name in ENVELOPES]
