"""Each fault of the network does what its sentence says, and counts the requests that it harmed."""

import asyncio
import time

import pytest

from inorder.faults.fault import parse
from inorder.proxy.exchange import MAX_COPY
from tests.inorder.proxy.way import Answer, Upstream, ok, post, reset, run, until, way

LONG = "delay_ms=60000"
"""Longer than any test takes."""


def test_latency_holds_answers_back() -> None:
    """The server has the request at once, the client has to wait for the answer."""

    async def test() -> None:
        async with way(f"latency:{LONG}") as on:
            client = await on.client()
            client.send(post("/x"))
            await until(lambda: on.upstream.paths == ["/x"])
            assert await client.hears_nothing()
            assert on.counts() == {"latency": (1, 1)}
        async with way("latency:delay_ms=20") as on:
            client = await on.client()
            assert [await client.ask(post("/x")) for _ in range(3)] == [ok()] * 3
            assert on.counts() == {"latency": (3, 3)}

    run(test())


def test_bandwidth_holds_both_ways() -> None:
    """Up and down bytes arrive little by little, and all arrive (test_lane.py reckons when)."""

    async def test() -> None:
        async with way("bandwidth:bytes_per_s=50000") as on:
            up: list[bytes] = []

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while sum(map(len, up)) < len(post("/x", bytes(5000))):
                    up.append(await reader.read(100_000))
                writer.write(ok(bytes(5000)))
                writer.close()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x", bytes(5000)))
            down = [await client.reader.read(100_000)]
            rest, _ = await client.rest()
            assert b"".join(up) == post("/x", bytes(5000))
            assert down[0] + rest == ok(bytes(5000))
            assert len(up) > 1
            assert len(down[0]) < len(ok(bytes(5000)))
            assert on.counts() == {"bandwidth": (1, 1)}

    run(test())


def test_a_slicer_passes_slices_on() -> None:
    """A request and its answer arrive in pieces."""

    async def test() -> None:
        async with way("slicer:slice_bytes=7,delay_ms=5") as on:
            up: list[bytes] = []

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while sum(map(len, up)) < len(post("/x")):
                    up.append(await reader.read(1000))
                writer.write(ok())
                writer.close()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x"))
            down = [await client.reader.read(1000)]
            rest, _ = await client.rest()
            assert b"".join(up) == post("/x")
            assert down[0] + rest == ok()
            assert len(up) > 1
            assert len(down[0]) < len(ok())
            assert on.counts() == {"slicer": (1, 1)}

    run(test())


CLOSE = ok(more="Connection: close\r\n")


async def drop(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
    """Close without an answer."""
    writer.close()


@pytest.mark.parametrize("script", [CLOSE, drop])
def test_slow_close_closes_later(script: Answer | bytes) -> None:
    """The server has closed, and the client does not know; it is told in the end."""

    async def test() -> None:
        async with way(f"slow-close:{LONG}", close=script) as on:
            client = await on.client()
            assert await client.ask(post("/x")) == ok()
            assert on.counts() == {"slow-close": (1, 0)}
            client.send(post("/close"))
            if script is CLOSE:
                assert await client.answer() == CLOSE
            await until(lambda: on.counts() == {"slow-close": (2, 1)})
            assert await client.hears_nothing()
        async with way("slow-close:delay_ms=20", close=script) as on:
            client = await on.client()
            client.send(post("/close"))
            assert await client.rest() == (CLOSE if script is CLOSE else b"", "eof")

    run(test())


def test_what_is_sent_into_a_slow_close_is_lost() -> None:
    """The client holds its connection for open and asks again: nobody hears it."""

    async def test() -> None:
        async with way("slow-close:delay_ms=100", close=CLOSE) as on:
            client = await on.client()
            await client.ask(post("/close"))
            await until(lambda: on.counts() == {"slow-close": (1, 1)})
            client.send(post("/lost"))
            assert await client.rest() == (b"", "eof")
            assert on.upstream.paths == ["/close"]
            assert on.counts() == {"slow-close": (1, 1)}

    run(test())


def test_slow_close_ends_with_its_window() -> None:
    """A request that it struck does not make later closes slow."""

    async def test() -> None:
        async with way(f"slow-close:until_s=1000,{LONG}") as on:
            client = await on.client()
            await client.ask(post("/x"))
            on.proxy.switch.clock.start(time.monotonic() - 2000)
            client.close()
            await until(lambda: on.upstream.ends == ["eof"])
            assert on.counts() == {"slow-close": (1, 0)}

    run(test())


def test_slow_close_tells_the_server_later_too() -> None:
    """That the client has gone: it is counted first, and told in the end."""

    async def test() -> None:
        async with way("slow-close:delay_ms=100") as on:
            client = await on.client()
            await client.ask(post("/x"))
            client.close()
            await until(lambda: on.counts() == {"slow-close": (1, 1)})
            assert on.upstream.ends == []
            await until(lambda: on.upstream.ends == ["eof"])

    run(test())


def test_timeout_passes_nothing_on() -> None:
    """The connection stays open for delay_ms, and is closed without a byte."""

    async def test() -> None:
        for delay, ends in ((LONG, False), ("delay_ms=20", True)):
            async with way(f"timeout:rate=1,{delay}") as on:
                client = await on.client()
                client.send(post("/x") + post("/y"))
                assert (await client.rest() == (b"", "eof")) if ends else await client.hears_nothing()
                assert on.upstream.heard == []
                assert on.counts() == {"timeout": (1, 1)}

    run(test())


def test_reset_is_an_rst_before_the_request_or_within_the_answer() -> None:
    """About half of the requests are not passed on; of the others the client gets part of the answer."""

    async def test() -> None:
        async with way("reset:rate=1") as on:
            ends = []
            for number in range(40):
                client = await on.client()
                client.send(post(f"/{number}"))
                ends.append((*await client.rest(), f"/{number}" in on.upstream.paths))
            before, within = (b"", "reset", False), (ok()[: len(ok()) // 2], "reset", True)
            assert {before, within} <= set(ends)
            # A client that is slow to read may see the reset before the bytes.
            assert set(ends) <= {before, within, (b"", "reset", True)}
            assert 8 < ends.count(before) < 32
            assert on.counts() == {"reset": (40, 40)}

    run(test())


def test_nothing_follows_the_cut() -> None:
    """Of an answer in many pieces the client gets half of the first."""

    async def pieces(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.001)
            writer.write(bytes(1000))

    async def test() -> None:
        got = set()
        async with way("reset:rate=1", x=pieces) as on:
            for _ in range(12):
                client = await on.client()
                client.send(post("/x"))
                got.add(await client.rest())
        assert got <= {(b"", "reset"), (b"HTTP/1.1 200 X\r\nCont", "reset")}
        assert len(got) == 2

    run(test())


@pytest.mark.parametrize(("path", "harmed"), [("/x", 1), ("/busy", 0), ("/endless", 1), ("/drop", 0)])
def test_swallow_takes_the_answer(path: str, harmed: int) -> None:
    """The server has answered, the client sees a closed connection; it harms where the answer was 200."""

    async def test() -> None:
        endless = b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\nends with the connection"
        async with way("swallow:rate=1", busy=ok(b"busy", 503), endless=endless, drop=drop) as on:
            client = await on.client()
            client.send(post(path) + post("/lost"))
            assert await client.rest() == (b"", "eof")
            assert on.upstream.paths == [path]
            assert on.counts() == {"swallow": (1, harmed)}

    run(test())


@pytest.mark.parametrize("status", [429, 503])
def test_an_injected_refusal_passes_nothing_on(status: int) -> None:
    """It is a whole answer of its own, the connection is kept, and 429 says when to come again."""

    async def test() -> None:
        async with way(f"inject-{status}:rate=1") as on:
            client = await on.client()
            for _ in range(2):
                answer = await client.ask(post("/x", bytes(100_000)))
                assert answer.startswith(b"HTTP/1.1 %d " % status)
                assert (b"\r\nRetry-After: 1\r\n" in answer) == (status == 429)
            await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            last = await client.ask(post("/x", b"", "Connection: close\r\n"))
            assert last.startswith(b"HTTP/1.1 ")  # and not with a body that HEAD has none of
            assert b"\r\nConnection: close\r\n" in last
            assert await client.rest() == (b"", "eof")
            assert on.upstream.heard == []
            assert on.counts() == {f"inject-{status}": (4, 4)}

    run(test())


@pytest.mark.parametrize(
    "request_", [post("/x", b"body"), b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
def test_replay_passes_the_request_on_twice(request_: bytes) -> None:
    """The client gets one answer, the first, and its next request comes after both."""

    async def test() -> None:
        count = 0

        async def number(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
            nonlocal count
            count += 1
            writer.write(ok(b"%d" % count))

        async with way("replay:rate=1", x=number) as on:
            client = await on.client()
            assert await client.ask(request_) == ok(b"1")
            assert await client.ask(request_) == ok(b"3")
            await until(lambda: on.upstream.heard == [request_] * 4)
            assert on.upstream.opened == 1
            assert on.counts() == {"replay": (2, 1)}  # the same request again is stored twice all the same

    run(test())


def test_a_request_that_is_too_long_is_not_replayed() -> None:
    """It is passed on once, whole, and does not count."""

    async def test() -> None:
        async with way("replay:rate=1") as on:
            client = await on.client()
            assert await client.ask(post("/x", bytes(MAX_COPY))) == ok()
            assert await client.ask(post("/y")) == ok()
            assert on.upstream.paths[:2] == ["/x", "/y"]
            await until(lambda: on.counts() == {"replay": (2, 1)})

    run(test())


@pytest.mark.parametrize(
    ("answers", "heard", "harmed"),
    [
        ([ok(), ok(b"", 503)], 2, 0),
        ([ok(b"", 503), ok()], 2, 0),
        ([ok(b"", 400), ok(b"", 400)], 2, 0),
        ([ok(more="Connection: close\r\n")], 1, 0),
        ([ok(), ok()], 2, 1),
    ],
)
def test_replay_harms_where_both_answers_are_200(answers: list[bytes], heard: int, harmed: int) -> None:
    """Else nothing was stored twice; where the server closes after the first there is no second."""

    async def test() -> None:
        left = list(answers)

        async def next_one(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
            answer = left.pop(0)
            writer.write(answer)

        async with way("replay:rate=1", x=next_one) as on:
            client = await on.client()
            assert await client.ask(post("/x")) == answers[0]
            await until(lambda: left == [])
            await asyncio.sleep(0.05)
            assert len(on.upstream.heard) == heard
            assert on.counts() == {"replay": (1, harmed)}

    run(test())


@pytest.mark.parametrize("fault", [f"timeout:rate=1,{LONG}", "inject-503:rate=1"])
def test_a_server_that_closes_meanwhile_changes_nothing_for_what_is_kept_back(fault: str) -> None:
    """It is answered, or not, as if the server were there; after that the connection ends."""

    async def test() -> None:
        async with way(fault) as on:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await on.upstream.freed.wait()
                writer.write(ok(b"idle for too long", 408))
                writer.close()
                on.upstream.ends.append("closed")

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x", b"ab")[:-1])
            await until(lambda: on.counts()[fault.partition(":")[0]][0] == 1)
            on.upstream.freed.set()
            await until(lambda: on.upstream.ends != [])
            assert await client.hears_nothing()
            client.send(b"b")
            if fault.startswith("timeout"):
                assert await client.hears_nothing()
            else:
                answer, end = await client.rest()
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"\r\nConnection: close\r\n" in answer
                assert end == "eof"

    run(test())


def test_the_end_of_a_client_waits_for_its_requests() -> None:
    """One that is struck waits for the one before it, and the end for both."""

    async def wait(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
        await upstream.freed.wait()
        writer.write(ok(b"at last"))

    async def test() -> None:
        async with way(wait=wait) as on:
            client = await on.client()
            client.send(post("/wait"))
            await until(lambda: on.upstream.paths == ["/wait"])
            on.proxy.switch.replace([parse("replay:rate=1")])
            client.send(post("/x"))
            client.writer.write_eof()
            await asyncio.sleep(0.05)
            on.upstream.freed.set()
            assert await client.rest() == (ok(b"at last") + ok(), "eof")
            assert on.upstream.paths == ["/wait", "/x", "/x"]

    run(test())


def test_faults_act_in_their_order() -> None:
    """What comes after a fault that passes nothing on is never met; what comes before acts on its answer."""

    async def test() -> None:
        async with way("inject-503:rate=1", "replay:rate=1", "latency") as on:
            assert (await (await on.client()).ask(post("/x"))).startswith(b"HTTP/1.1 503")
            assert on.counts() == {"inject-503": (1, 1), "replay": (0, 0), "latency": (0, 0)}
        async with way(f"latency:{LONG}", "inject-503:rate=1") as on:
            client = await on.client()
            client.send(post("/x"))
            await until(lambda: on.counts() == {"latency": (1, 1), "inject-503": (1, 1)})
            assert await client.hears_nothing()
        async with way("swallow:rate=1", "inject-429:rate=1") as on:
            client = await on.client()
            client.send(post("/x"))
            assert await client.rest() == (b"", "eof")
            assert on.upstream.heard == []
            assert on.counts() == {"swallow": (1, 0), "inject-429": (1, 1)}
        async with way("swallow:rate=1", "replay:rate=1") as on:
            client = await on.client()
            client.send(post("/x"))
            assert await client.rest() == (b"", "eof")
            assert on.upstream.paths == ["/x", "/x"]
            assert on.counts() == {"swallow": (1, 1), "replay": (1, 1)}

    run(test())


def test_a_struck_request_waits_for_those_before_it() -> None:
    """Pipelined requests are answered in their order, whatever strikes which."""

    async def test() -> None:
        async with way("latency:delay_ms=20,jitter_ms=15,rate=0.3", "inject-429:rate=0.3", "replay:rate=0.3") as on:
            client = await on.client()
            for number in range(60):
                on.upstream.scripted[f"/{number}"] = ok(b"%d" % number)
            client.send(b"".join(post(f"/{number}") for number in range(60)))
            for number in range(60):
                answer = await client.answer()
                assert answer.startswith(b"HTTP/1.1 429") or answer == ok(b"%d" % number)
            numbers = [int(path[1:]) for path in on.upstream.paths]
            assert numbers == sorted(numbers)
            counts = on.counts()
            assert all(0 < struck == harmed < 60 for struck, harmed in counts.values())
            assert len(set(numbers)) == 60 - counts["inject-429"][1]
            assert len(numbers) - len(set(numbers)) == counts["replay"][1]

    run(test())


def test_the_same_seed_strikes_the_same_requests() -> None:
    """And another seed others."""

    async def struck(seed: int) -> list[bytes]:
        async with way("inject-503:rate=0.5", seed=seed) as on:
            client = await on.client()
            return [(await client.ask(post("/x")))[9:12] for _ in range(30)]

    async def test() -> None:
        assert await struck(1) == await struck(1)
        assert await struck(1) != await struck(2)

    run(test())


@pytest.mark.parametrize(
    "fault", ["bandwidth:bytes_per_s=2000", "slicer:slice_bytes=5,delay_ms=5", "replay:rate=1", f"latency:{LONG}"]
)
def test_a_request_of_a_client_that_left_is_still_passed_on(fault: str) -> None:
    """It had reached the proxy whole: a network delivers it, and drops the answer."""

    async def test() -> None:
        async with way(fault) as on:
            client = await on.client()
            client.send(post("/x", bytes(100)))
            client.close()
            times = 2 if fault.startswith("replay") else 1
            await until(lambda: on.upstream.heard == [post("/x", bytes(100))] * times and on.upstream.ends != [])

    run(test())


@pytest.mark.parametrize("fault", [f"timeout:rate=1,{LONG}", "inject-429:rate=1"])
def test_what_is_kept_back_ends_with_its_client(fault: str) -> None:
    """Nothing of it is passed on, and the server's connection is closed."""

    async def test() -> None:
        async with way(fault) as on:
            client = await on.client()
            client.send(post("/x", b"cut off")[:-1])
            await until(lambda: on.upstream.opened == 1)
            await asyncio.sleep(0.05)
            reset(client.writer)
            await until(lambda: on.upstream.ends != [])
            assert on.upstream.heard == []

    run(test())
