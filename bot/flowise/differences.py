"""Tells by an answer's events whether Flowise may have stored another text than it has streamed.

What it stores is the text of the last node, as that node has left it (measured on Flowise 3.1.4). Streamed is also what
an agent says before it calls a tool, and what other nodes say that end the run. A Tool Agent takes reasoning and
pictures without an address of the web out of its text, an agent node gives files that it has made another address.
"""

from __future__ import annotations

import re
from typing import assert_never

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

_SIGN = re.compile(r"<\s{0,9}/?\s{0,9}(?:think|reasoning)|sandbox:|!\[", re.IGNORECASE)
# Tokens cut a sign anywhere; no sign is longer.
_LONGEST_SIGN = 32


class Differences:
    """The signs of a difference in one answer.

    Attributes:
        may_exist: there was one.
    """

    def __init__(self) -> None:
        self.may_exist = False
        self._end = ""
        """The end of the text so far."""
        self._has_text = False
        self._has_left_node = False

    def note(self, event: Event) -> None:
        """Look at the next event of the answer."""
        match event:
            case Token(text=text):
                self._look_at(text)
            case UsedTools(names=names) | CalledTools(names=names):
                self.may_exist = self.may_exist or bool(names)
            case AgentflowStarted() | Step() | AgentsSpoke() | WordsWhole():  # sent whenever a node begins or ends
                self._has_left_node = self._has_text
            case SourceDocuments() | ResultFiles() | ModelThinking():
                pass
            case Decision() | Metadata() | TokensUsed() | ErrorReported() | End():
                pass
            case _:
                assert_never(event)

    def _look_at(self, text: str) -> None:
        if self.may_exist:
            return
        if (self._has_left_node or not self._has_text) and not text.isspace():
            self.may_exist, self._has_text = self._has_left_node, True
        end = self._end + text
        # Most tokens are words, and looked at no closer.
        if ":" in text or "[" in text or "<" in end:
            self.may_exist = self.may_exist or _SIGN.search(end) is not None
        self._end = end[-_LONGEST_SIGN:]
