"""The report of a run: rewrites verdict.json, the files beside it, index.html and figures/*.png from a judgement."""

import math
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from analysis import junit, page, prometheus, summary
from analysis.figures import capacity, latency, over_time, reordering, size, storm, style, witness
from analysis.figures.style import Picture
from analysis.judgement import Judgement

MOST_WITNESSES_DRAWN = 12


def write(judgement: Judgement, folder: Path) -> Path:
    """Write every file of the report into the run folder; gives back the path of the page."""
    judgement = Judgement(plain(judgement.verdict), judgement.runs)
    drawn, name = pictures(judgement), folder.resolve().name
    folder.mkdir(parents=True, exist_ok=True)
    document = msgspec.json.format(msgspec.json.encode(judgement.verdict), indent=2)
    (folder / "verdict.json").write_bytes(document + b"\n")
    (folder / "summary.md").write_text(summary.render(judgement, name), encoding="utf-8")
    (folder / "junit.xml").write_text(junit.render(judgement), encoding="utf-8")
    (folder / "metrics.prom").write_bytes(prometheus.render(judgement, name))
    figures = folder / "figures"
    shutil.rmtree(figures, ignore_errors=True)  # a witness of an older judgement must not stay
    figures.mkdir()
    for picture in drawn.values():
        if picture.draw is not None:
            (figures / f"{picture.name}.png").write_bytes(style.png(picture))
    index = folder / "index.html"
    index.write_text(page.render(judgement, drawn, folder), encoding="utf-8")
    return index


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
