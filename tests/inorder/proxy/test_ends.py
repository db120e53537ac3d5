"""Faults that end a connection: late, by a time-out, by RST, or with the answer swallowed."""

import asyncio
import time

import pytest

from tests.inorder.proxy.way import Answer, Upstream, ok, post, run, until, way

LONG = "delay_ms=60000"
"""Longer than any test takes."""


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
