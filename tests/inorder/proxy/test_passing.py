"""With no fault the proxy is not there: bytes, ends and order are those of the direct way."""

import asyncio
import socket

import pytest

from tests.inorder.proxy.way import Upstream, ok, post, reset, run, until, way

CHUNKED = b"4\r\na\r\n\r\r\n3;x=y\r\n\n\nb\r\n0\r\nT: x\r\n\r\n"


def test_many_requests_keep_one_connection() -> None:
    """Each gets its own answer, and the server sees one connection."""

    async def test() -> None:
        async with way() as on:
            client = await on.client()
            for number in range(200):
                on.upstream.scripted[f"/{number}"] = ok(b"%d" % number)
                assert await client.ask(post(f"/{number}", b"x" * number)) == ok(b"%d" % number)
            assert on.upstream.heard == [post(f"/{number}", b"x" * number) for number in range(200)]
            assert on.upstream.opened == 1

    run(test())


def test_pipelined_requests_are_answered_in_order() -> None:
    """All are sent before the first is answered."""

    async def test() -> None:
        async with way(b=ok(b"second"), c=ok(b"third")) as on:
            client = await on.client()
            client.send(post("/a") + post("/b") + post("/c"))
            assert [await client.answer() for _ in range(3)] == [ok(), ok(b"second"), ok(b"third")]

    run(test())


@pytest.mark.parametrize("faults", [[], ["slicer:slice_bytes=1,delay_ms=0.01"], ["latency:delay_ms=1,jitter_ms=0.1"]])
@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (post("/x", b""), ok(b"")),
        (b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", ok(b"y" * 3000)),
        (b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n"),
        (b"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 204 X\r\n\r\n"),
        (b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 304 X\r\nContent-Length: 99\r\n\r\n"),
        (b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ok()),
        (post("/x"), b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n0\r\n\r\n"),
    ],
)
def test_each_kind_of_message_passes_unchanged(faults: list[str], request_: bytes, answer: bytes) -> None:
    """With and without faults that only slow it down, and the next request of the connection after it too."""

    async def test() -> None:
        async with way(*faults, x=answer) as on:
            client = await on.client()
            assert [await client.ask(request_) for _ in range(2)] == [answer, answer]
            assert await client.ask(post("/next")) == ok()
            assert on.upstream.heard == [request_, request_, post("/next")]

    run(test())


@pytest.mark.parametrize("fault", [[], ["latency:delay_ms=1,jitter_ms=0.1"]])
def test_an_answer_that_ends_with_the_connection(fault: list[str]) -> None:
    """It has no length: its end is the server's."""

    async def test() -> None:
        async with way(*fault, x=b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\nabc") as on:
            client = await on.client()
            client.send(post("/x"))
            assert await client.rest() == (b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\nabc", "eof")

    run(test())


@pytest.mark.parametrize("fault", [[], ["latency:delay_ms=1,jitter_ms=0.1"]])
def test_a_client_that_waits_for_100_gets_it(fault: list[str]) -> None:
    """The head is passed on before the body is there."""

    async def test() -> None:
        async with way(*fault) as on:
            head, _, body = post("/x", b"0123456789", "Expect: 100-continue\r\n").partition(b"\r\n\r\n")

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                assert await reader.readuntil(b"\r\n\r\n") == head + b"\r\n\r\n"
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                assert await reader.readexactly(10) == body
                writer.write(ok())
                writer.close()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(head + b"\r\n\r\n")
            assert await client.answer() == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert await client.ask(body) == ok()

    run(test())


def test_a_request_that_comes_byte_by_byte() -> None:
    """No boundary depends on how the bytes are cut."""

    async def test() -> None:
        request = b"\r\n" + post("/a") + b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + post("/c")
        async with way("latency:delay_ms=1,jitter_ms=0.1,rate=0.5") as on:
            client = await on.client()
            for at in range(len(request)):
                client.send(request[at : at + 1])
                await asyncio.sleep(0)
            assert [await client.answer() for _ in range(3)] == [ok()] * 3
            assert on.upstream.paths == ["/a", "/b", "/c"] or on.upstream.heard[0].startswith(b"\r\n")

    run(test())


def test_a_slow_reader_stops_the_server() -> None:
    """The proxy keeps no more than a bound, and in the end every byte arrives."""
    size, sent = 64 << 20, 0

    async def pour(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 X\r\nContent-Length: {size}\r\n\r\n".encode())
        while sent < size:
            writer.write(bytes(1 << 16))
            sent += 1 << 16
            await writer.drain()

    async def test() -> None:
        for fault in ([], ["latency:delay_ms=1,jitter_ms=0.1"]):
            nonlocal sent
            sent = 0
            async with way(*fault, x=pour) as on:
                client = await on.client()
                client.send(post("/x"))
                seen = -1
                while sent != seen:
                    seen = sent
                    await asyncio.sleep(0.3)
                assert sent < size / 2
                await client.reader.readuntil(b"\r\n\r\n")
                assert await client.reader.readexactly(size) == bytes(size)

    run(test())


def test_a_slow_server_stops_the_client() -> None:
    """A server that reads nothing holds a client that sends much."""

    async def test() -> None:
        async with way() as on:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                await on.upstream.freed.wait()
                writer.transport.abort()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x", bytes(64 << 20)))
            left = 0
            while (size := client.writer.transport.get_write_buffer_size()) != left:
                left = size
                await asyncio.sleep(0.3)
            assert left > 32 << 20
            client.writer.transport.abort()

    run(test())


def test_a_client_that_sends_no_more_is_still_answered() -> None:
    """Its end is passed on after its request, and the answer comes back."""

    async def test() -> None:
        async with way() as on:
            client = await on.client()
            client.send(post("/x"))
            client.writer.write_eof()
            assert await client.rest() == (ok(), "eof")
            assert on.upstream.ends == ["eof"]

    run(test())


def test_a_client_that_goes_away_is_told_to_the_server() -> None:
    """What it sent whole has been passed on."""

    async def test() -> None:
        async with way() as on:
            client = await on.client()
            client.send(post("/x"))
            client.close()
            await until(lambda: on.upstream.ends != [])
            assert on.upstream.paths == ["/x"]

    run(test())


def test_a_server_cannot_send_for_ever_to_a_client_that_is_gone() -> None:
    """Its connection ends too, although it does not end it itself."""

    async def test() -> None:
        async with way() as on:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.read()
                try:
                    while True:
                        writer.write(bytes(1000))
                        await asyncio.sleep(0.001)
                        await writer.drain()
                except ConnectionError:
                    on.upstream.ends.append("reset")

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x"))
            await asyncio.sleep(0.05)
            reset(client.writer)
            await until(lambda: on.upstream.ends == ["reset"])

    run(test())


def test_a_server_that_closes_or_resets_is_seen_as_such() -> None:
    """Neither end is made of the other."""

    async def close(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
        writer.close()

    async def abort(upstream: Upstream, writer: asyncio.StreamWriter, request: bytes) -> None:
        reset(writer)

    async def test() -> None:
        async with way(close=close, reset=abort) as on:
            for path, end in (("/close", "eof"), ("/reset", "reset")):
                client = await on.client()
                client.send(post(path))
                assert await client.rest() == (b"", end)

    run(test())


def test_a_server_that_is_not_there_resets_the_client() -> None:
    """There is no 502: a network gives no answers."""

    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            to = f"http://127.0.0.1:{other.getsockname()[1]}"
        async with way(to=to) as on:
            assert await (await on.client()).rest() == (b"", "reset")

    run(test())


@pytest.mark.parametrize("fault", [[], ["latency:delay_ms=1,jitter_ms=0.1"], ["replay:rate=1"]])
def test_another_protocol_passes_once_the_server_agrees(fault: list[str]) -> None:
    """After a 101 requests are not told apart any more; both ways stay open."""
    agreed = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n\x00\x01"

    async def test() -> None:
        async with way(*fault) as on:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(agreed)
                writer.write(await reader.read())
                writer.close()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(post("/x", b"", "Connection: upgrade\r\nUpgrade: echo\r\n"))
            assert await client.reader.readexactly(len(agreed)) == agreed
            client.send(b"\x02\r\n\r\n")
            client.writer.write_eof()
            assert await client.rest() == (b"\x02\r\n\r\n", "eof")

    run(test())


@pytest.mark.parametrize("fault", [[], ["latency:delay_ms=1,jitter_ms=0.1"]])
def test_bytes_that_are_no_http_pass(fault: list[str]) -> None:
    """What cannot be read is not judged."""

    async def test() -> None:
        async with way(*fault) as on:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(b"\xff" + await reader.readexactly(8))
                writer.close()

            on.upstream.serve = serve  # type: ignore[method-assign]
            client = await on.client()
            client.send(b"\x16\x03\r\n\r\n")
            await asyncio.sleep(0.01)
            client.send(b"\x00\n")
            assert await client.rest() == (b"\xff\x16\x03\r\n\r\n\x00\n", "eof")

    run(test())
