from __future__ import annotations

from typing import Any

import pytest

from bot.slack.text.limits import LINK_URL
from bot.slack.text.links import misleads
from bot.slack.text.markdown import outline, render
from bot.slack.text.pages import Document
from bot.slack.text.rich_text import Piece, Row, Shape, Table, TextRun, rich_text
from bot.slack.text.tables import as_text, block, columns, divide, draw


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def link(url: str, label: str, **style: bool) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": label, **({"style": style} if style else {})}


def emoji(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "emoji", "name": name, **more}


def section(*elements: dict[str, Any], kind: str = "section") -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def listed(style: str, *items: dict[str, Any], indent: int = 0, **more: int) -> dict[str, Any]:
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "elements": [section(item) for item in items],
        **more,
    }


def shown(source: str) -> object:
    return rich_text(render(source))["elements"]


INLINE = [
    ("**b** *i* ~~s~~ `c`", [
        *(text("b", bold=True), text(" "), text("i", italic=True), text(" ")),
        *(text("s", strike=True), text(" "), text("c", code=True)),
    ]),
    ("***both***", [text("both", bold=True, italic=True)]),
    ("one\ntwo  \nthree", [text("one\ntwo\nthree")]),
    ("[label](https://a.b/c)", [link("https://a.b/c", "label")]),
    ("**[label](https://a.b/c)**", [link("https://a.b/c", "label", bold=True)]),
    ("see https://a.b/c?d=1.", [text("see "), link("https://a.b/c?d=1", "https://a.b/c?d=1"), text(".")]),
    ("<me@a.org>", [link("mailto:me@a.org", "me@a.org")]),
    ("a.org me@a.org //a.org", [text("a.org me@a.org //a.org")]),
    ("![alt](https://a.b/c.png)", [link("https://a.b/c.png", "alt")]),
    ("![](https://a.b/c.png)", [link("https://a.b/c.png", "https://a.b/c.png")]),
    ("[![alt](https://i.b/c.png)](https://a.b)", [link("https://a.b", "alt")]),
    ("[call](tel:+123) [rel](/x) [js](javascript:x)", [text("call (tel:+123) rel (/x) js")]),
    ("[a.com](https://evil.com/x)", [text("a.com ("), link("https://evil.com/x", "https://evil.com/x"), text(")")]),
    ("<b>raw</b> &lt;!channel&gt; <!here> <@U1> @here :tada: 🎉", [
        *(text("<b>raw</b> <!channel> <!here> <@U1> @here "), emoji("tada"), text(" 🎉")),
    ]),
    ("one<br>two<BR />three<br", [text("one\ntwo\nthree<br")]),
    ("<details><summary>S</summary> `<br>`", [text("<details><summary>S</summary> "), text("<br>", code=True)]),
    ("![a **b**](https://a.b/c.png) ![x](data:image/png;base64,AA)", [
        *(link("https://a.b/c.png", "a b"), text(" x")),
    ]),
    ("مرحبا **بالعالم** \u2067x\u2069 **漢字**。", [
        *(text("مرحبا "), text("بالعالم", bold=True), text(" \u2067x\u2069 "), text("漢字", bold=True), text("。")),
    ]),
    ("👩‍👩‍👧 🇩🇪 ❤️ *👍🏽*", [text("👩‍👩‍👧 🇩🇪 ❤️ "), text("👍🏽", italic=True)]),
    ("[1]: https://a.b\n[1]", [text("[1]: "), link("https://a.b", "https://a.b"), text("\n[1]")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "elements"), INLINE)
def test_inline_text(source: str, elements: list[dict[str, Any]]) -> None:
    assert shown(source) == [section(*elements)]


BLOCKS: list[tuple[str, list[dict[str, Any]]]] = [
    ("", []),
    ("-\n\n#\n\n```\n```\n\n>\n", []),
    ("one\n\ntwo", [section(text("one\n\ntwo"))]),
    ("# Head `x`\n\nbody", [section(text("Head ", bold=True), text("x", bold=True, code=True), text("\n\nbody"))]),
    ("a\n\n---\n\nb", [section(text("a\n\n———\n\nb"))]),
    ("a\n\n- x\n- y\n\nb", [section(text("a\n\n")), listed("bullet", text("x"), text("y")), section(text("\nb"))]),
    ("3. x\n4. y", [listed("ordered", text("x"), text("y"), offset=2)]),
    ("0. x", [listed("ordered", text("x"))]),
    ("1. x\n   - n\n2. y", [
        listed("ordered", text("x")),
        listed("bullet", text("n"), indent=1),
        listed("ordered", text("y"), offset=1),
    ]),
    ("- x\n\n  more\n- y", [listed("bullet", text("x\nmore"), text("y"))]),
    ("- [ ] do\n- [x] done", [listed("bullet", text("☐ do"), text("☑ done"))]),
    ("1. x\n   ```\n   c\n   ```\n2. y", [
        listed("ordered", text("x")),
        section(text("c"), kind="preformatted"),
        listed("ordered", text("y"), offset=1),
    ]),
    ("- x\n\n\n1. y", [listed("bullet", text("x")), section(text("\n")), listed("ordered", text("y"))]),
    ("> a\n>\n> *b*", [section(text("a\n\n"), text("b", italic=True), kind="quote")]),
    ("> a\n\nb", [section(text("a"), kind="quote"), section(text("\nb"))]),
    ("> - a", [listed("bullet", text("a"), border=1)]),
    ("> ```\n> c\n> ```", [{**section(text("c"), kind="preformatted"), "border": 1}]),
    ("a\n```py\n*x*\n\ny\n```\nb", [
        section(text("a")),
        {**section(text("*x*\n\ny"), kind="preformatted"), "language": "python"},
        section(text("b")),
    ]),
    ("``` JS title=x\na\n```\n```<!here>\nb\n```", [
        {**section(text("a"), kind="preformatted"), "language": "javascript"},
        section(text("\n")),
        section(text("b"), kind="preformatted"),
    ]),
    ("```\na", [section(text("a"), kind="preformatted")]),
    ("```\na\n```\n```\nb\n```", [
        section(text("a"), kind="preformatted"),
        section(text("\n")),
        section(text("b"), kind="preformatted"),
    ]),
    ("- x\n  | A | **B** |\n  |--:|---|\n  | 1 | [l](https://a.b) |", [
        listed("bullet", text("x")),
        section(text("A | B\n--+--\n1 | l"), kind="preformatted"),
    ]),
    ("> | A |\n> |---|\n> | 1 |", [{**section(text("A\n-\n1"), kind="preformatted"), "border": 1}]),
    ("9999999. x\n1. y", [section(text("9999999. x\n10000000. y"))]),
    ("- a\n  1. b\n     - c\n- d", [
        listed("bullet", text("a")),
        listed("ordered", text("b"), indent=1),
        listed("bullet", text("c"), indent=2),
        listed("bullet", text("d")),
    ]),
    ("1. [ ] do\n2. [x] **done**", [
        {**listed("ordered"), "elements": [section(text("☐ do")), section(text("☑ "), text("done", bold=True))]},
    ]),
    ("> # T\n> > deep\n>\n> b", [section(text("T", bold=True), text("\ndeep\nb"), kind="quote")]),
    ("Title\n===\nx", [section(text("Title", bold=True), text("\n\nx"))]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "elements"), BLOCKS)
def test_blocks(source: str, elements: list[dict[str, Any]]) -> None:
    assert shown(source) == elements


def test_target_that_is_too_long_for_a_link_stays_as_text() -> None:
    url = "https://a.b/" + "x" * LINK_URL
    assert shown(f"[label]({url})") == [section(text(f"label ({url})"))]


@pytest.mark.parametrize(
    ("label", "url", "expected"),
    [
        ("the handbook", "https://evil.com", False),
        ("handbook.pdf", "https://a.b/x", False),
        ("v1.2 of e.g. this", "https://a.b/x", False),
        ("https://a.b/x", "https://a.b/x", False),
        ("a.b/x", "https://a.b/x/", False),
        ("www.shop.com", "https://www.shop.com/offers", False),
        ("Shop.com", "https://shop.com/offers", False),
        ("me@a.org", "mailto:me@a.org", False),
        ("good.com", "https://evil.com", True),
        ("see https://good.com/login", "https://evil.com", True),
        ("good.com/x", "https://good.com/y", True),
        ("good.com", "https://good.com@evil.com", True),
        ("go\u200bod.com", "https://evil.com", True),
        ("good\u3002com", "https://evil.com", True),
        ("\uff47ood.com", "https://evil.com", True),
        ("me@good.com", "mailto:me@evil.com", True),
        ("10.0.0.1", "https://evil.com", True),
        ("handbook.pdf/x", "https://evil.com", True),
    ],
)
def test_label_that_looks_like_another_address(label: str, url: str, expected: bool) -> None:
    assert misleads(label, url) is expected


def test_table_is_aligned_by_what_is_seen() -> None:
    assert draw([["Name", "N"], ["漢字", "1"], ["e\u0301", "100"]], [False, True]).split("\n") == [
        "Name |   N",
        "-----+----",
        "漢字 |   1",
        "e\u0301    | 100",
    ]


def test_long_cells_are_wrapped_and_nothing_of_them_is_lost() -> None:
    cells = [" ".join(f"a{number}" for number in range(60)), "x" * 150]
    lines = draw([["One", "Two"], cells], [False, False]).split("\n")
    assert max(columns(line) for line in lines) <= 88
    first = [line.split("|")[0].strip() for line in lines[2:]]
    assert " ".join(part for part in first if part) == cells[0]
    assert sum(line.count("x") for line in lines) == 150


def test_table_that_padding_would_blow_up_is_drawn_without() -> None:
    rows = [["a" * 60, "b"]] + [["x", "y"]] * 200
    assert draw(rows, [False, False]).split("\n")[1:] == ["x | y"] * 200


def cell(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [section(*elements)]}


def table_of(source: str) -> Table:
    [piece] = render(source)
    assert piece.shape is Shape.TABLE
    assert piece.table is not None
    return piece.table


def test_table_keeps_its_styles_links_and_alignment_and_pings_nobody() -> None:
    table = table_of("| A | **B** | |\n|--:|:-:|---|\n| <!here> `c` | [l](https://a.b)<br>x |\n")
    assert block(table) == {
        "type": "table",
        "rows": [
            [cell(text("A", bold=True)), cell(text("B", bold=True)), cell(text(" "))],
            [
                cell(text("<!here> "), text("c", code=True)),
                cell(link("https://a.b", "l"), text("\nx")),
                cell(text(" ")),
            ],
        ],
        "column_settings": [{"align": align, "is_wrapped": True} for align in ("right", "center", "left")],
    }
    assert table.text == "A | B |\n<!here> c | l\nx |"
    assert (
        as_text(Piece(Shape.TABLE, (), table=table), table).text
        == "        A | B   |\n----------+-----+--\n<!here> c | l x |"
    )


def rows(count: int, columns: int = 2) -> Table:
    return Table(tuple(Row(((TextRun(f"r{row}"),),) * columns) for row in range(count)), ("left",) * columns)


@pytest.mark.parametrize(
    ("table", "most", "room", "first", "left"),
    [
        (rows(5), 100, 1_000, 5, None),
        (rows(5), 3, 1_000, 3, 3),
        (rows(5), 100, 14, 2, 4),
        (rows(5), 100, 11, None, 5),
        (rows(5), 1, 1_000, None, 5),
        (rows(1), 1, 6, 1, None),
        (rows(5, 20), 100, 1_000, 5, None),
        (rows(5, 21), 100, 1_000, None, 5),
    ],
)
def test_table_is_divided_under_its_header(
    table: Table, most: int, room: int, first: int | None, left: int | None
) -> None:
    head, rest = divide(table, most, room)
    assert (head and len(head.rows), rest and len(rest.rows)) == (first, left)
    if head and rest:
        assert head.rows + rest.rows[1:] == table.rows
        assert rest.rows[0] == table.rows[0]
        assert (head.goes_on, rest.goes_on) == (False, True)


def test_table_of_nothing_is_none() -> None:
    assert render("| | |\n|---|---|\n| | |") == ()


def test_spans_tell_where_blocks_and_items_begin() -> None:
    found = outline("para\n\n3. a\n   - n\n4. b\n\n```\nx").spans
    assert [(span.kind, span.start, span.items, span.number) for span in found] == [
        ("paragraph", 0, (), None),
        ("ordered_list", 2, (2, 4), 3),
        ("fence", 6, (), None),
    ]


@pytest.mark.parametrize(
    ("source", "shown", "target"),
    [
        ("see <https://example.com/a|the page> ok", "see the page ok", "https://example.com/a"),
        (
            "<https://example.com|https://bank.example>",
            "https://bank.example (https://example.com)",
            "https://example.com",
        ),
        ("<https://example.com|>", "https://example.com", "https://example.com"),
    ],
)
def test_slack_s_own_way_to_write_a_link_is_one(source: str, shown: str, target: str) -> None:
    document = Document()
    document.append(source)
    [page] = document.pages(growing=False)
    assert page.text == shown
    assert f"'url': '{target}'" in str(page.blocks)
