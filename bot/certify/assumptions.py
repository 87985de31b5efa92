"""Lists what the bot assumes of Slack without a document that promises it, and what depends on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.slack.verified import EDIT_WITHOUT_PREVIEW, STREAM_TO_RICH_TEXT


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption.

    Attributes:
        name: its name in reports; it never changes its meaning.
        place: the module that depends on it.
        expected: what should be seen.
        if_wrong: what it means for people where something else is seen.
    """

    name: str
    place: str
    expected: str
    if_wrong: str


RETRY_AFTER: Final = "retry_after"
EDITS_A_MINUTE: Final = "edits_a_minute"
ONLY_WITH_LIMITS: Final = frozenset({RETRY_AFTER, EDITS_A_MINUTE})
"""Those that are checked only where it is asked for: they make as many calls as Slack will take."""

ASSUMPTIONS: Final = (
    Assumption(
        "rich_text",
        "bot/slack/text/rich_text.py",
        "sections, lists, quotes and code with a language are taken, and read back as they were sent",
        "answers are refused, and appear as plain text",
    ),
    Assumption(
        "table",
        "bot/slack/text/tables.py",
        "a table with cells of rich_text is taken, and reads back as it was sent",
        "an answer with a table is refused, and appears as plain text",
    ),
    Assumption(
        "blank_lines",
        "bot/slack/text/rich_text.py",
        "line ends at the end of a section stay, so that there is a blank line around lists",
        "paragraphs and lists stand close together",
    ),
    Assumption(
        "message_size",
        "bot/slack/text/limits.py",
        "10,000 characters of block text are taken in one message",
        "long answers are refused, and appear as plain text in more messages",
    ),
    Assumption(
        "emoji_by_name",
        "bot/slack/text/emoji.py",
        "an emoji is taken by its name alone",
        "answers with emoji are refused, and appear as plain text",
    ),
    Assumption(
        "post_without_preview",
        "bot/slack/exactly_once.py",
        "no preview comes under a post with unfurl_links and unfurl_media switched off",
        "Slack fetches the addresses that a model writes",
    ),
    Assumption(
        "edit_unmarked",
        "bot/reply/messages.py",
        "an edit that brings blocks leaves no mark (edited)",
        "every answer that grows by edits has the mark",
    ),
    Assumption(
        "metadata_found",
        "bot/slack/search.py",
        "a message is found again by its metadata",
        "after a lost response an answer may stand twice",
    ),
    Assumption(
        "long_pages",
        "bot/slack/search.py",
        "more than 15 messages of a thread are given at a time",
        "searches, and earlier messages of long threads, take minutes: the app counts as distributed commercially",
    ),
    Assumption(
        "status_line",
        "bot/reply/status.py",
        "a thread of a channel takes a status line",
        "a first message shows that the bot is at work, which costs an edit more",
    ),
    Assumption(
        "buttons_after_edit",
        "bot/slack/text/answer_blocks.py",
        "buttons for a rating stay through an edit",
        "whole answers that were edited cannot be rated",
    ),
    Assumption(
        "plan_edited",
        "bot/reply/carried_steps.py",
        "a plan is edited in place, and then replaced by text",
        "an answer with steps moves to a new message while it grows",
    ),
    Assumption(
        STREAM_TO_RICH_TEXT,
        "bot/reply/last_edits.py",
        "a message that was streamed takes an edit into rich_text, with its links and buttons",
        "links of streamed answers stay text, and a stream that breaks off goes on in a new message",
    ),
    Assumption(
        EDIT_WITHOUT_PREVIEW,
        "bot/reply/last_edits.py",
        "such an edit has Slack fetch no preview for its links",
        "links of streamed answers stay text",
    ),
    Assumption(
        "joiner_in_streams",
        "bot/slack/text/neutralise.py",
        "a mention with an invisible character in it mentions nobody in a stream",
        "streamed answers can ping: set SLACK_DELIVERY=edit",
    ),
    Assumption(
        "code_without_preview",
        "bot/slack/text/neutralise.py",
        "an address in code has no preview in a stream",
        "Slack fetches the addresses of streamed answers: set SLACK_DELIVERY=edit",
    ),
    Assumption(
        "buttons_in_stream",
        "bot/reply/streamed.py",
        "a running stream takes a button",
        "a Stop button cannot come to streamed answers; none is sent there today",
    ),
    Assumption(
        "stream_size",
        "bot/slack/text/limits.py",
        "9,000 bytes are taken in one stream",
        "long streamed answers go on by edits",
    ),
    Assumption(
        "stream_life",
        "bot/reply/streams.py",
        "a stream takes text 270 s after its start, and once Slack has ended it, an edit",
        "slow streamed answers go on by edits",
    ),
    Assumption(
        "file_up",
        "bot/slack/wire.py",
        "a file is shared in a thread by three calls",
        "the rest of a very long answer is lost, and the answer says so",
    ),
    Assumption(
        "file_down",
        "bot/slack/files.py",
        "a file is read with the bot's token, byte for byte",
        "files that people attach do not reach the flow",
    ),
    Assumption(
        "socket_greets",
        "bot/serving/socket_mode.py",
        "a Socket Mode connection begins with hello",
        "the bot never becomes ready",
    ),
    Assumption(
        "app_home",
        "bot/slack/home_view.py",
        "a Home tab can be published, where the app has one",
        "the Home tab stays empty",
    ),
    Assumption(
        "siblings",
        "bot/slack/people.py",
        "in an organisation with several workspaces, a person's entry names the organisation",
        "colleagues of other workspaces are taken for strangers",
    ),
    Assumption(
        RETRY_AFTER,
        "bot/slack/wire.py",
        "a call too many is answered with 429 and a Retry-After in seconds",
        "the bot waits a second where Slack wants more",
    ),
    Assumption(
        EDITS_A_MINUTE,
        "bot/slack/tiers.py",
        "50 edits a minute are taken at least",
        "answers grow more slowly than they could, or calls are refused; the budget is scaled to what was seen",
    ),
)
