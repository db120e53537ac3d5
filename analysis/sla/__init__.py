"""The objectives of a scenario: each line's metric measured, over all and by slices of time, and judged."""

from analysis.sla.judge import judge_line
from analysis.sla.material import Measured, Measurements, Slices
from analysis.sla.measure import measure, unit
from analysis.sla.slices import measure_line

__all__ = ["Measured", "Measurements", "Slices", "judge_line", "measure", "measure_line", "unit"]
