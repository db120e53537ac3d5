"""The lines that docs/ci.md gives for a pipeline, in the shell that GitHub runs them in."""

import os
import subprocess
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[1] / "docs" / "ci.md"


def snippet() -> str:
    """The indented lines that run inorder."""
    lines = DOCUMENT.read_text(encoding="utf-8").partition("## In a pipeline")[2].splitlines()
    return "\n".join(line[4:] for line in lines if line.startswith("    "))


@pytest.mark.parametrize(("code", "summary"), [(0, True), (1, True), (3, True), (2, False), (70, False)])
def test_the_pipeline_ends_with_the_code_of_the_run(tmp_path: Path, code: int, summary: bool) -> None:
    """`bash -e` ends at the first failure; the summary is posted all the same, where the run left one."""
    command = tmp_path / "inorder"
    wrote = "mkdir -p reports/candidate; echo told > reports/candidate/summary.md\n" if summary else ""
    command.write_text(f"#!/bin/sh\n{wrote}exit {code}\n", encoding="utf-8")
    command.chmod(0o755)
    posted = tmp_path / "posted.md"
    posted.touch()
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", snippet()],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(posted)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (code, "")
    assert posted.read_text(encoding="utf-8") == ("told\n" if summary else "")
