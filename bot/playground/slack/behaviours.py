"""Lists what nobody has documented of Slack, or what others have reported otherwise, and lets it be either way.

Each behaviour is "as documented", or as hoped for where no page tells it, until its name is in `reported` of the
workspace: then it is as somebody has reported it, or as it could be at worst.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.playground.slack.blocks import length, objects
from bot.playground.slack.elements import Block
from bot.playground.slack.message import Message
from bot.playground.slack.pings import urls
from bot.playground.slack.rules import Refusal
from bot.playground.slack.workspace import LocalWorkspace


class Behaviour(NamedTuple):
    """What happens by the documentation, and by the report."""

    documented: str
    reported: str


BEHAVIOURS: Mapping[str, Behaviour] = {
    "rich_text": Behaviour("code boxes may name a language", "a code box with a language is refused"),
    "table": Behaviour("a message may have a table", "a message with a table is refused"),
    "blank_lines": Behaviour("line ends stay where they are", "line ends at the end of a section are removed"),
    "message_size": Behaviour("11,000 characters of blocks", "8,000 characters of blocks"),
    "emoji_by_name": Behaviour("an emoji is taken by its name", "an emoji without its character is refused"),
    "post_without_preview": Behaviour("unfurl_links is obeyed", "links are previewed all the same"),
    "edit_unmarked": Behaviour("an edit of blocks has no mark", "every edit has the mark (edited)"),
    "metadata_found": Behaviour("metadata is given when asked for", "metadata is never given"),
    "long_pages": Behaviour("1,000 messages of a thread at a time", "15 messages at a time"),
    "status_line": Behaviour("channels have a status line", "only direct messages have a status line"),
    "buttons_after_edit": Behaviour("an edit keeps feedback buttons", "an edit drops feedback buttons"),
    "plan_edited": Behaviour("a plan is edited in place", "a message with a plan is refused any edit of its blocks"),
    "stream_to_rich_text": Behaviour("a streamed message takes rich_text", "rich_text is refused there"),
    "edit_without_preview": Behaviour("an edit is not previewed", "links are previewed after an edit too"),
    "joiner_in_streams": Behaviour("a broken mention is text", "invisible characters are dropped before it is read"),
    "code_without_preview": Behaviour("addresses in code are text", "addresses in code are previewed"),
    "buttons_in_stream": Behaviour("a running stream takes blocks", "a running stream takes no blocks"),
    "stream_size": Behaviour("12,000 characters of one stream", "8,000 characters of one stream"),
    "stream_life": Behaviour("a stream lasts 300 s", "a stream lasts 100 s"),
    "retry_after": Behaviour("429 has a Retry-After", "429 has no Retry-After"),
    "edits_a_minute": Behaviour("50 edits a minute", "30 edits a minute"),
    "socket_greets": Behaviour("a socket begins with hello", "a socket says nothing"),
    "file_up": Behaviour("a file is shared in a thread", "sharing a file is refused"),
    "file_down": Behaviour("the bot's token reads files", "files are a page to sign in"),
    "app_home": Behaviour("views.publish is taken", "views.publish is refused"),
    "siblings": Behaviour("a person names the organisation", "a person names no organisation"),
}

SHORT_PAGE, SMALL_STREAM, SHORT_LIFE = 15, 8_000, 1 / 3
"""The numbers as they were reported; the last is a share of what is documented."""
_SMALL_MESSAGE = 8_000


def check_reported(workspace: LocalWorkspace, blocks: Sequence[Block]) -> None:
    """Raises Refusal where Slack is reported to refuse the blocks of a message."""
    here = workspace.reported
    for name, is_refused in _REFUSED.items():
        if name in here and any(is_refused(item) for item in objects(blocks)):
            raise Refusal("invalid_blocks", f"[ERROR] as reported of {name}")
    if "message_size" in here and length(blocks) > _SMALL_MESSAGE:
        raise Refusal("msg_blocks_too_long")


_REFUSED: Mapping[str, Callable[[Block], bool]] = {
    "rich_text": lambda item: item.get("type") == "rich_text_preformatted" and "language" in item,
    "table": lambda item: item.get("type") == "table",
    "emoji_by_name": lambda item: item.get("type") == "emoji" and "unicode" not in item,
}


def check_edit(workspace: LocalWorkspace, old: Message, blocks: Sequence[Block] | None) -> None:
    """Raises Refusal where Slack is reported to refuse an edit that brings blocks."""
    if not blocks:
        return
    streamed = "stream_to_rich_text" in workspace.reported and old.streaming_state and _kinds(blocks) >= {"rich_text"}
    planned = "plan_edited" in workspace.reported and "plan" in _kinds(old.blocks)
    if streamed or planned:
        raise Refusal("block_mismatch")


def _kinds(blocks: Sequence[Block]) -> set[object]:
    return {block.get("type") for block in blocks}


def posted(workspace: LocalWorkspace, message: Message, *, previews_off: bool) -> Message:
    """A new message as Slack is reported to keep it."""
    kept = replace(message, blocks=_trimmed(workspace, message.blocks))
    return _previewed(kept) if previews_off and "post_without_preview" in workspace.reported else kept


def edited(workspace: LocalWorkspace, message: Message) -> Message:
    """An edited message as Slack is reported to keep it."""
    blocks = _trimmed(workspace, message.blocks)
    if "buttons_after_edit" in workspace.reported:
        blocks = tuple(block for block in blocks if block.get("type") != "context_actions")
    kept = replace(message, blocks=blocks)
    return _previewed(kept) if "edit_without_preview" in workspace.reported and message.streaming_state else kept


def stopped(workspace: LocalWorkspace, message: Message) -> Message:
    """A message whose stream has ended as Slack is reported to keep it."""
    return _previewed(message) if "code_without_preview" in workspace.reported else message


def streamed(workspace: LocalWorkspace, text: str) -> str:
    """Streamed text as Slack is reported to read it."""
    return text.replace("\u2060", "") if "joiner_in_streams" in workspace.reported else text


def _trimmed(workspace: LocalWorkspace, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    if "blank_lines" not in workspace.reported:
        return blocks
    return tuple(_without_ends(block) for block in blocks)


def _without_ends(block: Block) -> Block:
    """A rich_text block whose texts end with no line end."""
    changed: dict[str, object] = {}
    for key, value in block.items():
        if key == "text" and block.get("type") == "text" and isinstance(value, str):
            changed[key] = value.rstrip("\n") or " "
        elif isinstance(value, list | tuple):
            changed[key] = [_without_ends(item) if isinstance(item, Mapping) else item for item in value]
        else:
            changed[key] = value
    return changed


def _previewed(message: Message) -> Message:
    """A message under which previews stand."""
    # Addresses in code count too: whoever fetches all the same may read them anywhere.
    text = str(message.text).replace("`", " ")
    found = dict.fromkeys([*urls("", message.blocks), *urls(text, ())])
    cards = tuple({"id": number, "from_url": url, "fallback": url} for number, url in enumerate(found, 1))
    return replace(message, attachments=(*message.attachments, *cards))
