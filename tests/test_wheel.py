"""What the wheel holds: the package that remote load generators install, and nothing else."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built as a release builds it but from what is installed here."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """What the wheel says of itself."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_only_inorder(wheel: zipfile.ZipFile) -> None:
    """No analysis, locustfiles or tests travel with it: just the package and what describes it."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"inorder"}
    assert len(tops) == 2


def test_the_wheel_holds_all_of_inorder(wheel: zipfile.ZipFile) -> None:
    """Every file of the package is in it, data files too."""
    package = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "inorder").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert package <= set(wheel.namelist())


def test_the_wheel_needs_neither_locust_nor_the_judges_parts(metadata: Message) -> None:
    """What drives and what judges come with an extra only."""
    needed = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert needed
    assert not [need for need in needed if need.startswith(("locust", "pandas", "scipy", "matplotlib", "jinja2"))]


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    """Installing it puts `inorder` on the path."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    assert "inorder = inorder.cli.process:program" in wheel.read(name).decode()
