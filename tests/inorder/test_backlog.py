"""What a client with a bad habit sends: exactly the habit, and every event that it does not drop."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest

from inorder.history import INDETERMINATE, REJECTED
from inorder.visitor import Call
from tests.inorder.crowd import Played, Reply, plan, play

AGAIN = Reply(INDETERMINATE, again=True)
HABITS = (
    'on_retry = "overtake"',
    'on_retry = "requeue"',
    'queue_order = "text"',
    "flush_again_s = 0.3",
    'live = "overtakes"',
)


def batch_of(one: Played) -> int:
    """The number of a played batch, from 1."""
    return int(one.call.batch.rpartition(".b")[2])


def batches(played: list[Played]) -> list[Played]:
    return [one for one in played if one.call.kind == "batch"]


def seqs(played: Iterable[Played]) -> list[int]:
    """The seqs of one visitor as they were first sent."""
    runs = [json.loads(one.call.events) for one in played if one.attempt == 1]
    return [seq for run in runs for _, first, count in run for seq in range(first, first + count)]


def each(client: str, reply: Callable[[Call], Reply] = lambda call: Reply(), count: int = 40) -> Iterable[list[Played]]:
    """The visitors one by one, each with batches of two."""
    crowd = plan(count, client=f"batch_size = 2\n{client}")
    return [play(crowd, reply, senders=[number]) for number in range(count)]


def first_fails(times: int = 1) -> Callable[[Call], Reply]:
    """The first batch of a visitor fails so many times."""
    return lambda call: AGAIN if call.batch.endswith(".b1") and call.attempt <= times else Reply()


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_sends_every_event_of_the_session_once(habit: str) -> None:
    """No habit but the limited queue loses events, and the same seed gives the same ones."""
    crowd = plan(40)
    for number, mine in enumerate(each(habit, first_fails()), 1):
        assert sorted(seqs(mine)) == list(range(crowd.behaviour.size(number)))
    bodies = {one.call.body for mine in each(habit) for one in mine}
    assert bodies == {one.call.body for mine in each("") for one in mine}


@pytest.mark.parametrize("habit", ['on_retry = "wait"', 'on_retry = "requeue"', 'on_retry = "overtake"'])
def test_where_nothing_fails_the_habits_of_a_retry_change_nothing(habit: str) -> None:
    """Call by call, at the same instants."""

    def told(client: str) -> list[tuple[object, ...]]:
        return [(one.call.batch, one.call.body, one.intended) for mine in each(client) for one in mine]

    assert told(habit) == told("")


def test_later_batches_overtake_one_that_backs_off() -> None:
    """They are sent while it waits, and it goes out again as soon as its backoff is over, between the others."""
    between = 0
    for mine in each('on_retry = "overtake"\nbackoff_base_s = 0.5', first_fails()):
        sent = batches(mine)
        places = [at for at, one in enumerate(sent) if batch_of(one) == 1]
        assert [sent[at].attempt for at in places] == [1, 2]
        assert [batch_of(one) for one in sent if batch_of(one) > 1] == list(range(2, len(sent)))
        assert places[1] == 1 or sent[1].sent == pytest.approx(sent[0].done, abs=1e-5)  # nobody waited
        again = sent[places[1]]
        before = sent[places[1] - 1]
        assert again.sent <= max(before.done, sent[0].done + 0.5) + 1e-5
        between += 1 < places[1] < len(sent) - 1
    assert between > 5


def test_a_failed_batch_goes_to_the_tail_of_the_queue() -> None:
    """All others are sent before it, without waiting."""
    moved = 0
    for mine in each('on_retry = "requeue"\nbackoff_base_s = 0.01', first_fails(times=2)):
        sent = batches(mine)
        others = len(sent) - 3
        assert [batch_of(one) for one in sent] == [1, *range(2, others + 2), 1, 1]
        assert all(after.sent == pytest.approx(before.done, abs=1e-5) for before, after in pairwise(sent[: others + 1]))
        moved += others > 0
    assert moved > 10


@pytest.mark.parametrize("habit", ["overtake", "requeue"])
def test_a_visitor_that_overtakes_has_one_call_in_flight_and_minds_retry_after(habit: str) -> None:
    """The habit is about the order of the batches, and leaves the other rules alone."""
    refuse = Reply(REJECTED, again=True, retry_after_s=3.0)
    seen = 0
    for mine in each(
        f'on_retry = "{habit}"', lambda call: refuse if call.attempt == 1 and call.kind == "batch" else Reply()
    ):
        assert all(before.done <= after.sent + 1e-9 for before, after in pairwise(mine))
        by_batch = defaultdict(list)
        for one in batches(mine):
            by_batch[one.call.batch].append(one)
        for first, second in by_batch.values():
            assert second.sent >= first.done + 3.0 - 1e-5
            seen += 1
    assert seen > 100


def test_batches_that_back_off_together_are_not_due_together() -> None:
    """Each draws a wait of its own."""
    for mine in each('on_retry = "overtake"\nbackoff_base_s = 9.0', lambda call: AGAIN if call.attempt == 1 else Reply()):
        ends = {one.call.batch: one.done for one in batches(mine) if one.attempt == 1}
        waits = [round(one.intended - ends[one.call.batch], 3) for one in batches(mine) if one.attempt == 2]
        assert len(set(waits)) > len(ends) // 2


@pytest.mark.parametrize("habit", ['queue_order = "text"', "flush_again_s = 9.0", "queue_limit = 40", 'live = "overtakes"'])
def test_habits_that_are_not_about_retries_wait_for_the_batch(habit: str) -> None:
    """No other batch is sent before the success of one that failed."""
    for mine in each(f"{habit}\nbackoff_base_s = 0.5", first_fails(times=2)):
        sent = [batch_of(one) for one in batches(mine)]
        at = sent.index(1)
        assert sent[at : at + 3] == [1, 1, 1]
        assert sent.count(1) == 3


def test_after_giving_up_nothing_is_made_live_either() -> None:
    """The visitor stops."""
    stopped = 0
    for mine in each('live = "overtakes"\nattempts = 1', lambda call: AGAIN if call.kind == "batch" else Reply()):
        assert mine[-1].sent <= batches(mine)[-1].done
        stopped += len(batches(mine)) == 1
    assert stopped == 40


@pytest.mark.parametrize("habit", ["overtake", "requeue"])
def test_a_batch_is_given_up_after_its_last_attempt_with_the_rest(habit: str) -> None:
    """As without the habit: the visitor stops, and what was not sent stays unsent."""
    client = f'on_retry = "{habit}"\nattempts = 3\nbackoff_base_s = 0.01'
    for mine in each(client, lambda call: AGAIN if call.kind == "batch" else Reply()):
        assert [one.attempt for one in batches(mine)][-1] == 3
        assert sum(one.attempt == 3 for one in mine) == 1
        assert mine[-1].call.kind == "batch"


def test_a_queue_sorted_as_text_sends_10_before_2() -> None:
    """The batches are those of the right order."""
    most = 0
    for mine, right in zip(each('queue_order = "text"', count=60), each("", count=60), strict=True):
        numbers = [batch_of(one) for one in batches(mine)]
        assert numbers == sorted(range(1, len(numbers) + 1), key=str)
        most = max(most, len(numbers))
        assert {one.call.batch: one.call.body for one in mine} == {one.call.batch: one.call.body for one in right}
    assert most > 10


def test_a_batch_without_an_answer_is_flushed_again_once() -> None:
    """Same bytes, the second call while the first is in flight, and only after the time that is named."""

    def reply(call: Call) -> Reply:
        # Every third batch is slow, and so is the answer to its second call.
        return Reply(takes_s=1.2) if call.kind == "batch" and call.batch[-1] in "258" else Reply(takes_s=0.1)

    flushed = 0
    for mine in each("flush_again_s = 0.3", reply):
        by_batch = defaultdict(list)
        for one in batches(mine):
            by_batch[one.call.batch].append(one)
        for batch, sent in by_batch.items():
            assert [one.attempt for one in sent] == ([1, 2] if batch[-1] in "258" else [1])
            for first, second in pairwise(sent):
                assert second.call is first.call
                assert first.sent + 0.3 - 1e-5 <= second.sent < first.done
                flushed += 1
        order = [batch_of(one) for one in batches(mine) if one.attempt == 1]
        assert order == sorted(order)
        assert all(before.done <= after.sent + 1e-9 for before, after in pairwise([o for o in mine if o.attempt == 1]))
    assert flushed > 20


def test_a_second_flush_that_is_confirmed_ends_the_batch() -> None:
    """What it confirmed is not sent a third time, whether the first call ends before it or after."""
    total = thrice = 0
    for first_takes_s in (0.5, 0.35, 2.0):

        def reply(call: Call, takes_s: float = first_takes_s) -> Reply:
            if call.kind == "batch" and call.attempt == 1:
                return Reply(INDETERMINATE, again=True, takes_s=takes_s)
            return Reply(takes_s=0.1)

        for mine in each("flush_again_s = 0.3\nbackoff_base_s = 5.0\nbackoff_cap_s = 5.0", reply):
            attempts = defaultdict(list)
            for one in batches(mine):
                attempts[batch_of(one)].append(one.attempt)
            # One that fails while the second is on its way may be due again before that is answered.
            thrice += sum(len(found) > 2 for found in attempts.values())
            total += len(attempts)
            assert list(attempts) == list(range(1, len(attempts) + 1))

    assert 20 * thrice < total > 300


def test_a_second_flush_that_is_confirmed_late_leaves_the_next_batch_alone() -> None:
    """The next one backs off when the answer comes, and is sent again all the same."""

    def reply(call: Call) -> Reply:
        if call.batch.endswith(".b1"):
            return Reply(takes_s=0.5 if call.attempt == 1 else 3.0)
        return Reply(INDETERMINATE, again=True, takes_s=0.1) if call.attempt == 1 else Reply()

    for mine in each("flush_again_s = 0.3\nbackoff_base_s = 5.0", reply):
        attempts = defaultdict(list)
        for one in batches(mine):
            attempts[batch_of(one)].append(one.attempt)
        assert all(found == [1, 2] for found in attempts.values())


def test_a_batch_that_is_sent_again_is_not_flushed_again() -> None:
    """The second flush is one of the first call."""

    def reply(call: Call) -> Reply:
        return AGAIN if call.attempt == 1 and call.kind == "batch" else Reply(takes_s=2.0)

    for mine in each("flush_again_s = 0.3\nbackoff_base_s = 0.01", reply):
        assert all(one.attempt <= 2 for one in mine)


def test_a_second_flush_that_fails_changes_nothing() -> None:
    """The first call decides: a failure sends the batch again after its backoff, a success goes on."""

    def reply(call: Call) -> Reply:
        return Reply(takes_s=0.6) if call.attempt != 2 else Reply(INDETERMINATE, again=True, takes_s=0.1)

    for mine in each("flush_again_s = 0.3", reply):
        assert all(one.attempt <= 2 for one in mine)
        order = [batch_of(one) for one in batches(mine) if one.attempt == 1]
        assert order == list(range(1, len(order) + 1))


def test_a_limited_queue_drops_the_oldest_and_never_sends_them() -> None:
    """What is left are the newest of the backlog, in order; what was dropped is no longer meant to be sent."""
    crowd, whole = plan(60, client="queue_limit = 5"), plan(60)
    dropped = 0
    for number in range(60):
        split, uncut = crowd.split(number + 1, False), whole.split(number + 1, False)
        assert (split.before, split.after) == (uncut.before, uncut.after)
        assert split.backlog == min(5, uncut.backlog) == uncut.backlog - split.dropped
        before, size = split.before, whole.behaviour.size(number + 1)
        assert seqs(play(crowd, senders=[number])) == [*range(before), *range(before + split.dropped, size)]
        dropped += split.dropped
    assert dropped > 100


def test_live_events_do_not_wait_for_the_backlog() -> None:
    """They are ordinary calls of the last seqs, one after the other, while batches are still to come."""
    slow = Reply(takes_s=2.0)
    overtaken = 0
    for mine in each('live = "overtakes"', lambda call: slow if call.kind == "batch" else Reply()):
        began = batches(mine)[0].sent
        live = [one for one in mine if one.call.kind == "ordinary" and one.sent >= began and one.lane == 1]
        assert seqs(live) == list(range(max(seqs(mine)) + 1 - len(live), max(seqs(mine)) + 1))
        assert all(before.done <= after.sent for before, after in pairwise(live))
        assert [one.lane for one in mine if one.call.kind == "ordinary" and one.sent > began] == [1] * len(live)
        overtaken += any(one.sent < batches(mine)[-1].sent for one in live)
    assert overtaken > 5


def test_habits_go_together() -> None:
    """Those that may be named together; each event that was not dropped is sent once."""
    client = 'queue_limit = 30\nqueue_order = "text"\nlive = "overtakes"'
    for more in ('on_retry = "overtake"', 'on_retry = "requeue"', "flush_again_s = 0.03"):
        crowd = plan(40, client=f"batch_size = 2\n{client}\n{more}")
        for number, mine in enumerate(each(f"{client}\n{more}", first_fails(times=3))):
            split, size = crowd.split(number + 1, False), crowd.behaviour.size(number + 1)
            kept = [*range(split.before), *range(split.before + split.dropped, size)]
            assert sorted(seqs(mine)) == kept
