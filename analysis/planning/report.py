"""Writes a plan: plan.json, index.html and figures/planning.png."""

from pathlib import Path
from typing import Any

import msgspec

from analysis.figures import planning, style
from analysis.planning import page
from analysis.report import plain


def write(plan: dict[str, Any], folder: Path) -> Path:
    """Write `plan` into `folder`; gives back the path of the page."""
    plan = plain(plan)
    picture = planning.picture(plan)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
    (folder / "figures" / f"{picture.name}.png").write_bytes(style.png(picture))
    index = folder / "index.html"
    index.write_text(page.render(plan, picture, folder.resolve().name), encoding="utf-8")
    return index
