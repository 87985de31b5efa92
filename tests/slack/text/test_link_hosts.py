"""Hosts on which an address may be a link, and what becomes of other links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text.blocks import Source, shown, sources_blocks
from bot.slack.text.link_hosts import ANY_HOST, read
from bot.slack.text.pages import Document
from tests.slack.text.test_citations import links

OURS = read("example.com, Wiki.example.org")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com", True),
        ("http://EXAMPLE.com.:8080/a?b#c", True),
        ("https://docs.example.com/a@b", True),
        ("https://wiki.example.org?a", True),
        ("https://example.org", False),
        ("https://notexample.com", False),
        ("https://example.com.evil.example", False),
        ("https://example.com@evil.example/", False),
        ("https://evil.example\\@example.com/", False),
        ("https://evil.example\\.example.com/", False),
        ("https://evil.example#@example.com", False),
        ("https://[::1]/example.com", False),
        ("mailto:ada@example.com", False),
        ("ftp://example.com", False),
        ("https://ex\u00adample.com", True),  # a browser leaves out the soft hyphen too
        ("", False),
    ],
)
def test_an_address_is_on_one_of_the_hosts_or_below(url: str, allowed: bool) -> None:
    assert OURS.allow(url) is allowed
    assert ANY_HOST.allow(url)


def test_hosts_are_read_in_any_script() -> None:
    assert read("b\u00fccher.example").allow("https://xn--bcher-kva.example/a")
    assert read("") == read(" , ") == ANY_HOST


@pytest.mark.parametrize(
    "value", ["https://example.com", "example.com/a", "*.example.com", "a b", "example..com", "a:80"]
)
def test_what_is_no_host(value: str) -> None:
    with pytest.raises(ValueError, match=r"^expected names of hosts alone"):
        read(value)


def test_links_elsewhere_are_text_with_their_address() -> None:
    document = Document(hosts=OURS)
    document.append(
        "[Ours](https://example.com/a), [**The** page](https://evil.example/a), https://evil.example/b, "
        "<ada@example.com>\n\n| a |\n|---|\n| [there](https://evil.example/c) |"
    )
    (page,) = document.pages(growing=False)
    assert links(page.blocks) == [("Ours", "https://example.com/a")]
    said = shown(page.blocks).replace("\n", "")
    assert "The page (https://evil.example/a), https://evil.example/b, ada@example.com" in said
    assert "there (https://evil.example/c)" in said


def test_a_source_elsewhere_is_its_title() -> None:
    found = [Source("Ours", "https://example.com/a", ""), Source("Theirs", "https://evil.example/a", "p. 1")]
    blocks = sources_blocks(found, OURS)
    assert links(blocks) == [("Ours", "https://example.com/a")]
    assert "Theirs \u00b7 p. 1" in shown(blocks)


@given(st.text(max_size=40), st.sampled_from(["[a]({})", "{}", "<{}>", "![a]({})", "<{}|a>", "| [a]({}) |\n|---|"]))
def test_no_link_leads_elsewhere(rest: str, form: str) -> None:
    document = Document(hosts=OURS)
    document.append(form.format(f"https://evil.example{rest}"))
    for growing in (True, False):
        for page in document.pages(growing=growing):
            assert all(OURS.allow(url) for _, url in links(page.blocks))
