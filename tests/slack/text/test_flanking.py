"""Marks next to Chinese, Japanese and Korean are read as they are meant, in a message and in a stream."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.playground.slack.markdown_drawing import MarkdownDrawing
from bot.slack.text.markdown import render
from bot.slack.text.rich_text import plain_text
from bot.slack.text.unfinished import heal
from tests.examples import examples
from tests.slack.text.notation import drawn, seen
from tests.slack.text.test_seams import streamed

MEANT = [
    ("**重要：**請先備份資料。", "{b:重要：}請先備份資料。"),
    ("含**「重點」**內容", "含{b:「重點」}內容"),
    ("**重要提示（Important Notice）：**请注意。", "{b:重要提示（Important Notice）：}请注意。"),
    ("**마크다운(Markdown)**은 쉽습니다.", "{b:마크다운(Markdown)}은 쉽습니다."),
    ("~~删除（旧）。~~这个", "{s:删除（旧）。}这个"),
    ("*强调。*下一句", "{i:强调。}下一句"),
    ("這是**粗體**文字", "這是{b:粗體}文字"),
    ("**重要**：請備份", "{b:重要}：請備份"),
    ("**重要：** 請", "{b:重要：} 請"),
    ("**重要：**\u3000請", "{b:重要：}\u3000請"),
    ("***重要！***請", "{i:{b:重要！}}請"),
    ("**A。**B**C。**D", "{b:A。}B{b:C。}D"),
    ("第**1.**章、第**2.**章", "第{b:1.}章、第{b:2.}章"),
    ("请看**Note:**然后", "请看{b:Note:}然后"),
    ("说**“引用”**的**“又”**text", "说{b:“引用”}的{b:“又”}text"),
    ("그는**\"중요!\"**라고", "그는{b:\"중요!\"}라고"),
    ("**중요!**text", "{b:중요!}text"),
    ("**等等……**然后", "{b:等等……}然后"),
    ("「**重要**」と**『本』**を*「題」*で", "「{b:重要}」と{b:『本』}を{i:「題」}で"),
    ("**注意！**`code`。请用**`code`**运行", "{b:注意！}{c:code}。请用{c:{b:code}}运行"),
    ("~~旧~~新~~「旧」~~新", "{s:旧}新{s:「旧」}新"),
    ("**（一）**甲**（二）**乙", "{b:（一）}甲{b:（二）}乙"),
    ("**見出し：**本文*（注）*。", "{b:見出し：}本文{i:（注）}。"),
    ("*斜体，**粗体。**斜体。*后", "{i:斜体，}{i:{b:粗体。}}{i:斜体。}后"),
    ("***「強調」***と**_「両方」_**。", "{i:{b:「強調」}}と{i:{b:「両方」}}。"),
    ("と**~~「旧」~~**を、**~~旧。~~**新", "と{s:{b:「旧」}}を、{s:{b:旧。}}新"),
    ("1.**「一」**2.**「二」**", "1.{b:「一」}2.{b:「二」}"),
    ("**${a}**을 **<b>**을 **C++**で **100%**の", "{b:${a}}을 {b:<b>}을 {b:C++}で {b:100%}の"),
    ("**①**一**→**二**😀**三", "{b:①}一{b:→}二{b:😀}三"),
    ("__重要：__請", "{b:重要：}請"),
    ("含__「重點」__內容", "含{b:「重點」}內容"),
    ("这是__粗体__文字", "这是{b:粗体}文字"),
    ("_强调。_下一句", "{i:强调。}下一句"),
    ("含_「重點」_內容", "含{i:「重點」}內容"),
    ("报告_2024_终稿 报告_（终稿）_v2.docx 变量_名称_一", "报告_2024_终稿 报告_（终稿）_v2.docx 变量_名称_一"),
    ("价格：5 * 3 * 2，星号*一个。", "价格：5 * 3 * 2，星号*一个。"),
    ("**Note:**text", "**Note:**text"),
    ("**Note:** text un*frigging*real", "{b:Note:} text un{i:frigging}real"),
    ("snake_case_name __init__ (**a**)b", "snake_case_name {b:init} ({b:a})b"),
    ("2*3*4 = 24, 2**10 and 3**2, 1.5*2*3", "2*3*4 = 24, 2**10 and 3**2, 1.5*2*3"),
    ("*Q1*2024 and **Q1**2024, 2*3", "{i:Q1}2024 and {b:Q1}2024, 2*3"),
    ("**2*3*4** ***2*3*** *a 2**3*", "{b:2*3*4} {i:{b:2*3}} {i:a 2**3}"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "shown"), MEANT)
def test_in_a_message(source: str, shown: str) -> None:
    assert seen(source) == shown


def test_in_a_list_a_table_and_the_label_of_a_link() -> None:
    assert seen("- **项：**说明\n- **「项」**说明") == "- {b:项：}说明\n- {b:「项」}说明"
    assert seen("| 項 | 値 |\n|---|---|\n| **重：**要 | *「題」*で |") == "{b:項} | {b:値} | {b:重：}要 | {i:「題」}で"
    assert seen("[**重要：**請](https://e.example)") == "{b:<重要：|https://e.example>}<請|https://e.example>"


@pytest.mark.parametrize(("source", "shown"), MEANT)
def test_in_a_stream_which_slack_reads_as_commonmark(source: str, shown: str) -> None:
    for size in (1, 3, 1_000):
        messages, _ = streamed([source[at : at + size] for at in range(0, len(source), size)])
        assert drawn(MarkdownDrawing().tree(messages[0], growing=False)) == shown


def test_in_a_stream_beside_a_link() -> None:
    for source, shown in (
        ("参见**[文档](https://e.example/文)**。", "参见{b:文档 (}{c:{b:https://e.example/文}}{b:)}。"),
        ("**重要：**[链接](https://e.example)。", "{b:重要：}链接 ({c:https://e.example})。"),
        ("*强调。*[**粗**：](https://e.example/a b)", "{i:强调。}{b:粗}： ({c:https://e.example/a%20b})"),
        ("[f](#there)**`x`：**", "f{c:{b:x}}{b:：}"),
        ("**[**x**](https://e.example)**", "{b:x}{b: (}{c:{b:https://e.example}}{b:)}"),
        ("`code`https://e.example/a。", "{c:code}{c:https://e.example/a}。"),
        ("__重要：__![图](https://e.example)", "{b:重要：}图 ({c:https://e.example})"),
        ("**重要：**&eacute;a", "{b:重要：}éa"),
        ("参见**https://e.example/a**后", "参见{c:{b:https://e.example/a}}后"),
    ):
        messages, _ = streamed(list(source))
        assert drawn(MarkdownDrawing().tree(messages[0], growing=False)) == shown


@pytest.mark.parametrize(("source", "shown"), MEANT)
def test_while_it_grows_no_mark_is_seen_that_goes_again(source: str, shown: str) -> None:
    for end in range(len(source)):
        growing = plain_text(render(heal(source[:end])))
        for mark in "*_~":
            assert growing.count(mark) <= shown.count(mark), growing


COMMONMARK = MarkdownIt("commonmark").enable("strikethrough").disable(["reference", "html_inline", "html_block"])


@settings(deadline=None, max_examples=examples(60))
@given(st.text("ab é\u201c\u2014.,:!?*_~()\"'-", max_size=30))
def test_other_text_is_read_as_commonmark_has_it(source: str) -> None:
    assume(not re.search(r":\w+:", source))  # an emoji of Slack's
    expected = [child.content for token in COMMONMARK.parse(f"x {source}") for child in token.children or ()]
    assert plain_text(render(f"x {source}")) == "".join(expected).strip()
