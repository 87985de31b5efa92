"""What it costs to show an answer, in characters parsed and functions called, which are the same in each run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.parser_block import ParserBlock
from markdown_it.parser_inline import ParserInline

from bot.flowise.events import Token
from bot.reply.contract import LONGEST, Finished, Place, Thinking
from bot.reply.edited import EditedReply
from bot.reply.paged import STEP, PagedAnswer
from bot.slack.calls import PostMessage
from bot.slack.text import cutting as sealing
from bot.slack.text import pages, tail
from bot.slack.text import unfinished as half_open
from bot.slack.text.incoming import Incoming
from bot.slack.text.limits import TAIL_SOURCE
from bot.slack.text.markdown import render
from bot.slack.text.neutralise import shown as neutralised
from bot.slack.text.pages import Document
from bot.slack.text.unfinished import heal
from tests.examples import examples

pytestmark = pytest.mark.slow

TOKEN = 4
# Sixty tokens a second, and 1.2 seconds between two edits.
EDIT = 72 * TOKEN


def line(number: int, words: int) -> str:
    return " ".join(f"word{(number * 7 + place) % 90}" for place in range(words))


def repeated(unit: Callable[[int], str], start: str = "") -> Callable[[int], str]:
    return lambda length: (start + "".join(unit(number) for number in range(length // len(unit(0)) + 1)))[:length]


KINDS = {
    "prose": repeated(lambda number: f"{line(number, 12)}. {line(number, 9)}.{' ' if number % 3 else chr(10) * 2}"),
    "bullets": repeated(lambda number: f"- {number}\n"),
    "table": repeated(lambda number: f"| {number} | {line(number, 2)} |\n", "| Number | Words |\n|---|---|\n"),
    "code": repeated(lambda number: f"    {line(number, 3)} = {number}\n", "```python\n"),
    "indented code": repeated(lambda number: f"    {line(number, 3)} = {number}\n"),
    "quote": repeated(lambda number: f"> {line(number, 9)}\n"),
    "list in a quote": repeated(lambda number: f"> - {line(number, 6)}\n"),
    "code in a quote": repeated(lambda number: f"> {line(number, 3)} = {number}\n", "> ```python\n"),
    "marks": repeated(lambda number: f"**{line(number, 2)}** and *{number}* or `{number}` "),
    "open marks": repeated(lambda _: "*a_"),
    "open marks in words": repeated(lambda _: "*a_ "),
    "lines": repeated(lambda number: f"{number}\n"),
}
kinds = pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Counts the characters that the parser and the healer are given while something is done."""
    count = 0

    def counted(method: Callable[..., Any], place: int) -> Callable[..., Any]:
        def counting(*given: Any) -> Any:
            nonlocal count
            count += len(given[place])
            return method(*given)

        return counting

    def measure(work: Callable[[], object]) -> int:
        nonlocal count
        count = 0
        work()
        return count

    monkeypatch.setattr(ParserBlock, "parse", counted(ParserBlock.parse, 1))
    monkeypatch.setattr(ParserInline, "parse", counted(ParserInline.parse, 1))
    for module in (sealing, tail, pages):
        monkeypatch.setattr(module, "heal", counted(heal, 0))
    monkeypatch.setattr(sealing, "closed_places", counted(half_open.closed_places, 0))
    return measure


def calls(work: Callable[[], object]) -> int:
    """How many functions are called while something is done, those written in C among them."""
    count = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def tokens(text: str) -> Iterator[str]:
    return (text[at : at + TOKEN] for at in range(0, len(text), TOKEN))


def grown(text: str) -> Document:
    """A document as it grows token by token, shown at every edit and in the end."""
    document = Document(most=20)
    for number, token in enumerate(tokens(text)):
        document.append(token)
        if number % (EDIT // TOKEN) == 0:
            document.pages(growing=True)
    document.pages(growing=False)
    return document


@kinds
def test_an_answer_that_grows_costs_at_most_five_times_one_parse(
    text: Callable[[int], str], parsed: Callable[[Callable[[], object]], int]
) -> None:
    short, long = parsed(lambda: grown(text(4_900))), parsed(lambda: grown(text(9_800)))
    assert long <= 5 * parsed(lambda: render(text(9_800)))
    assert long <= 2.2 * short


HOSTILE = {
    **{name: KINDS[name](LONGEST) for name in ("bullets", "code", "open marks in words")},
    **{unit: (unit * LONGEST)[:LONGEST] for unit in ("[", "![", "`", "_", "<", "| ", "> ", "\t", "x", "[a](", "\n")},
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=map(repr, HOSTILE))
def test_an_answer_that_comes_as_one_token_is_parsed_in_bounded_steps(
    text: str, parsed: Callable[[Callable[[], object]], int]
) -> None:
    answer = PagedAnswer(most=2)
    most = parsed(lambda: answer.receive(Token(text)))
    answer.receive(Finished())
    steps = 0
    while answer.behind:
        most = max(most, parsed(answer.catch_up))
        steps += 1
    assert answer.ended
    assert steps >= LONGEST // STEP - 1
    most = max(most, parsed(lambda: answer.pages(shows_work=False)), parsed(lambda: answer.rest))
    assert most <= 10 * (STEP + TAIL_SOURCE)


def test_a_reply_that_is_given_much_at_once_lets_others_have_their_turn() -> None:
    reply = EditedReply(Place("C1", "1.1", "U1"), reference="r", interval=1.2, has_status=True, most=3)
    for event in (Thinking(), Token("word " * 8_000), Finished()):
        reply.receive(event, 0.0)
    waits = 0
    while (call := reply.next_call(0.0)) is None:
        assert reply.wake_at(0.0) == 0.0
        waits += 1
    assert waits == 40_000 // STEP - 1
    assert isinstance(call, PostMessage)
    whole = Document(most=3)
    whole.append("word " * 8_000)
    assert call.blocks == whole.pages(growing=False)[0].blocks


@pytest.mark.parametrize("unit", ["[", "![", "[x][", "[[a]", "*", "_"])
def test_marks_that_mean_nothing_cost_no_more_than_others(unit: str) -> None:
    assert calls(lambda: render(unit * (1_200 // len(unit)) + "](a)")) <= 5 * calls(lambda: render("*a_" * 400))


UNITS = [
    *("重**。", "含**「", "1*", "https://a.b/c ", "https://", "a和", "https://a.b/(", "https://a.b/文", "'s", "**["),
    *("[a](https://x.y/ ", "![a](b)", "<https://a.b/ ", "1. a\n  - b\n", "_", "*", "["),
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("work", [render, heal, neutralised], ids=["render", "heal", "neutralise"])
def test_what_looks_like_a_mark_or_an_address_costs_no_more_than_its_length(
    work: Callable[[str], object], unit: str
) -> None:
    text = "https://a.b/" + unit * (400 // len(unit))
    work(text)  # some is made at its first use, and kept
    assert calls(lambda: work(text + unit * (400 // len(unit)))) <= 2.2 * calls(lambda: work(text)) + 200


@pytest.mark.parametrize("source", ["*a_ " * 300, "`a` ``b " * 200, "[a](b " * 200, "- " * 600 + "x", "*_" * 600])
def test_healing_costs_no_more_than_the_length(source: str) -> None:
    assert calls(lambda: heal(source * 2)) <= 2.2 * calls(lambda: heal(source)) + 200


@pytest.mark.parametrize("unit", ["<b>", "<", "<b> x </b>", "<td>", "<a href='", "](data:", "`a` <", "<p>\n", "d"])
def test_what_arrives_costs_no_more_than_its_length(unit: str) -> None:
    def cost(length: int) -> int:
        return calls(lambda: Incoming().take((unit * length)[:length]))

    assert cost(8_000) <= 2.2 * cost(4_000) + 200


def test_a_plain_word_costs_a_fraction_of_what_is_looked_at() -> None:
    def cost(word: str) -> int:
        incoming = Incoming()
        incoming.take("It begins")
        return calls(lambda: [incoming.take(word) for _ in range(500)])

    assert 5 * cost(" word") <= cost(" `a`")


FRAGMENTS = [
    *("- item\n", "1. one\n", "   - nested\n", "\n", "\n\n", "# Heading\n", "> quote\n", "```py\n", "```\n", "---\n"),
    *("| a | b |\n|---|---|\n", "| c | **d** |\n", "word ", "**bold** ", "*open ", "`code` ", "[a](https://e.org) "),
    *("words of a sentence. " * 8, "漢字。", "12\n", "- [x] done\n", "x" * 300, "*a_" * 60, "    indented\n", "- "),
]


@settings(deadline=None, max_examples=examples(15))
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=120), st.integers(1, 400))
def test_a_text_that_has_grown_is_shown_as_if_it_had_come_at_once(fragments: list[str], size: int) -> None:
    source = "".join(fragments)
    whole, growing = Document(most=3), Document(most=3)
    whole.append(source)
    for at in range(0, len(source), size):
        growing.append(source[at : at + size])
        growing.pages(growing=True)
    assert growing.pages(growing=False) == whole.pages(growing=False)
    assert growing.rest() == whole.rest()


@kinds
def test_what_is_shown_while_it_grows_is_what_one_rendering_would_show(text: Callable[[int], str]) -> None:
    source = text(1_000)
    growing = Document()
    for at in range(0, len(source), 97):
        growing.append(source[at : at + 97])
        seen = "".join(page.text for page in growing.pages(growing=True))
        once = Document()
        once.append(heal(source[: at + 97]))
        if "*a_" not in source:  # what is left open for long may be shown with its marks
            assert seen == "".join(page.text for page in once.pages(growing=False))
