"""The terminal: blocks become lines, nothing in them steers it, and what grows is redrawn or told bit by bit."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.screen import Appended, Redrawn, ScreenView, open_screen
from bot.playground.slack import Edit, Message
from bot.playground.terminal import Look, message_lines, safe
from bot.slack.text.block import Block
from bot.slack.text.markdown import render
from bot.slack.text.rich_text import rich_text
from bot.slack.text.tables import columns
from tests.examples import examples

NAMES = {"U1": "ada", "UBOT": "flowise"}
PLAIN = Look(width=40, names=NAMES)


def section(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def text(words: str, *marks: str) -> Block:
    return {"type": "text", "text": words, "style": dict.fromkeys(marks, True)}


def code(words: str) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [text(words)]}]}


PLAN: Block = {
    "type": "plan",
    "title": "Steps",
    "tasks": [
        {"type": "task_card", "task_id": title, "title": title, "status": status}
        for title, status in (("Read: done", "complete"), ("Search: failed", "error"), ("Write", "in_progress"))
    ],
}


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (section(text("plain")), ["plain"]),
        (section(text("a "), text("b", "bold"), text(" c", "italic")), ["a *b* c"]),
        (section(text("x()", "code"), text(" "), text("gone", "strike")), ["`x()` ~gone~"]),
        (section({"type": "user", "user_id": "UBOT"}, text(" hi")), ["@flowise hi"]),
        (section({"type": "user", "user_id": "U9"}), ["@U9"]),
        (section({"type": "link", "url": "https://a.example", "text": "A"}), ["A (https://a.example)"]),
        (section({"type": "link", "url": "https://a.example"}), ["https://a.example"]),
        (section({"type": "emoji", "name": "wave", "unicode": "1f44b"}), ["👋"]),
        (section(text("one\n\ntwo\n\n")), ["one", "", "two", ""]),
        (code("if a:\n    b"), ["    if a:", "        b"]),
        ({"type": "divider"}, ["─" * 40]),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "Used: a &lt; b"}]}, ["Used: a < b"]),
        (PLAN, ["*Steps*", "  ✓ Read: done", "  ! Search: failed", "  … Write"]),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "see <https://a.example|A>"}}, ["see A"]),
    ],
)
def test_a_block_as_lines(block: Block, lines: list[str]) -> None:
    assert message_lines("", [block], PLAIN) == lines


@pytest.mark.parametrize(
    ("markdown", "lines"),
    [
        ("> said\n> so", ["> said", "> so"]),
        ("- a\n- b\n  - c", ["• a", "• b", "   ◦ c"]),
        ("3. a\n4. b", ["3. a", "4. b"]),
        ("one\n\n- a\n\ntwo", ["one", "", "• a", "", "two"]),
        ("one\n\n```\nx = 1\n```\n\ntwo", ["one", "", "    x = 1", "", "two"]),
        ("- a list item that is longer than one line", ["• a list item that is longer than one", "  line"]),
        ("> a quote that is longer than one line may be", ["> a quote that is longer than one line", "> may be"]),
        ("漢字" * 12, ["漢字" * 10, "漢字" * 2]),
    ],
)
def test_what_the_bot_writes_as_lines(markdown: str, lines: list[str]) -> None:
    assert message_lines("", [rich_text(render(markdown))], PLAIN) == lines


def test_blocks_are_apart_and_a_message_without_blocks_is_its_text() -> None:
    assert message_lines("", [section(text("a")), section(text("b"))], PLAIN) == ["a", "", "b"]
    assert message_lines("x &amp; <https://a.example|A>", [], PLAIN) == ["x & A"]


def test_colour_is_used_only_where_it_may_be() -> None:
    block = section(text("a", "bold"), text("b"))
    assert message_lines("", [block], Look(colour=True)) == ["\x1b[1ma\x1b[0mb"]
    assert "\x1b" not in "".join(message_lines("", [block], Look()))


def test_code_is_broken_where_the_line_is_full() -> None:
    assert message_lines("", [code("ab " * 13)], PLAIN) == [f"    {'ab ' * 12}".rstrip(), "    ab"]


HOSTILE = st.text(
    st.sampled_from("ab \n\t\r\x00\x07\x08\x1b[2J\x9b\x85\u2028\u202e\u2066\ud800漢é👋*`|<>"), max_size=60
)


@settings(deadline=None, max_examples=examples(90))
@given(HOSTILE, HOSTILE, st.integers(24, 60))
def test_nothing_steers_the_terminal_and_no_line_is_too_long(words: str, more: str, width: int) -> None:
    link = {"type": "link", "url": more, "text": words}
    blocks = [
        section(text(words, "bold"), link),
        code(more),
        *({"type": kind, "text": {"type": "mrkdwn", "text": words}} for kind in ("section", "header", "unheard_of")),
    ]
    lines = message_lines(words, blocks, Look(width=width))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "".join(lines))
    assert all(columns(line) <= width for line in lines)
    painted = "".join(message_lines(words, blocks, Look(width=width, colour=True)))
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]+m", "", painted)


def test_safe_keeps_the_words() -> None:
    assert safe("a\r\nb\tc\x1b[31md") == "a\nb   c[31md"


# The screen


def message(words: str, *, ts: str = "2.0", edits: int = 0, thread_ts: str | None = "1.0") -> Message:
    history = (Edit(0.0, words, ()),) * edits
    return Message("C1", ts, "UBOT", words, 0.0, thread_ts, edits=history)


def test_a_pipe_is_told_what_each_edit_adds_and_then_the_whole() -> None:
    out = io.StringIO()
    screen = open_screen(out, {"TERM": "xterm"}, NAMES)
    screen.show(ScreenView("flowise is thinking…", ()))
    screen.show(ScreenView("flowise is thinking…", ()))
    screen.show(ScreenView("", (message("One two"),)))
    screen.show(ScreenView("", (message("One two three", edits=1),)))
    last = ScreenView("", (message("One two three. Four", edits=2),))
    screen.show(last)
    screen.finish(last)
    lines = [line.strip() for line in out.getvalue().splitlines() if line.strip()]
    assert lines[:4] == ["flowise is thinking…", "first: One two", "+ three", "+ . Four"]
    assert lines[4] == "(edited 2 times; now it reads:)"
    assert lines[5].startswith("flowise  ")
    assert lines[6:] == ["One two three. Four"]
    assert isinstance(screen, Appended)
    assert "\x1b" not in out.getvalue()


class Glass:
    """A terminal that knows the three things a redrawing screen says: cursor up, erase below, a style."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    def shown(self, written: str) -> list[str]:
        """Everything that was ever scrolled off the top, and what stands in the window."""
        gone: list[str] = []
        rows, row, column = [""] * self.height, 0, 0
        for found in re.finditer(r"\x1b\[([0-9;]*)([A-Z])|\x1b\[[0-9;]*m|([^\x1b])", written):
            count, command, char = found.groups()
            if command == "A":
                row = max(0, row - int(count))
            elif command == "J":
                rows[row:] = [rows[row][:column], *[""] * (self.height - row - 1)]
            elif char == "\r":
                column = 0
            elif char == "\n":
                row, column = row + 1, 0
                if row == self.height:
                    gone.append(rows.pop(0))
                    rows.append("")
                    row -= 1
            elif char:
                assert column < self.width, "the line is longer than the window is wide"
                rows[row] = rows[row][:column] + char
                column += 1
        while rows and not rows[-1]:
            rows.pop()
        return gone + rows


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("words", [5, 60, 150])
def test_a_terminal_shows_in_the_end_what_was_finished_and_nothing_twice(words: int, *, colour: bool) -> None:
    out, glass = io.StringIO(), Glass(40, 12)
    screen = Redrawn(out, colour=colour, names=NAMES, size=lambda: os.terminal_size((glass.width, glass.height)))
    said = [f"word{number}" for number in range(words)]
    question = replace(message("why?", thread_ts=None, ts="1.0"), user="U1")
    screen.said(question)
    screen.show(ScreenView("flowise is thinking…", ()))
    assert glass.shown(out.getvalue())[-1].strip() == "flowise is thinking…"
    for upto in range(1, words + 1, 7):
        screen.show(ScreenView("", (message(" ".join(said[:upto])),)))
        assert f"word{upto - 1}" in glass.shown(out.getvalue())[-1]
    screen.finish(ScreenView("", (message(" ".join(said)),)))
    seen = " ".join(glass.shown(out.getvalue())).split()
    assert [word for word in seen if word.startswith("word")] == said
    assert "thinking…" not in seen
    assert seen.count("why?") == 1
