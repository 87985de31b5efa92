"""Holds the text of an answer that arrives: what is looked at, what was passed on, what is held back."""

from __future__ import annotations

from bot.slack.text import reasoning
from bot.slack.text.code_lines import LONGEST_START, CodeLines
from bot.slack.text.html_markdown import HtmlMarkdown


class IncomingText:
    """The text at hand, up to the end of what has come, and what is known of the text before it.

    A step takes something that begins at a place, or returns False if it needs more text for that.
    """

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._before = "\n"
        """The character before what is held."""
        self._final = False
        """Nothing more will come."""
        self._html = HtmlMarkdown()
        self._lines = CodeLines()
        self._is_blank = True
        """Nothing has been said yet."""
        self._begins_text = True
        """A line or another part of the answer begins: reasoning may."""
        self._recent = ""
        """The end of what was passed on."""

    def _pass(self, end: int) -> bool:
        """Pass the text on up to there."""
        text = self._text[self._at : end]
        self._at = end
        if self._is_blank and text:
            self._is_blank = reasoning.is_blank(text)
        if text and not text.isspace():
            self._begins_text = False
        self._recent = (self._recent + text)[-LONGEST_START:]
        self._html.text(text)
        return True
