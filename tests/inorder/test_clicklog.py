"""Click logs: both forms are read, and a broken line is named."""

from pathlib import Path

import pytest

from inorder import clicklog
from inorder.behaviour import CART, CLICK, ORDER
from inorder.clicklog import Replay
from inorder.errors import UnusableInput
from inorder.events import Namespace, decode_batch
from inorder.templates import name_of

JSON_LINE = '{"session":1,"events":[%s]}\n'
CLICK_1 = '{"aid":7,"ts":1659304800025,"type":"clicks"}'
CART_1 = '{"aid":7,"ts":1659304904511,"type":"carts"}'
ORDER_1 = '{"aid":7,"ts":1659305000000,"type":"orders"}'
HEADER = "timestamp,visitorid,event,itemid,transactionid\n"


def read(tmp_path: Path, text: str) -> list[list[clicklog.Step]]:
    file = tmp_path / "clicks"
    file.write_text(text, encoding="utf-8")
    return clicklog.read(file)


def test_json_lines_are_read(tmp_path: Path) -> None:
    """One session a line, times in milliseconds."""
    (session,) = read(tmp_path, JSON_LINE % f"{CLICK_1},{CART_1},{ORDER_1},{ORDER_1}")
    assert [step.kind for step in session] == [CLICK, CART, ORDER, ORDER]
    assert session[0].second == 1659304800
    assert session[2].order == session[3].order == 3


def test_csv_is_read_and_put_in_the_order_of_its_times(tmp_path: Path) -> None:
    """Rows of all visitors stand mixed, and not sorted."""
    rows = "3000,a,transaction,1,9\n1000,a,view,1,\n2000,b,addtocart,2,\n3500,a,transaction,4,9\n"
    first, second = read(tmp_path, HEADER + rows)
    assert [step.kind for step in first] == [CLICK, ORDER, ORDER]
    assert first[1].order == first[2].order == 2
    assert [step.kind for step in second] == [CART]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (JSON_LINE % CLICK_1 + "{broken\n", ":2: no session of a click log"),
        (JSON_LINE % CLICK_1 + JSON_LINE % '{"aid":1,"ts":-4,"type":"clicks"}', ":2: no session of a click log"),
        (JSON_LINE % '{"aid":1,"ts":4,"type":"swipes"}', ":1: no session of a click log"),
        (JSON_LINE % "", ":1: no session of a click log"),
        (HEADER + "1,a,view,1,\n2,a,view\n", ":3: expected 5 columns, got 3"),
        (HEADER + "x,a,view,1,\n", ":2: timestamp: expected milliseconds"),
        (HEADER + "1,a,look,1,\n", ":2: event: expected view, addtocart, transaction, got 'look'"),
        (HEADER + "1,,view,1,\n", ":2: visitorid"),
        ("a,b\n1,2\n", ":1: expected JSON Lines, or CSV with the header timestamp,visitorid"),
        ("", ":1: expected JSON Lines"),
        (HEADER, "expected at least one session, got none"),
    ],
)
def test_a_broken_click_log_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Which line, and what was expected."""
    with pytest.raises(UnusableInput) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Broken UTF-8 is told as such."""
    file = tmp_path / "clicks"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnusableInput, match="UTF-8"):
        clicklog.read(file)


def test_visitors_replay_the_sessions_in_turn(tmp_path: Path) -> None:
    """Visitor n replays session n - 1, counted around; what it sends the server accepts."""
    sessions = read(tmp_path, JSON_LINE % f"{CLICK_1},{CART_1}" + JSON_LINE % f"{ORDER_1},{ORDER_1},{CLICK_1}")
    space = Namespace("replay")
    replay = Replay(sessions, space)
    assert [replay.size(number) for number in (1, 2, 3, 4)] == [2, 3, 2, 3]
    cursor = replay.cursor(4)
    envelopes = cursor.take(2, False) + cursor.take(1, True)
    assert [name_of(line) for line in envelopes] == [b"order", b"order", b"view"]
    decoded = decode_batch(b"[" + b",".join(envelopes) + b"]")
    assert [space.identity(name, event) for name, event, _ in decoded] == [(4, 0), (4, 1), (4, 2)]
    assert decoded[0][1].timestamp == "2022-07-31T22:03:20+00:00"
