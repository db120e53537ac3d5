"""A request that is passed on twice."""

import asyncio

import pytest

from inorder.proxy.exchange import MAX_COPY
from tests.inorder.proxy.way import Upstream, ok, post, run, until, way


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
