"""An answer changes only when something that can be seen has changed: each change may be written anew."""

from __future__ import annotations

import pytest

from bot.errors import FlowiseFailed, RunState
from bot.flowise.events import (
    CalledTools,
    ResultFile,
    ResultFiles,
    SourceDocument,
    SourceDocuments,
    Token,
    ToolCall,
    UsedTools,
)
from bot.playground.slack.pings import pings
from bot.records.thread import StopOutcome
from bot.reply.contract import (
    LONGEST,
    MOST_BREAKS,
    DecisionOffered,
    Failed,
    Finished,
    Footnote,
    Heard,
    ParagraphBreak,
    Remark,
    ReplyEvent,
    Stopped,
)
from bot.reply.made_files import MOST_ATTACHED, REST, WhyLost
from bot.reply.paged import PagedAnswer
from bot.slack import wording, wording_of_files
from bot.slack.text.blocks import note, shown
from bot.slack.text.escaping import units
from bot.slack.text.limits import MESSAGE_TEXT

SOURCES = SourceDocuments((SourceDocument("a"),))
OFFERED = DecisionOffered("Proceed", "Reject", "[]", "I need a decision.", (ToolCall("calculator"),))


def receive(answer: PagedAnswer, event: ReplyEvent) -> None:
    """Take an event to its end: a long text is taken step by step."""
    answer.receive(event)
    while answer.behind:
        answer.catch_up()


def files(*names: str) -> ResultFiles:
    return ResultFiles(tuple(map(ResultFile, names)))


def changes(*events: ReplyEvent) -> list[bool]:
    answer, seen = PagedAnswer(), []
    for event in events:
        before = answer.version
        receive(answer, event)
        seen.append(answer.version != before)
    return seen


@pytest.mark.parametrize("event", [CalledTools(("t",)), UsedTools(("t",)), SOURCES, files("a.png"), OFFERED])
def test_what_is_said_again_is_no_change(event: ReplyEvent) -> None:
    assert changes(event, event, event) == [True, False, False]


def test_what_says_something_else_is_a_change() -> None:
    assert changes(CalledTools(("t",)), CalledTools(("u",)), CalledTools(()), Token("a")) == [True] * 4
    assert changes(CalledTools(("t",)), Token(""), Token("")) == [True, True, False]  # text has come, if none to show
    assert changes(UsedTools(("t",)), UsedTools(())) == [True, True]
    assert changes(SOURCES, SourceDocuments(())) == [True, True]


def test_words_beyond_the_last_that_are_taken_are_no_change() -> None:
    answer = PagedAnswer(most=2)
    receive(answer, Token("x" * (LONGEST - 10)))
    assert changes(Token("x" * (LONGEST + 1)), Token("more"), CalledTools(("t",)), Token("y")) == [
        True,
        False,
        True,
        True,
    ]
    receive(answer, Token("y" * 50))
    receive(answer, Token("z"))
    assert answer.text.source == "x" * (LONGEST - 10) + "y" * 10
    receive(answer, Finished())
    footer = answer.pages(shows_work=False)[-1].blocks
    assert shown(footer).count(wording.TOO_LONG) == 1


def test_a_decision_that_is_offered_twice_is_offered_once() -> None:
    answer = PagedAnswer()
    for _ in range(2):
        receive(answer, OFFERED)
    receive(answer, Finished())
    [page] = answer.pages(shows_work=False)
    assert shown(page.blocks).count("I need a decision.") == 1


def test_a_paragraph_break_is_seen_only_when_text_follows() -> None:
    answer = PagedAnswer()
    receive(answer, Token("one"))
    before = answer.version
    receive(answer, ParagraphBreak())
    assert answer.version == before
    assert not answer.running
    receive(answer, Token("two"))
    assert answer.text.source == "one\n\ntwo"


def test_a_rest_that_is_lost_is_a_change() -> None:
    answer = PagedAnswer()
    before = answer.version
    answer.lose_file(REST, WhyLost.NOT_ATTACHED)
    assert answer.version != before


def test_paragraphs_are_bounded() -> None:
    answer = PagedAnswer(most=2)
    for _ in range(MOST_BREAKS + 20):
        receive(answer, CalledTools(("t",)))
        receive(answer, Token("a "))
    assert answer.text.source.count("\n\n") == MOST_BREAKS


def text_at_the_end(*events: ReplyEvent) -> str:
    answer = PagedAnswer()
    for event in events:
        receive(answer, event)
    [page] = answer.pages(shows_work=False)
    return shown(page.blocks)


def test_files_are_attached_once_and_in_order_however_often_their_list_is_sent() -> None:
    answer, annotated = PagedAnswer(), files("table.csv")
    for event in (Token("Done."), files("plot.png"), annotated, annotated, files("plot.png", "b.png")):
        receive(answer, event)
    assert not answer.made_files
    receive(answer, Finished())
    assert [file.name for file in answer.made_files] == ["plot.png", "table.csv", "b.png"]
    assert text_at_the_end(Token("Done."), files("plot.png"), Finished()) == "Done."


def test_files_that_are_lost_are_named_under_the_text() -> None:
    answer = PagedAnswer()
    receive(answer, Token("Done."))
    receive(answer, files("plot.png", "b.csv"))
    receive(answer, Finished())
    before = answer.version
    answer.lose_file(answer.made_files[0].key, WhyLost.NOT_FETCHED)
    assert answer.version != before
    assert said(answer) == ["Done.", "There is also plot.png, which I could not fetch."]
    answer.lose_file(answer.made_files[1].key, WhyLost.NOT_ATTACHED)
    assert said(answer)[2:] == ["There is also b.csv, which I could not attach."]


def test_no_more_files_are_attached_than_anybody_wants() -> None:
    answer = PagedAnswer()
    receive(answer, files(*(f"{number}.png" for number in range(MOST_ATTACHED + 1))))
    receive(answer, Finished())
    assert len(answer.made_files) == MOST_ATTACHED
    assert said(answer)[-1] == f"There is also {MOST_ATTACHED}.png, which I could not attach."


def test_an_answer_of_files_alone_says_so_instead_of_nothing() -> None:
    assert text_at_the_end(files("plot.png"), Finished()) == "Here is plot.png."
    assert text_at_the_end(files(), Finished()) == wording.NOTHING_TO_SHOW
    with_more = text_at_the_end(ResultFiles((), more=True), UsedTools(("draw",)), Finished())
    assert with_more.split("\n") == ["There are files, which I could not fetch.", "Used: draw"]
    lost = PagedAnswer()
    receive(lost, files("plot.png"))
    receive(lost, Finished())
    lost.lose_file(lost.made_files[0].key, WhyLost.NOT_FETCHED)
    assert said(lost) == ["There is plot.png, which I could not fetch."]
    decision = text_at_the_end(files("plot.png"), OFFERED, Finished())
    assert decision.split("\n")[:2] == ["I need a decision.", "Here is plot.png."]


def test_an_answer_that_attaches_nothing_names_its_files() -> None:
    answer = PagedAnswer(attaches=False)
    for event in (Token("Done."), files("plot.png", "b.csv"), Finished()):
        receive(answer, event)
    assert answer.made_files == ()
    assert said(answer) == ["Done.", "There are also plot.png, b.csv. Add me to the channel to get files too."]


def test_of_a_stopped_answer_no_file_is_attached_and_of_one_that_failed_those_that_are_there() -> None:
    answer = PagedAnswer()
    for event in (Token("One"), files("plot.png"), Stopped(StopOutcome.GOES_ON)):
        receive(answer, event)
    assert answer.made_files == ()
    failed = PagedAnswer()
    receive(failed, files("plot.png"))
    receive(failed, Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3"))
    assert [file.name for file in failed.made_files] == ["plot.png"]


def said(answer: PagedAnswer) -> list[str]:
    [page] = answer.pages(shows_work=False)
    return shown(page.blocks).split("\n")


def test_the_footnote_stands_last_and_once_and_under_no_failure() -> None:
    line = Footnote("`quiet` stops me.")
    assert changes(line, line) == [True, False]
    answered = text_at_the_end(
        Token("Done."), line, SOURCES, Remark("a remark"), UsedTools(("draw",)), line, Finished()
    )
    assert answered.startswith("Done.")
    assert answered.endswith("`quiet` stops me.")
    assert answered.count("quiet") == 1
    alone = text_at_the_end(files("plot.png"), line, Finished())
    assert alone.split("\n") == ["Here is plot.png.", "`quiet` stops me."]
    assert "quiet" not in text_at_the_end(Token("Done."), line, Failed(FlowiseFailed("x"), "a1b2c3"))
    assert "quiet" not in text_at_the_end(Token("Shall I?"), OFFERED, line, Finished())


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        ("**Bold and", "Bold and"),
        ("See `the co", "See the co"),
        ("See [the docs](https://exa", "See the docs"),
    ],
)
def test_markdown_that_broke_off_looks_as_it_did_while_it_grew(begun: str, shown: str) -> None:
    failed = Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3")
    text, _, _ = text_at_the_end(Token(begun), failed).partition("\nThis answer may be incomplete.")
    assert text.split() == shown.split()
    assert text_at_the_end(Token(begun), Finished()).split() != shown.split()


def test_an_answer_of_nothing_but_half_a_mark_has_no_text_when_it_breaks_off() -> None:
    broken = text_at_the_end(Token("**"), Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3"))
    assert broken.startswith("Something went wrong")


@pytest.mark.parametrize("ends", [True, False], ids=["ended", "growing"])
def test_no_message_holds_only_the_small_line_or_the_mark_of_an_answer_that_grows(*, ends: bool) -> None:
    def pages(paragraphs: int, *events: ReplyEvent) -> int:
        answer = PagedAnswer()
        for event in (Token(f"{'word ' * 20}\n\n" * paragraphs), *events):
            receive(answer, event)
        return len(answer.pages(shows_work=False))

    full = next(count for count in range(80, 120) if pages(count + 1, Finished()) == 2)
    line = Footnote(wording.EVERY_MESSAGE)
    assert pages(full, line, *([Finished()] if ends else [])) == 1
    assert pages(full, line, Remark("a remark"), *([Finished()] if ends else [])) == 2


def test_a_file_whose_name_would_ping_does_not() -> None:
    answer = PagedAnswer()
    for event in (Token("x"), files("<!channel>", "<@U1>.png", "@here.png"), Finished()):
        receive(answer, event)
    [page] = answer.pages(shows_work=False)
    assert pings("", page.blocks, (), frozenset(), parse=True) == []


def test_more_files_than_can_be_told_apart_are_counted_no_further() -> None:
    many = [files(f"{number}.png") for number in range(300)]
    assert "There are also files, which I could not fetch." in text_at_the_end(Token("x"), *many, Finished())


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (
            (Token("Yes."), SourceDocuments((SourceDocument("Travel policy", "https://example.com"),)), Finished()),
            ["Yes.", "Sources", "Travel policy"],
        ),
        ((Token("Yes."), UsedTools(("search",)), Finished()), ["Yes.", "Used: search"]),
        (
            (Token("Half"), Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3", again="x")),
            ["Half", "This answer may be incomplete.", "Reference for support: a1b2c3"],
        ),
        ((Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3"),), ["went wrong", "Reference for support: a1b2c3"]),
    ],
)
def test_the_text_of_a_message_says_what_its_blocks_say(events: tuple[ReplyEvent, ...], told: list[str]) -> None:
    answer = PagedAnswer()
    for event in events:
        receive(answer, event)
    [page] = answer.pages(shows_work=False)
    assert [words for words in told if words not in page.text] == []
    assert [words for words in told if words not in " ".join(shown(page.blocks).split())] == []


def test_a_text_without_room_for_what_its_blocks_say_stays_as_it_is() -> None:
    answer = PagedAnswer()
    for event in (Token("word " * 1_500), Failed(FlowiseFailed("x", run=RunState.OVER), "a1b2c3")):
        receive(answer, event)
    page = answer.pages(shows_work=False)[-1]
    assert len(page.text) <= MESSAGE_TEXT


def test_what_was_heard_stands_above_the_first_message_alone_in_every_form() -> None:
    answer = PagedAnswer()
    for event in (Token("Seven. " * 3_000), Heard("When does <!channel> open?"), Finished()):
        receive(answer, event)
    first, *more = answer.pages(shows_work=True)
    line = note(wording_of_files.heard("When does <!channel> open?"))
    assert first.blocks[0] == line
    assert more
    assert all(line not in page.blocks and "Heard" not in page.text for page in more)
    while answer.becomes_plainer():
        plainer, *_ = answer.pages(shows_work=True)
        assert plainer.text.startswith("Heard: When does &lt;!channel&gt; open?\n")
        assert units(plainer.text) <= MESSAGE_TEXT


def test_what_was_heard_is_a_change_once() -> None:
    assert changes(Token("Seven."), Heard("When?"), Heard("When?")) == [True, True, False]
