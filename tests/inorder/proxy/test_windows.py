"""Faults act in their windows only; `down` refuses and resets in its own."""

import asyncio
import contextlib
import socket
import time
from typing import Any

import pytest

from inorder.faults.fault import parse
from tests.inorder.proxy.way import Client, Way, ok, post, run, until, way


def test_before_the_start_no_window_is_open() -> None:
    """The clock starts when it is told; then a window opens and closes."""

    async def test() -> None:
        async with way("inject-503:rate=1,from_s=10,until_s=20", started=False) as on:
            client = await on.client()
            for zero, status in ((None, b"200"), (0, b"200"), (5, b"200"), (11, b"503"), (19, b"503"), (21, b"200")):
                if zero is not None:
                    on.proxy.switch.clock.start(time.monotonic() - zero)
                assert (await client.ask(post("/x")))[9:12] == status
            assert on.counts() == {"inject-503": (2, 2)}

    run(test())


def test_an_open_window_too_waits_for_the_start() -> None:
    """A fault without a window strikes from the start on."""

    async def test() -> None:
        async with way("inject-503:rate=1", started=False) as on:
            client = await on.client()
            assert await client.ask(post("/x")) == ok()
            on.proxy.switch.clock.start(time.monotonic())
            assert (await client.ask(post("/x")))[9:12] == b"503"

    run(test())


def test_faults_put_in_while_it_runs_strike_open_connections() -> None:
    """From the next request on."""

    async def test() -> None:
        async with way() as on:
            client = await on.client()
            assert await client.ask(post("/x")) == ok()
            on.proxy.switch.replace([parse("inject-503:rate=1")])
            assert (await client.ask(post("/x")))[9:12] == b"503"
            on.proxy.switch.replace([])
            assert await client.ask(post("/x")) == ok()

    run(test())


async def _refused(on: Way) -> bool:
    try:
        (await on.client()).close()
    except ConnectionRefusedError:
        return True
    return False


async def _becomes(on: Way, refused: bool) -> None:
    async with asyncio.timeout(10):
        while await _refused(on) != refused:
            await asyncio.sleep(0.005)


def test_down_refuses_and_resets_and_comes_back() -> None:
    """Open connections get an RST, new ones are refused; after the window the same port serves again."""

    async def test() -> None:
        async with way("down:from_s=100,until_s=200", started=False) as on:
            waiting, idle = await on.client(), await on.client()
            await idle.ask(post("/x"))

            async def never(*_: Any) -> None:
                await on.upstream.freed.wait()

            on.upstream.scripted["/wait"] = never
            waiting.send(post("/wait") + post("/wait"))
            await until(lambda: on.upstream.paths[-1:] == ["/wait"])
            on.proxy.switch.clock.start(time.monotonic() - 150)
            assert [await client.rest() for client in (waiting, idle)] == [(b"", "reset")] * 2
            await _becomes(on, refused=True)
            assert on.counts() == {"down": (2, 3)}
            on.proxy.switch.clock.start(time.monotonic() - 250)
            await _becomes(on, refused=False)
            assert await (await on.client()).ask(post("/x")) == ok()

    run(test())


def test_down_can_be_put_in_and_taken_out() -> None:
    """While it runs."""

    async def test() -> None:
        async with way() as on:
            await (await on.client()).ask(post("/x"))
            on.proxy.switch.replace([parse("down")])
            await _becomes(on, refused=True)
            on.proxy.switch.replace([])
            await _becomes(on, refused=False)

    run(test())


def test_down_for_a_share_resets_that_share_of_connections() -> None:
    """New connections are reset at once, or served."""

    async def one(client: Client) -> bool:
        try:
            client.send(post("/x"))
            return await client.answer() == ok()
        except (ConnectionError, asyncio.IncompleteReadError):
            return False

    async def test() -> None:
        async with way("down:rate=0.5") as on:
            served = [await one(await on.client()) for _ in range(60)]
            assert 15 < sum(served) < 45
            assert on.counts() == {"down": (60 - sum(served), 60 - sum(served))}

    run(test())


@pytest.mark.parametrize("fault", ["latency:delay_ms=60000", "timeout:rate=1,delay_ms=60000", "slow-close:delay_ms=60000"])
def test_the_proxy_ends_while_things_wait(fault: str) -> None:
    """Whatever is under way, its end leaves no task and no socket (way.py looks)."""

    async def test() -> None:
        async with way(fault) as on:
            for _ in range(3):
                client = await on.client()
                client.send(post("/x") + post("/y"))
            await until(lambda: sum(struck for struck, _ in on.counts().values()) >= 3)

    run(test())


def test_the_proxy_ends_while_it_connects() -> None:
    """A server that accepts nobody more keeps it waiting, not alive."""

    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as crowded, contextlib.ExitStack() as crowd:
            for _ in range(3):
                one = crowd.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(crowded.getsockname())
            async with way(to=f"http://127.0.0.1:{crowded.getsockname()[1]}") as on:
                client = await on.client()
                client.send(post("/x"))
                assert await client.hears_nothing()

    run(test())
