"""What a model sends that is no Markdown: files in the text, reasoning, HTML."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.slack.text.incoming import Incoming
from bot.slack.text.incoming_files import LONGEST_PICTURE
from bot.slack.text.markdown import render
from bot.slack.text.pages import Document
from bot.slack.text.rich_text import plain_text
from bot.slack.text.streaming import StreamText
from tests.examples import examples

BASE64 = "iVBORw0KGgoAAAANSUhEUgAAB4sAAAQ4CAYAAADo08FDAAAABmJLR0QA/wD/AP+gvaeT" * 20
PNG = f"data:image/png;base64,{BASE64}"


def arrived(pieces: Iterable[str]) -> str:
    """The Markdown of a text that came in pieces."""
    incoming, markdown = Incoming(), ""
    for piece in (*pieces, None):
        part = incoming.pause() if piece is None else incoming.take(piece)
        markdown = part.markdown if part.anew else markdown + part.markdown
    return markdown


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def seen(text: str) -> str:
    """What is read in the end."""
    return plain_text(render(arrived([text]))).replace("\u2060", "")


FILES = [
    (f"Here:\n\n![chart]({PNG})\n\nSales rose by 4 %.", "Here:\n\nchart\n\nSales rose by 4 %."),
    (f"![]({PNG}) after", "(a picture) after"),
    (f'![chart]({PNG} "Sales") after', "chart after"),
    (f"![chart](<{PNG}>) after", "chart after"),
    (f"![chart]( {PNG} ) after", "chart after"),
    (f"**![chart]({PNG})** after", "chart after"),
    (f"- ![a]({PNG})\n- b", "• a\n• b"),
    (f"> ![a]({PNG})\n\nb", "a\n\nb"),
    ("[Download](data:text/csv;base64,YTtiCjE7Mg==) it", "Download it"),
    ("[](data:text/csv;base64,YTtiCjE7Mg==) it", "(a file) it"),
    ("[t](data:text/plain,hello%20(you)) it", "t it"),
    ("![t](data:image/svg+xml;utf8,%3Csvg%20d=rotate(45)%3E) it", "t it"),
    (f"[chart]: {PNG}\nnext", "[chart]: (a picture)\nnext"),
    (f"[chart]: <{PNG}>\nnext", "[chart]: (a picture)\nnext"),
    (f"![][image1] and ![a][b]\n\n[image1]: <{PNG}>", "(a picture) and a\n\n[image1]: (a picture)"),
    (f"<{PNG}> next", "(a picture) next"),
    (f"{PNG} next", "(a picture) next"),
    (f"{PNG}. Next", "(a picture). Next"),
    (f'{{"image": "{PNG}"}}', '{"image": "(a picture)"}'),
    (f"url({PNG}) next", "url((a picture)) next"),
    ("data:application/pdf;base64,JVBERi0xLjQ= next", "(a file) next"),
    ("data:;base64,JVBERi0xLjQ= next", "(a file) next"),
    ("data:text/html,%3Cb%3E next", "(a file) next"),
    ("data:image/svg+xml;charset=utf-8,%3Csvg%3E next", "(a picture) next"),
    (f"DATA:IMAGE/PNG;BASE64,{BASE64} next", "(a picture) next"),
    (f"![a](DATA:IMAGE/PNG;BASE64,{BASE64}) next", "a next"),
    ("![a](data:image/png;base64,iVBOR w0KG\ngoAA AANS=) next", "a next"),
    ("data:image/png;base64," + "\n".join(cut(BASE64, 76)) + "\n\nNext", "(a picture)\n\nNext"),
    ("data:image/png;base64," + " ".join(cut(BASE64, 64)) + " Next", "(a picture) Next"),
    ("![a](data:image/png;base64,iVBORw0KGgo Sales rose", "a Sales rose"),
    (f"![a]({PNG}", "a"),
    (f'<img src="{PNG}"> after', "(a picture) after"),
    (f'<img alt="chart" src="{PNG}" width=3> after', "chart after"),
    (f"<IMG SRC='{PNG}' ALT='chart'/> after", "chart after"),
    (f"<img src={PNG} alt=chart> after", "chart after"),
    ('<img src="data:image/png;base64,iVBOR\n  w0KG" alt="chart"> after', "chart after"),
    (f'<img src="{PNG}> after', "(a picture) after"),
    (f'<img src="{PNG}', "(a picture)"),
    (f'<div style="background: url({PNG})">chart</div>after', "chart\nafter"),
    (f'<audio controls src="data:audio/mp3;base64,{BASE64}"></audio> after', "(a file) after"),
    ("[report.csv](sandbox:/mnt/data/report.csv) after", "report.csv after"),
    ("[a](sandbox:/mnt/data/my report (1).csv) ![plot](sandbox:/x/y.png)", "a (my report (1).csv) plot"),
    ("[](sandbox:/x) <sandbox:/y> sandbox:/z", "(a file) (x) sandbox:/y sandbox:/z"),
    ("[a](attachment:b) [c](file:///d) ![e](blob:https://f) [g](cid:h)", "a c e g"),
    (f'<a href="{PNG}">chart</a> after', "chart after"),
    (f"| a | b |\n|---|---|\n| ![c]({PNG}) | {PNG} |\n", "a | b\nc | (a picture)"),
    (f"<table><tr><td><img src='{PNG}' alt=c></td></tr></table>", "c"),
    ("the data: three rows", "the data: three rows"),
    ("data:image is a scheme, metadata:x/y, too", "data:image is a scheme, metadata:x/y, too"),
    ("`data:image/png;base64,AAAA` is code", "data:image/png;base64,AAAA is code"),
    ("```html\n<img src='data:image/png;base64,AAAA'>\n```\n", "<img src='data:image/png;base64,AAAA'>"),
    ("    data:image/png;base64,AAAA\n", "data:image/png;base64,AAAA"),
]

REASONING = [
    ("<think>\nThe user wants 2+2.\n</think>\n\nIt is 4.", "It is 4."),
    ("<thinking>a</thinking>It is 4.", "It is 4."),
    ("<reasoning>a</reasoning>\nIt is 4.", "It is 4."),
    ("\n <THINK >a</Think >\nIt is 4.", "It is 4."),
    ('<think type="deep">a</think>It is 4.', "It is 4."),
    ("< think >a</ think >It is 4.", "It is 4."),
    ("\ufeff<think>a</think>It is 4.", "\ufeffIt is 4."),
    ("<div><think>a</think></div>It is 4.", "It is 4."),
    ("<think>a</thinking>It is 4.", "It is 4."),
    ("<think>a <think>b</think> c</think>It is 4.", "It is 4."),
    ("<think>Use ```py\nx</think>\n\nIt is 4.", "It is 4."),
    ("<think>never closed", ""),
    ("<think></think>", ""),
    ("plan</think>\n\nIt is 4.", "It is 4."),
    ("a long\n\n- plan `x` **b\n\n</reasoning>It is 4.", "It is 4."),
    ("plan</think>more</think>It is 4.", "It is 4."),
    ("One.\n\n<think>again</think>\n\nTwo.", "One.\n\nTwo."),
    ("One.\n\n<think>never closed", "One."),
    ("One.\n<think>again</think>\nTwo.", "One.\n\nTwo."),
    ("Write <think> before and </think> after it.", "Write <think> before and </think> after it."),
    ('It ends with "</think>" there.', 'It ends with "</think>" there.'),
    ("`<think>` and `</think>` are tags.", "<think> and </think> are tags."),
    ("```\n<think>x</think>\n```\nCode.", "<think>x</think>\n\nCode."),
    ("Answer with <thinker> and </thinker>.", "Answer with <thinker> and </thinker>."),
]

HTML = [
    ("<p>Hello <strong>World</strong></p><ul><li>One</li></ul>", "Hello **World**\n\n- One"),
    ('See <a href="https://example.com/x">the docs</a>.', "See [the docs](<https://example.com/x>)."),
    ("H<sub>2</sub>O <kbd>Ctrl</kbd> <!-- hidden note -->x", "H2O Ctrl x"),
    ("<details open><summary>More</summary>text</details>", "More\ntext"),
    ("<b>a</b> <i>b</i> <em>c</em> <del>d</del> <s>e</s>", "**a** *b* *c* ~~d~~ ~~e~~"),
    ("<B>a</B><BR/>b", "**a**<br>b"),
    ("<b>Note:</b>text", "**Note:\u2060**text"),
    ('a<b>"b"</b> c', 'a**\u2060"b"** c'),
    ("a<b> b </b>c", "a **b** c"),
    ("<b></b>a<i> </i>b", "a b"),
    ("<b>a</b><b>b</b>", "**ab**"),
    ("<i>a</i><b>b</b>", "*a*\u2060**b**"),
    ("a <b> b</b> <b><i>c</i></b>", "a **b** ***c***"),
    ("<b>a <i>b</b> c</i>", "**a *b*** *c*"),
    ("<b>a\n\nb", "**a**\n\nb"),
    ("<b>**a**</b> <b>*a* b</b> <i>**a** b</i> <b>**d**</b>", "**a** ***a* b** ***a** b* **d**"),
    ("**<b>a</b>** *<b>a</b>* **a**<b>b</b>", "****a**** ***a*** **a**\u2060**b**"),
    ("<b>重：</b>**要：**请", "**重：\u2060**\u2060**要：**请"),
    ("<b>*</b> <b>* a</b> a<i>~~b~~</i>", "**\\*** **\\* a** a*~~b~~*"),
    ("<code>List&lt;String&gt;</code> and <code>a`b</code>", "`List<String>` and ``a`b``"),
    ('<pre><code class="language-py">x = 1 &lt; 2\n<span>y</span>\n</code></pre>z', "````py\nx = 1 < 2\ny\n````\n\nz"),
    ("<ol start=3><li>a<ul><li>b</ul><li>c</ol>d", "3. a\n   - b\n4. c\n\nd"),
    ("<ul>\n  <li>\n    One\n    two\n  </li>\n</ul>\n\n- x", "- One two\n\n- x"),
    ("<h2>Title</h2>text<hr>more", "## Title\n\ntext\n\n---\n\nmore"),
    ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
    (
        "<table><thead><tr><th>A<th>B</tr></thead><tr><td>1|2<td><b>x</b></tr></table>c",
        "| A | B |\n|---|---|\n| 1\\|2 | **x** |\n\nc",
    ),
    ("<table><tr><td>never closed", "| never closed |\n|---|"),
    ("<img src='https://example.com/a.png' alt='plan'>", "![plan](<https://example.com/a.png>)"),
    ("<img src='plan.png' alt='plan'><img src='x.png'>", "plan(a picture)"),
    ("<script>alert(1)</script>a<style>b{}</style>c<svg><path/></svg>", "ac"),
    ("<!DOCTYPE html><html><body>a</body></html>", "a"),
    ("<script>never closed", ""),
    ("<!-- never closed", "<!-- never closed"),
    ('<a href="javascript:alert(1)" onclick="x()">a</a> <a>b</a> <a href="/c">c</a>', "a b c"),
    ('<a href="https://e.org/a b">c</a>', "[c](<https://e.org/a%20b>)"),
    ('<a href="https://e.org/?a=1&amp;b=2">c</a>', "[c](<https://e.org/?a=1&b=2>)"),
    ('<a href="https://e.org">never closed', "[never closed](<https://e.org>)"),
    ('<p title="a > b">c</p>', "c"),
    ("<font color=red>a</font> <span style='x'>b</span> <u>c</u>", "a b c"),
    ("a</b></div></li></nothing>", "a\n</nothing>"),
    ("<a href='https://e.org", ""),
]
UNTOUCHED = [
    *(
        "List<String> and Map<K, V>",
        "<your-token> <YOUR_NAME>",
        "a < b > c",
        "x <- y <> z",
        "a<b and c>d",
        "if a<b",
        "<3",
    ),
    *("List<A> Set<B>", "<https://e.org/x> <me@e.org>", "<https://e.org|page>", "<@U1> <!here> <!channel> <#C1>"),
    *("`<b>` ``<i>`` `a <p> b`", "```html\n<b>x</b>\n```", "~~~\n<b>x</b>\n~~~\n<c>", "    <b>x</b>\n\na", "\\<b>"),
    *("a | b", "1. <1>\n2. <2>", "<", "<str", "x <b", "a `b\n\nc", "&lt;b&gt;", "<?php echo 1 ?>", "std::vector<T>::x"),
    *(
        "- a\n\n    - b",
        "**b** *i* ~~s~~ [a](https://e.org) ![b](https://e.org/c.png)",
        "a  \nb\n\n\n\nc\n",
        "|a|b|\n|-|-|\n",
    ),
]
# In a row of a table no line can end.
ROWS = [
    ("| a |\n|---|\n| <ul><li>1</li><li>2</li></ul> |\n", "a\n• 1\n• 2"),
    ("| a |\n|---|\n| <p>x</p><p>y</p> |\n", "a\nx\ny"),
    ("| a | b |\n|---|---|\n| <b>x | y</b> |\n", "a | b\nx | y"),
    ("| a |\n|---|\n| <pre>x</pre> <code>y</code> |\n", "a\nx y"),
    ("| a |\n|---|\n| <table><tr><td>x</td></tr></table> |\n", "a\nx"),
    ("| a |\n|---|\n| <h3>x</h3> :x: <br> z |\n", "a\nx\n❌ \n z"),
]


@pytest.mark.parametrize(("text", "shown"), [*FILES, *REASONING, *ROWS])
def test_what_is_no_text_is_not_shown(text: str, shown: str) -> None:
    assert seen(text) == shown


@pytest.mark.parametrize(("html", "markdown"), HTML)
def test_html_is_the_markdown_that_means_the_same(html: str, markdown: str) -> None:
    assert arrived([html]) == markdown


@pytest.mark.parametrize("text", UNTOUCHED)
def test_all_other_text_stays_as_it_is(text: str) -> None:
    assert arrived([text]) == text


ALL = [text for text, _ in (*FILES, *REASONING, *HTML, *ROWS)] + UNTOUCHED


@pytest.mark.parametrize("size", [1, 3, 7])
def test_it_does_not_matter_how_a_text_was_cut(size: int) -> None:
    for text in ALL:
        assert arrived(cut(text, size)) == arrived([text])


@pytest.mark.parametrize(
    ("pieces", "markdown"),
    [
        (["It ", "is a wor", "d", "ata:image/png;base64,AAAA"], "It is a wordata:image/png;base64,AAAA"),
        (["It ", "is a chart:", " data:image/png;base64,AAAA"], "It is a chart: (a picture)"),
        (["It ", "is ![a", " chart", "][", "b] on"], "It is ![a chart](data:image,) on"),
        (["It ", "is a", " plan</think>", "It is 4."], "It is 4."),
        (["It ", "is a", " <think>", "word</think> on"], "It is a <think>word</think> on"),
        (["It ", "is a|", "b <p>", "c"], "It is a|b <br>c"),
        (["It ", "is a", " <b>", "word", "</b> on"], "It is a **word** on"),
        (["It ", "is a", "\n", "<think>", "no</think>4"], "It is a\n4"),
        (["It", "\n<think>no</think>", "is ", "<think>word</think>"], "It\nis <think>word</think>"),
        (["\ufeff", "It ", "is ", "<think>word</think>"], "\ufeffIt is <think>word</think>"),
        (["```\n", "It ", "```\n<b>word</b>\n```"], "```\nIt ```\n<b>word</b>\n```"),
        (["```\nx\n```\n", "It ", "~~~ <b>is</b>"], "```\nx\n```\nIt ~~~ **is**"),
    ],
)
def test_what_follows_plain_words_is_read_as_after_any_text(pieces: list[str], markdown: str) -> None:
    assert arrived(pieces) == arrived(["".join(pieces)]) == markdown


@pytest.mark.parametrize(
    ("pieces", "markdown"),
    [
        (["    code", " <b>word</b>\n\nword ", "<think>x</think>"], "    code <b>word</b>\n\nword <think>x</think>"),
        (["data:image/png;base64,AAAA"], "(a picture)"),
    ],
)
def test_after_a_pause_a_line_begins(pieces: list[str], markdown: str) -> None:
    incoming = Incoming()
    assert "".join(incoming.take(piece).markdown for piece in ("It ", "is", " here")) == "It is here"
    assert incoming.pause().markdown == ""
    assert "".join(incoming.take(piece).markdown for piece in pieces) == markdown


def test_markdown_that_has_arrived_arrives_again_as_it_is() -> None:
    for text in ALL:
        once = arrived([text])
        assert arrived([once]) == once


FRAGMENTS = [
    *(
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<p>",
        "</p>",
        "<ul>",
        "<li>",
        "</ul>",
        "<ol>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
    ),
    *("<h2>", "</h2>", "<blockquote>", "</blockquote>", "<br>", "<hr>", "<code>", "</code>", "<pre>", "</pre>", "<str"),
    *("<a href='https://e.org/x'>", "</a>", "<img src='data:image/png;base64,AA' alt=x>", "<script>", "</script>", "<"),
    *(
        "<think>",
        "</think>",
        f"data:image/png;base64,{BASE64[:90]}",
        "![x](data:image/png;base64,AAAA)",
        "](data:",
        "d",
    ),
    *(
        "`",
        "``",
        "```\n",
        "\n",
        "\n\n",
        " ",
        "word",
        "x.",
        "| a | b |\n",
        "|---|---|\n",
        "- item",
        "**b**",
        "data:",
        "<!--",
    ),
    *("-->", "List<T>", "&lt;", "    code", "\\", "[l", ":tada:", ":x", ":"),
]
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text("<>/bip`:data;,=\n ", max_size=6), max_size=14).map("".join)


@settings(deadline=None, max_examples=examples(100))
@given(texts, st.integers(1, 9))
@example("data:image/png;base64,iVBORw0KGg==a", 1)
@example("<p>" + f"![x]({PNG})" * 3 + "<b", 4)
def test_any_text_arrives_alike_in_pieces(text: str, size: int) -> None:
    assert arrived(cut(text, size)) == arrived([text])


def parts_of_tags(shown: str) -> set[str]:
    """What of a text looks like the beginning of something that is not shown."""
    marks = (
        "<think",
        "</think",
        "<b>",
        "</b",
        "<p>",
        "<ul",
        "<li",
        "<td",
        "<img",
        "<a h",
        "<script",
        "base64",
        "data:im",
    )
    return {mark for mark in marks if mark in shown.lower()}


@settings(deadline=None, max_examples=examples(60))
@given(texts, st.integers(1, 9))
@example("a <str", 1)
@example("`<`List<T>", 1)
@example(f"![x]({PNG}) <strong>x</strong> <think>", 3)
def test_nothing_is_seen_while_a_text_grows_that_is_not_seen_in_the_end(text: str, size: int) -> None:
    incoming, document, stream, grown = Incoming(), Document(), StreamText(), set[str]()
    for piece in cut(text, size):
        part = incoming.take(piece)
        if part.anew:
            document, stream, grown = Document(), StreamText(), set()
        document.append(part.markdown)
        stream.append(part.markdown)
        grown |= parts_of_tags("".join(page.text for page in document.pages(growing=True)).replace("&lt;", "<"))
        if (sent := stream.piece(growing=True)) is not None:
            stream.taken(sent)
            grown |= parts_of_tags(sent.markdown)
    end, whole = arrived([text]), Document()
    whole.append(end)
    # A sign in code and the letters after it stand side by side once they are shown.
    shown = "".join(page.text for page in whole.pages(growing=False)).replace("&lt;", "<")
    assert grown <= parts_of_tags(end) | parts_of_tags(shown)


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_a_picture_in_the_text_is_given_apart_from_it(size: int) -> None:
    jpeg = f"data:image/JPEG;name=a;base64,{BASE64[:60]}\n{BASE64[60:120]}=="
    other = "![x](data:image/svg+xml;base64,PHN2Zy8+) ![y](data:image/png,x) [z](data:text/csv;base64,YSxi)"
    pictures: list[str] = []
    incoming = Incoming()
    for piece in cut(f"![chart]({PNG}) and {PNG} or ![]({jpeg}) {other}", size):
        pictures += incoming.take(piece).pictures
    pictures += incoming.pause().pictures
    assert pictures == [PNG, PNG, f"data:image/jpeg;base64,{BASE64[:120]}=="]


def test_of_a_picture_that_is_too_large_only_its_type_is_given() -> None:
    incoming, found = Incoming(), list[str]()
    for piece in ("![chart](data:image/png;base64,", *["A" * 60_000] * (LONGEST_PICTURE // 60_000 + 1), ")"):
        found += incoming.take(piece).pictures
    assert found == ["data:image/png;base64,"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[the table](sandbox:/mnt/data/my%20table.csv).", "the table (my table.csv)."),
        ("[table.csv here](sandbox:/mnt/data/table.csv)", "table.csv here"),
        ('[it](sandbox:/a_b*c.csv "the table")', "it (a_bc.csv)"),
        ("[it](sandbox:/a/..)", "it"),
        ("[it](<sandbox:/a.csv>)", "it (a.csv)"),
        ("[it](sandbox:/<!channel>`x`.csv)", "it (channelx.csv)"),
        ("**[it](sandbox:/a.csv)**", "it (a.csv)"),
        ("| a |\n|---|\n| [it](sandbox:/x|y.csv) |", "a\nit (xy.csv)"),
    ],
)
def test_the_name_of_a_file_takes_the_place_of_a_link_to_where_it_was_made(text: str, shown: str) -> None:
    assert {plain_text(render(arrived(cut(text, size)))) for size in (1, 4, 1_000)} == {shown}


def test_a_file_of_megabytes_is_not_kept() -> None:
    incoming, longest = Incoming(), 0
    for piece in ("![chart](data:image/png;base64,", *["A" * 60_000] * 50, ")\n\nSales rose."):
        incoming.take(piece)
        longest = max(longest, len(incoming.held))
    assert longest < 100
    tag = Incoming()
    for piece in ('<img src="data:image/png;base64,', *["A" * 60_000] * 50):
        tag.take(piece)
        longest = max(longest, len(tag.held))
    assert longest < 100
    assert tag.take('" alt="chart">Sales').markdown == "chartSales"
