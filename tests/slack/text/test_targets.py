"""A link whose target has spaces is one link, in a message, while it grows, and in a stream."""

from __future__ import annotations

import pytest

from bot.slack.text.markdown import render
from bot.slack.text.rich_text import plain_text
from bot.slack.text.unfinished import heal
from tests.slack.text.notation import links, seen
from tests.slack.text.test_seams import streamed

SHARED = "https://contoso.sharepoint.com/sites/HR/Shared Documents/Leave policy.docx?web=1"
ENCODED = SHARED.replace(" ", "%20")
LINKS = [
    (f"[Leave policy]({SHARED})", "Leave policy", ENCODED),
    ("![plan](https://example.com/My Plan.png)", "plan", "https://example.com/My%20Plan.png"),
    ('[x](https://example.com/a b "title")', "x", "https://example.com/a%20b"),
    ("[x](https://example.com/a b 'title')", "x", "https://example.com/a%20b"),
    ('[x](https://example.com/a b "c" d.pdf)', "x", "https://example.com/a%20b%20%22c%22%20d.pdf"),
    ("[x]( https://example.com/a b )", "x", "https://example.com/a%20b"),
    ("[x](https://example.com/My Plan (1).pdf)", "x", "https://example.com/My%20Plan%20(1).pdf"),
    ("[x](https://example.com/a b?q=c d#e f)", "x", "https://example.com/a%20b?q=c%20d#e%20f"),
    ("[x](https://example.com/a%20b c)", "x", "https://example.com/a%20b%20c"),
    ("[x](https://example.com/a  b\tc)", "x", "https://example.com/a%20%20b%20c"),
    (
        "[x](https://example.com/共有 文書.docx)",
        "x",
        "https://example.com/%E5%85%B1%E6%9C%89%20%E6%96%87%E6%9B%B8.docx",
    ),
    ("[x](<https://example.com/a b>)", "x", "https://example.com/a%20b"),
    ("<https://example.com/a b|x>", "x", "https://example.com/a%20b"),
    ("[![x](https://example.com/a b.png)](https://example.com/c d)", "x", "https://example.com/c%20d"),
]
PLAIN = [link for link in LINKS if not link[0].startswith("[!")]


@pytest.mark.parametrize(("source", "label", "url"), LINKS)
def test_it_is_one_link_wherever_it_stands(source: str, label: str, url: str) -> None:
    assert seen(source) == f"<{label}|{url}>"
    assert seen(f"See {source}, and *{source}*.") == f"See <{label}|{url}>, and {{i:<{label}|{url}>}}."
    assert seen(f"- {source}\n- b") == f"- <{label}|{url}>\n- b"
    if "|" not in source:
        assert seen(f"| A |\n|---|\n| {source} |") == f"{{b:A}} | <{label}|{url}>"


@pytest.mark.parametrize(("source", "label", "url"), PLAIN)
def test_of_one_that_grows_the_label_is_seen_and_no_more(source: str, label: str, url: str) -> None:
    for end in range(len(source)):
        growing = render(heal(f"See *a* {source[:end]}"))
        assert f"See a {label}".startswith(plain_text(growing))
        assert links(growing) in ([], [url])


@pytest.mark.parametrize(("source", "label", "url"), LINKS)
def test_in_a_stream_the_address_is_code(source: str, label: str, url: str) -> None:
    text, written = (
        f"See {source}. Next",
        url if url.isascii() and "%E" not in url else "https://example.com/共有%20文書.docx",
    )
    for size in (1, 4, 100):
        messages, _ = streamed([text[at : at + size] for at in range(0, len(text), size)])
        assert messages[0] == f"See {label} (`{written.replace('%22', chr(34))}`). Next"


def test_an_address_with_spaces_in_angle_brackets_is_its_own_label() -> None:
    assert seen("See <https://example.com/My Plan.pdf>.") == "See <https://example.com/My%20Plan.pdf>."


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[x](a b)", "[x](a b)"),
        ("[x](javascript:a b)", "[x](javascript:a b)"),
        ("[x](https://example.com/a b", "[x](<https://example.com/a> b"),
        ("[x](https://example.com/a\nb c)", "[x](<https://example.com/a>\nb c)"),
        ("[x](https://example.com and b)", "[x](<https://example.com> and b)"),
        ("[x](https://example.com/a (b)", "[x](<https://example.com/a> (b)"),
        (
            "[x](https://a.example/b c, [y](https://b.example/d))",
            "[x](<https://a.example/b> c, <y|https://b.example/d>)",
        ),
        ("[good.example](https://evil.example/a b)", "good.example (<https://evil.example/a%20b>)"),
        ("<https://example.com/a b", "<<https://example.com/a> b"),
        ("[x] (https://example.com/a b)", "[x] (<https://example.com/a> b)"),
        ("`[x](https://example.com/a b)`", "{c:[x](https://example.com/a b)}"),
    ],
)
def test_what_is_none_stays_text(source: str, shown: str) -> None:
    assert seen(source) == shown
