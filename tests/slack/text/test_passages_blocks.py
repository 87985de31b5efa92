"""Passages of documents as the blocks of a modal."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack.pings import pings
from bot.playground.slack.view_methods import check
from bot.slack.text.blocks import shown
from bot.slack.text.limits import PASSAGE_TEXT, VIEW_BLOCKS
from bot.slack.text.link_hosts import ANY_HOST, read
from bot.slack.text.passages_blocks import DocumentPassages, Passage, passages_blocks
from bot.slack.views import reading_view
from tests.slack.text.test_citations import links


def document(*passages: str, title: str = "Travel policy", url: str | None = None) -> DocumentPassages:
    return DocumentPassages(title, url, tuple(Passage("p. 7", text) for text in passages))


def test_passages_stand_under_the_title_of_their_document() -> None:
    blocks = passages_blocks([document("Thirty days.", url="https://a.example/t"), document("<@U1>\nb")], ANY_HOST)
    assert [block["type"] for block in blocks] == ["rich_text"] * 4
    assert shown(blocks) == "Travel policy\np. 7\nThirty days.\nTravel policy\np. 7\n<@U1>\nb"
    assert links(blocks) == [("Travel policy", "https://a.example/t")]
    assert links(passages_blocks([document("x", url="https://a.example/t")], read("b.example"))) == []


def test_what_does_not_fit_is_counted() -> None:
    many = passages_blocks([document(*["text"] * 300)], ANY_HOST, more=5)
    assert len(many) == VIEW_BLOCKS
    assert shown(many[-1:]) == f"and {305 - (VIEW_BLOCKS - 2)} more"
    wide = passages_blocks([document(*["東" * 9_000] * 50)], ANY_HOST)
    assert shown(wide[-1:]).startswith("and ")
    assert all(len(line) <= PASSAGE_TEXT for line in shown(wide).splitlines())
    check(reading_view("Passages", wide), "modal")


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ["<!channel> <@U1> @here", "[a](https://evil.example)", "x" * 9_000, "\ud83d\x00", "\n \n", "| a |\n|---|", "```"]
)
DOCUMENTS = st.builds(
    DocumentPassages,
    HOSTILE,
    st.none() | HOSTILE.map(lambda text: f"https://a.example/{text}"),
    st.lists(st.builds(Passage, HOSTILE, HOSTILE), max_size=4).map(tuple),
)


@given(st.lists(DOCUMENTS, max_size=4))
def test_no_passage_pings_links_or_breaks_the_modal(documents: list[DocumentPassages]) -> None:
    blocks = passages_blocks(documents, ANY_HOST, more=1)
    view: Any = json.loads(json.dumps(reading_view("Passages", blocks)))
    check(view, "modal")
    assert pings("", blocks, (), frozenset(), parse=True) == []
    assert {url for _, url in links(blocks)} <= {document.url for document in documents}
