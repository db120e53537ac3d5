"""From the server to the client: finds the answers, and holds back, cuts, swallows or asks again as the plan says."""

from inorder.proxy.exchange import Exchange
from inorder.proxy.framing import Framer
from inorder.proxy.link import Link


class Downward:
    """The answers of one connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._framer = Framer(answers=True)

    def take(self, data: bytes) -> None:
        """Pass on bytes of the server."""
        start, link, framer = 0, self._link, self._framer
        while start < len(data):
            if link.tunnel:
                link.client.lane.send(data[start:])
                return
            exchange = link.outstanding[0] if link.outstanding else None
            if not framer.inside:
                framer.to_head = exchange is not None and exchange.method == b"HEAD"
            end = framer.take(data, start)
            piece = data if end - start == len(data) else data[start:end]
            start = end
            if exchange is None or exchange.plan is None:
                link.client.lane.send(piece)
            elif not exchange.kept_back:  # else the server speaks of itself: it tells that it closes an idle connection
                self.hand_down(exchange, piece)
            if framer.lost:
                link.untie()
            elif framer.whole and exchange is not None:
                self._over(exchange)

    def ended(self) -> None:
        """The server closes: that ends an answer without a length."""
        if self._framer.inside and self._framer.until_close and self._link.outstanding:
            self._framer.keep = False
            self._over(self._link.outstanding[0])

    def hand_down(self, exchange: Exchange, piece: bytes) -> None:
        """Give the client a piece of the answer to a request that is struck."""
        plan, link = exchange.plan, self._link
        assert plan is not None
        if plan.end == "swallowed" or exchange.first_status or exchange.cut:
            return
        at = 0.0
        if not exchange.begun:
            exchange.begun = True
            for latency in plan.latencies:
                exchange.count(latency)
                at = link.loop.time() + plan.delay_s
        if plan.end == "cut":
            exchange.cut = True
            exchange.count_once(plan.ender)
            link.client.lane.send(piece[: len(piece) // 2], plan.pace, at)
            link.cut()
            return
        link.client.lane.send(piece, plan.pace, at)

    def end(self, exchange: Exchange, status: int) -> None:
        """The answer is over: end the connection where it was swallowed."""
        plan, link = exchange.plan, self._link
        if plan is None or plan.end != "swallowed":
            return
        if 200 in (status, exchange.first_status):
            exchange.count_once(plan.ender)
        link.close(link.loop.time() + plan.delay_s)

    def _over(self, exchange: Exchange) -> None:
        """An answer is whole."""
        status = self._framer.status
        if status < 200:
            exchange.begun = False
            return
        if exchange.kept_back or self._again(exchange, status):
            return
        self.end(exchange, status)
        self._link.answered(exchange)

    def _again(self, exchange: Exchange, status: int) -> bool:
        """Whether the request is passed on again now, where that is its plan."""
        plan, link = exchange.plan, self._link
        if plan is None or plan.replay is None:
            return False
        if exchange.first_status:
            if exchange.first_status == status == 200:
                exchange.count_once(plan.replay)
            return False
        if not exchange.whole or exchange.copy is None or not self._framer.keep or not link.server.open:
            return False
        exchange.first_status = status
        link.server.lane.send(bytes(exchange.copy), plan.pace)
        return True
