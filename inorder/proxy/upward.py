"""From the client to the server: finds the requests, has faults drawn for each, and passes on what is to be passed on."""

from collections.abc import Callable

from inorder.proxy.answers import refusal
from inorder.proxy.downward import Downward
from inorder.proxy.exchange import MAX_COPY, Exchange
from inorder.proxy.framing import Framer
from inorder.proxy.link import Link


class Upward:
    """The requests of one connection."""

    def __init__(self, link: Link, downward: Downward, begin: Callable[[], Exchange]) -> None:
        """`begin` draws what strikes the next request."""
        self._link = link
        self._downward = downward
        self._begin = begin
        self._framer = Framer(answers=False)
        self._current: Exchange | None = None
        """The request of which more is to come."""
        self.backlog = b""
        """What came and has to wait."""

    def keep(self, data: bytes) -> None:
        """Have bytes wait until `resume`."""
        self.backlog += data

    def resume(self) -> None:
        """Pass on what had to wait, as far as it may go now."""
        data, self.backlog = self.backlog, b""
        self.take(data)

    def take(self, data: bytes) -> None:
        """Pass on bytes of the client."""
        start, link = 0, self._link
        while start < len(data):
            if link.lingering:
                return
            if link.tunnel:
                link.server.lane.send(data[start:])
                return
            exchange = self._current or self._next()
            if exchange is None:
                self.keep(data[start:])
                return
            end = self._framer.take(data, start)
            exchange.method = self._framer.method
            self._pass_on(exchange, data if end - start == len(data) else data[start:end])
            if self._framer.lost:
                link.untie()
            elif self._framer.whole:
                self._current = None
                self._over(exchange)
            start = end

    def _next(self) -> Exchange | None:
        """Begin a request; None: it has to wait."""
        link = self._link
        if link.alone is not None:
            return None
        exchange = link.waiting or self._begin()
        if exchange.plan is not None:
            link.waiting = exchange if link.outstanding else None
            if link.waiting is not None:
                return None
            link.alone = exchange
            self._strike(exchange)
        link.outstanding.append(exchange)
        link.last = self._current = exchange
        return exchange

    def _strike(self, exchange: Exchange) -> None:
        """Do what is done as soon as the request begins."""
        plan, link = exchange.plan, self._link
        assert plan is not None
        if plan.source == "timeout" and plan.by is not None:
            exchange.count(plan.by)
            link.loop.call_later(plan.by.seconds("delay_ms"), link.close)
        elif plan.source != "reset":
            for injection in plan.steady:
                exchange.count(injection)
        if plan.replay is not None:
            exchange.copy = bytearray()

    def _pass_on(self, exchange: Exchange, piece: bytes) -> None:
        plan, link = exchange.plan, self._link
        if plan is None:
            link.server.lane.send(piece)
            return
        exchange.see(piece)
        if exchange.kept_back:
            if self._framer.lost:  # what is kept back will never be whole
                link.reset_client()
            return
        if exchange.copy is not None:
            exchange.copy += piece
            if len(exchange.copy) > MAX_COPY:
                exchange.copy = None
        link.server.lane.send(piece, plan.pace)

    def _over(self, exchange: Exchange) -> None:
        """The request is whole."""
        exchange.whole = True
        plan, link = exchange.plan, self._link
        if plan is not None and plan.source == "reset":
            exchange.count(plan.by)
            link.reset_client()
        elif plan is not None and plan.source in ("inject-429", "inject-503"):
            exchange.count(plan.by)
            keep = self._framer.keep and not link.server_ended
            answer = refusal(int(plan.source[-3:]), keep, exchange.method == b"HEAD")
            self._downward.hand_down(exchange, answer)
            self._downward.end(exchange, 0)
            if not keep:
                link.close(link.closing_at())
            link.answered(exchange)
        link.settle(exchange)
