"""Passages grouped by their documents, and their button under an answer."""

from __future__ import annotations

import json

from bot.flowise.events import SourceDocument, SourceDocuments, Token
from bot.reply import journal
from bot.reply.arriving import Arriving
from bot.reply.contract import Finished, PassagesOffered, Thinking
from bot.reply.journal import Journal
from bot.reply.paged import PagedAnswer
from bot.reply.passages import grouped
from bot.reply.sources import cites
from bot.slack.text.blocks import PASSAGES
from bot.slack.text.passages_blocks import DocumentPassages, Passage

FOUND = SourceDocuments(
    (
        SourceDocument("Policy", url="https://a.example", page="7"),
        SourceDocument("c.pdf", lines=(1, 4)),
        SourceDocument("Policy", url="https://a.example", page="12"),
        SourceDocument("empty.pdf"),
    ),
    ("Thirty days.", "Four lines.", "Sixty days.", " "),
)


def test_each_document_has_its_passages_with_where_they_are() -> None:
    policy = DocumentPassages(
        "Policy", "https://a.example", (Passage("p. 7", "Thirty days."), Passage("p. 12", "Sixty days."))
    )
    assert grouped(FOUND, cited=False) == (
        policy,
        DocumentPassages("c.pdf", None, (Passage("lines 1–4", "Four lines."),)),
    )
    assert grouped(FOUND, cited=True)[0].passages[1].label == "[3] p. 12"
    assert grouped(SourceDocuments(FOUND.documents), cited=False) == ()


def test_an_answer_cites_its_documents_where_all_its_marks_are_theirs() -> None:
    assert cites("So [1] and [4].", FOUND.documents)
    assert not cites("So [1] and [5].", FOUND.documents)


def test_the_button_stands_under_the_sources_once_it_is_offered() -> None:
    answer = PagedAnswer()
    for event in (Thinking(), Token("Yes."), FOUND):
        answer.receive(event)
    assert PASSAGES not in str(answer.pages(shows_work=False))
    version = answer.version
    answer.receive(PassagesOffered("value"))
    assert answer.version > version
    answer.receive(Finished())
    [page] = answer.pages(shows_work=False)
    button = page.blocks[-1]["elements"][0]  # type: ignore[index]
    assert (button["action_id"], button["value"]) == (PASSAGES, "value")
    assert "Passages" not in page.text


def test_texts_of_documents_are_neither_kept_nor_written_with_an_answer() -> None:
    kept = Journal()
    for event in (FOUND, PassagesOffered("value")):
        for arrived in Arriving().receive(event):
            kept.receive(arrived)
    assert "Thirty days" not in kept.written()
    assert "Thirty days" not in repr(FOUND)
    assert journal.read(kept.written()) == (SourceDocuments(FOUND.documents), PassagesOffered("value"))
    assert json.loads(kept.written())[0][1]["passages"] == []
