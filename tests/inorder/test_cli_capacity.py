"""`inorder run` of a capacity run: which steps it makes, and what it does where one cannot be made."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inorder import cli, conduct
from inorder.cli import base, capacity, run
from inorder.driven import is_driven
from inorder.errors import TargetUnavailable
from tests.inorder.stepped import CAPACITY


@dataclass
class Room:
    """Judging, played: every step is judged alike, and each rate is made once."""

    rates: tuple[float, ...] = (20, 40, 80)
    judged: list[str] = field(default_factory=list)

    def next_rate(self, steps: list[Any], _: Any) -> float | None:
        """The rates, one after another."""
        return self.rates[len(steps)] if len(steps) < len(self.rates) else None

    def judge_step(self, folder: Any) -> Any:
        """A step, as far as the command line looks at it."""
        return SimpleNamespace(told=f"{folder.path.name} held")

    def judge_and_write(self, folders: list[Any], out: Path, steps: list[Any]) -> tuple[dict[str, Any], Path]:
        """The verdict of all."""
        self.judged = [folder.path.name for folder in folders]
        assert len(steps) == len(folders)
        return {"verdict": "pass", "reasons": []}, out / "index.html"


@dataclass
class Ended:
    code: object
    said: str
    error: str
    out: Path
    judged: list[str]
    texts: list[str]


Play = Callable[..., Ended]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Play:
    """Runs the command; `ends`: by the number of a step, how it ends: an error that it raises, or "interrupted"."""

    def end(*options: str, ends: dict[int, Any] | None = None) -> Ended:
        room, texts = Room(), []

        def one(asked: conduct.Run, out: Path, *_: Any) -> Any:
            texts.append(asked.text or "")
            how = (ends or {}).get(len(texts))
            out.mkdir(parents=True)
            if isinstance(how, BaseException):
                raise how
            return SimpleNamespace(path=out, info=lambda: SimpleNamespace(interrupted=how == "interrupted"))

        monkeypatch.setattr(conduct, "conduct", one)
        monkeypatch.setattr(run, "judging_room", lambda command: room)
        monkeypatch.setattr(base.console, "quiet", False)
        file, out = tmp_path / "some.toml", tmp_path / "out"
        file.write_text(CAPACITY)
        monkeypatch.setattr(sys, "argv", ["inorder", "run", str(file), "--out", str(out), *options])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        said = capsys.readouterr()
        return Ended(raised.value.code, said.out, said.err, out, room.judged, texts)

    return end


def test_steps_are_made_until_no_rate_is_left(ended: Play) -> None:
    """Each is told; how long it takes is said beforehand; the scenario that was asked for stands above them."""
    found = ended()
    assert found.code == 0
    assert found.judged == ["1", "2", "3"]
    assert [f"number = {number}" in text for number, text in enumerate(found.texts, 1)] == [True] * 3
    assert "20 to 80 batches/s in at most 6 steps of 3 s (12 where steps decide nothing" in found.said
    assert "are repeated): 18 s of load, " in found.said
    assert "step 2: 40 batches/s\n2 held\n" in found.said
    assert (found.out / "scenario.toml").read_text() == CAPACITY


def test_another_seed_is_the_first_steps(ended: Play) -> None:
    """The next ones follow it."""
    assert ["seed = 71" in text for text in ended("--seed", "70").texts] == [False, True, False]


@pytest.mark.parametrize(("option", "said"), [("--quiet", ""), ("--json", '{"verdict": "pass", "reasons": []}\n')])
def test_quiet_and_json(ended: Play, option: str, said: str) -> None:
    """No step is told."""
    found = ended(option)
    assert (found.code, found.said, found.error) == (0, said, "")


def test_a_step_that_was_interrupted_is_the_last(ended: Play) -> None:
    """What was written of it is judged."""
    found = ended(ends={2: "interrupted"})
    assert found.judged == ["1", "2"]
    assert "interrupted: what was written is judged" in found.said


def test_a_step_that_was_interrupted_before_its_load_is_none(ended: Play) -> None:
    """Its folder goes, and the steps before it are judged."""
    found = ended(ends={3: KeyboardInterrupt()})
    assert found.judged == ["1", "2"]
    assert sorted(path.name for path in (found.out / "steps").iterdir()) == ["1", "2"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (KeyboardInterrupt(), "{out}: interrupted before the first step was made"),
        (TargetUnavailable("target http://x: no answer"), "target http://x: no answer"),
        (OSError(28, "No space left on device"), "{out}/steps/1: cannot be read or written: No space left on device"),
    ],
)
def test_where_no_step_was_made_nothing_is_left(ended: Play, end: BaseException, said: str) -> None:
    """So the same command can be given again."""
    found = ended(ends={1: end})
    assert (found.code, found.error) == (2, f"inorder: {said.format(out=found.out)}\n")
    assert not found.out.exists()


def test_a_system_that_goes_away_between_steps_loses_none(ended: Play) -> None:
    """The line says which step could not be made, and how to judge those before it."""
    found = ended(ends={3: TargetUnavailable("target http://x: no answer")})
    told = f"step 3: target http://x: no answer; `inorder judge {found.out}` judges the 2 steps before it"
    assert (found.code, found.error) == (2, f"inorder: {told}\n")
    assert sorted(path.name for path in (found.out / "steps").iterdir()) == ["1", "2"]


def test_it_is_driven_until_its_last_step_is_judged(ended: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also between two steps."""
    seen = []
    monkeypatch.setattr(
        Room, "judge_step", lambda _, step: seen.append(is_driven(step.path.parents[1])) or SimpleNamespace(told="")
    )
    found = ended()
    assert seen == [True] * 3
    assert not is_driven(found.out)


def test_a_folder_that_exists_is_refused(ended: Play) -> None:
    """And left as it is."""
    first = ended()
    (first.out / "mine").write_text("kept")
    found = ended()
    assert (found.code, found.texts) == (2, [])
    assert "exists already; a run is never overwritten" in found.error
    assert (first.out / "mine").read_text() == "kept"


def test_a_folder_that_cannot_be_made_is_one_line(ended: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The disk refuses before any load."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(capacity.Path, "mkdir", refuse)
    found = ended()
    assert (found.code, found.error) == (2, f"inorder: {tmp_path / 'out'}: cannot be made: No space left on device\n")


def test_repeats_are_refused(ended: Play) -> None:
    """A step is made again where it decided nothing, and not otherwise."""
    found = ended("--repeats", "2")
    assert found.code == 2
    assert "--repeats: expected 1 with [capacity], whose steps are runs, got 2" in found.error
    assert not found.out.exists()
