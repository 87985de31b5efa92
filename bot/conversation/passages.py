"""Keeps what is needed to show the passages that an answer has used, and reads them when somebody wants to see them.

With an API key they are read from the answer that Flowise has stored, and only its name is kept. Without, they are kept
themselves, for a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bot.conversation.prediction_state import PredictionState
from bot.errors import StoreUnavailable, Unreadable
from bot.flowise.events import SourceDocuments
from bot.ports.flowise import Flowise
from bot.ports.notes import PassageNotes
from bot.records.codec import decoded, encoded
from bot.records.thread import Item, button_value
from bot.reply.contract import PassagesOffered
from bot.reply.sources import cites

log = structlog.get_logger(__name__)

# Of the passages of one answer, in bytes of JSON, and for how long, in seconds.
_MOST_KEPT = 100_000
_KEPT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """The documents of an answer with their passages, of which `more` were left out. `cited`: the answer cites them by
    their numbers."""

    sources: SourceDocuments
    cited: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True)
class PassagesNote:
    """Where the stored answer is in the Flowise of that flow, or else what it has used."""

    cited: bool = False
    chat_id: str = ""
    message_id: str = ""
    kept: AnswerSources | None = None
    flow: str = ""


class Passages:
    """The passages of the answers of one flow. `reads_answers`: there is an API key, with which stored answers can be
    read."""

    def __init__(self, flowise: Flowise, notes: PassageNotes, *, reads_answers: bool) -> None:
        self._flowise = flowise
        self._notes = notes
        self._reads_answers = reads_answers

    async def offered(self, item: Item, state: PredictionState, text: str) -> PassagesOffered | None:
        """The button for the passages of an answer, whose final text this is; None where they could not be shown."""
        sources = state.sources
        if sources is None or not sources.passages:
            return None
        note = PassagesNote(cited=cites(text, sources.documents), flow=state.chat.flow.name)
        seconds: float | None = None
        if self._reads_answers and state.row:
            note = replace(note, chat_id=state.chat.chat_id, message_id=state.row)
        else:
            seconds, note = _KEPT_SECONDS, replace(note, kept=_within(AnswerSources(sources, note.cited)))
        try:
            await self._notes.keep(item.line, item.reference, encoded(note), seconds=seconds)
        except StoreUnavailable as error:
            log.info("passages not kept", ref=item.reference, reason=str(error))
            return None
        return PassagesOffered(button_value(item))

    async def of(self, note: PassagesNote) -> AnswerSources | None:
        """What an answer has used; None if it is not known any more. Raises FlowiseError where it cannot be read
        now."""
        if note.kept is not None:
            return note.kept
        sources = await self._flowise.stored_sources(note.chat_id, note.message_id)
        return None if sources is None else AnswerSources(sources, note.cited)


async def passages_note(notes: PassageNotes, line: str, reference: str) -> PassagesNote | None:
    """What is noted of the passages of an answer; None if it is not known any more. Raises StoreUnavailable."""
    written = await notes.kept(line, reference)
    if written is None:
        return None
    try:
        return decoded(PassagesNote, written)
    except Unreadable as error:
        log.warning("note not read", note="passages", line=line, ref=reference, reason=str(error))
        return None


def _within(found: AnswerSources) -> AnswerSources:
    """As many of the documents, from the first on, as may be kept."""
    documents, passages = found.sources.documents, found.sources.passages
    count, room = 0, _MOST_KEPT
    for document, passage in zip(documents, passages, strict=True):
        room -= len(encoded(SourceDocuments((document,), (passage,))))
        if room < 0:
            break
        count += 1
    sources = SourceDocuments(documents[:count], passages[:count])
    return replace(found, sources=sources, more=len(documents) - count)
