"""Tasks give the same in processes of their own as here, and none outlives an error."""

import os
import signal
import time
from pathlib import Path

import pytest

from inorder.errors import InorderError, UnusableInput
from inorder.merge.tasks import tasks


def failing(reason: str) -> None:
    """A task that finds something wrong."""
    raise UnusableInput(reason)


def killed() -> None:
    """A task whose process the system ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def late(path: Path) -> None:
    """A task that is done after a while."""
    time.sleep(0.1)
    path.touch()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_those_of_the_tasks(jobs: int) -> None:
    """In the order asked for, whichever ends first."""
    with tasks(jobs) as todo:
        results = [todo.submit(divmod, number, 3) for number in range(10)]
        assert [result.result() for result in results] == [divmod(number, 3) for number in range(10)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_task_raises_is_raised(jobs: int, tmp_path: Path) -> None:
    """With its one line, and what has not begun is never done."""

    def ask() -> None:
        with tasks(jobs) as todo:
            wrong = todo.submit(failing, "wrong here")
            for number in range(60):
                todo.submit(late, tmp_path / str(number))
            wrong.result()

    with pytest.raises(UnusableInput, match="wrong here"):
        ask()
    assert len(list(tmp_path.iterdir())) < 60


def test_a_process_that_is_killed_is_one_line() -> None:
    """As the system does where memory runs out."""
    with pytest.raises(InorderError, match="one of its processes was killed"), tasks(2) as todo:
        todo.submit(killed).result()


def test_one_job_is_done_in_this_process() -> None:
    """Small inputs need no other."""
    with tasks(1) as todo:
        assert todo.submit(os.getpid).result() == os.getpid()
    with tasks(2) as todo:
        assert todo.submit(os.getpid).result() != os.getpid()
