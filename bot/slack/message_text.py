"""Reads a whole message, from an event or a thread: its author's words, and what it quotes, attaches or shows as cards.

Everything is text as Slack writes it, for `bot.slack.payload.plain`. Slack repeats itself: blocks repeat `text`, cards
both, and a preview the page of a link. Nothing is taken twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack import wording
from bot.slack.block_text import Room, block_text, kind_of
from bot.slack.text.escaping import escape

# As much as all quotes of a question may have together: more would be read only to be cut off.
_MOST_CHARACTERS = 12_000
_MOST_QUOTES = 20
# Slack's own words for an attachment that has none.
_NO_TEXT = frozenset({"[no preview available]", "This content can't be displayed."})

_LABEL = re.compile(r"<([@#!][^<>|]{1,200})\|[^<>]{0,1000}>")
_BULLET = re.compile(r"^[ \t]*(?:\d{1,9}|[a-z]{1,4})\.[ \t]+", re.MULTILINE)
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
    room, seen = Room(_MOST_CHARACTERS), _Seen()
    words = _words(message, room)
    seen.add(words)
    quotes: list[Quote] = []
    for attachment in room.mappings(message.get("attachments")):
        if len(quotes) == _MOST_QUOTES:
            break
        if not (words and _is_preview(attachment)) and (quote := _quote(attachment, room, seen)) is not None:
            quotes.append(quote)
    return MessageText(words, tuple(quotes), file_names(message.get("files")))


def file_names(files: object) -> tuple[str, ...]:
    """What the files of a message or attachment are called."""
    if not isinstance(files, list):
        return ()
    named = (file for file in files if isinstance(file, Mapping))
    return tuple(_string(file, "name") or _string(file, "title") or "a file" for file in named)


def quoted_text(read: MessageText) -> str:
    """A whole message as one text: what is forwarded in it stands behind marks of its own."""
    lines = [read.words]
    for quote in read.quotes:
        files = escape(wording.attached(quote.files))
        text = "\n".join(filter(None, [quote.text, files]))
        if quote.is_forward:
            author = " ".join((quote.author or wording.UNKNOWN_AUTHOR).split())
            text = "\n".join(f"> {line}" for line in (f"{author}:", *text.splitlines()))
        lines.append(text)
    return "\n".join(filter(None, [*lines, escape(wording.attached(read.files))])).strip()


def _words(message: Part, room: Room) -> str:
    """The text of a message, and of those of its blocks that say more.

    What people type stands in both, so `text` is enough. Apps write a summary into `text`, for notifications.
    """
    text = _string(message, "text")
    by_app = bool(message.get("bot_id")) or _string(message, "subtype") == "bot_message"
    parts = [
        shown
        for block in room.mappings(message.get("blocks"))
        if by_app or not text or kind_of(block) != "rich_text"
        if (shown := block_text(block, room))
    ]
    return _joined(text, parts, may_drop_text=by_app)


def _joined(text: str, parts: list[str], *, may_drop_text: bool) -> str:
    """A text and the parts that it does not hold; the parts alone where they hold all of it."""
    if may_drop_text and parts and _holds(_key("\n".join(parts)), text):
        return "\n".join(parts)
    seen = _Seen()
    return "\n".join([text] * seen.is_new(text) + [part for part in parts if seen.is_new(part)])


def _quote(attachment: Part, room: Room, seen: _Seen) -> Quote | None:
    files = file_names(attachment.get("files"))
    if not _is_forward(attachment):
        text = "\n".join(line for line in _card(attachment, room) if seen.is_new(line))
        return Quote(text, files=files) if text or files else None
    for inside in _inside(attachment, room):
        files += file_names(inside.get("files"))
    return Quote(_forwarded(attachment, room), _author(attachment), files, is_forward=True)


def _is_forward(attachment: Part) -> bool:
    """A message that was forwarded, or that a link in the message leads to."""
    return bool(attachment.get("is_share") or attachment.get("is_msg_unfurl"))


def _is_preview(attachment: Part) -> bool:
    """Slack, or an app, has added it because of a link in the message: nobody has quoted what the page says."""
    addresses = ("from_url", "original_url", "app_unfurl_url")
    return not _is_forward(attachment) and any(attachment.get(key) for key in addresses)


def _author(attachment: Part) -> str:
    name = _string(attachment, "author_name") or _string(attachment, "author_subname")
    if name:
        return _without_brackets(name[:200])
    user = _string(attachment, "author_id")
    return f"<@{user}>" if user.isascii() and user.isalnum() else ""


def _forwarded(attachment: Part, room: Room) -> str:
    """The text of a forwarded message, with its blocks and cards; a fallback names its author and time once more."""
    text, parts = room.text(attachment.get("text")), []
    for inside in (*_inside(attachment, room), attachment):
        parts += _shown(inside.get("blocks"), room)
        for card in room.mappings(inside.get("attachments")):
            parts += _card(card, room)
    return _joined(text, parts, may_drop_text=True) or _fallback(attachment, room)


def _inside(attachment: Part, room: Room) -> list[Part]:
    """The messages whose blocks a forward holds."""
    held = (block.get("message") for block in room.mappings(attachment.get("message_blocks")))
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
    return [line for line in lines if line] or [_fallback(attachment, room)]


def _shown(blocks: object, room: Room) -> list[str]:
    return [text for block in room.mappings(blocks) if (text := block_text(block, room))]


def _fallback(attachment: Part, room: Room) -> str:
    text = room.text(attachment.get("fallback")).strip()
    return "" if text in _NO_TEXT else text


def _string(values: Part, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _without_brackets(name: str) -> str:
    return name.replace("<", "&lt;").replace(">", "&gt;")


class _Seen:
    """What was read of a message so far, by its words alone: marks, bullets and labels of mentions differ."""

    def __init__(self) -> None:
        self._words = ""
        self._signs: set[str] = set()

    def is_new(self, text: str) -> bool:
        """Whether a text says something that was not read; from now on it was."""
        if not text.strip() or self._holds(text):
            return False
        self.add(text)
        return True

    def add(self, text: str) -> None:
        self._words += _key(text)
        self._signs.add(text.strip())

    def _holds(self, text: str) -> bool:
        return _holds(self._words, text) or text.strip() in self._signs


def _key(text: str) -> str:
    plain = _BULLET.sub("", _LABEL.sub(r"<\1>", text).casefold())
    return "".join(f" {word}" for word in _WORD.findall(plain))


def _holds(key: str, text: str) -> bool:
    """Whether a text, by its words, is part of others; of one that was cut, the last word may be incomplete."""
    words = _key(text)
    return bool(words) and (words if text.rstrip().endswith(("…", "...")) else f"{words} ") in f"{key} "
