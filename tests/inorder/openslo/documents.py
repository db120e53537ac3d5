"""OpenSLO documents as tests write them: one SLO, of which a test changes what it is about."""

from pathlib import Path

from inorder import openslo
from inorder.sla import Sla

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  {indicator}
  {method}
  {more}
  objectives:
"""
TIME = "{thresholdMetric: {metricSource: {type: inorder, spec: {metric: batch.response_ms}}}}"


def threshold(metric: str, more: str = "") -> str:
    """An SLI of a metric; `more`: further keys of the source's spec."""
    return f"{{thresholdMetric: {{metricSource: {{type: inorder, spec: {{metric: {metric}{more}}}}}}}}}"


def source(metric: str, more: str = "") -> str:
    """A part of a ratio."""
    return f"{{metricSource: {{type: inorder, spec: {{metric: {metric}{more}}}}}}}"


def ratio(**parts: str) -> str:
    """An SLI of a ratio, of the parts as they are given."""
    return f"{{ratioMetric: {{{', '.join(f'{key}: {value}' for key, value in parts.items())}}}}}"


def slo(*objectives: str, sli: str = TIME, method: str = "Occurrences", name: str = "fast", more: str = "") -> str:
    """The text of an SLO."""
    spent = f"budgetingMethod: {method}" if method else ""
    head = SLO.format(name=name, indicator=f"indicator: {{spec: {sli}}}", method=spent, more=more)
    return head + "".join(f"  - {{{objective}}}\n" for objective in objectives)


def read(folder: Path, *texts: str) -> openslo.Read:
    """What a file of these documents says."""
    file = folder / "slo.yaml"
    file.write_text("---\n".join(texts), encoding="utf-8")
    return openslo.read(file)


def lines(folder: Path, *texts: str) -> list[Sla]:
    """The lines alone."""
    return list(read(folder, *texts).lines)


def only(folder: Path, *texts: str) -> Sla:
    """The one line."""
    [line] = lines(folder, *texts)
    return line
