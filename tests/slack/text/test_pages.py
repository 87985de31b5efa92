from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.playground.slack.rules import check_blocks
from bot.slack.text import cutting as sealing
from bot.slack.text import pages as pages_module
from bot.slack.text import tail
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import Source, note, shown, sources_blocks
from bot.slack.text.emoji import CHARACTERS
from bot.slack.text.escaping import units
from bot.slack.text.limits import (
    HALF_PAGE,
    LAST_PAGE_TEXT,
    MESSAGE_BLOCK_TEXT,
    MESSAGE_BLOCKS,
    MESSAGE_TEXT,
    TABLE_ROWS,
    TAIL_SOURCE,
)
from bot.slack.text.pages import Document, Page
from tests.examples import examples

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
        "\n\n| a | b |\n|---|--:|\n" + "| c **d** | [e](https://e.org) |\n" * 30,
        "\n\n| a |\n|---|\n" + "| c |\n" * 130,
        "\n\n" + "| a " * 21 + "|\n" + "|---" * 21 + "|\n| c |\n",
        "<br>",
        "<",
        "\n99999999. ",
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
few = settings(deadline=None, max_examples=examples(50))


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
    check_blocks(page.blocks)
    kinds = {
        "table",
        "rich_text",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "text",
        "link",
        "emoji",
    }
    for found in objects(page.blocks):
        if "type" not in found:
            assert set(found) <= {"bold", "italic", "strike", "code"} or set(found) == {"align", "is_wrapped"}
            continue
        assert found["type"] in kinds
        if found["type"] == "table":
            assert len({len(row) for row in found["rows"]}) == 1
        elif "elements" in found:
            assert found["elements"]
        elif found["type"] == "emoji":
            assert found["name"] in CHARACTERS
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


@pytest.mark.slow
@few
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=12), max_size=12))
def test_every_beginning_of_a_text_can_be_shown(pieces: list[str]) -> None:
    text = "".join(pieces)[:200]
    growing = Document()
    for char in text:
        growing.append(char)
        assert growing.shows(growing=True) == (growing.pages(growing=True) != ())


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


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(40))
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


@pytest.mark.slow
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

    def counting(parse: Callable[..., Any]) -> Callable[..., Any]:
        def counted(source: str, *others: Any) -> Any:
            nonlocal parsed
            parsed += len(source)
            return parse(source, *others)

        return counted

    for module, name in ((pages_module, "render"), (sealing, "render"), (tail, "render"), (sealing, "outline")):
        monkeypatch.setattr(module, name, counting(getattr(module, name)))
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


@pytest.mark.parametrize("mark", ["> ", ">", "> > ", "   > ", "> - ", "> - [x] ", "> - - ", "> ## "])
@pytest.mark.parametrize(
    "unit", ["[a a a a a aaa](https://a.example/x_1)", "**b b b b b b b b**", "`c c c c c c c c c c`"]
)
def test_long_quote_is_cut_between_its_lines(mark: str, unit: str) -> None:
    (page,) = final("a\n\n" + "\n".join([mark + unit] * (2 * TAIL_SOURCE // len(unit))))
    seen = shown(page.blocks)
    assert not re.search(r"example|[]*`>#]", seen.replace("☑", ""))
    assert letters(seen) == "a" + letters(unit.split("]", maxsplit=1)[0]) * (2 * TAIL_SOURCE // len(unit))


@pytest.mark.parametrize(("before", "mark"), [("", "    "), ("> ```py\n", "> "), ("> a\n>\n> ~~~\n", "> ")])
def test_long_code_that_is_no_fence_of_its_own_stays_one_box(before: str, mark: str) -> None:
    lines = [f"line {number} = [x](y)" for number in range(300)]
    (page,) = final(before + "".join(f"{mark}{line}\n" for line in lines))
    [box] = [found for found in objects(page.blocks) if found.get("type") == "rich_text_preformatted"]
    assert shown((box,)).split("\n") == lines


@pytest.mark.parametrize("before", ["    ", "\t", "> ```\n> ", "> ```" + "y" * TAIL_SOURCE + "\n>\n> "])
def test_a_line_of_code_too_long_to_wait_for_is_cut(before: str) -> None:
    assert letters("".join(shown(page.blocks) for page in final(before + "x" * 3 * TAIL_SOURCE))).count("x") == (
        3 * TAIL_SOURCE
    )


def test_one_monstrous_word_is_cut_hard_and_nothing_of_it_is_lost() -> None:
    word = "ab😀" * 20_000
    shown_pages = final(word)
    assert "".join(shown(page.blocks) for page in shown_pages) == word


def test_large_table_goes_on_under_its_header() -> None:
    rows = "".join(f"| key {number} | value {number} |\n" for number in range(400))
    shown_pages = final(f"Look:\n\n| Key | Value |\n|---|---|\n{rows}\nDone.")
    text = "\n".join(shown(page.blocks) for page in shown_pages)
    for number in range(400):
        assert text.count(f"key {number} ") == 1
    assert "|--" not in text
    for page in shown_pages:
        lines = shown(page.blocks).split("\n")
        assert next(line for line in lines if "key" in line or "Key" in line).startswith("Key ")
    assert kinds(shown_pages[0]) == ["rich_text", "table", "rich_text"]
    assert len(table_in(shown_pages[0])["rows"]) == TABLE_ROWS
    assert shown_pages[-1].text.endswith("Done.")


def kinds(page: Page) -> list[object]:
    return [block["type"] for block in page.blocks]


def table_in(page: Page) -> dict[str, Any]:
    [table] = [block for block in page.blocks if block["type"] == "table"]
    return dict(table)


TABLE = "| Name | Age |\n|------|-----|\n| Ann  | 31  |\n| Bob | 4 |\n"


def test_table_stands_between_the_text_around_it() -> None:
    (page,) = final(f"# Ages\n\nBefore.\n\n{TABLE}\n- after\n")
    assert kinds(page) == ["rich_text", "table", "rich_text"]
    assert shown(page.blocks) == "Ages\n\n\nBefore.\nName | Age\nAnn | 31\nBob | 4\nafter"
    assert page.text == "Ages\n\nBefore.\n\nName | Age\nAnn | 31\nBob | 4\n\n• after"


def test_message_that_begins_with_a_table_still_begins_as_rich_text() -> None:
    (page,) = document(TABLE).pages(growing=False, footer=(note("Used: search"),))
    assert kinds(page) == ["rich_text", "table", "context"]
    assert shown(page.blocks[:1]).strip() == ""
    assert page.text.startswith("Name | Age")


def test_second_table_of_a_page_is_drawn_as_text() -> None:
    (page,) = final(f"{TABLE}\nAnd\n\n{TABLE}")
    assert kinds(page) == ["rich_text", "table", "rich_text"]
    assert shown(page.blocks).endswith("And\nName | Age\n-----+----\nAnn  | 31\nBob  | 4")


def test_table_that_is_too_wide_is_drawn_as_text() -> None:
    (page,) = final("|" + " x |" * 21 + "\n|" + "---|" * 21 + "\n|" + " y |" * 21)
    assert kinds(page) == ["rich_text"]
    assert shown(page.blocks).count("y") == 21


def test_growing_table_is_one_from_its_header_on_and_never_turns_back() -> None:
    growing = Document()
    seen: list[tuple[object, ...]] = []
    for char in f"Text.\n\n{TABLE}\nMore text.":
        growing.append(char)
        for page in growing.pages(growing=True):
            if not seen or seen[-1] != tuple(kinds(page)):
                seen.append(tuple(kinds(page)))
    assert seen == [("rich_text",), ("rich_text", "table"), ("rich_text", "table", "rich_text")]


def test_table_goes_on_as_one_block_however_long_it_waits_to_be_cut() -> None:
    rows = "".join(f"| {number} {'x' * 80} |\n" for number in range(90))
    (page,) = final(f"| Header |\n|---|\n{rows}")
    assert [shown([{"type": "table", "rows": [row]}]) for row in table_in(page)["rows"]] == [  # type: ignore[arg-type]
        "Header",
        *(f"{number} {'x' * 80}" for number in range(90)),
    ]


def test_heading_goes_along_to_the_next_page_with_what_it_is_over() -> None:
    filler = "\n\n".join(["word " * 209] * 9)
    rows = "| 1234567 | 7654321 |\n" * 60
    first, second = final(f"{filler}\n\n## Figures\n\n| x | y |\n|---|---|\n{rows}")
    assert "Figures" not in first.text
    assert kinds(second) == ["rich_text", "table"]
    assert shown(second.blocks).startswith("Figures\nx | y\n")


def test_page_of_headings_alone_ends() -> None:
    shown_pages = final("".join(f"# Heading number {number}\n\n" for number in range(900)))
    seen = "\n".join(shown(page.blocks) for page in shown_pages)
    assert [f"Heading number {number}" in seen for number in range(900)] == [True] * 900
    assert len(shown_pages) < 5


def test_cut_code_keeps_its_language() -> None:
    shown_pages = final("```py\n" + "line of code\n" * 2_000 + "```\n")
    boxes = [found for found in objects([page.blocks for page in shown_pages]) if "language" in found]
    assert len(boxes) == len(shown_pages) > 2
    assert {box["language"] for box in boxes} == {"python"}


def test_chinese_is_cut_after_a_sentence() -> None:
    sentence = "这是一个没有空格的句子" * 3 + "。"
    shown_pages = final(sentence * 700)
    assert "".join(shown(page.blocks) for page in shown_pages) == sentence * 700
    assert len(shown_pages) > 1
    assert all(shown(page.blocks).endswith("。") for page in shown_pages)


def test_emoji_of_several_parts_is_not_cut_apart() -> None:
    family = "👩\u200d👩\u200d👧\u200d👧"
    shown_pages = final(family * 3_000)
    texts = [shown(page.blocks) for page in shown_pages]
    assert "".join(texts) == family * 3_000
    assert all(text.startswith("👩") and text.endswith("👧") for text in texts)


# More text than may be shown --------------------------------------------------------------------------------------


def numbered(count: int) -> str:
    return "".join(f"Paragraph {number}: {'words ' * 60}\n\n" for number in range(count))


def test_what_the_last_page_has_no_room_for_is_told_as_markdown() -> None:
    text = numbered(200)
    short = Document(most=3)
    short.append(text)
    shown_pages = short.pages(growing=False)
    rest = short.rest()
    assert len(shown_pages) == 3
    assert text.endswith(rest)
    seen = "\n\n".join(shown(page.blocks) for page in shown_pages)
    assert letters(seen + rest) == letters(text)
    assert units(shown(shown_pages[-1].blocks)) <= LAST_PAGE_TEXT
    footer: Blocks = (note("x" * 2_000), note("y" * 1_500))
    assert short.pages(growing=False, footer=footer)[-1].blocks[1:] == footer


def test_nothing_is_left_of_a_text_that_fits() -> None:
    short = Document(most=3)
    short.append(numbered(40))
    assert short.rest() == ""
    assert short.pages(growing=False) == final(numbered(40))


def test_the_rest_opens_again_what_was_cut() -> None:
    code = Document(most=2)
    code.append("```py\n" + "".join(f"line {number}\n" for number in range(3_000)) + "```\n\nThe end.")
    assert code.rest().startswith("```py\nline ")
    assert code.rest().endswith("line 2999\n```\n\nThe end.")
    rows = Document(most=2)
    rows.append("| Key |\n|---|\n" + "".join(f"| row {number} |\n" for number in range(3_000)))
    assert rows.rest().startswith("| Key |\n|---|\n| row ")
    items = Document(most=2)
    items.append("".join(f"1. item {number} {'x' * 40}\n" for number in range(1, 1_000)))
    first = items.rest().split("\n")[0]
    assert first.split(". item ")[0] == first.split(" ")[2]


def test_a_break_is_kept_in_the_rest_and_it_costs_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Document(most=2)
    short.append(numbered(60))
    assert short.rest()
    monkeypatch.setattr(pages_module, "cut", None)
    short.append("One \ud83d")
    short.append("\ude00.")
    short.paragraph_break()
    short.append("Two.")
    assert short.rest().endswith("One 😀.\n\nTwo.")


@pytest.mark.slow
@few
@given(pieces_of_text, st.randoms(use_true_random=False))
def test_the_rest_is_the_same_however_the_text_arrives(pieces: list[str], random: Any) -> None:
    text = "".join(pieces * 4)
    whole, growing = Document(most=2), Document(most=2)
    whole.append(text)
    while text:
        size = random.choice([1, 3, 40, 900])
        growing.append(text[:size])
        text = text[size:]
        for page in growing.pages(growing=True):
            assert_harmless(page)
    assert growing.rest() == whole.rest()
    assert growing.pages(growing=False) == whole.pages(growing=False)
    assert len(whole.pages(growing=False)) <= 2


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
    assert page.text.startswith("Title\n\nBold &amp; &lt;!channel&gt; label\n\n1. one\n• x")
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
    assert not written.shows(growing=True)
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


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(80))
@given(well_formed)
@example([("a", "a"), listed(("[a a a a a aaa](https://a.example/x_1)", "a a a a a aaa"), 60, ">")])
def test_nothing_of_a_well_formed_text_is_lost(blocks: list[tuple[str, str]]) -> None:
    markdown = "\n\n<!-- -->\n\n".join(source for source, _ in blocks)
    seen = "".join(shown(page.blocks) for page in final(markdown))
    assert letters(seen) == letters("".join(text for _, text in blocks))
