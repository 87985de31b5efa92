"""Of any text, what is shown while it grows has no mark and no piece of an address that the finished text has not."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.slack.text.pages import Document
from tests.examples import examples

PARTS = (
    *("**", "*", "_", "__", "~~", "`", "``", "\\", "[", "](", "](https://e.example/a b)", ")", "![", "<", ">", "|"),
    *("#", "word", "重要", "한국어", "a", "2", " ", " ", "\n", "\n\n", "\n- ", "\n1. ", "\n  - ", "\n> ", "[1]"),
    *("&amp;", "&lt;", "。", "「", "」", "：", "（注）", "”", "“", "…", "—", ".", "!", '"', "https://b.example/q"),
    *("http://c.example/wiki/Köln", "https://d.example/文", "<https://f.example/g>", "<https://h.example/a b|c>",
     "`code` ", "[d](https://i.example)"),
)  # fmt: skip
MARKS = "*_~`[]"
ADDRESS = re.compile(r"https?:(?://(?:[a-z]\.example(?:/(?:wiki|q|g|a))?)?)?")


@settings(deadline=None, max_examples=examples(25))
@given(st.lists(st.sampled_from(PARTS), max_size=9))
@example(["*", "斜体，", "**", "粗体。", "**", "后", "*"])
@example(["see ", "[", "1", "](https://e.example/a b)"])
@example(["`", "a*b*", " and ", "[c](https://i.example)"])
@example(["> **bold", "\n> goes on"])
@example(["a *", "\\ b"])
@example(["- > a `b", "\n  > c"])
@example(["**a**", "[", "**b**", "](https://i.example)"])
@example(["**", "![", " a"])
@example(["![", "**a**", "](https://i.example)"])
@example(["[", "- a", "](https://e.example/a b)", " *b*"])
@example([">**_", "\n> ![", "a"])
@example(["> **_a", "\n> ", "!["])
@example(["~~a. ", "~~", " "])
@example(["**a. ", "\\", " "])
@example(["*a ", "**b**", " "])
@example(["\\", "![", "`code` "])
@example(["a", "[", "*", "`code` "])
@example(["「", "_", "![", "~~", "`code` "])
@example(["```“", "`code` "])
def test_no_mark_and_no_piece_of_an_address_is_seen_that_goes_again(parts: list[str]) -> None:
    text = "".join(parts)
    whole, growing = Document(), Document()
    whole.append(text)
    finished = "".join(page.text for page in whole.pages(growing=False))
    for char in text:
        growing.append(char)
        shown = "".join(page.text for page in growing.pages(growing=True))
        assert [mark for mark in MARKS if shown.count(mark) > finished.count(mark)] == [], shown
        assert [found for found in ADDRESS.findall(shown) if found not in finished] == [], shown
