"""What driving and judging share: events, scenarios, visitors, the history, the run folder and the sandbox."""

__version__ = "0.1.0"
