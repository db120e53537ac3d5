"""Faults as texts and as tables: what is read, what is refused, and where."""

import math

import pytest

from inorder.errors import UnusableInput
from inorder.faults.fault import Fault, check, parse, text_of
from inorder.faults.kinds import KINDS


def test_a_name_alone_has_the_defaults_of_its_kind() -> None:
    """Rate, window and parameters come from the catalogue."""
    fault = parse("504-then-commit")
    assert (fault.share, fault.from_s, fault.closes_s, fault.value("delay_ms")) == (0.05, 0.0, math.inf, 300)


def test_what_is_given_holds() -> None:
    """Rate, window and parameters can be set."""
    fault = parse("latency:rate=0.5,from_s=2,until_s=8,delay_ms=20,jitter_ms=1")
    assert (fault.share, fault.from_s, fault.closes_s) == (0.5, 2, 8)
    assert (fault.value("delay_ms"), fault.value("jitter_ms")) == (20, 1)


@pytest.mark.parametrize("name", KINDS)
def test_a_fault_is_read_back_from_its_text(name: str) -> None:
    """What a run passes to its sandbox on the command line is what the scenario said."""
    kind = KINDS[name]
    fault = Fault(name, rate=0.25, from_s=1.5, until_s=3.0, **{key: value + 1 for key, value in kind.parameters.items()})
    assert parse(text_of(fault), kind.side) == fault
    assert parse(text_of(Fault(name))) == Fault(name)


@pytest.mark.parametrize(
    ("text", "side", "reason"),
    [
        ("drops-one", None, "no such fault: 'drops-one'; known: acknowledge-before-persisting, "),
        ("", "network", "no such fault: ''; known: latency, "),
        ("latency", "server", "expected a fault of the server, latency is one of the network"),
        ("latency:rate=2", None, "rate: expected float <= 1.0"),
        ("latency:rate=0", None, "rate: expected float > 0.0"),
        ("latency:rate=nan", None, "rate: expected float > 0.0"),
        ("latency:rate=often", None, "rate: expected a number, got 'often'"),
        ("latency:rate", None, "rate: expected a number, got ''"),
        ("latency:from_s=-1", None, "from_s: expected float >= 0.0"),
        ("latency:until_s=inf", None, "until_s: expected float < 1000000000.0"),
        ("latency:often=1", None, "unknown key 'often'; known: rate, from_s, "),
        ("latency:name=1", None, "unknown key 'name'"),
        ("latency:from_s=3,until_s=3", None, "expected until_s > from_s, got 3 and 3"),
        ("drops-one-event:delay_ms=3", None, "drops-one-event takes no delay_ms; it takes rate, from_s, until_s"),
    ],
)
def test_a_bad_text_is_refused_in_one_line(text: str, side: object, reason: str) -> None:
    """The line names the text, the place, and what was expected."""
    with pytest.raises(UnusableInput) as refused:
        parse(text, side)  # type: ignore[arg-type]
    assert str(refused.value).startswith(f"fault {text!r}: {reason}")
    assert "\n" not in str(refused.value)


def test_check_names_the_place_that_it_is_given() -> None:
    """A scenario is told its file and entry."""
    with pytest.raises(UnusableInput, match=r"^storm\.toml: faults\[0\]: no such fault"):
        check(Fault("nothing"), "storm.toml: faults[0]")
