"""What judges: pure functions from the evidence of a run to findings, then figures and the page."""
