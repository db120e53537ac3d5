"""The margins of the middle sections: what is said beside the figures, in sentences that fit the numbers."""

from dataclasses import replace

import numpy as np

from analysis import page_details
from analysis.judgement import Judgement
from tests.analysis import cases


def told(case: Judgement) -> str:
    """What stands beside the storm."""
    return " ".join(page_details.storm_notes(case))


def test_the_bins_with_the_most_are_named() -> None:
    """When most was due, and when most was confirmed; no instant of that where nothing was."""
    case = cases.passing()
    assert "on, and confirmed in the bin from" in told(case)
    run = case.runs[0]
    batches = run.batches.assign(ack=np.inf)
    assert "on, and nothing was confirmed." in told(Judgement(case.verdict, [replace(run, batches=batches)]))


def test_what_was_sent_again_given_up_or_not_sent_is_counted() -> None:
    """Each with its number; what did not happen is left out."""
    case = cases.passing()
    case.verdict.update({"resends": 41, "gave_up": 0, "unsent": 1200})
    assert "Re-sent: 41; events never sent before the run ended: 1,200." in told(case)
    case.verdict.update({"resends": 0, "unsent": 0})
    assert "never sent" not in told(case)
    assert "e-sent" not in told(case)
