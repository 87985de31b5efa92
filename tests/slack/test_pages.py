from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import pages as pages_module
from bot.slack import sealing
from bot.slack.blocks import Source, note, shown, sources_blocks
from bot.slack.calls import Blocks
from bot.slack.inert import units
from bot.slack.limits import HALF_PAGE, MESSAGE_BLOCK_TEXT, MESSAGE_BLOCKS, MESSAGE_TEXT, TAIL_SOURCE
from bot.slack.markdown import Seam, Span, render, spans
from bot.slack.pages import Document, Page
from bot.slack.rich_text import Piece

FRAGMENTS = [
    *("<!channel>", "<!here|x>", "<@U1>", "<#C1|x>", "<!subteam^S1>", "<http://evil|good>", "@here", ":tada:"),
    *("**", "*", "_", "~~", "`", "``", "[", "](", ")", "![", "](http://a.b/c)", "[good.com](https://evil.com)"),
    *("\n", "\n\n", "\n- ", "\n   - ", "\n1. ", "\n7) ", "\n> ", "\n# ", "\n```py\n", "\n```\n", "\n~~~\n", "\n---\n"),
    *(
        "\n| a | b |\n|---|--:|\n| c | d |\n",
        "| ",
        "|-",
        "\n    ",
        "\t",
        "\\",
        "<b>",
        "&lt;",
        "&#0;",
        "- [ ] ",
        "- [x] ",
    ),
    *(
        "\x00",
        "\x1b",
        "\ud83d",
        "\ude00",
        "\r",
        "\r\n",
        "\u202e",
        "\u200f",
        "مرحبا",
        "漢字。",
        "🎉👩‍👩‍👧",
        "javascript:x",
        "word " * 60,
    ),
    *(
        "wörd" * 400,
        "line\n" * 80,
        "- item\n" * 60,
        "| x | y |\n" * 50,
        "https://e.org/" + "p" * 300,
        "A sentence. " * 50,
    ),
]
pieces_of_text = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), max_size=30)
few = settings(deadline=None, max_examples=80)


def document(*pieces: str) -> Document:
    written = Document()
    for piece in pieces:
        written.append(piece)
    return written


def final(*pieces: str) -> tuple[Page, ...]:
    return document(*pieces).pages(growing=False)


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from objects(inner)


def assert_harmless(page: Page) -> None:
    assert page.blocks[0]["type"] == "rich_text"
    assert len(page.blocks) <= MESSAGE_BLOCKS
    assert (
        sum(units(found.get("text", "") + found.get("url", "")) for found in objects(page.blocks)) <= MESSAGE_BLOCK_TEXT
    )
    assert 0 < units(page.text) <= MESSAGE_TEXT
    assert not {"<", ">"} & set(page.text)
    json.dumps(page.blocks, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
    kinds = {
        "rich_text",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "text",
        "link",
    }
    for found in objects(page.blocks):
        if "type" not in found:
            assert set(found) <= {"bold", "italic", "strike", "code"}
            continue
        assert found["type"] in kinds
        if "elements" in found:
            assert found["elements"]
        else:
            assert found["text"]
            assert not set(found["text"]) & set(map(chr, [*range(9), *range(11, 32)]))
        if found["type"] == "link":
            assert found["url"].startswith(("http://", "https://", "mailto:"))


@few
@given(pieces_of_text)
def test_no_page_is_over_a_limit_or_pings_whatever_is_written(pieces: list[str]) -> None:
    growing = Document()
    for piece in pieces:
        growing.append(piece)
        for page in growing.pages(growing=True):
            assert_harmless(page)
    for page in growing.pages(growing=False):
        assert_harmless(page)


@few
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), max_size=12))
def test_every_beginning_of_a_text_can_be_shown(pieces: list[str]) -> None:
    text = "".join(pieces)[:200]
    growing = Document()
    for char in text:
        growing.append(char)
        assert growing.empty == (growing.pages(growing=True) == ())


@few
@given(pieces_of_text, st.randoms(use_true_random=False))
def test_the_same_text_in_other_pieces_gives_the_same_pages(pieces: list[str], random: Any) -> None:
    text = "".join(pieces)
    cut: list[str] = []
    while text:
        size = random.choice([1, 3, 40, 900])
        cut.append(text[:size])
        text = text[size:]
    assert final(*cut) == final("".join(cut)) == final(*pieces)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), min_size=15, max_size=60))
def test_a_page_stays_as_it_is_once_the_next_but_one_exists(pieces: list[str]) -> None:
    growing = Document()
    settled: dict[int, Page] = {}
    for piece in pieces * 3:
        growing.append(piece)
        for number, page in enumerate(growing.pages(growing=True)[:-2]):
            assert settled.setdefault(number, page) == page
    ended = growing.pages(growing=False)
    assert {number: ended[number] for number in settled} == settled


@pytest.mark.parametrize(
    "block",
    [
        "Some words of a paragraph, and **more** of them. " * 20 + "\n\n",
        "- an item with `code`\n",
        "a long line in one paragraph only. ",
        "| a row | of a table |\n",
        "> quoted words\n",
    ],
)
def test_work_does_not_grow_with_what_is_sealed(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = 0

    def counting_render(source: str, seam: Seam) -> tuple[Piece, ...]:
        nonlocal parsed
        parsed += len(source)
        return render(source, seam)

    def counting_spans(source: str) -> tuple[Span, ...]:
        nonlocal parsed
        parsed += len(source)
        return spans(source)

    monkeypatch.setattr(pages_module, "render", counting_render)
    monkeypatch.setattr(sealing, "spans", counting_spans)
    growing = document("| one | two |\n|---|---|\n" if block.startswith("|") else "")
    most = 0
    for _ in range(40_000 // len(block)):
        parsed = 0
        growing.append(block)
        if _ % 20 == 0:
            growing.pages(growing=True)
        most = max(most, parsed)
    assert most <= 6 * TAIL_SOURCE


def test_fence_goes_on_as_code_on_the_next_page() -> None:
    lines = [f"line {number} of the code" for number in range(1200)]
    shown_pages = final("Before.\n\n```py\n" + "\n".join(lines) + "\n```\n\nAfter.")
    assert len(shown_pages) > 2
    code = [
        element["elements"][0]["text"]
        for page in shown_pages
        for element in page.blocks[0]["elements"]  # type: ignore[attr-defined]
        if element["type"] == "rich_text_preformatted"
    ]
    assert "\n".join(code).split("\n") == lines
    assert shown(shown_pages[-1].blocks).endswith("After.")


def test_list_is_cut_between_items_and_goes_on_counting() -> None:
    shown_pages = final("".join(f"1. item number {number}\n" for number in range(1, 900)))
    assert len(shown_pages) > 1
    count = 0
    for page in shown_pages:
        for element in page.blocks[0]["elements"]:  # type: ignore[attr-defined]
            assert element["type"] == "rich_text_list"
            assert element.get("offset", 0) == count
            for item in element["elements"]:
                count += 1
                assert item["elements"][0]["text"] == f"item number {count}"
    assert count == 899


def test_paragraph_that_does_not_fit_moves_to_the_next_page_whole() -> None:
    paragraphs = [f"{number} " + "words " * 300 for number in range(12)]
    shown_pages = final("\n\n".join(paragraphs))
    seen = "\n\n".join(shown(page.blocks) for page in shown_pages)
    assert seen == "\n\n".join(paragraph.strip() for paragraph in paragraphs)
    for page in shown_pages[:-1]:
        assert units(shown(page.blocks)) >= HALF_PAGE


def test_blank_lines_before_a_line_too_long_to_wait_for() -> None:
    (page,) = final("\n" * 10 + "- word " + "word " * (TAIL_SOURCE // 5))
    assert letters(shown(page.blocks)) == "word" * (TAIL_SOURCE // 5 + 1)


def test_one_monstrous_word_is_cut_hard_and_nothing_of_it_is_lost() -> None:
    word = "ab😀" * 20_000
    shown_pages = final(word)
    assert "".join(shown(page.blocks) for page in shown_pages) == word


def test_large_table_goes_on_under_its_header() -> None:
    rows = "".join(f"| key {number} | value {number} |\n" for number in range(400))
    text = "\n".join(shown(page.blocks) for page in final(f"| Key | Value |\n|---|---|\n{rows}"))
    for number in range(400):
        assert text.count(f"key {number} ") == 1
    assert text.count("Key") > 1
    assert "|--" not in text


def test_footer_stands_under_the_last_page_or_on_its_own() -> None:
    footer: Blocks = (*sources_blocks([Source("handbook.pdf", None, "p. 3")]), note("Used: search"))
    (page,) = document("Short.").pages(growing=False, footer=footer)
    assert page.blocks[1:] == footer
    assert "handbook" not in page.text
    full = document("word " * 1998)
    without = full.pages(growing=False)
    with_footer = full.pages(growing=False, footer=footer)
    assert with_footer[:-1] == without
    assert with_footer[-1].blocks == footer
    assert "handbook.pdf" in with_footer[-1].text


def test_footer_alone_still_begins_as_rich_text() -> None:
    (page,) = Document().pages(growing=False, footer=(note("Used: search"),))
    assert [block["type"] for block in page.blocks] == ["rich_text", "context"]
    assert "Used: search" in page.text


def test_text_is_escaped_without_markup_and_short() -> None:
    (page,) = final("# Title\n\n**Bold** & <!channel> [label](http://a.b)\n\n1. one\n" + "- x\n" * 1500)
    assert page.text.startswith("Title\n\nBold &amp; &lt;!channel&gt; label\n\n1. one\n\n• x")
    assert page.text.endswith("…")


def test_paragraph_break_parts_text_and_closes_code() -> None:
    written = document("Let me look.")
    written.paragraph_break()
    written.paragraph_break()
    written.append("Found it.")
    assert final("Let me look.\n\nFound it.") == written.pages(growing=False)
    broken = document("```\ncode")
    broken.paragraph_break()
    broken.append("words")
    (page,) = broken.pages(growing=False)
    kinds = [element["type"] for element in page.blocks[0]["elements"]]  # type: ignore[attr-defined]
    assert kinds == ["rich_text_preformatted", "rich_text_section"]


def test_paragraph_break_at_the_start_does_nothing() -> None:
    written = Document()
    written.paragraph_break()
    assert written.empty
    assert written.pages(growing=True) == ()


def test_half_a_surrogate_pair_waits_for_the_other() -> None:
    written = document("party \ud83c")
    assert written.pages(growing=True)[0].text == "party"
    assert written.pages(growing=False)[0].text == "party \ufffd"
    written.append("\udf89 time")
    assert written.pages(growing=False)[0].text == "party 🎉 time"


# Well-formed Markdown, made together with the letters and digits that are to be seen of it.
words = st.lists(st.text("abcdefghijklmnopqrstuvwxyzäöü漢字", min_size=1, max_size=9), min_size=1, max_size=12).map(
    " ".join
)
styled = st.tuples(
    words, st.sampled_from(["{}", "**{}**", "*{}*", "~~{}~~", "`{}`", "[{}](https://a.example/x_1)", "***{}***"])
).map(lambda pair: (pair[1].format(pair[0]), pair[0]))
line = st.lists(styled, min_size=1, max_size=6).map(lambda parts: tuple(map(" ".join, zip(*parts, strict=True))))
times = st.sampled_from([1, 1, 2, 5, 60])


def repeated(part: tuple[str, ...], count: int, joint: str) -> tuple[str, str]:
    return joint.join([part[0]] * count), part[1] * count


def listed(part: tuple[str, ...], count: int, mark: str) -> tuple[str, str]:
    return "\n".join(f"{mark} {part[0]}" for _ in range(count)), part[1] * count


paragraph = st.builds(repeated, line, times, st.sampled_from([" ", "\n"]))
items = st.builds(listed, line, times, st.sampled_from(["-", "*", "1."]))
nested = st.builds(lambda a, b: (f"- {a[0]}\n  1. {b[0]}\n- {b[0]}", a[1] + b[1] * 2), line, line)
quote = st.builds(listed, line, times, st.just(">"))
code = st.builds(lambda text, count: ("```py\n" + "\n".join([text] * count) + "\n```", text * count), words, times)
table = st.builds(
    lambda a, b: (f"| {a} | {b} |\n|---|--:|\n| {b} | {a} |", a + b + b + a), *[words.map(lambda w: w[:30])] * 2
)
heading = line.map(lambda part: (f"## {part[0]}", part[1]))
well_formed = st.lists(st.one_of(paragraph, items, nested, quote, code, table, heading), min_size=1, max_size=12)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@settings(deadline=None, max_examples=150)
@given(well_formed)
def test_nothing_of_a_well_formed_text_is_lost(blocks: list[tuple[str, str]]) -> None:
    markdown = "\n\n<!-- -->\n\n".join(source for source, _ in blocks)
    seen = "".join(shown(page.blocks) for page in final(markdown))
    assert letters(seen) == letters("".join(text for _, text in blocks))
