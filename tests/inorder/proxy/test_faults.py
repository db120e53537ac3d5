"""Faults that answer themselves, and faults beside each other: what strikes, and in which order."""

import asyncio

import pytest

from inorder.faults.fault import parse
from tests.inorder.proxy.way import Upstream, ok, post, reset, run, until, way

LONG = "delay_ms=60000"
"""Longer than any test takes."""


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
