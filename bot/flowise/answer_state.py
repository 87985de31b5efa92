"""Keeps what the events of one answer have said so far, and tells which of them are passed on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import assert_never

from bot.flowise.decisions import without_tool_request
from bot.flowise.differences import Differences
from bot.flowise.events import (
    AgentflowStarted,
    AgentsSpoke,
    CalledTools,
    Decision,
    End,
    ErrorReported,
    Event,
    Metadata,
    ModelThinking,
    ResultFiles,
    SourceDocuments,
    Step,
    Token,
    TokensUsed,
    UsedTools,
    WordsWhole,
)

# So many tokens are remembered: more than an agent says before it calls a tool.
_LAST_TOKENS = 1_000


class AnswerState:
    """What one answer's events have said so far.

    `something`: there is an answer. `files`: there are files, which are an answer if there is no text. `failure`: the
    error that Flowise has reported, in its own words. `differences`: whether its stored text may be another one.
    """

    def __init__(self) -> None:
        self.something = False
        self.files = False
        self.metadata: Metadata | None = None
        self.failure: str | None = None
        self.differences = Differences()
        self._agentflow = False
        self._words_whole = False
        self._thinks = False
        self._said: deque[str] = deque(maxlen=_LAST_TOKENS)

    def news(self, event: Event) -> Iterator[Event]:
        """Note an event, and yield what is passed on now: an error and the end are reported after the stream."""
        if isinstance(event, Token):
            event = self._without_request(event)
        self.differences.note(event)
        if isinstance(event, AgentflowStarted | Step | AgentsSpoke) and not self._agentflow:
            self._agentflow = True
            yield AgentflowStarted()
        if self._is_news(event):
            yield event

    def _without_request(self, token: Token) -> Token:
        """A token without the call of a tool that a person is to allow. With that an agent says its whole turn anew,
        which was said before as far as it streams (measured on Flowise 3.1.4)."""
        text = without_tool_request(token.text)
        if text != token.text and "".join(self._said).endswith(text):
            text = ""
        self._said.append(text)
        return Token(text)

    def _is_news(self, event: Event) -> bool:  # noqa: C901, PLR0911 - one case an event
        thought, self._thinks = self._thinks, isinstance(event, ModelThinking) and not event.ended
        match event:
            case ErrorReported(message):
                self.failure = message
                return False
            case End():
                return False
            case AgentflowStarted():
                return False
            case ModelThinking():  # one frame for each piece of a thought
                return thought != self._thinks
            case Token(text):
                self.something = self.something or bool(text.strip())
                return bool(text)
            case Decision():
                self.something = True
            case ResultFiles():
                self.files = True
            case Metadata():
                self.metadata = event
            case WordsWhole():
                news, self._words_whole = not self._words_whole, True
                return news
            case SourceDocuments() | UsedTools() | CalledTools() | Step() | AgentsSpoke() | TokensUsed():
                pass  # without text beside them they are no answer
            case _:
                assert_never(event)
        return True
