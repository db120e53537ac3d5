"""What a visitor's client sends: ordinary calls online, batches in order after its return, one call at a time."""

import json
from collections import defaultdict
from itertools import pairwise

import pytest

from inorder.events import Namespace, decode_batch, decode_event, digest
from inorder.history import INDETERMINATE, REJECTED
from inorder.visitor import Call
from tests.inorder.crowd import Played, Reply, plan, play


def runs(call: Call) -> list[tuple[str, int, int]]:
    return [tuple(run) for run in json.loads(call.events)]  # type: ignore[misc]  # three values each


def seqs_of(played: list[Played]) -> dict[str, list[int]]:
    """The seqs of each visitor in the order in which they were first sent."""
    found = defaultdict(list)
    for one in played:
        if one.attempt == 1:
            for visitor, first, count in runs(one.call):
                found[visitor] += range(first, first + count)
    return found


def test_every_event_is_sent_once_and_in_its_visitors_order() -> None:
    """Before, backlog and after together are the whole session, seq by seq."""
    crowd = plan(60, online=0.2)
    sent = seqs_of(play(crowd))
    assert len(sent) == 60
    for number in range(1, 61):
        assert sent[crowd.namespace.name(number)] == list(range(crowd.behaviour.size(number)))


def test_online_events_are_ordinary_calls_and_the_backlog_is_batches() -> None:
    """A batch is full but for the last one; ordinary calls come before the return and after the drain."""
    for number in range(20):
        mine = play(plan(20, client="batch_size = 3"), senders=[number])
        kinds = [one.call.kind for one in mine]
        batches = [one.call for one in mine if one.call.kind == "batch"]
        assert batches
        assert kinds == sorted(kinds, key=lambda kind: kind == "batch") or "ordinary" in kinds[kinds.index("batch") :]
        first, last = kinds.index("batch"), len(kinds) - 1 - kinds[::-1].index("batch")
        assert set(kinds[first : last + 1]) == {"batch"}
        assert all(call.count == 3 for call in batches[:-1])


def test_a_visitor_never_has_two_calls_in_flight() -> None:
    """The next call leaves only after the one before has ended."""
    by_sender = defaultdict(list)
    for one in play(plan(30), takes_s=0.7):
        by_sender[one.sender].append(one)
    for mine in by_sender.values():
        assert all(before.done <= after.sent for before, after in pairwise(mine))


def test_the_body_is_what_the_history_says() -> None:
    """Names, seqs and digests in the call's record are those of the body."""
    crowd = plan(10)
    space = Namespace(crowd.namespace.prefix)
    for one in play(crowd):
        told = [(name, seq) for name, first, count in runs(one.call) for seq in range(first, first + count)]
        digests = json.loads(one.call.digests)
        if one.call.kind == "batch":
            decoded = decode_batch(one.call.body)
            bodies = [(name, event) for name, event, _ in decoded]
        else:
            bodies = [(one.call.path, decode_event(one.call.path, one.call.body))]
        found = []
        for (name, event), expected in zip(bodies, digests, strict=True):
            identity = space.identity(name, event)
            assert identity is not None
            found.append((space.name(identity[0]), identity[1]))
            from inorder.events import canonical

            assert digest(canonical(name, event)) == expected
        assert found == told


def test_an_indeterminate_batch_is_sent_again_unchanged_before_the_next() -> None:
    """Same batch, same bytes, a later attempt; nothing of the visitor overtakes it."""

    def reply(call: Call) -> Reply:
        return Reply(INDETERMINATE, again=True) if call.kind == "batch" and call.attempt < 3 else Reply()

    for number in range(10):
        mine = play(plan(10, client="batch_size = 4"), reply, senders=[number])
        batches = [one for one in mine if one.call.kind == "batch"]
        for at in range(0, len(batches), 3):
            group = batches[at : at + 3]
            assert [one.attempt for one in group] == [1, 2, 3]
            assert len({one.call.batch for one in group}) == 1
            assert len({bytes(one.call.body) for one in group}) == 1


def test_backoff_grows_is_jittered_and_capped() -> None:
    """Waits lie between 0 and base * 2^(attempt - 1), at most the cap, and differ between visitors."""
    client = "backoff_base_s = 1.0\nbackoff_cap_s = 3.0\nattempts = 6"
    waits = defaultdict(list)
    for one, following in _retries(client, Reply(INDETERMINATE, again=True)):
        waits[one.attempt].append(following.intended - one.done)
    for attempt, bound in {1: 1.0, 2: 2.0, 3: 3.0, 4: 3.0}.items():
        assert all(-1e-5 <= wait <= bound for wait in waits[attempt])
        assert max(waits[attempt]) > 0.6 * bound
        assert min(waits[attempt]) < 0.4 * bound


def test_retry_after_is_honoured() -> None:
    """A call refused for now (429) is sent again, and not before the time that the server named."""
    pairs = list(_retries("backoff_base_s = 0.1\nattempts = 3", Reply(REJECTED, again=True, retry_after_s=2.0)))
    assert pairs
    for one, following in pairs:
        assert following.intended - one.done >= 2.0 - 1e-5
        assert following.call is one.call


def _retries(client: str, answer: Reply) -> list[tuple[Played, Played]]:
    pairs = []
    for number in range(40):
        mine = play(plan(40, client=client), lambda call: answer if call.kind == "batch" else Reply(), senders=[number])
        batches = [one for one in mine if one.call.kind == "batch"]
        pairs += list(pairwise(batches))
    return pairs


def test_a_visitor_that_gives_up_sends_nothing_more() -> None:
    """What follows must not be stored without what came before: the rest of the backlog stays unsent."""
    refuse = Reply(INDETERMINATE, again=True)
    mine = play(
        plan(1, client="attempts = 3\nbatch_size = 1\nbackoff_base_s = 0.01"),
        lambda call: refuse if call.kind == "batch" else Reply(),
    )
    batches = [one for one in mine if one.call.kind == "batch"]
    assert [one.attempt for one in batches] == [1, 2, 3]
    assert mine[-1] is batches[-1]


def test_a_rejected_batch_is_not_sent_again_and_the_next_follows() -> None:
    """A definite no did not take effect: the backlog goes on without it."""
    mine = play(plan(30, client="batch_size = 2"), lambda call: Reply(REJECTED))
    assert all(one.attempt == 1 for one in mine)
    assert seqs_of(mine) == seqs_of(play(plan(30, client="batch_size = 2")))


def test_an_ordinary_call_is_never_sent_again() -> None:
    """Ordinary calls are fire and forget."""
    reply = Reply(INDETERMINATE, again=True)
    mine = play(plan(30), lambda call: reply if call.kind == "ordinary" else Reply())
    assert all(one.attempt == 1 for one in mine)


def test_parallel_lanes_have_several_calls_in_flight() -> None:
    """The control that breaks the rule really breaks it, and still sends every event once."""
    mine = play(plan(40, client="calls_in_flight = 4\nbatch_size = 2"), takes_s=0.5)
    by_sender = defaultdict(list)
    for one in mine:
        by_sender[one.sender].append(one)
    most = 0
    for group in by_sender.values():
        for one in group:
            most = max(most, sum(other.sent <= one.sent < other.done for other in group))
    assert most == 4
    crowd = plan(40)
    for visitor, seqs in seqs_of(mine).items():
        number = int(visitor.removeprefix(crowd.namespace.prefix))
        assert sorted(seqs) == list(range(crowd.behaviour.size(number)))


def test_a_gateway_mixes_its_visitors_and_keeps_each_ones_order() -> None:
    """Several visitors in one call, none in two calls at once."""
    crowd = plan(40, client="visitors_per_call = 8\nbatch_size = 10")
    assert crowd.senders == 5
    mine = play(crowd, takes_s=0.3)
    assert any(len({name for name, _, _ in runs(one.call)}) > 3 for one in mine if one.call.kind == "batch")
    sent = seqs_of(mine)
    for number in range(1, 41):
        assert sent[crowd.namespace.name(number)] == list(range(crowd.behaviour.size(number)))
    by_visitor = defaultdict(list)
    for one in mine:
        for name in {name for name, _, _ in runs(one.call)}:
            by_visitor[name].append(one)
    for group in by_visitor.values():
        assert all(before.done <= after.sent for before, after in pairwise(group))


def test_an_ordinary_backlog_is_the_same_events_as_one_in_batches() -> None:
    """The control differs in how it sends, not in what."""
    batches = [one for one in play(plan(20)) if one.call.kind == "batch"]
    ordinary = play(plan(20, client='backlog = "ordinary"'))
    assert {one.call.kind for one in ordinary} == {"ordinary"}
    told = {tuple(run) for one in ordinary for run in runs(one.call)}
    for one in batches:
        for name, first, count in runs(one.call):
            assert {(name, seq, 1) for seq in range(first, first + count)} <= told


@pytest.mark.parametrize("client", ["batch_size = 5", "visitors_per_call = 4", "calls_in_flight = 3"])
@pytest.mark.parametrize("processes", [2, 3])
def test_the_same_seed_gives_the_same_batches_whatever_the_number_of_processes(client: str, processes: int) -> None:
    """Senders dealt to several processes send what one process sends, at the same instants."""

    def told(played: list[Played]) -> set[tuple[object, ...]]:
        return {(one.call.batch, one.call.body, one.call.events, round(one.intended, 6)) for one in played}

    whole = told(play(plan(30, client=client, online=0.3)))
    parts: set[tuple[object, ...]] = set()
    for process in range(processes):
        crowd = plan(30, client=client, online=0.3)
        parts |= told(play(crowd, senders=list(range(process, crowd.senders, processes))))
    assert parts == whole


def test_nothing_is_made_online_again_before_all_lanes_are_confirmed() -> None:
    """What comes after the backlog waits for the last of its batches, whichever lane has it."""
    seen = 0
    for number in range(60):
        # The first batch takes long, so other lanes end before it.
        mine = play(
            plan(60, client="calls_in_flight = 4\nbatch_size = 2"),
            lambda call: Reply(INDETERMINATE, again=True) if call.batch.endswith(".b1") and call.attempt < 4 else Reply(),
            senders=[number],
        )
        last = max((one.done for one in mine if one.call.kind == "batch"), default=0.0)
        first = min(one.sent for one in mine if one.call.kind == "batch")
        after = [one for one in mine if one.call.kind == "ordinary" and one.sent > first]
        seen += len(after)
        assert all(one.sent >= last for one in after)
    assert seen > 20
