"""Where the passages of an answer come from: the stored answer, or else a note that is kept for a day."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.conversation.chats import Chat
from bot.conversation.passages import AnswerSources, Passages, passages_note
from bot.conversation.prediction_state import PredictionState
from bot.errors import FlowiseSlow, StoreUnavailable
from bot.flowise.events import Metadata, SourceDocument, SourceDocuments
from bot.records.thread import Item, NotedFlow, Run, question_of
from tests.test_memory import Flowise

ITEM = Item("T1", "T1:C1:1.0", "abc12345", "1.0", "message", "")
FOUND = SourceDocuments((SourceDocument("Policy", page="7", lines=(1, 2)),), ("Thirty days.",))


@dataclass
class Notes:
    """Keeps notes in memory, with for how long."""

    kept_notes: dict[tuple[str, str], tuple[str, float | None]] = field(default_factory=dict)
    away: bool = False

    async def keep(self, line: str, reference: str, note: str, *, seconds: float | None = None) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.kept_notes[line, reference] = (note, seconds)

    async def kept(self, line: str, reference: str) -> str | None:
        return self.kept_notes.get((line, reference), (None, None))[0]


class StoredSources(Flowise):
    """A Flowise that has stored the answer `m` with its documents."""

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        if (chat_id, message_id) != ("chat", "m"):
            raise FlowiseSlow("not in time")
        return SourceDocuments(FOUND.documents, ("Stored.",))


def state(sources: SourceDocuments | None = FOUND, row: str = "m") -> PredictionState:
    made = PredictionState(Run(since=0.0), Chat("chat", 0, NotedFlow("", "flow")))
    if sources is not None:
        made.takes(sources)
    made.takes(Metadata("chat", row))
    return made


async def shown(asked: Passages, notes: Notes) -> AnswerSources | None:
    note = await passages_note(notes, ITEM.line, ITEM.reference)
    return await asked.of(note) if note is not None else None


def passages(notes: Notes, *, reads_answers: bool) -> Passages:
    return Passages(StoredSources(), notes, reads_answers=reads_answers)


async def test_with_a_key_they_are_those_of_the_stored_answer() -> None:
    notes = Notes()
    asked = passages(notes, reads_answers=True)
    offered = await asked.offered(ITEM, state(), "Thirty days [1].")
    assert offered is not None
    assert question_of(offered.value) == (ITEM.line, ITEM.reference)
    [(note, seconds)] = notes.kept_notes.values()
    assert "Thirty" not in note
    assert seconds is None
    assert await shown(asked, notes) == AnswerSources(FOUND, cited=True)
    found = await shown(asked, notes)
    assert found is not None
    assert found.sources.passages == ("Stored.",)


@pytest.mark.parametrize(("reads_answers", "row"), [(False, "m"), (True, "")])
async def test_without_a_key_or_a_name_they_are_kept_for_a_day(reads_answers: bool, row: str) -> None:
    notes = Notes()
    asked = passages(notes, reads_answers=reads_answers)
    assert await asked.offered(ITEM, state(row=row), "No marks.") is not None
    [(_, seconds)] = notes.kept_notes.values()
    assert seconds == 86_400
    found = await shown(asked, notes)
    assert found == AnswerSources(FOUND)
    assert found is not None
    assert found.sources.passages == FOUND.passages


async def test_what_is_kept_has_a_limit_and_the_others_are_counted() -> None:
    notes = Notes()
    many = SourceDocuments((FOUND.documents[0],) * 100, ("東" * 3_000,) * 100)
    asked = passages(notes, reads_answers=False)
    assert await asked.offered(ITEM, state(many), "") is not None
    [(note, _)] = notes.kept_notes.values()
    assert 80_000 < len(note) < 101_000
    found = await shown(asked, notes)
    assert found is not None
    assert len(found.sources.documents) + found.more == 100
    assert len(found.sources.passages) == len(found.sources.documents)


async def test_no_button_where_they_could_not_be_shown() -> None:
    asked = passages(Notes(), reads_answers=True)
    assert await asked.offered(ITEM, state(None), "") is None
    assert await asked.offered(ITEM, state(SourceDocuments(FOUND.documents)), "") is None
    assert await passages(Notes(away=True), reads_answers=True).offered(ITEM, state(), "") is None


async def test_what_is_not_known_any_more_or_cannot_be_read() -> None:
    notes = Notes()
    asked = passages(notes, reads_answers=True)
    assert await shown(asked, notes) is None
    notes.kept_notes[ITEM.line, ITEM.reference] = ("{", None)
    assert await shown(asked, notes) is None
    assert await asked.offered(ITEM, state(row="other"), "") is not None
    with pytest.raises(FlowiseSlow):
        await shown(asked, notes)
