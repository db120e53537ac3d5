"""The report page: one HTML file that needs nothing else, made from a judgement and its pictures."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis import (
    findings,
    page_capacity,
    page_details,
    page_latency,
    page_method,
    page_order,
    page_sections,
    run_checks,
    words,
)
from analysis.figures import style
from analysis.figures.style import Picture
from analysis.judgement import Judgement
from analysis.tally import WITNESSES

_TEMPLATES = Path(__file__).parent / "templates"


def render(judgement: Judgement, pictures: dict[str, Picture], folder: Path) -> str:
    """The page as HTML; `folder`: that of the run as it was named, beside whose files the page will lie."""
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            verdict=judgement.verdict,
            run=folder.resolve().name,
            verdict_words=words.VERDICTS,
            verdict_icon=words.icon(judgement.verdict["verdict"]),
            headline=findings.headline(judgement),
            facts=page_sections.facts(judgement),
            standing=run_checks.standing(judgement),
            checks=[check for check in run_checks.run_checks(judgement) if not check.usual],
            unchecked=page_sections.unchecked(judgement),
            look=page_sections.where_to_look(judgement),
            headings={name: heading(judgement) for name, heading in _HEADINGS.items()},
            promises=page_sections.promises(judgement),
            bound_note=page_sections.bound_note(judgement),
            wrong=page_sections.wrong_on_purpose(judgement),
            contrast=page_sections.contrast(judgement),
            counted=page_sections.counted(judgement),
            client=page_sections.client(judgement),
            objectives=page_sections.objectives(judgement),
            interval_note=page_sections.interval_note(judgement),
            percentiles=page_latency.percentiles(judgement),
            against_ordinary=page_latency.against_ordinary(judgement),
            locust=page_latency.locust_warning(judgement),
            latency_notes=page_details.latency_notes(judgement),
            storm_notes=page_details.storm_notes(judgement),
            witnesses=page_details.witnesses(judgement, pictures),
            most_witnesses=WITNESSES,
            measures=page_order.measures(judgement),
            reordering_notes=page_order.reordering_notes(judgement),
            given=run_checks.is_given(judgement.runs[0]),
            method=page_method.method(judgement),
            again=page_method.again(judgement, folder),
            capacity=page_capacity.section(judgement),
            drawn={name: _drawn(picture) for name, picture in pictures.items()},
            css=styles(),
        )
    )


def templates() -> Environment:
    """The templates, with their filters."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,  # names of visitors, texts of scenarios and errors come from outside
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=words.count, capital=words.capital, icon=words.icon)
    return environment


def styles() -> Markup:
    """The style sheet, with the palette as variables."""
    return Markup(_variables() + (_TEMPLATES / "style.css").read_text(encoding="utf-8"))


_HEADINGS = {
    "promises": findings.promises_heading,
    "objectives": findings.objectives_heading,
    "latency": findings.latency_heading,
    "storm": findings.storm_heading,
    "witnesses": findings.witnesses_heading,
    "reordering": findings.reordering_heading,
}


def _drawn(picture: Picture) -> dict[str, Any]:
    """A picture for the template: both widths, or none where there is nothing to draw."""
    if picture.draw is None:
        return {"caption": picture.caption, "wide": None, "narrow": None}
    wide, narrow = (Markup(style.svg(picture, width)) for width in (style.WIDE, style.NARROW))
    return {"caption": picture.caption, "wide": wide, "narrow": narrow}


def _variables() -> str:
    """The palette as CSS variables, light and dark, from the one place where it is written."""
    light, dark = (
        "".join(f"--{token}:{colour};" for token, colour in palette.items()) for palette in (style.LIGHT, style.DARK)
    )
    return (
        f":root{{color-scheme:light dark;{light}--tint:#fbeee6;}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}--tint:#33231c;}}}}\n"
    )
