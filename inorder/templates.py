"""Ready-made envelopes: every event of the synthetic model encoded once, with holes for visitor, identity and time.

A template is made by encoding a real event with marks in the place of the holes, so its bytes are canonical by
construction, and filling it in is one `%` a event. Holes, in this order: identity (`%d`), visitor, date, time of day
(`%b`); an order has its transaction (`%d`) after the identity.
"""

from typing import Any

from inorder.events import (
    AddToBasketEvent,
    CategoryPathViewEvent,
    CategoryViewEvent,
    EmailClickEvent,
    Event,
    GroupViewEvent,
    ImpressionContentClickedEvent,
    ImpressionContentViewedEvent,
    OrderEvent,
    RecomAddToBasketEvent,
    RecomBlockViewedEvent,
    RecomTapEvent,
    SearchViewEvent,
    SetContactEvent,
    ViewEvent,
    WelcomeSequenceEvent,
    canonical,
)

_NUMBER = 8_999_999_999_999_991
_TRANSACTION = "7999999999999997"
_WHO = "VISITORHOLE"
_WHEN = "2001-02-03T04:05:06+00:00"


def _make(name: str, event: Event) -> bytes:
    filled = canonical(name, event).replace(b"%", b"%%")
    filled = filled.replace(str(_NUMBER).encode(), b"%d").replace(_TRANSACTION.encode(), b"%d")
    return filled.replace(_WHO.encode(), b"%b").replace(_WHEN.encode(), b"%b%b")


_COMMON: Any = {"sessionExternalId": _WHO, "timestamp": _WHEN}
_PHRASES = ("boty", "červená čepice", "зимняя куртка", "冬のコート", "حذاء رياضي", "100% cotton", 'tee "basic"')


def view(stock: int | None = None) -> bytes:
    """A product view, with or without a warehouse."""
    extra = {} if stock is None else {"stockId": f"stock{stock}"}
    return _make("view", ViewEvent(productId=_NUMBER, **_COMMON, **extra))


CLICKS: list[tuple[int, bytes]] = [
    *((14, view()), (14, view()), (14, view(1)), (14, view(7)), (4, view(12))),
    (5, _make("groupView", GroupViewEvent(groupId=_NUMBER, productIds=[11, 12, 13], **_COMMON))),
    *((1, _make("search", SearchViewEvent(searchPhrase=f"{phrase} {_NUMBER}", **_COMMON))) for phrase in _PHRASES),
    (8, _make("categoryView", CategoryViewEvent(categoryId=_NUMBER, **_COMMON))),
    (5, _make("impressionContentViewed", ImpressionContentViewedEvent(impressionContentId=f"ic{_NUMBER}", **_COMMON))),
    (
        2,
        _make("impressionContentClicked", ImpressionContentClickedEvent(impressionContentId=f"ic{_NUMBER}", **_COMMON)),
    ),
    (1, _make("emailClick", EmailClickEvent(mailTrackingId=f"mt{_NUMBER}", customData={"list": "spring"}, **_COMMON))),
    (1, _make("welcomeSequence", WelcomeSequenceEvent(email=f"v{_NUMBER}@shop.invalid", **_COMMON))),
    (
        1,
        _make(
            "setContact",
            SetContactEvent(contactExternalId=f"c{_NUMBER}", email="a@shop.invalid", phone="+420123456789", **_COMMON),
        ),
    ),
    (5, _make("recomBlockViewed", RecomBlockViewedEvent(recomBlockId=f"rb{_NUMBER}", **_COMMON))),
    (4, _make("recomTap", RecomTapEvent(productId=_NUMBER, recomBlockId="rb-home", **_COMMON))),
]
"""(weight, template) of what a click can be."""

CARTS: list[tuple[int, bytes]] = [
    (4, _make("addToBasket", AddToBasketEvent(productId=_NUMBER, **_COMMON))),
    (1, _make("recomAddToBasket", RecomAddToBasketEvent(productId=_NUMBER, recomBlockId="rb-cart", **_COMMON))),
]
"""(weight, template) of what putting into the basket can be."""

ORDERS: list[tuple[int, bytes]] = [
    (
        1,
        _make(
            "order",
            OrderEvent(productId=_NUMBER, price=price, quantity=quantity, transaction=f"t{_TRANSACTION}", **_COMMON),
        ),
    )
    for price, quantity in ((19.9, 1.0), (249.0, 2.0), (0.5, 10.0), (1299.99, 1.0))
]
"""(weight, template) of the lines of an order."""

CATEGORY_VIEW = next(template for _, template in CLICKS if template.startswith(b'{"categoryView"'))
CATEGORY_PATH = _make("categoryViewByCategoryPath", CategoryPathViewEvent(categoryPath=f"women/shoes/{_NUMBER}", **_COMMON))
"""What an online visitor sends in the place of CATEGORY_VIEW: this event exists as an ordinary call only."""


def spread(weighted: list[tuple[int, bytes]], slots: int) -> list[bytes]:
    """`slots` templates in which each stands about in proportion to its weight, each at least once."""
    total = sum(weight for weight, _ in weighted)
    table: list[bytes] = []
    seen = 0
    for weight, template in weighted:
        seen += weight
        table += [template] * (round(slots * seen / total) - len(table))
    return table


def name_of(envelope: bytes) -> bytes:
    """The event's name in canonical envelope bytes."""
    return envelope[2 : envelope.index(b'"', 2)]


def event_of(envelope: bytes) -> bytes:
    """The event's own bytes in canonical envelope bytes: the body of an ordinary call."""
    return envelope[envelope.index(b":") + 1 : -1]
