"""summary.md: the verdict in Markdown, fit for a pull request or a chat."""

from analysis import findings, page_capacity, page_method, page_sections, run_checks, words
from analysis.judgement import Judgement
from analysis.markup import cell as _cell
from analysis.markup import text as _text

_MARKS = {"good": "✅", "bad": "❌", "open": "◐"}


def render(judgement: Judgement, folder_name: str) -> str:
    """The verdict, the promises, the objectives and what stands against them; `folder_name`: of the run folder."""
    verdict = judgement.verdict
    lines = [
        f"## {_MARKS[words.icon(verdict['verdict'])]} {verdict['verdict'].upper()}: {_text(verdict['scenario'])}",
        "",
        _text(findings.headline(judgement)),
        "",
        *(f"- {_MARKS[shape]} {what} **{how}**" for shape, what, how in page_sections.facts(judgement)),
        "",
    ]
    if stopped := run_checks.early(judgement):
        lines += [stopped, ""]
    if held := run_checks.quota(judgement)[1]:
        lines += [held, ""]
    if verdict["verdict"] != "pass" and verdict["reasons"]:
        lines += ["Reasons:", "", *(f"- {_text(str(reason))}" for reason in verdict["reasons"][:8]), ""]
    lines += page_capacity.summary(judgement)
    lines += ["| promise | checked | found | visitors per million (95 %) | verdict |", "|---|--:|--:|--:|---|"]
    for row in page_sections.promises(judgement):
        found = f"{words.count(row['found'])} {row['unit'] if row['found'] else ''}".rstrip()
        lines.append(
            f"| {_cell(row['name'])} | {words.count(row['checked'])} | {found} | {row['bound']} | "
            f"{_MARKS[row['icon']]} {row['word']} |"
        )
    lines += ["", findings.between_readings(judgement)]
    objectives = page_sections.objectives(judgement)
    if objectives:
        interval = f"measured [95 % interval, {verdict['interval']}]"
        lines += ["", f"| objective | limit | {interval} | margin | verdict |", "|---|--:|--:|--:|---|"]
        for row in objectives:
            measured = f"{row['value']} {row['interval']}".strip()
            lines.append(
                f"| {_cell(row['statement'])} | {row['limit']}{row['within']} | {_cell(measured)} | {row['margin']} | "
                f"{_MARKS[row['icon']]} {row['word']} |"
            )
    lines += ["", f"{_text(findings.latency_heading(judgement))}. {_text(findings.reordering_heading(judgement))}."]
    broken = [check.sentence for check in run_checks.run_checks(judgement) if check.ok is False]
    if broken:
        lines += ["", "Not a valid run:", "", *(f"- {_text(sentence)}" for sentence in broken)]
    for witness in verdict["witnesses"][:3]:
        lines += ["", f"> **{_text(witness['anomaly'])}** {_text(witness['sentence'])}"]
    lines += [
        "",
        *([] if run_checks.is_given(judgement.runs[0]) else [f"{_text(page_method.traces(judgement))}", ""]),
        f"{_which(judgement, folder_name)}. The whole report: index.html beside this file.",
    ]
    return "\n".join(lines) + "\n"


def _which(judgement: Judgement, folder_name: str) -> str:
    """Which run it was; evidence made elsewhere has no seed of ours."""
    run = judgement.runs[0]
    if run_checks.is_given(run):
        return f"Evidence in {_text(folder_name)}"
    return f"Run {_text(folder_name)}, seed {run.info.seed}"
