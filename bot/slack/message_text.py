"""Reads a whole message, from an event or a thread: its author's words, and what it quotes, attaches or shows as cards.

Everything is text as Slack writes it, for `bot.slack.payload.plain`. Slack repeats itself: blocks repeat `text`, cards
both, and a preview the page of a link. Nothing is taken twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from bot.slack import wording, wording_of_quotes
from bot.slack.block_text import Room, block_text, kind_of
from bot.slack.fields import string
from bot.slack.text.escaping import escape

# As much as all quotes of a question may have together: more would be read only to be cut off.
_MOST_CHARACTERS = 12_000
_MOST_QUOTES = 20
# Slack takes no more (Slack docs, Message attachments).
_MOST_ATTACHMENTS = 100
_MOST_FILES = 50
_LONGEST_NAME = 200
# Slack cuts a message's text there (Slack docs, chat.postMessage).
_MOST_COMPARED = 40_000
# Slack's own words for an attachment that has none.
_NO_TEXT = frozenset({"[no preview available]", "This content can't be displayed."})

_LABEL = re.compile(r"<([@#!][^<>|]{1,200})\|[^<>]{0,1000}>")
_BULLET = re.compile(r"^[ \t]*(?:\d{1,9}|[a-z]{1,4})\.[ \t]+", re.MULTILINE)
# How the fallback of a forwarded message begins: "[May 5th, 2026 2:26 PM] tom: ".
_WHO_AND_WHEN = re.compile(r"\[[^\]]{0,100}\] [^:\n]{0,200}: ?")
_WORD = re.compile(r"\w+")

Part = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Quote:
    """What stands in a message beside its author's words: a forwarded message, or a card of an app.

    `author` wrote what was forwarded, as far as Slack tells; `files` are the names of files in it.
    """

    text: str
    author: str = ""
    files: tuple[str, ...] = ()
    is_forward: bool = False


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message as it was read; `words` are its author's own, `files` the names of attached files."""

    words: str
    quotes: tuple[Quote, ...] = ()
    files: tuple[str, ...] = ()


def message_text(message: Part) -> MessageText:
    """What a message says. Never raises, whatever Slack or an app has put into it."""
    room = Room(_MOST_CHARACTERS)
    words = _words(message, room)
    known = _Known(words if _is_by_app(message) else "")  # people attach nothing that repeats their words
    quotes: dict[Quote, None] = {}
    for attachment in islice(room.mappings(message.get("attachments")), _MOST_ATTACHMENTS):
        if len(quotes) == _MOST_QUOTES:
            break
        if not (words and _is_preview(attachment)) and (quote := _quote(attachment, room, known)) is not None:
            quotes[quote] = None
    return MessageText(words, tuple(quotes), file_names(message.get("files")))


def file_names(files: object) -> tuple[str, ...]:
    """What the files of a message or attachment are called."""
    named = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    return tuple(_file_name(string(file, "name"), string(file, "title")) for file in named[:_MOST_FILES])


def _file_name(name: str, title: str) -> str:
    name, title = name[:_LONGEST_NAME], title[:_LONGEST_NAME]
    says_more = name and title.casefold() not in name.casefold()
    return f"{name} ({title})" if says_more else name or title or "a file"


def quoted_text(read: MessageText) -> str:
    """A whole message as one text: what is forwarded in it stands behind marks of its own."""
    lines = [read.words]
    for quote in read.quotes:
        files = escape(wording_of_quotes.attached(quote.files))
        text = "\n".join(filter(None, [quote.text, files]))
        if text and quote.is_forward:
            author = " ".join((quote.author or wording.SOMEBODY).split())
            text = "\n".join(f"> {line}" for line in (f"{author}:", *text.splitlines()))
        lines.append(text)
    return "\n".join(filter(None, [*lines, escape(wording_of_quotes.attached(read.files))])).strip()


def _words(message: Part, room: Room) -> str:
    """The text of a message, and of those of its blocks that say more.

    What people type stands in both, so `text` is enough. Apps write a summary into `text`, for notifications.
    """
    text = string(message, "text")
    by_app = _is_by_app(message)
    parts = [
        shown
        for block in room.mappings(message.get("blocks"))
        if by_app or not text or kind_of(block) != "rich_text"
        if (shown := block_text(block, room))
    ]
    return _joined(text, parts, may_drop_text=by_app)


def _is_by_app(message: Part) -> bool:
    return bool(message.get("bot_id")) or string(message, "subtype") == "bot_message"


def _joined(text: str, parts: list[str], *, may_drop_text: bool) -> str:
    """A text and the parts that it does not hold; the parts alone where they hold all of it."""
    whole = "\n".join(filter(None, parts))
    if may_drop_text and _Known(whole).holds(text):
        return whole
    return "\n".join(filter(None, [text, *_Known(text).beyond(parts)]))


def _quote(attachment: Part, room: Room, known: _Known) -> Quote | None:
    files = file_names(attachment.get("files"))
    if not _is_forward(attachment):
        text = "\n".join(known.beyond(_card(attachment, room)))
        return Quote(text, files=files) if text or files else None
    for inside in _inside(attachment, room):
        files += tuple(name for name in file_names(inside.get("files")) if name not in files)
    return Quote(_forwarded(attachment, room), _author(attachment), files, is_forward=True)


def _is_forward(attachment: Part) -> bool:
    """A message that was forwarded, or that a link in the message leads to."""
    return bool(attachment.get("is_share") or attachment.get("is_msg_unfurl"))


def _is_preview(attachment: Part) -> bool:
    """Slack, or an app, has added it because of a link in the message: nobody has quoted what the page says."""
    addresses = ("from_url", "original_url", "app_unfurl_url")
    return not _is_forward(attachment) and any(attachment.get(key) for key in addresses)


def _author(attachment: Part) -> str:
    name = string(attachment, "author_name") or string(attachment, "author_subname")
    if name:
        return _without_brackets(name[:_LONGEST_NAME])
    user = string(attachment, "author_id")
    return f"<@{user}>" if user.isascii() and user.isalnum() else ""


def _forwarded(attachment: Part, room: Room) -> str:
    """The text of a forwarded message, with its blocks and cards."""
    held = (*_inside(attachment, room), attachment)
    blocks = [text for message in held for text in _shown(message.get("blocks"), room)]
    text = string(attachment, "text")[:_MOST_COMPARED]
    # The blocks repeat the text nearly always: it takes room only where it says more.
    text = _joined("" if _Known("\n".join(blocks)).holds(text) else room.text(text), blocks, may_drop_text=False)
    cards = (card for message in held for card in islice(room.mappings(message.get("attachments")), _MOST_QUOTES))
    lines = [line for card in cards for line in _card(card, room)]
    return _joined(text, lines, may_drop_text=False) or _WHO_AND_WHEN.sub("", _fallback(attachment, room))


def _inside(attachment: Part, room: Room) -> list[Part]:
    """The messages whose blocks a forward holds."""
    held = (block.get("message") for block in islice(room.mappings(attachment.get("message_blocks")), _MOST_QUOTES))
    return [message for message in held if isinstance(message, Mapping)]


def _card(attachment: Part, room: Room) -> list[str]:
    """The lines of an app's card, in the order in which Slack shows them."""

    def part(key: str) -> str:
        return room.text(attachment.get(key)).strip()

    title, address = part("title"), part("title_link")
    if title and address and not re.search("[<>|]", title + address):
        title = f"<{address}|{title}>"
    lines = [part("pretext"), part("author_name"), title, part("text")]
    for field in room.mappings(attachment.get("fields")):
        name, value = (room.text(field.get(key)).strip() for key in ("title", "value"))
        lines.append(f"{name}: {value}" if name and value else name or value)
    lines += _shown(attachment.get("blocks"), room)
    return [line for line in dict.fromkeys(lines) if line] or [_fallback(attachment, room)]


def _shown(blocks: object, room: Room) -> list[str]:
    return [text for block in room.mappings(blocks) if (text := block_text(block, room))]


def _fallback(attachment: Part, room: Room) -> str:
    text = room.text(attachment.get("fallback")).strip()
    return "" if text in _NO_TEXT else text


def _without_brackets(name: str) -> str:
    return name.replace("<", "&lt;").replace(">", "&gt;")


class _Known:
    """A text that was read, by its words alone: marks, bullets and labels of mentions differ in `text` and blocks."""

    def __init__(self, text: str) -> None:
        self._words = f"{_key(text)} "
        self._text = text.strip()

    def holds(self, text: str) -> bool:
        """Whether a text says nothing that is not known; of one that was cut, the last word may be incomplete."""
        key = _key(text)
        end = "" if text.rstrip().endswith(("…", "...")) else " "
        return f"{key}{end}" in self._words if key else text.strip() in {"", self._text}

    def beyond(self, parts: list[str]) -> list[str]:
        """The parts that say more. Two of them may say the same: two alerts of one severity."""
        return [part for part in parts if not self.holds(part)]


def _key(text: str) -> str:
    bare = _BULLET.sub("", _LABEL.sub(r"<\1>", text[:_MOST_COMPARED]).casefold())
    return "".join(f" {word}" for word in _WORD.findall(bare))
