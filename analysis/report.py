"""The report of a run: rewrites verdict.json, the files beside it, index.html and figures/*.png from a judgement."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from analysis import junit, page, prometheus, summary
from analysis.figures import capacity, latency, over_time, reordering, size, storm, style, witness
from analysis.figures.style import Picture
from analysis.judgement import Judgement

MOST_WITNESSES_DRAWN = 12
_VERDICT, _FIGURES = "verdict.json", "figures"


def write(judgement: Judgement, folder: Path) -> Path:
    """Write every file of the report into the run folder; gives back the path of the page.

    All of it is there before any of the old report goes, so that a full disk takes nothing away.
    """
    judgement = Judgement(plain(judgement.verdict), judgement.runs)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".report-", dir=folder) as beside:
        _write(judgement, Path(beside), folder)
        _replace(folder, Path(beside))
    return folder / "index.html"


def _write(judgement: Judgement, folder: Path, run: Path) -> None:
    """Write the report of the run folder `run` into `folder`."""
    drawn, name = pictures(judgement), run.resolve().name
    document = msgspec.json.format(msgspec.json.encode(judgement.verdict), indent=2)
    (folder / _VERDICT).write_bytes(document + b"\n")
    (folder / "summary.md").write_text(summary.render(judgement, name), encoding="utf-8")
    (folder / "junit.xml").write_text(junit.render(judgement), encoding="utf-8")
    (folder / "metrics.prom").write_bytes(prometheus.render(judgement, name))
    (folder / _FIGURES).mkdir()
    for picture in drawn.values():
        if picture.draw is not None:
            (folder / _FIGURES / f"{picture.name}.png").write_bytes(style.png(picture))
    (folder / "index.html").write_text(page.render(judgement, drawn, run), encoding="utf-8")


def _replace(folder: Path, new: Path) -> None:
    """Put the new report in the place of the old one, verdict.json last: a run without it is told as not judged yet."""
    (folder / _VERDICT).unlink(missing_ok=True)
    if (folder / _FIGURES).exists():  # a witness of an older judgement must not stay
        (folder / _FIGURES).rename(new / "old")
    for path in sorted(new.iterdir(), key=lambda path: path.name == _VERDICT):
        if path.name != "old":
            path.replace(folder / path.name)


def pictures(judgement: Judgement) -> dict[str, Picture]:
    """Every picture of the report by its name."""
    found = [
        latency.percentiles(judgement),
        size.picture(judgement),
        storm.picture(judgement),
        over_time.picture(judgement),
        reordering.picture(judgement),
    ]
    if (stepped := capacity.picture(judgement)) is not None:
        found.append(stepped)
    shown = judgement.verdict["witnesses"][:MOST_WITNESSES_DRAWN]
    found += [witness.picture(own, number) for number, own in enumerate(shown, 1)]
    return {picture.name: picture for picture in found}


def plain(value: Any) -> Any:
    """The same value in types of JSON: NumPy's numbers as Python's, and null for what is no finite number."""
    if isinstance(value, dict):
        return {str(key): plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(own) for own in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
