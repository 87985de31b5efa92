"""Quotes, in a question, what the flow does not know: what it was sent with, and what was said in its thread.

Of the thread, the messages since the last answered question are quoted: what people said to each other, while the bot
was quiet or without a mention, and failed turns, which Flowise forgets; but no question that was stopped, nor what had
come of its answer, because its asker took it back. The `ts` of that question is noted with its
answer (`context_since`), not that of the answer's message: what was said while the answer grew stands after it. After
"new conversation" that message is the mark.

It is one `conversations.replies` with `oldest`, for each question in a thread of a channel that was answered in before.
If there is more than one page, or Slack refuses, the question goes without. Direct messages, first messages and
questions older than the mark need none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.conversation.question import Question
from bot.errors import SlackRefused, SlackUnavailable
from bot.flowise.texts import without_nul
from bot.ports.slack import Slack
from bot.records.thread import Conversation
from bot.slack import wording_of_files, wording_of_quotes
from bot.slack.messages import EarlierMessage

log = structlog.get_logger(__name__)


class Context:
    """Reads from one workspace, at most `limit` messages for a question."""

    def __init__(self, slack: Slack, limit: int) -> None:
        self._slack = slack
        self._limit = limit

    async def with_quotes(self, question: Question, known: Conversation | None, unread: Sequence[str] = ()) -> str:
        """What Flowise is asked; `known` is what is stored of the question's thread, `unread` are the names of those of
        its files that do not go along."""
        earlier = [(message.author, message.text) for message in await self._earlier(question, known)]
        sent_with = [(quote.author, quote.text) for quote in question.quotes]
        text = question.text if question.has_words else wording_of_files.WITHOUT_WORDS
        return without_nul(
            wording_of_quotes.with_quotes(earlier, [*sent_with, ("", wording_of_quotes.attached(unread))], text)
        )

    async def _earlier(self, question: Question, known: Conversation | None) -> Sequence[EarlierMessage]:
        """The messages since the last question that was answered, or of the whole thread if none was: Flowise forgets
        failed turns."""
        if known is not None and question.since is not None:  # as it was when the question was asked first
            known = replace(known, context_since=question.since, answered=bool(question.since))
        since = known.context_since if known else ""
        if not question.joins or self._limit == 0 or since >= question.ts:
            return ()
        left_out = known.left_out if known else ()
        limit = self._limit + len(left_out)
        try:
            found = await self._slack.replies(
                question.thread, before=question.ts, limit=limit, after=since, asker=question.place.user
            )
        except (SlackRefused, SlackUnavailable) as error:
            log.info("earlier messages not read", ref=question.reference, reason=str(error))
            return ()
        messages = [message for message in found if message.ts not in left_out][-self._limit :]
        if since or known is None or not known.answered:
            return messages
        # Versions before this one noted only that a question was answered: the answer is the last message of ours.
        ours = [place for place, message in enumerate(messages) if message.is_ours]
        return messages[ours[-1] + 1 :] if ours else messages
