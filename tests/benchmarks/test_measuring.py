from __future__ import annotations

import pytest

from benchmarks.essay import essay
from benchmarks.measuring import Answer, Figures, Sent, State, Usage, judged, summed, words
from benchmarks.watching import Watched
from bot.playground.flowise.wire import END, frame
from bot.playground.slack.message import Edit, Message

TEXT = "one two three four five six"


def answer(*states: tuple[float, str], until: float = 20.0, text: str = TEXT) -> Answer:
    """A word a second, the first at 0; and what stood in Slack from when on."""
    sent = [Sent(word, float(at)) for at, word in enumerate(text.split())]
    return Answer(0.0, sent, [State(at, words(shown)) for at, shown in states], until)


def test_a_word_is_without_its_marks_and_marks_are_no_word() -> None:
    assert words("## A **bold** `code`,\n| --- | x_y |") == ("A", "bold", "code", "xy")


def test_a_lag_is_from_sent_to_first_seen() -> None:
    figures = judged(answer((2.0, "one two"), (4.5, "one two three four"), (5.25, TEXT)))
    assert figures == Figures(
        first=2.0,
        lags=[2.0, 1.0, 2.5, 1.5, 1.25, 0.25],
        shown_at_end=4 / 6,
        shown=1.0,
        freeze=2.5,
        ending=0.25,
        whole=True,
        lost=0,
        repeated=0,
        back=0,
    )


def test_a_word_that_differs_is_not_seen_yet() -> None:
    assert judged(answer((3.0, "one two th"), (6.0, TEXT))).lags[2] == 4.0


def test_who_stops_growing_is_frozen_until_the_end() -> None:
    figures = judged(answer((2.0, "one two three")))
    assert (figures.freeze, figures.ending, figures.shown, figures.whole) == (17.0, 15.0, 0.5, False)
    assert figures.lags[3:] == [17.0, 16.0, 15.0]


def test_who_shows_nothing_is_frozen_all_the_time() -> None:
    figures = judged(answer())
    assert (figures.first, figures.freeze, figures.shown, figures.lost) == (20.0, 20.0, 0.0, 6)


@pytest.mark.parametrize(
    ("shown", "lost", "repeated"),
    [
        (TEXT, 0, 0),
        ("one two four five six", 1, 0),
        ("one two three two three four five six", 0, 2),
        ("one two four three five six", 1, 1),
        ("one two three four five six Sorry", 0, 1),
    ],
)
def test_what_is_lost_repeated_or_out_of_order_is_counted(shown: str, lost: int, repeated: int) -> None:
    figures = judged(answer((6.0, shown)))
    assert (figures.lost, figures.repeated, figures.whole) == (lost, repeated, lost == 0)


def test_words_that_vanish_and_come_back_are_noticed() -> None:
    figures = judged(answer((3.0, "one two three"), (4.0, "one"), (6.0, TEXT)))
    assert (figures.back, figures.lags[1]) == (1, 2.0)


def test_an_answer_that_was_never_asked_for_is_not_whole() -> None:
    calls = [("chat.postMessage", "ok"), ("chat.update", "429"), ("chat.update", "ok"), ("users.info", "ok")]
    row = summed("x", 2, [answer((6.0, TEXT))], 0.5, calls, 6, Usage(0.012, 10_000_000, 12_000_000), 0.12)
    assert (row.asked, row.whole, row.shown) == (1, 1, 0.5)
    assert (row.calls, row.writes, row.refused, row.failed) == (4, 2, 1, 0)
    assert (row.cpu, row.idle, row.peak) == (2.0, 10.0, 12.0)
    assert row.even == 5.0 / 4 + 0.12
    assert row.ratio == row.mean / 0.5 == 7.0


def test_an_answer_is_what_all_its_messages_show() -> None:
    watched = Watched("C1")
    watched.frame(frame("token", "one") + frame("token", " two"), 1.0)
    first = Message("C1", "1.000001", "U1", "one", 2.0, thread_ts="1.000000")
    second = Message("C1", "1.000002", "U1", "two", 3.0, thread_ts="1.000000", edits=(Edit(4.0, "two", ()),))
    watched.change("posted", first)
    watched.change("updated", second)
    shown = [(state.at, state.words) for state in watched.until(9.0).states]
    assert shown == [(2.0, ("one",)), (4.0, ("one", "two"))]


@pytest.mark.parametrize(("ended", "text", "whole"), [(True, "one", True), (False, "one", False), (True, "on", False)])
def test_an_answer_is_whole_when_all_was_sent_and_stands_there(ended: bool, text: str, whole: bool) -> None:
    watched = Watched("C1")
    watched.frame(frame("token", "one") + (END if ended else b""), 1.0)
    watched.change("posted", Message("C1", "1.000001", "U1", text, 2.0, thread_ts="1.000000"))
    assert watched.whole is whole


def test_what_was_deleted_does_not_stand_there() -> None:
    watched = Watched("C1")
    message = Message("C1", "1.000001", "U1", "one", 2.0, thread_ts="1.000000")
    watched.change("posted", message)
    watched.change("deleted", message)
    assert watched.states[-1].words == ()


def test_the_text_has_its_length_and_no_sentence_twice() -> None:
    text = essay(419, 7)
    assert len(text.split()) == 419
    assert "number 7 " in text
    sentences = text.partition("## What follows it")[2].split(".")
    assert len(sentences) == len(set(sentences)) > 30
    with pytest.raises(ValueError, match="or more"):
        essay(20, 7)
