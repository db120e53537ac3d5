"""Plain Locust, as its documentation writes it: users at a constant throughput, for benchmarks/stall.py to compare with."""

import json
from typing import Any

from locust import FastHttpUser as Fast
from locust import HttpUser as Plain
from locust import constant_throughput, events, task
from locust.env import Environment


def _pace(user: Any) -> float:
    return float(constant_throughput(user.environment.parsed_options.each)(user))


class HttpUser(Plain):
    """A user on requests."""

    wait_time = _pace

    @task
    def view(self) -> None:
        """One call."""
        self.client.post("/view", json={"sessionExternalId": "a1", "productId": 1})


class FastHttpUser(Fast):
    """A user on geventhttpclient."""

    wait_time = _pace

    @task
    def view(self) -> None:
        """One call."""
        self.client.post("/view", json={"sessionExternalId": "a1", "productId": 1})


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--each", type=float, default=1.0, help="calls a second that each user is to make")


@events.quitting.add_listener
def _tell(environment: Environment, **_: Any) -> None:
    total = environment.stats.total
    levels = {f"p{share * 100:g}": total.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)}
    print(json.dumps({"n": total.num_requests, "max": total.max_response_time, **levels}), flush=True)
