"""Holds every sentence that the bot says to a person in Slack."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot import errors
from bot.errors import BotError, FlowiseError, RunState
from bot.slack.text.escaping import one_line, shorten
from bot.slack.text.neutralise import code

THINKING = "Thinking…"
HELD_BACK = "An earlier answer here broke off and may still be running. I'll go on when it is over…"
STATUS_THINKING = "is thinking…"
STATUS_NONE = ""

ASK_AGAIN = "Ask again"
NOT_YET = "I cannot take this yet, I will try again…"
NOT_TAKEN = "I cannot take this right now. Please try again in a minute; if it stays so, tell whoever runs this bot."
NOT_KEPT = "I don't have this question any more. Please ask it again in words."
NOT_YOURS = "Only the person who asked can ask this again. Please put your question to me in words."
QUIET = "I'll be quiet in this thread. Mention me when you want me again."
NEW_CONVERSATION = "New conversation: I've let go of what was said before. What would you like to know?"
NEW_ONLY_IN_DM = "In a channel, mention me in the thread with “new conversation”; here in the command it works in our direct messages."
EXTERNAL = "Sorry, I only answer people of the organisation that runs me. Please ask one of your contacts there."
DECISION_NEEDED = (
    "The flow waits for a decision here, which cannot be given from Slack yet. "
    "To go on without it, mention me with “new conversation”."
)
DECISION_PENDING = (
    "This conversation waits for a decision in its flow, which cannot be given from Slack yet, so I did not ask "
    "your question. Mention me with “new conversation” to start over."
)
NOT_REMEMBERED_BEFORE = "An earlier answer here broke off and I could not see it end, so this is a new conversation: what was said before is not remembered."
PRIVATE = "I can't post in this channel, so only you see this answer. To have me answer here for everyone: {invite}"
REST_ATTACHED = "The rest of the answer is attached as a file."
REST_LOST = "The answer goes on, but I can show no more of it here. Please ask for a part of it."
REST_TITLE = "The rest of the answer"
TOO_LONG = "The answer goes on, but it is too long for Slack. Please ask for a part of it."
CUT = "The answer goes on, but this is all I can show here. Invite me to the channel to see the whole."
NOTHING_TO_SHOW = "The flow ended without an answer. Please put it another way, or tell whoever built the flow."


def usage(bot: str, command: str) -> str:
    """How to use the bot; `bot` is its display name."""
    return (
        f"Mention me with a question (@{bot} how do I …?), write to me directly, or use {command} followed by a question. "
        "In a thread I've answered in, just write on.\n"
        f"@{bot} new conversation starts over, @{bot} quiet silences me in a thread, {command} help shows this."
    )


def queued(before: int, *, busy: bool) -> str:
    """Shown while a question waits; `before` is how many others come first, in this thread or, if `busy`, in all."""
    if busy:
        others = "One question is" if before == 1 else f"{before} questions are"
        return f"Many are asking right now. {others} before yours…"
    return "I'll answer this after the answer above…" if before == 1 else f"I'll answer this after {before} others…"


def no_files(names: Sequence[str]) -> str:
    return f"I can't read attached files yet, so I answered without {_listed(names)}."


def only_files(names: Sequence[str]) -> str:
    """Shown when a message holds files and no text."""
    return f"I can't read attached files yet ({_listed(names)}). Please put your question into words."


def result_files(names: Sequence[str], number: int, *, more: bool, alone: bool) -> str:
    """Names the files that a flow has made, `alone` or beside its text. Without all their names they are counted, and
    with `more`, there are others."""
    also = "" if alone else " also"
    if number == 0:
        return f"There are{also} files that I can't show yet."
    named = f": {_listed(names)}" if len(names) == number and not more else ""
    if number == 1 and not more:
        return f"There is{also} a file that I can't show yet{named}."
    return f"There are{also} {'at least ' if more else ''}{number} files that I can't show yet{named}."


def other_command(ours: str) -> str:
    return f"I don't know this command; mine is {ours}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def invite(bot: str) -> str:
    return f"/invite @{bot}"


def using(tools: Sequence[str]) -> str:
    """The status while tools run, cut to 50 characters, which Slack's status line always shows."""
    if not tools:
        return STATUS_THINKING
    # Slack does not say that it leaves a status alone.
    names = code(", ".join(tools))
    return f"is using {names if len(names) <= 38 else names[:37] + '…'}"


def working(tools: Sequence[str], minutes: int = 0) -> str:
    """The text of a placeholder message where there is no status line; `minutes` is how long it has stood."""
    so_far = f" ({minutes} min)" if minutes else ""
    return f"Using {', '.join(tools)[:80]}…{so_far}" if tools else f"{THINKING}{so_far}"


# Together they must leave room for the question in a model's context; single ones may be pasted logs.
_EARLIER_EACH = 2_000
_EARLIER_ALL = 12_000


def with_earlier(said: Sequence[tuple[str, str]], question: str) -> str:
    """The question with the earlier messages of its thread, as (author, text), quoted; the latest ones are kept first.

    An author's name is one line, so that nobody can pass for the question by the name they gave themselves.
    """
    quoted: list[str] = []
    room = _EARLIER_ALL
    for author, text in reversed(said):
        shown = "\n".join(f"> {line}" for line in shorten(text, min(room, _EARLIER_EACH)).splitlines())
        quoted.insert(0, f"> {one_line(author)[:80]}:\n{shown}")
        room -= len(shown)
        if room <= 0:
            break
    if not quoted:
        return question
    earlier = "\n>\n".join(quoted)
    return f"Earlier messages in this thread, quoted for context:\n\n{earlier}\n\nThe question:\n{question}"


def failure(error: BotError, reference: str, *, partly: bool) -> str:
    """What a person reads when an answer failed: what happened, what to do next, and the reference for the log.

    `partly` says that some of the answer stands above.
    """
    sentence = _sentence(error)
    if partly:
        sentence = f"This answer is incomplete. {sentence}"
    return f"{sentence}{_memory(error)} (ref {reference})"


def _sentence(error: BotError) -> str:
    if isinstance(error, errors.FlowiseResting):
        return _RESTING.format(wait=_about(error.retry_after))
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence
    return "Something went wrong on my side. Please ask again; if it stays so, tell whoever runs this bot."


_RESTING = "Flowise failed several times in a row, so I did not ask it just now. Please ask again in {wait}; if it stays so, tell whoever runs it."


def _about(seconds: float) -> str:
    """A wait, rounded up to what a person would say."""
    if seconds <= 60:
        return f"{max(5, 5 * math.ceil(seconds / 5))} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


_SENTENCES: dict[type[BotError], str] = {
    errors.FlowiseUnreachable: "I can't reach Flowise right now. Please ask again in a few minutes; if it stays so, tell whoever runs it.",
    errors.FlowiseUntrusted: "I can't be sure that it is Flowise I am talking to: its certificate is not trusted. Whoever runs this bot needs to look at it.",
    errors.ProxyFailed: "The proxy between me and Flowise doesn't let me through. Please ask again in a few minutes; if it stays so, tell whoever runs this bot.",
    errors.FlowiseTooLarge: "Flowise takes no question of this size. Please ask a shorter one.",
    errors.FlowiseSlow: "Flowise took too long, so I stopped waiting. Please ask again, perhaps with a smaller question.",
    errors.FlowiseBroke: "The connection to Flowise broke off. Please ask again.",
    errors.FlowiseFailed: "The flow reported an error. Please ask again; if it stays so, tell whoever built it.",
    errors.FlowiseEmpty: "The flow ended without an answer. Please put it another way, or tell whoever built the flow.",
    errors.FlowiseRateLimited: "Flowise's limit on questions is used up for now. Please ask again in a minute.",
    errors.KeyRefused: "Flowise refused my key. Whoever runs this bot needs to set FLOWISE_API_KEY to the chatflow's own key.",
    errors.UnknownChatflow: "Flowise doesn't know the chatflow I am set to use. Whoever runs this bot needs to check FLOWISE_CHATFLOW_ID.",
    errors.NotFlowise: "What answers at Flowise's address isn't Flowise. Whoever runs this bot needs to check FLOWISE_URL.",
    errors.StoreUnavailable: "I can't reach my memory (Redis), so I did not ask. Please try again in a minute; if it stays so, tell whoever runs this bot.",
    errors.SlackUnavailable: "Slack didn't take my message. Please ask again in a minute.",
    errors.SlackRefused: "Slack didn't take my message. Please ask again, or tell whoever runs this bot.",
    errors.Interrupted: "I was restarted before I was done. Please ask again.",
    errors.Postponed: "I'm being restarted. I'll answer this when I'm back.",
    errors.Unreadable: "I took in a question here and can no longer read it, so I left it out. Please ask it again; if it stays so, tell whoever runs this bot.",
    errors.GivenUp: "I tried this several times and could not finish it. Please put it another way, or tell whoever runs this bot.",
}


def _memory(error: BotError) -> str:
    if not isinstance(error, FlowiseError | errors.Interrupted):
        return ""
    if isinstance(error, errors.FlowiseEmpty):
        return ""  # the one failure that Flowise does remember, with an answer of no words (measured on Flowise 3.1.4)
    if isinstance(error, FlowiseError) and error.run is not RunState.UNKNOWN:
        return " Flowise will not remember this question."
    return " Don't count on Flowise remembering this question."


def cannot_post(code: str, reference: str) -> str:
    """Shown to the asker alone when Slack refuses the answer."""
    return f"Slack doesn't let me post my answer there ({_reason(code)}). Please ask me in a direct message, or tell an admin. (ref {reference})"


_REASONS = {
    "restricted_action": "posting is restricted in this channel",
    "is_archived": "the channel is archived",
    "thread_not_found": "the thread is gone",
    "cannot_reply_to_message": "this message takes no replies",
    "not_in_channel": "I am not in this channel",
    "channel_not_found": "I can't see this channel",
    "missing_scope": "I lack a permission",
    "no_permission": "I lack a permission",
    "ekm_access_denied": "an admin has suspended access",
    "message_limit_exceeded": "the workspace's message limit is reached",
    "messages_tab_disabled": "my Messages tab is off",
}


def _reason(code: str) -> str:
    return next((reason for start, reason in _REASONS.items() if code.startswith(start)), "it gave no usual reason")
