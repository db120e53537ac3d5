"""The faults that are in, put between the routes and the store."""

from collections.abc import Sequence

from inorder.faults.injection import Injection
from inorder.faults.switch import Switch
from inorder.sandbox.faults import answers, losses, orders, rows
from inorder.sandbox.faults.reads import Page, Replica
from inorder.sandbox.faults.step import Background, Given, Maker, Step
from inorder.sandbox.ingest import Ingest, Taken
from inorder.sandbox.store import Store

STEPS: dict[str, Maker] = {
    "acknowledge-before-persisting": losses.acknowledge_before_persisting,
    "failover-loses-tail": losses.failover_loses_tail,
    "partial-commit-prefix": losses.partial_commit_prefix,
    "partial-commit-subset": losses.partial_commit_subset,
    "partial-commit-unanswered": losses.partial_commit_unanswered,
    "drops-one-event": losses.drops_one_event,
    "drops-equal-payloads": losses.drops_equal_payloads,
    "commit-then-drop-answer": answers.commit_then_drop_answer,
    "504-then-commit": answers.gateway_timeout_then_commit,
    "commit-after-next-batch": answers.commit_after_next_batch,
    "429-but-applied": answers.but_applied(429, "too many requests"),
    "503-but-applied": answers.but_applied(503, "the batch could not be stored"),
    "400-but-applied": answers.but_applied(400, "bad request"),
    "worker-pool-per-event": orders.worker_pool_per_event,
    "async-by-shard": orders.async_by_shard,
    "merged-by-time": orders.merged_by_time,
    "sorted-by-timestamp": orders.sorted_by_timestamp,
    "wrong-visitor": rows.wrong_visitor,
    "altered-payload": rows.altered_payload,
}
"""The faults of a batch; the others of the server are faults of a reading."""


class Faulty:
    """An Intake, and the pages of the log, with the faults of a switch in between."""

    def __init__(self, ingest: Ingest, store: Store, switch: Switch) -> None:
        """Without a fault all goes straight on."""
        self._ingest = ingest
        self._store = store
        self._background = Background()
        self._step: Step = ingest.commit
        self._page: Page = self._stored
        switch.listen(self._build)

    def _build(self, injections: Sequence[Injection]) -> None:
        step: Step = self._ingest.commit
        page: Page = self._stored
        for injection in reversed(injections):
            maker = STEPS.get(injection.fault.name)
            if maker is None:
                page = Replica(injection, page, self._store).page
            else:
                step = maker(Given(injection, step, self._store, self._background))
        self._step, self._page = step, page

    def ordinary(self, event: Taken) -> None:
        """Take an ordinary call; faults strike batches only."""
        self._ingest.ordinary(event)

    async def batch(self, events: Sequence[Taken]) -> None:
        """Take a batch through the faults."""
        await self._step(self._ingest.rows(events))

    async def page(self, after: int, limit: int) -> bytes:
        """A page of the log, as the faults of reading leave it."""
        return await self._page(after, limit)

    async def _stored(self, after: int, limit: int) -> bytes:
        return await self._store.page(after, limit)

    async def finish(self) -> None:
        """Wait until what goes on in the background is done."""
        await self._background.finish()
