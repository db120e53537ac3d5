"""A fault as a scenario or a command line asks for it, and how it is checked."""

import math
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from inorder.errors import UnusableInput
from inorder.faults.kinds import KINDS, Kind, Side

Share = Annotated[float, Meta(gt=0, le=1)]
Amount = Annotated[float, Meta(gt=0, lt=1e9)]
Instant = Annotated[float, Meta(ge=0, lt=1e9)]


class Fault(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One fault; what is not given has the default of its kind (kinds.py)."""

    name: str
    rate: Share | UnsetType = UNSET
    """Share of the batches (of the network: of the requests) that it strikes."""
    from_s: Instant = 0.0
    """Its window opens, seconds from the start of the load (of a sandbox alone: from its own start)."""
    until_s: Amount | UnsetType = UNSET
    """Its window closes; not given: never."""
    delay_ms: Amount | UnsetType = UNSET
    jitter_ms: Amount | UnsetType = UNSET
    bytes_per_s: Amount | UnsetType = UNSET
    slice_bytes: Amount | UnsetType = UNSET

    @property
    def kind(self) -> Kind:
        """Its entry in the catalogue."""
        return KINDS[self.name]

    @property
    def share(self) -> float:
        """The rate that holds."""
        return self.kind.rate if self.rate is UNSET else self.rate

    @property
    def closes_s(self) -> float:
        """The end of its window; infinite where it never closes."""
        return math.inf if self.until_s is UNSET else self.until_s

    @property
    def does(self) -> str:
        """What it does, with its parameters, as a sentence without a subject."""
        return self.kind.does.format(**{name: self.value(name) for name in self.kind.parameters})

    def value(self, parameter: str) -> float:
        """The parameter that holds: given, or the default of the kind."""
        given = getattr(self, parameter)
        return self.kind.parameters[parameter] if given is UNSET else float(given)


_PARAMETERS = ("delay_ms", "jitter_ms", "bytes_per_s", "slice_bytes")
_KEYS = tuple(field for field in Fault.__struct_fields__ if field != "name")


def check(fault: Fault, place: str, side: Side | None = None) -> Fault:
    """Check what no single value can show; raises UnusableInput with one line that begins with `place`."""
    kind = KINDS.get(fault.name)
    if kind is None:
        known = ", ".join(name for name, one in KINDS.items() if side in (None, one.side))
        raise UnusableInput(f"{place}: no such fault: {fault.name!r}; known: {known}")
    if side not in (None, kind.side):
        raise UnusableInput(f"{place}: expected a fault of the {side}, {fault.name} is one of the {kind.side}")
    if fault.closes_s <= fault.from_s:
        raise UnusableInput(f"{place}: expected until_s > from_s, got {fault.closes_s:g} and {fault.from_s:g}")
    for parameter in _PARAMETERS:
        if getattr(fault, parameter) is not UNSET and parameter not in kind.parameters:
            takes = ", ".join(["rate", "from_s", "until_s", *kind.parameters])
            raise UnusableInput(f"{place}: {fault.name} takes no {parameter}; it takes {takes}")
    return fault


def parse(text: str, side: Side | None = None) -> Fault:
    """A fault from `NAME` or `NAME:rate=0.1,from_s=2,until_s=8`; raises UnusableInput."""
    place = f"fault {text!r}"
    name, _, rest = text.partition(":")
    values: dict[str, str | float] = {"name": name}
    for part in rest.split(",") if rest else []:
        key, _, value = part.partition("=")
        if key not in _KEYS:
            raise UnusableInput(f"{place}: unknown key {key!r}; known: {', '.join(_KEYS)}")
        try:
            values[key] = float(value)
        except ValueError:
            raise UnusableInput(f"{place}: {key}: expected a number, got {value!r}") from None
    try:
        fault = msgspec.convert(values, Fault)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$.")
        raise UnusableInput(f"{place}: {where.rstrip('`')}: {reason[0].lower()}{reason[1:].replace('`', '')}") from None
    return check(fault, place, side)


def text_of(fault: Fault) -> str:
    """The text that `parse` reads as this fault."""
    given = [(key, getattr(fault, key)) for key in _KEYS]
    settings = ",".join(f"{key}={value!r}" for key, value in given if value is not UNSET and value != 0.0)
    return f"{fault.name}:{settings}" if settings else fault.name
