"""Tells whether an answer ends with a question, so that a short "ok" after it is an answer and no small talk."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from bot.flowise.events import Token
from bot.reply.arriving import Arriving
from bot.reply.contract import BeganAnew, Finished, ReplyEvent

# Characters: enough for a last sentence and what stands under it.
_LOOKED_AT: Final = 2_000
# So many things may stand after the last sentence. A longer list is no list of choices.
_MOST_BESIDE: Final = 8

_MARKED = re.compile(r"\?[?!.]*$")
_ARMENIAN = re.compile("\u055e[^\u0589.!\n]*[\u0589.]?$")  # its question mark stands within the word that is asked for
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff];$")
_UNMARKED = re.compile("[か吗嗎]。?$")  # what ends a question in Japanese and Chinese, with a mark or without
_AROUND = frozenset("\\*_~`|>)\"'”’»\u203a \t\n")

_CODE = re.compile(r"(?:^|\n)[ \t]*(`{3,}|~{3,})[^\n]*\n(?:.*\n)?[ \t]*\1$", re.DOTALL)
_HEADING = re.compile(r"(?:^|\n)[ \t]*#[^\n]*$")
_BESIDE: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:^|\n)[\W_]*(?:sources?|references?|quellen?|fuentes?)\b[^\n]*$",
        r"(?:^|\n)[ \t]*\[[^\]\n]{1,40}\]:[^\n]*$",  # a footnote, or the target of a link
        r"(?:^|\n)[ \t]*(?:[-*+•]|\(?\w{1,2}[.)])[ \t]+[^\n]*$",  # a choice, or an entry of a list of sources
        r":[a-z0-9_+'-]{1,100}:$",  # an emoji by its name
        r"\([^()\n]{0,300}\)$",  # the choices that are given ("yes/no"), or the target of a link
        r"!?\[[^\[\]\n]{0,300}\]$",  # a citation, or the label of a link or a picture
        r"[:;=]'?-?[)(DP]$",  # an emoji as it is typed
        r"(?:^|\n)[ \t]*(?:-{3,}|\*{3,}|_{3,})$",  # a line across
        r"【[^【】\n]{0,300}】$",
        r"<[^<>\n]{1,300}>$",
    )
)


def ends_with_question(events: Iterable[ReplyEvent]) -> bool:
    """Whether the last sentence that is seen of an answer is a question, in any script.

    Emphasis, emoji, citations, sources and code after it do not count, nor do the choices under it.
    """
    text = unicodedata.normalize("NFKC", _seen(events)[-_LOOKED_AT:])
    for removed in range(_MOST_BESIDE):
        text = text.rstrip()
        if removed and _HEADING.search(text):
            return False  # it is answered below
        if code := _CODE.search(text):
            text = text[: code.start()]
            continue
        bare = _bare(text)
        if _is_question(bare):
            return True
        beside = next(filter(None, (pattern.search(text) for pattern in _BESIDE)), None)
        if beside is not None:
            text = text[: beside.start()]
        elif bare != text:
            text = bare
        else:
            return False
    return False


def _seen(events: Iterable[ReplyEvent]) -> str:
    """The text of an answer, without what is not shown."""
    arriving, parts = Arriving(), list[str]()
    for event in (*events, Finished()):
        for arrived in arriving.receive(event):
            if isinstance(arrived, BeganAnew):
                parts.clear()
            elif isinstance(arrived, Token):
                parts.append(arrived.text)
    return "".join(parts)


def _bare(text: str) -> str:
    """A text without the emphasis, quotes and emoji at its end."""
    end = len(text)
    while end and (text[end - 1] in _AROUND or _is_sign(text[end - 1])):
        end -= 1
    return text[:end]


def _is_sign(char: str) -> bool:
    """Whether it is an emoji or a part of one, unless it asks something."""
    is_part = unicodedata.category(char) in {"So", "Sk", "Cf", "Cn"} or char == "\ufe0f"
    return is_part and not _asks(char)


def _asks(char: str) -> bool:
    return "QUESTION MARK" in unicodedata.name(char, "") or char == "\u203d"


def _is_question(text: str) -> bool:
    if not text:
        return False
    patterns = (_MARKED, _GREEK, _ARMENIAN, _UNMARKED)
    return _asks(text[-1]) or any(pattern.search(text) for pattern in patterns)
