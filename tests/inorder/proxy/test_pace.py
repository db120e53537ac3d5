"""Faults that slow the way down: latency, bandwidth, slices."""

import asyncio

from tests.inorder.proxy.way import ok, post, run, until, way

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
