"""The errors that a user can cause, each told in one line; only entry files turn them into exit codes."""


class InorderError(Exception):
    """Base of all errors raised on purpose by this project."""


class UnusableInput(InorderError):
    """Input that cannot be used: says which file, where in it, and what was expected (exit code 2)."""


class TargetUnavailable(UnusableInput):
    """The system under test is not there, or refuses the key (exit code 2)."""
