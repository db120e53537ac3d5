"""One visitor of its own name, sent to a system and read back: what a run would do, as small as it can be."""

import secrets
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from inorder import conduct, scenario
from inorder.driver.alone import drive
from inorder.driver.target import Target
from inorder.errors import InorderError
from inorder.plan import Plan, plan_of
from inorder.run import Reading, RunFolder
from inorder.targets.system import Named

_TEXT = """question = "Does the system do what a verdict needs?"
name = "target-check"
[visitors]
count = 1
online_before = 0.25
online_after = 0.25
pause_s = 0.1
[client]
connections = 4
attempts = 2
ordinary_timeout_s = 5.0
[[phases]]
name = "online"
duration_s = 0.5
[[phases]]
name = "back"
duration_s = 0.5
returning = 1.0
arrival = "burst"
within_s = 0.1
[readback]
settle_s = 2.0
limit_s = 30.0
[validity]
late_start_ms_p99 = 60000.0
loop_lag_ms_p99 = 60000.0
cpu_share = 10.0
"""
_EVENTS = range(8, 13)
"""So many events: a batch of a half of them, the rest as ordinary calls before and after it."""


def plan_for(system: Named) -> tuple[Plan, str]:
    """A plan with one visitor, whose name was never used before, and the text of its scenario."""
    written = scenario.parse(_TEXT, Path("target-check.toml"))
    while True:
        seed = secrets.randbits(62)
        plan = plan_of(replace(written, seed=seed), system=system)
        if plan.behaviour.size(1) in _EVENTS:
            return plan, _TEXT


def send(system: Named, target: Target, folder: Path) -> tuple[RunFolder, str | None]:
    """Send the visitor and read it back into `folder`; returns the run folder, and why it could not be read back."""
    plan, text = plan_for(system)
    unread: str | None = None
    after = -1
    with closing(conduct.read_back_of(system, plan.scenario)) as reader:
        try:
            reader.check()
            after = reader.last_position()
        except InorderError as error:
            unread = str(error)
        info = conduct.run_info(plan, system, sandbox=False, processes=1)
        info.run = folder.name
        info.reading = Reading(after=after)
        made = RunFolder.create(folder, text, info)
        origins: list[float] = []
        load_s = drive(plan, target, made.history, on_start=origins.append)
        conduct.note_end(made, load_s)
        if unread is None:
            conduct.read_back(made, reader, system, plan.scenario, origins[0])
            reading = made.info().reading
            unread = reading.error if reading is not None and not reading.complete else None
    return made, unread
