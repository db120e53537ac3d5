"""What a confirmed batch of 20 events costs the driver, against Locust's bare FastHttpUser with one ready-made body.

`python benchmarks/driver.py` runs both against a server that does nothing, in turn, and prints CPU microseconds a call
(user + system of the generator's process) and the ratio of the medians. Ours builds and encodes each batch, digests
it, writes both history lines and fires Locust's request event. It also shows the memory of waiting visitors and how
late calls leave at half of the driver's capacity.

`--stop` measures instead what an objective costs that may end the load (`stop = true`).
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from inorder.ports import free_port

USERS = 32
WARM_S, MEASURE_S = 1.0, 4.0
SCENARIO = """
question = "benchmark"
[visitors]
count = {count}
online_before = 0.0
online_after = 0.0
[client]
connections = {users}
connection = "kept"
[[phases]]
name = "all"
duration_s = {duration}
returning = 1.0
arrival = "{arrival}"
within_s = 0.001
"""
STOP = """
[[sla]]
metric = "batch.response_ms.p99"
max = 1000
stop = true
"""
WINDOW_S, PAIRS = 0.25, 40


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fasthttp(port: int) -> dict[str, float]:
    """Locust's own fastest client, posting one ready-made body."""
    import gevent  # after locust, which patches
    from locust import FastHttpUser, constant, task
    from locust.env import Environment

    body = _one_batch()

    class Poster(FastHttpUser):
        host = f"http://127.0.0.1:{port}"
        wait_time = constant(0)

        @task
        def post(self) -> None:
            self.client.post("/1.0/visitorEvents", data=body, headers={"Content-Type": "application/json"})

    environment = Environment(user_classes=[Poster])
    runner = environment.create_local_runner()
    runner.start(USERS, USERS)
    gevent.sleep(WARM_S)
    calls, cpu = environment.stats.total.num_requests, _cpu_s()
    gevent.sleep(MEASURE_S)
    calls, cpu = environment.stats.total.num_requests - calls, _cpu_s() - cpu
    runner.quit()
    return {"calls": calls, "us": cpu / calls * 1e6}


def _plan(count: int, duration: float, arrival: str, size: int, more: str = ""):
    from inorder import scenario
    from inorder.behaviour import Synthetic
    from inorder.events import Namespace
    from inorder.plan import Plan

    class Even(Synthetic):
        """The synthetic model with sessions of one size, so that every batch is full."""

        def size(self, number: int) -> int:
            return size

    text = SCENARIO.format(count=count, duration=duration, arrival=arrival, users=USERS) + more
    written = scenario.parse(text, Path("benchmark.toml"))
    namespace = Namespace("bench")
    return Plan(written, Even(1, namespace), namespace)


def _one_batch() -> bytes:
    from inorder.visitor import Sender

    plan = _plan(1, 1.0, "burst", 20)
    sender = Sender(plan, 0)
    sender.start()
    call = sender.next_call(0, 0.0)
    assert call is not None
    return call.body


def _engine(port: int, plan, folder: str):
    """Our driver inside a Locust runner, as locustfiles/visitors.py runs it."""
    from locust import User, constant, task
    from locust.env import Environment

    from inorder.driver.crew import to_locust
    from inorder.driver.engine import Engine
    from inorder.driver.target import Target
    from inorder.history import HistoryWriter

    class Connection(User):
        wait_time = constant(0)

        @task
        def serve(self) -> None:
            engine.work()
            import gevent

            gevent.sleep(60)

    environment = Environment(user_classes=[Connection])
    target = Target.resolve(f"http://127.0.0.1:{port}/1.0", {"apiKey": "bench", "partnerId": "bench"})
    engine = Engine(
        plan, target, HistoryWriter(Path(folder) / "w0.jsonl"), 0, 1, to_locust(environment.events.request.fire)
    )
    runner = environment.create_local_runner()
    runner.start(USERS, USERS)
    return engine, runner, environment


def ours(port: int) -> dict[str, float]:
    """Our driver at full speed."""
    import gevent
    import locust  # noqa: F401 - patches, so it comes first

    with tempfile.TemporaryDirectory() as folder:
        engine, runner, environment = _engine(port, _plan(USERS, 0.1, "burst", 200_000), folder)
        engine.start(time.monotonic() + 0.2)
        gevent.sleep(WARM_S)
        calls, cpu = engine.progress["calls"], _cpu_s()
        gevent.sleep(MEASURE_S)
        calls, cpu = engine.progress["calls"] - calls, _cpu_s() - cpu
        confirmed = environment.stats.total.num_requests - environment.stats.total.num_failures
        assert confirmed > calls, "calls failed"
        runner.quit()
        engine.close(True)
    return {"calls": calls, "us": cpu / calls * 1e6}


def stopping(port: int) -> dict[str, float]:
    """One run with an objective that may end the load, counted for it in every second window and in the others not."""
    import gevent
    import locust  # noqa: F401

    from inorder.driver.crew import LOOK_S, said

    all_calls, all_cpu = {False: 0, True: 0}, {False: 0.0, True: 0.0}
    with tempfile.TemporaryDirectory() as folder:
        engine, runner, _ = _engine(port, _plan(USERS, 0.1, "burst", 200_000, STOP), folder)
        hope = engine._hope
        engine.start(time.monotonic() + 0.2)
        gevent.sleep(WARM_S)
        for number in range(2 * PAIRS):
            # A, B, B, A: a machine that grows slower or faster meanwhile favours neither.
            counts = number % 4 in (1, 2)
            engine._hope = hope if counts else None
            calls, cpu, until = engine.progress["calls"], _cpu_s(), time.monotonic() + WINDOW_S
            while (left := until - time.monotonic()) > 0:
                if counts:
                    said(engine)
                gevent.sleep(min(left, LOOK_S))
            all_calls[counts] += engine.progress["calls"] - calls
            all_cpu[counts] += _cpu_s() - cpu
        runner.quit()
        engine.close(True)
    without_us, with_us = (all_cpu[counts] / all_calls[counts] * 1e6 for counts in (False, True))
    return {"without_us": without_us, "with_us": with_us}


def late(port: int, rate: float) -> dict[str, float]:
    """How late open arrivals leave: visitors with one batch each, `rate` a second."""
    import gevent
    import locust  # noqa: F401

    seconds = 5.0
    plan = _plan(int(rate * seconds), seconds, "uniform", 20)
    with tempfile.TemporaryDirectory() as folder:
        engine, runner, _ = _engine(port, plan, folder)
        engine.start(time.monotonic() + 0.2)
        until = time.monotonic() + seconds + 20.0
        while not engine.finished and time.monotonic() < until:
            gevent.sleep(0.1)
        runner.quit()
        engine.close(True)
        sent = [json.loads(line) for line in (Path(folder) / "w0.jsonl").open() if line.startswith('{"type":"sent"')]
    late_ms = sorted((line["sent"] - line["intended"]) * 1e3 for line in sent)
    assert len(late_ms) == int(rate * seconds), "arrivals are missing"
    return {"calls": len(late_ms), "p50_ms": late_ms[len(late_ms) // 2], "p99_ms": late_ms[int(len(late_ms) * 0.99)]}


def waiting(count: int) -> dict[str, float]:
    """Memory of one process with `count` visitors that wait for their return."""
    import locust  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        engine, runner, _ = _engine(1, _plan(count, 3600.0, "uniform", 20), folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        runner.quit()
        engine.close(True)
    return {"visitors": count, "peak_mib": peak}


def _side(name: str, *values: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--side", name, *values]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """All measurements, ours and Locust's alternating."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stop", action="store_true", help="what an objective costs that may end the load")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("values", nargs="*", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        sides = {"fasthttp": fasthttp, "ours": ours, "late": late, "waiting": waiting, "stopping": stopping}
        print(json.dumps(sides[asked.side](*(int(float(value)) for value in asked.values))))
        return
    if asked.stop:
        compare_stopping(asked.repeats)
        return
    # A server under load is busy. An idle one charges its wake-ups to both clients alike, which hides their difference.
    half = compare("busy", asked.repeats)
    compare("idle", asked.repeats)
    with _server("busy", 60) as port:
        result = _side("late", str(port), str(half))
    print(f"sent - intended at half capacity ({half:.0f} calls/s): p50 {result['p50_ms']:.2f} ms,", end="")
    print(f" p99 {result['p99_ms']:.2f} ms; the aim is at most 5 ms")
    result = _side("waiting", "200000")
    print(f"200 000 waiting visitors: {result['peak_mib']:.0f} MiB at most; the aim is at most 500 MiB")


def compare(server: str, repeats: int) -> float:
    """Both clients in turn against one server; prints the ratio, returns half of our capacity in calls a second."""
    costs: dict[str, list[float]] = {"fasthttp": [], "ours": []}
    with _server(server, repeats * 30 + 60) as port:
        for repeat in range(repeats):
            for side, found in costs.items():
                result = _side(side, str(port))
                found.append(result["us"])
                line = f"{server} server, repeat {repeat + 1}: {side:8} {result['us']:6.1f} µs CPU a call"
                print(f"{line}, {result['calls']} calls")
    ours_us, theirs_us = statistics.median(costs["ours"]), statistics.median(costs["fasthttp"])
    ratios = [a / b for a, b in zip(costs["ours"], costs["fasthttp"], strict=True)]
    print(f"{server} server: median {ours_us:.1f} against {theirs_us:.1f} µs: ratio {ours_us / theirs_us:.2f}", end="")
    print(f" (of pairs {min(ratios):.2f} to {max(ratios):.2f}); the aim is at most 0.60")
    return 0.5e6 / ours_us


def compare_stopping(repeats: int) -> None:
    """With an objective that may end the load and without it, in turn within each run; prints the ratio."""
    ratios = []
    with _server("busy", repeats * 60 + 60) as port:
        for repeat in range(repeats):
            found = _side("stopping", str(port))
            ratios.append(found["with_us"] / found["without_us"])
            print(f"repeat {repeat + 1}: {found['without_us']:.1f} µs CPU a call, {found['with_us']:.1f} with stop = true")
    print(f"ratio {statistics.median(ratios):.3f} (of runs {min(ratios):.3f} to {max(ratios):.3f})")


@contextmanager
def _server(kind: str, life_s: float) -> Iterator[int]:
    """A null server for at most `life_s` seconds: its port."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("null_server.py")), str(port), str(life_s), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield port
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
