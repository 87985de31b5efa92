"""A bare address ends where a reader would end it, and a link leads to no host that is not written."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text.markdown import render
from bot.slack.text.neutralise import line
from bot.slack.text.pages import Document
from bot.slack.text.unfinished import heal
from tests.examples import examples
from tests.slack.text.notation import links, seen
from tests.slack.text.test_seams import streamed

A = "https://example.com/a"
ENDS = [
    *("，然后", "。", "、", "；", "：见", "！", "？", "）", "」を参照", "』", "】", "》", "〉", "・次", "～", "…"),
    *("……", "—see", "–b", "’s page", "'s page", "”, said", "’", "»", "›", "‚", "„", "·", "•", "→", "🎉", "™", "€"),
    *("에서 확인", "を参照", "请看", "ไทย", "привет", "αβγ", "שלום", "مرحبا", "हिन्दी", "ＡＢＣ", "１"),
    *(".", ",", ";", ":", "!", "?", "...", ").", "),and", "]", "}", '"', "'", "<", ">", "`", "\\", "\u3000x"),
    *("**", "*", "_", "~~", "**后", "*，", "&gt;", "&quot;", "&nbsp;", "(see", "[1]", "[1](x", "\u200bx", "\ufe0f"),
]  # fmt: skip


@pytest.mark.parametrize("rest", ENDS)
def test_it_ends_before(rest: str) -> None:
    assert links(render(f"见{A}{rest}")) == [A]
    assert links(render(f"{A}{rest} {A}/b")) == [A, f"{A}/b"]


WHOLE = [
    *("https://de.wikipedia.org/wiki/Köln", "https://example.com/café/naïve?q=ž#ü", "https://example.com/Ko\u0308ln"),
    *("https://ru.wikipedia.org/wiki/Москва_(город)", "https://example.com/?q=тест", "https://el.example/wiki/Αθήνα"),
    *("https://ja.wikipedia.org/wiki/日本", "https://zh.wikipedia.org/wiki/北京市_(中国)", "https://th.wikipedia.org/wiki/ไทย"),
    *("https://example.com/a_(b)", "https://example.com/a_(b)_(c)/d", "https://example.com/{id}/x", "http://localhost:3000/a"),
    *("https://example.com/?a[]=1&b[x]=2#c", "https://example.com/a,b;c:d@e!f'g$h+i=j~k*l", "https://example.com/~me/a--b"),
    *("https://example.com/search?q=東京&lang=ja", "https://example.com/文档/a.html", "https://example.com/資料.pdf"),
    *("https://user:pw@example.com:8080/x", "https://10.0.0.1/x", "https://example.com?x=1", "https://example.com#x"),
    *("HTTPS://EXAMPLE.COM/A", "https://example.com/x_y_z*", "https://example.com/%E6%9D%B1", "https://a-b.example_c.com/"),
    *("https://例え.テスト/x", "https://münchen.example/ä", "https://www.例え.jp", "https://ai研究所.jp/x", "https://www.ai研究所.com/x"),
]  # fmt: skip


@pytest.mark.parametrize("address", WHOLE)
def test_it_stays_whole(address: str) -> None:
    for before, after in (("", ""), ("see ", " x"), ("（", "）"), ("**", "**"), ("«", "».")):
        assert len(found := links(render(f"{before}{address}{after}"))) == 1
        assert found == links(render(f"[x]({address.rstrip('*')})"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("参考：https://example.com/a，然后继续", "参考：<https://example.com/a>，然后继续"),
        ("https://example.com/a、https://example.com/b", "<https://example.com/a>、<https://example.com/b>"),
        ("[文](https://example.com/文档)", "<文|https://example.com/%E6%96%87%E6%A1%A3>"),
        ("<https://example.com>。", "<https://example.com>。"),
        ("https://example.com에서 https://example.com을.", "<https://example.com>에서 <https://example.com>을."),
        ("https://例え.jpを参照 http://wikiを見る", "<https://xn--r8jz45g.jp>を参照 <http://wiki>を見る"),
        ("xhttps://example.com a:https://example.com", "xhttps://example.com a:<https://example.com>"),
        ("https://example.com/文档/入门。", "<https://example.com/>文档/入门。"),
        ("https://example.com/を参照. 資料.", "<https://example.com/>を参照. 資料."),
        ("http://, https://*.example.com https:///x", "http://, https://*.example.com https:///x"),
        # A reader would think of neither host: it is no link.
        ("https://example.com和example.org", "https://example.com和example.org"),
        ("https://one.example에서@ x", "https://one.example에서@ x"),
        ("https://one.example에서@two.example", "https://one.example에서@two.example"),
        ("https://good.example\\@evil.example", "<https://good.example>@evil.example"),
        ("| https://example.com/a，b |\n|---|\n| c |", "{b:<https://example.com/a>}{b:，b} | c"),
        (
            "- https://example.com/a。\n> https://example.com/a。",
            "- <https://example.com/a>。\n<https://example.com/a>。",
        ),
        ("[https://example.com/a，b](https://example.com/a)", "https://example.com/a，b (<https://example.com/a>)"),
    ],
)
def test_what_is_shown(source: str, shown: str) -> None:
    assert seen(source) == shown


PARTS = (
    *("https://one.example", "http://two.example/a", "https://three.example/wiki/Köln", "https://vier.example/文档?x=1"),
    *("https://me@five.example:80/", "<https://six.example/a b|c>", "[d](https://seven.example/e f)", "www.x.example"),
    *("，", "。", "」", "”", "…", "—", "에서", "を", "Б", "ö", "a", ".", ",", "/", "(", ")", "*", "**", "_", "["),
    *("]", " ", "\n", "🎉", "&amp;", "\\", "'s", "|", "`", "<", ">", "#", "?", "@", ":"),
)  # fmt: skip


@settings(deadline=None, max_examples=examples(20))
@given(st.lists(st.sampled_from(PARTS), max_size=10))
def test_a_link_leads_to_a_host_that_is_written_also_while_it_grows(parts: list[str]) -> None:
    source = "".join(parts)
    written = {found.lower() for found in re.findall(r"(?<=//)[^\s/?#，。」”…—]+", source)}
    for end in (*range(0, len(source), 3), len(source)):
        for url in links(render(heal(source[:end]) if end < len(source) else source)):
            host = (urlsplit(url).hostname or "").encode().decode("idna")
            assert any(name.rpartition("@")[2].startswith(host) for name in written), (source[:end], url)


def test_none_is_shown_before_it_is_complete() -> None:
    document = Document()
    shown = []
    for char in f"见{A}，b":
        document.append(char)
        shown += [page.text for page in document.pages(growing=True)]
    assert list(dict.fromkeys(shown)) == ["见", "见h", f"见{A}，", f"见{A}，b"]


@pytest.mark.parametrize("rest", [rest for rest in ENDS if rest not in ("\\", "`", "\ufe0f", "[1](x")])
def test_in_a_stream_it_is_code_and_no_more_than_it(rest: str) -> None:
    for size in (1, 4, 100):
        text = f"见{A}{rest} x"
        messages, _ = streamed([text[at : at + size] for at in range(0, len(text), size)])
        assert f"见`{A}`" in messages[0]


def test_in_a_stream_what_follows_without_a_space_does_not_wait() -> None:
    assert "".join(piece for piece, _ in line(f"{A}，然后继续", final=False)) == f"`{A}`，然后继续"
